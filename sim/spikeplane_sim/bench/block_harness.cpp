// A block in a compiled loop: all inputs of a cycle are one word, all outputs another, as little-endian bytes.
#include <cstdint>
#include <cstring>

#include "Vblock.h"
#include "verilated.h"

namespace {
struct Block {
  VerilatedContext context;
  Vblock top{&context};

  void clock() {
    top.clk = 1;
    top.eval();
    top.clk = 0;
    top.eval();
  }
};
}  // namespace

extern "C" {

void* block_open() {
  auto* block = new Block;
  memset(&block->top.given, 0, sizeof(block->top.given));
  block->top.rst = 1;
  for (int i = 0; i < 4; ++i) block->clock();
  block->top.rst = 0;
  return block;
}

void block_close(void* handle) { delete static_cast<Block*>(handle); }

// Runs `count` cycles. Row i of `given` (`in` bytes) goes in; row i of `found` (`out` bytes) is what stands at the outputs in the same
// cycle, before its clock edge.
void block_run(void* handle, const uint8_t* given, uint64_t in, uint8_t* found, uint64_t out, uint64_t count) {
  auto& block = *static_cast<Block*>(handle);
  auto& top = block.top;
  for (uint64_t i = 0; i < count; ++i) {
    memcpy(&top.given, given + i * in, in);
    top.eval();
    memcpy(found + i * out, &top.found, out);
    block.clock();
  }
}
}
