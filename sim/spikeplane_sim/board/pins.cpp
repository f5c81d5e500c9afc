// A board's top level at its pins: bytes handed over in bulk are put on rx bit by bit, and what tx says is read bit by bit, as a UART at the
// other end of the cable would. Its timing is its own: it shares nothing with the gateware that it tests.
// Words of units are handed over in bulk as well, and go in by the clock: see units.h.
#include <cstdint>
#include <memory>
#include "Vspikeplane_top.h"
#include "verilated.h"
#include "units.h"

static const int BITS = 10;  // of a byte: start, 8 data, stop

struct Pins {
  VerilatedContext context;
  Vspikeplane_top top{&context};
  uint64_t cycles = 0, errors = 0;  // errors: bytes from the chip without a stop bit
  double period = 16;  // clock cycles a bit
  // To the chip: the byte under way (stop bit included), bits of it still to start, the time of the next bit.
  uint32_t bits = 0;
  int left = 0;
  double next = 0;
  // From the chip: bits seen of the byte under way (-1: none), when to look next.
  uint32_t data = 0;
  int seen = -1;
  double look = 0;
  bool last = true;
  Units units;
};

static inline void tick(Pins *pins) {
  feed(pins->top, pins->units);
  pins->top.clk = 0;
  pins->top.eval();
  pins->top.clk = 1;
  pins->top.eval();
  pins->cycles++;
}

// Look at tx once a cycle. True when a byte is complete: it is in `data` then.
static inline bool listen(Pins *pins) {
  const bool line = pins->top.tx;
  bool whole = false;
  if (pins->seen < 0) {
    if (pins->last && !line) {
      pins->seen = 0;
      pins->data = 0;
      pins->look = double(pins->cycles) + pins->period / 2;
    }
  } else if (double(pins->cycles) >= pins->look) {
    pins->data |= uint32_t(line) << pins->seen;
    pins->look += pins->period;
    if (++pins->seen == BITS) {
      pins->seen = -1;
      whole = (pins->data & 1) == 0 && pins->data >> (BITS - 1);
      pins->errors += !whole;
      pins->data = pins->data >> 1 & 0xff;
    }
  }
  pins->last = line;
  return whole;
}

extern "C" {
Pins *pins_open(double period) {
  auto *pins = new Pins();
  pins->period = period;
  pins->top.rst = 0;
  pins->top.rx = 1;
  for (int i = 0; i < 32; i++) tick(pins);
  return pins;
}

void pins_close(Pins *pins) {
  Verilated::threadContextp(&pins->context);  // scopes are taken out of it: the last one made may be gone
  pins->top.final();
  delete pins;
}

uint64_t pins_cycles(Pins *pins) { return pins->cycles; }
uint64_t pins_errors(Pins *pins) { return pins->errors; }
void pins_rate(Pins *pins, double period) { pins->period = period; }
void pins_reset(Pins *pins, int on) { pins->top.rst = on; }

// The pins of the chip's units: see units.h.
void pins_give(Pins *pins, uint32_t which, const uint64_t *words, uint64_t count, uint64_t every) {
  give(pins->units, which, words, count, every);
}
void pins_set(Pins *pins, uint32_t which, uint64_t value) { set(pins->top, which, value); }
uint64_t pins_level(Pins *pins, uint32_t which) { return level(pins->top, which); }

// Clock until all input is on the line, to its last stop bit; without input, until something came and then nothing for `quiet` cycles. In any
// case stop when the output is full or `limit` cycles are over. Returns the bytes produced; *taken is set to the input bytes begun.
uint64_t pins_run(Pins *pins, const uint8_t *in, uint64_t in_size, uint8_t *out, uint64_t out_size, uint64_t limit,
                  uint64_t quiet, uint64_t *taken) {
  uint64_t read = 0, written = 0, idle = 0;
  for (uint64_t i = 0; i < limit && written < out_size; i++) {
    if (double(pins->cycles) >= pins->next) {
      if (pins->left == 0) {
        if (in_size && read == in_size) break;
        if (read < in_size) {
          pins->bits = uint32_t(in[read++]) << 1 | 1u << (BITS - 1);
          pins->left = BITS;
          if (double(pins->cycles) >= pins->next + 1) pins->next = double(pins->cycles);  // the line was idle
        }
      }
      if (pins->left) {
        pins->top.rx = pins->bits & 1;
        pins->bits >>= 1;
        pins->left--;
        pins->next += pins->period;
      }
    }
    if (!in_size && written && idle >= quiet) break;
    tick(pins);
    const bool got = listen(pins);
    if (got) out[written++] = uint8_t(pins->data);
    idle = got || pins->seen >= 0 ? 0 : idle + 1;
  }
  *taken = read;
  return written;
}
}
