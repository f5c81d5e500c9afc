// The pins of a chip's units in a simulator: words that go in by the clock, whatever the bytes do, levels in and out. Which there are,
// macros.h says: UNIT_WORDS(X), X(valid, word) for each; UNIT_INPUTS(X) and UNIT_OUTPUTS(X), X(pin).
#pragma once
#include <cstdint>
#include <deque>
#include "macros.h"

struct Feed {
  std::deque<uint64_t> words;    // not yet in
  uint64_t every = 1, wait = 0;  // one word every so many cycles; cycles until the next one
};

struct Units {
  Feed feeds[UNIT_FEEDS + 1];  // in the order of UNIT_WORDS, and one that nothing reads
};

static inline bool due(Feed &feed) {
  if (feed.wait) {
    feed.wait--;
    return false;
  }
  return !feed.words.empty();
}

static inline uint64_t next(Feed &feed) {
  const uint64_t word = feed.words.front();
  feed.words.pop_front();
  feed.wait = feed.every - 1;
  return word;
}

// What goes in in this cycle.
template <class Model> static inline void feed(Model &model, Units &units) {
  Feed *feed = units.feeds;
#define X(valid, word) model.valid = due(*feed); if (model.valid) model.word = next(*feed); feed++;
  UNIT_WORDS(X)
#undef X
  (void)feed;
}

// Nothing goes in.
template <class Model> static inline void no_words(Model &model) {
#define X(valid, word) model.valid = 0;
  UNIT_WORDS(X)
#undef X
}

// Words of a feed, behind those that wait; one every `every` cycles.
static inline void give(Units &units, uint32_t which, const uint64_t *words, uint64_t count, uint64_t every) {
  Feed &feed = units.feeds[which];
  feed.words.insert(feed.words.end(), words, words + count);
  feed.every = every;
}

static inline uint64_t waiting(const Units &units) {
  uint64_t most = 0;
  for (const Feed &feed : units.feeds) most = feed.words.size() > most ? feed.words.size() : most;
  return most;
}

template <class Model> static inline void set(Model &model, uint32_t which, uint64_t value) {
  uint32_t at = 0;
#define X(pin) if (at++ == which) model.pin = value;
  UNIT_INPUTS(X)
#undef X
  (void)at;
}

template <class Model> static inline uint64_t level(const Model &model, uint32_t which) {
  uint32_t at = 0;
#define X(pin) if (at++ == which) return model.pin;
  UNIT_OUTPUTS(X)
#undef X
  (void)at;
  return 0;
}
