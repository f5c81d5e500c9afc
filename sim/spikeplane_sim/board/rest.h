// When a node, a router or a core, rests. Most nodes of a chip wait for others most of the time; then a counter of two bits (replies.turn)
// is all that changes in them. A node whose state comes back every PERIOD cycles while nothing changes at its edges need not be evaluated:
// k cycles later it is where k % PERIOD evaluations bring it.
//
// State is all that a model holds, but for the words of `spikeplane_ram`, which are many. They are read by the clock only, into a register
// that is compared; so what is written to them follows from what is compared. If each state of a period equals that of the period before,
// the two wrote the same words, the second one changed nothing, and the third is the second.
#pragma once
#include <algorithm>
#include <cstring>
#include <vector>
#include "verilated.h"
#include "verilated_sym_props.h"
#include "verilated_syms.h"

constexpr unsigned PERIOD = 4;
constexpr unsigned PAUSE = 8;  // cycles from a vain look to the next one

struct Range {
  size_t first, size;  // bytes of the model
};

// The bytes of a model of `size` bytes that are compared: all but the memories that node.vlt shows.
inline std::vector<Range> compared(VerilatedContext &context, const char *model, size_t size) {
  std::vector<Range> holes{{size, 0}}, ranges;
  for (const auto &[scope_name, scope] : *context.scopeNameMap()) {
    if (!scope->varsp()) continue;
    for (const auto &[name, words] : *scope->varsp()) {
      const size_t first = static_cast<const char *>(words.datap()) - model;
      if (first < size && std::strcmp(name, "words") == 0) holes.push_back({first, words.totalSize()});
    }
  }
  std::sort(holes.begin(), holes.end(), [](const Range &a, const Range &b) { return a.first < b.first; });
  size_t at = 0;
  for (const auto &hole : holes) {
    if (hole.first > at) ranges.push_back({at, hole.first - at});
    at = hole.first + hole.size;
  }
  return ranges;
}

class Rest {
  std::vector<char> seen[PERIOD];  // states, one behind the other
  unsigned step = 0, wait = PAUSE;  // of a look; cycles until the next one

  static void keep(std::vector<char> &kept, const std::vector<Range> &ranges, const char *model) {
    size_t size = 0;
    for (const auto &range : ranges) size += range.size;
    kept.resize(size);
    char *to = kept.data();
    for (const auto &range : ranges) {
      std::memcpy(to, model + range.first, range.size);
      to += range.size;
    }
  }

  static bool same(const std::vector<char> &kept, const std::vector<Range> &ranges, const char *model) {
    const char *from = kept.data();
    for (const auto &range : ranges) {
      if (std::memcmp(from, model + range.first, range.size)) return false;
      from += range.size;
    }
    return true;
  }

 public:
  // Look at a node after a cycle; `moved`: something changed at its edges. True when it may rest: one period has passed after its first
  // state came back, and one more in which every state did.
  bool look(const std::vector<Range> &ranges, const char *model, bool moved) {
    if (wait) {
      wait--;
      return false;
    }
    bool good = !moved;
    if (good && (step == 0 || (step > PERIOD && step < 2 * PERIOD))) {
      keep(seen[step % PERIOD], ranges, model);
    } else if (good && step >= PERIOD) {
      good = same(seen[step % PERIOD], ranges, model);
    }
    const bool rests = good && step == 3 * PERIOD;
    step = good && !rests ? step + 1 : 0;
    wait = good ? 0 : PAUSE;
    return rests;
  }
};
