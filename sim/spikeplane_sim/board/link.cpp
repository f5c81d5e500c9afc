// The link's gateware alone, for volume: line bytes at one end, packets at the other. Each packet port pauses at random, so often as asked.
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>
#include "Vspikeplane_link.h"
#include "verilated.h"

#define PORT(stream, part) stream##___05F##part  // Verilator writes a second underscore so

struct Line {
  VerilatedContext context;
  Vspikeplane_link link{&context};
  uint64_t cycles = 0, random = 0x9e3779b97f4a7c15ull;
  uint32_t pace = 1, gives = 65536, takes = 65536;  // cycles a byte; of 65536 cycles those that a packet may come, or go
  uint64_t in_at = 0, out_at = 0;                   // cycle of the next byte on the line, to the chip and from it
  std::deque<uint64_t> feed;                        // packets that the chip wants to send
  std::vector<uint64_t> taken;                      // packets that it got
  bool offered = false;
};

static inline uint32_t draw(Line *line) {
  line->random ^= line->random << 13;
  line->random ^= line->random >> 7;
  line->random ^= line->random << 17;
  return line->random >> 24 & 0xffff;
}

static void reset(Line *line) {
  auto &link = line->link;
  link.rst = 1;
  for (int i = 0; i < 16; i++) {
    link.clk = i & 1;
    link.eval();
  }
  link.rst = 0;
}

extern "C" {
Line *line_open(uint32_t pace, uint32_t gives, uint32_t takes) {
  auto *line = new Line();
  line->pace = pace;
  line->gives = gives;
  line->takes = takes;
  reset(line);
  return line;
}

void line_close(Line *line) {
  Verilated::threadContextp(&line->context);  // scopes are taken out of it: the last one made may be gone
  line->link.final();
  delete line;
}

uint64_t line_cycles(Line *line) { return line->cycles; }
void line_reset(Line *line) { reset(line); }
uint64_t line_errors(Line *line) { return line->link.errors; }
uint64_t line_waiting(Line *line) { return line->feed.size(); }
void line_feed(Line *line, const uint64_t *packets, uint64_t count) { line->feed.insert(line->feed.end(), packets, packets + count); }

uint64_t line_taken(Line *line, uint64_t *packets, uint64_t room) {
  const uint64_t count = line->taken.size() < room ? line->taken.size() : room;
  for (uint64_t i = 0; i < count; i++) packets[i] = line->taken[i];
  line->taken.erase(line->taken.begin(), line->taken.begin() + count);
  return count;
}

// Clock until all input is in; without input, until something came and then nothing for `quiet` cycles. At most `limit` cycles without a
// byte, either way. Returns the bytes produced, never more than there is room for; -1 if the link did not take a byte at once.
int64_t line_run(Line *line, const uint8_t *in, uint64_t in_size, uint8_t *out, uint64_t room, uint64_t quiet, uint64_t limit) {
  auto &link = line->link;
  uint64_t read = 0, written = 0, idle = 0;
  while (idle < limit && written < room && (in_size ? read < in_size : !(written && idle >= quiet))) {
    const uint64_t now = line->cycles;
    link.PORT(rx, valid) = read < in_size && now >= line->in_at;
    if (link.PORT(rx, valid)) link.PORT(rx, payload) = in[read];
    link.PORT(tx, ready) = now >= line->out_at;
    line->offered = !line->feed.empty() && (line->offered || draw(line) < line->gives);
    link.PORT(i, valid) = line->offered;
    if (line->offered) link.PORT(i, payload) = line->feed.front();
    link.PORT(o, ready) = draw(line) < line->takes;
    link.clk = 0;
    link.eval();
    const bool got = link.PORT(rx, valid), gave = link.PORT(tx, valid) && link.PORT(tx, ready);
    if (got && !link.PORT(rx, ready)) return -1;
    if (got) { read++; line->in_at = now + line->pace; }
    if (gave) { out[written++] = link.PORT(tx, payload); line->out_at = now + line->pace; }
    if (link.PORT(o, valid) && link.PORT(o, ready)) line->taken.push_back(link.PORT(o, payload));
    if (line->offered && link.PORT(i, ready)) { line->feed.pop_front(); line->offered = false; }
    link.clk = 1;
    link.eval();
    line->cycles++;
    idle = got || gave ? 0 : idle + 1;
  }
  link.PORT(rx, valid) = 0;
  return int64_t(written);
}
}
