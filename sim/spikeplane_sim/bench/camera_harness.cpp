// A camera pipeline in a compiled loop: words in, words of images out. Every port is copied as little-endian bytes, whatever its width.
#include <cstdint>
#include <cstring>

#include "Vcamera.h"
#include "verilated.h"

namespace {
struct Camera {
  VerilatedContext context;
  Vcamera top{&context};
  uint64_t cycles = 0;

  void clock() {
    top.clk = 1;
    top.eval();
    top.clk = 0;
    top.eval();
    ++cycles;
  }
};
}  // namespace

extern "C" {

void* camera_open() {
  auto* camera = new Camera;
  camera->top.rst = 1;
  camera->top.valid = camera->top.restart = 0;
  for (int i = 0; i < 4; ++i) camera->clock();
  camera->top.rst = 0;
  camera->cycles = 0;
  return camera;
}

void camera_close(void* handle) { delete static_cast<Camera*>(handle); }

uint64_t camera_cycles(void* handle) { return static_cast<Camera*>(handle)->cycles; }

// Runs `count` cycles. control[i]: bit 0 valid, bit 1 restart; words[i]: the plane word of cycle i.
// Every word of an image goes out: `image_bytes` bytes of pixels, its number, flags (bit 0 first, bit 1 last) and its cycle, numbered
// as the inputs' cycles are. Returns how many there were, or -1 when they were more than `room`.
int64_t camera_run(void* handle, const uint8_t* control, const uint64_t* words, uint64_t count, uint64_t image_bytes,
                   uint8_t* images, uint32_t* numbers, uint8_t* flags, uint64_t* at, uint64_t room) {
  auto& camera = *static_cast<Camera*>(handle);
  auto& top = camera.top;
  uint64_t given = 0;
  for (uint64_t i = 0; i < count; ++i) {
    top.valid = control[i] & 1;
    top.restart = control[i] >> 1 & 1;
    memcpy(&top.plane, &words[i], sizeof(top.plane));
    if (top.image_valid) {
      if (given == room) return -1;
      memcpy(images + given * image_bytes, &top.image, image_bytes);
      numbers[given] = top.image_number;
      flags[given] = top.image_first | top.image_last << 1;
      at[given++] = camera.cycles;
    }
    camera.clock();
  }
  return static_cast<int64_t>(given);
}
}
