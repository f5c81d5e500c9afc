// A simulator that tells what it does (WAVES): the packets at the edges of a mesh's nodes with their cycles, and a window of cycles as a
// VCD, a file a model. Cycle n is the time from 10 n to 10 n + 10: the clock rises at 10 n and falls at 10 n + 5, and all that is seen in
// between is what the next rise takes.
#pragma once
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>
#include "verilated_vcd_c.h"

struct Passed {  // a packet that passed: its lowest 16 bytes
  uint64_t cycle;
  uint8_t x, y, way, none[5];  // way: see Way
  uint8_t packet[16];
};

enum Way : uint8_t { OUT_OF_CORE, FROM_HOST, TO_HOST };

struct Waves {  // of a library: of all its models
  std::string folder;
  uint64_t first = 1, last = 0;  // cycles that are written
  std::vector<Passed> passed;
  bool inside(uint64_t cycle) const { return first <= cycle && cycle <= last; }
};
static Waves waves;

// What passes in this cycle at a stream.
static inline void note(uint64_t cycle, uint32_t x, uint32_t y, Way way, const uint8_t *valid, const uint8_t *ready, const void *packet, size_t size) {
  if (!*valid || !*ready) return;
  Passed one{cycle, static_cast<uint8_t>(x), static_cast<uint8_t>(y), way, {}, {}};
  std::memcpy(one.packet, packet, size < sizeof one.packet ? size : sizeof one.packet);
  waves.passed.push_back(one);
}

struct Written {  // the VCD of a model
  std::unique_ptr<VerilatedVcdC> file;

  // The clock is low and everything has settled in `cycle`: write it, if it is of the window.
  template <class Model> void write(Model &model, uint64_t cycle, const std::string &name) {
    if (!waves.inside(cycle)) return;
    if (!file) {
      file = std::make_unique<VerilatedVcdC>();
      model.trace(file.get(), 99);
      file->open((waves.folder + "/" + name + ".vcd").c_str());
    }
    file->dump(10 * cycle);  // the clock itself is added where the files are put together
    if (cycle == waves.last) close();
  }
  void close() {
    if (file) file->close();
    file.reset();
  }
};

extern "C" {
// The window of cycles that is written, into a folder; what has passed so far is forgotten.
void waves_window(const char *folder, uint64_t first, uint64_t last) {
  waves.folder = folder;
  waves.first = first;
  waves.last = last;
  waves.passed.clear();
}
uint64_t waves_passed(const Passed **passed) {
  *passed = waves.passed.data();
  return waves.passed.size();
}
}
