// The chip in a compiled loop. Python hands over bytes in bulk; the loop clocks them in and out, one byte a cycle each way. The words of
// units, a camera's for instance, are handed over in bulk as well, and go in by the clock, whatever the bytes do. The chip is whole (a
// netlist), or it is the host's side of one (PACKET_BITS) with a mesh whose nodes are libraries of their own (mesh.h).
#include <cstdint>
#include <cstring>
#include <memory>
#include "Vspikeplane_board.h"
#include "Vspikeplane_board___024root.h"
#include "verilated.h"
#include "mesh.h"
#include "units.h"
#ifdef WAVES
#include "waves.h"
#endif

struct Board {
  VerilatedContext context;
#ifdef WAVES
  const bool traced = (context.traceEverOn(true), true);  // before there is a model
  Written written;
#endif
  Vspikeplane_board chip{&context};
  uint64_t cycles = 0;
  Units units;
#ifdef PACKET_BITS
  std::unique_ptr<Mesh<std::remove_reference_t<decltype(Vspikeplane_board::mesh_o_payload)>>> mesh;
#endif
};

#ifdef PACKET_BITS
// Verilator's evaluation without what surrounds it at every call (messages, initial blocks: `board_open` calls those).
extern void Vspikeplane_board___024root___eval(Vspikeplane_board___024root *root);
static inline void evaluate(Vspikeplane_board &chip) { Vspikeplane_board___024root___eval(chip.rootp); }
#else
static inline void evaluate(Vspikeplane_board &chip) { chip.eval(); }
#endif

// The clock is low: pins and registers reach everything that they lead to.
static inline void settle(Board *board) {
  auto &chip = board->chip;
#ifdef PACKET_BITS
  chip.mesh_i_valid = *board->mesh->out_seen.valid;
  std::memcpy(&chip.mesh_i_payload, board->mesh->out_seen.payload, sizeof chip.mesh_i_payload);
  chip.mesh_o_ready = *board->mesh->in_seen.ready;
#endif
  chip.clk = 0;
  evaluate(chip);
}

// The clock rises.
static inline void rise(Board *board) {
  auto &chip = board->chip;
#ifdef WAVES
  board->written.write(chip, board->cycles, "host");
#endif
#ifdef PACKET_BITS
  board->mesh->in_valid = chip.mesh_o_valid;
  std::memcpy(&board->mesh->in, &chip.mesh_o_payload, sizeof chip.mesh_o_payload);
  board->mesh->out_ready = chip.mesh_i_ready;
  board->mesh->clock(chip.rst);
#endif
  chip.clk = 1;
  evaluate(chip);
  board->cycles++;
}

static void tick(Board *board) {
  settle(board);
  rise(board);
}

extern "C" {
// `parts`: what the mesh is made of, null where the chip is whole; `digest`: what names the chip where its host's side is that of many.
Board *board_open(uint32_t reset_cycles, const MeshParts *parts, uint64_t digest) {
  auto *board = new Board();
#ifdef PACKET_BITS
  board->mesh.reset(new typename decltype(board->mesh)::element_type(*parts));
  board->chip.digest = digest;
#endif
  board->chip.rst = 1;
  board->chip.rx_valid = 0;
  board->chip.tx_ready = 0;
  no_words(board->chip);
  board->chip.clk = 0;
  board->chip.eval();
  for (uint32_t i = 0; i < reset_cycles; i++) tick(board);
  board->chip.rst = 0;
  return board;
}

void board_close(Board *board) {
#ifdef WAVES
  board->written.close();
#endif
  board->chip.final();
  delete board;
}

uint64_t board_cycles(Board *board) { return board->cycles; }

// Clock until all input is in; without input until something came out and then nothing for `quiet` cycles. In any case stop when
// the output is full, when `limit` cycles are over, or when nothing has moved for `stuck` cycles.
// Returns the bytes produced; *taken is set to the input bytes that the chip has accepted.
uint64_t board_run(Board *board, const uint8_t *in, uint64_t in_size, uint8_t *out, uint64_t out_size,
                   uint64_t limit, uint64_t quiet, uint64_t stuck, uint64_t *taken) {
  auto &chip = board->chip;
  uint64_t read = 0, written = 0, idle = 0;
  if (limit < stuck) limit = stuck;
  for (uint64_t i = 0; i < limit && idle < stuck && written < out_size; i++) {
    if (in_size ? read == in_size : (written && idle >= quiet)) break;
    chip.rx_valid = read < in_size;
    if (read < in_size) chip.rx_payload = in[read];
    chip.tx_ready = 1;
    feed(chip, board->units);
    settle(board);
    const bool took = read < in_size && chip.rx_ready;
    const bool gave = chip.tx_valid;
    if (gave) out[written++] = chip.tx_payload;
    read += took;
    rise(board);
    idle = (took || gave) ? 0 : idle + 1;
  }
  chip.rx_valid = 0;
  no_words(chip);
  *taken = read;
  return written;
}

// The pins of its units: see units.h.
void board_give(Board *board, uint32_t which, const uint64_t *words, uint64_t count, uint64_t every) {
  give(board->units, which, words, count, every);
}
uint64_t board_waiting(Board *board) { return waiting(board->units); }
void board_set(Board *board, uint32_t which, uint64_t value) { set(board->chip, which, value); }
uint64_t board_level(Board *board, uint32_t which) { return level(board->chip, which); }

// Clock with a host that neither reads nor writes, `cycles` times.
void board_alone(Board *board, uint64_t cycles) {
  board->chip.rx_valid = 0;
  board->chip.tx_ready = 0;
  for (uint64_t i = 0; i < cycles; i++) {
    feed(board->chip, board->units);
    tick(board);
  }
  no_words(board->chip);
}
}
