// A population's neurons in a step: leak, saturation, threshold, reset, and what is sent.
//
//     u, current -> leaked -> v -> sent_of, after_of -> sent, u'
//
// Numbers by channel stand `span` long, the channels again and again, so that a stretch of neurons (place, channel) is one loop.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

enum { LEAK_NONE, LEAK_MEMORYLESS, LEAK_MULTIPLY };
enum { RESET_NONE, RESET_HARD, RESET_SOFT };
enum { SENDS_SPIKES, SENDS_MEMBRANES, SENDS_LEVELS, SENDS_ENTRIES };

//! `binding.py` has the same fields.
struct Fire {
    const int32_t *theta, *least, *amount, *factor, *up, *odd, *table;
    int32_t leak, reset, sends, wide; // wide: products of the leak need more than 32 bits
    int32_t low, high;                // of v, the floor in it
    int32_t reset_low, reset_high;    // of what a soft reset leaves
    int32_t v_reset, top, table_shift;
    int32_t sent_low, sent_high, sent_shift;
    int32_t span;
};

template <typename Product>
static inline int32_t multiplied(int32_t u, int32_t factor, int32_t up, int32_t odd) {
    const Product product = (Product)u * factor;
    const int32_t floor = product >> 16, cut = (product & 0xFFFF) != 0;
    return (floor + (cut & up)) | (cut & odd);
}

using In = const int32_t *__restrict;
using Out = int32_t *__restrict;

static inline int32_t within(int32_t value, int32_t low, int32_t high) { return std::min(std::max(value, low), high); }

template <typename Product>
static void multiplied_all(const Fire &f, int count, In u, In current, Out v) {
    const int32_t low = f.low, high = f.high;
    In factor = f.factor, up = f.up, odd = f.odd;
    for (int i = 0; i < count; i++)
        v[i] = within(multiplied<Product>(u[i], factor[i], up[i], odd[i]) + current[i], low, high);
}

//! v of `count` neurons, at most a span of them.
static void leaked(const Fire &f, int count, In u, In current, Out v) {
    const int32_t low = f.low, high = f.high;
    if (f.leak == LEAK_NONE)
        for (int i = 0; i < count; i++) v[i] = within(u[i] + current[i], low, high);
    else if (f.leak == LEAK_MEMORYLESS)
        for (int i = 0; i < count; i++) v[i] = within(current[i], low, high);
    else
        (f.wide ? multiplied_all<int64_t> : multiplied_all<int32_t>)(f, count, u, current, v);
}

//! What is sent, before its planes.
static void sent_of(const Fire &f, int count, In v, Out sent) {
    In theta = f.theta, least = f.least;
    if (f.sends == SENDS_SPIKES)
        for (int i = 0; i < count; i++) sent[i] = v[i] >= least[i];
    else if (f.sends == SENDS_LEVELS) {
        const int top = f.top;
        std::fill_n(sent, count, 0);
        for (int below = 0; below < top; below++)
            for (int i = 0; i < count; i++) sent[i] += 2 * v[i] + (below & 1) > (2 * below + 1) * theta[i];
    } else
        std::copy_n(v, count, sent);
}

static void after_of(const Fire &f, int count, In v, In sent, Out after) {
    const int32_t low = f.reset_low, high = f.reset_high, reset = f.v_reset;
    In least = f.least, amount = f.amount;
    if (f.reset == RESET_NONE)
        std::copy_n(v, count, after);
    else if (f.reset == RESET_HARD)
        for (int i = 0; i < count; i++) after[i] = v[i] >= least[i] ? reset : v[i];
    else if (f.sends == SENDS_LEVELS)
        for (int i = 0; i < count; i++) after[i] = sent[i] > 0 ? within(v[i] - sent[i] * amount[i], low, high) : v[i];
    else
        for (int i = 0; i < count; i++) after[i] = v[i] >= least[i] ? within(v[i] - amount[i], low, high) : v[i];
}

static void limited(const Fire &f, int count, Out sent) {
    const int32_t low = f.sent_low, high = f.sent_high, shift = f.sent_shift, table_shift = f.table_shift;
    In table = f.table;
    if (f.sends == SENDS_ENTRIES)
        for (int i = 0; i < count; i++) sent[i] = table[within((sent[i] >> table_shift) + 128, 0, 255)];
    else if (low > INT32_MIN || shift)
        for (int i = 0; i < count; i++) sent[i] = within(sent[i], low, high) >> shift;
}

//! All neurons of some places, from membranes `u` (null: 0) on; `found`: v, or null.
static void fire(const Fire &f, int64_t neurons, const int32_t *current, const int32_t *u, int32_t *after, int32_t *sent, int32_t *found) {
    std::vector<int32_t> v(f.span), nothing(u ? 0 : f.span);
    for (int64_t at = 0; at < neurons; at += f.span) {
        const int count = std::min<int64_t>(f.span, neurons - at);
        leaked(f, count, u ? u + at : nothing.data(), current + at, v.data());
        sent_of(f, count, v.data(), sent + at);
        after_of(f, count, v.data(), sent + at, after + at);
        limited(f, count, sent + at);
        if (found) std::copy_n(v.data(), count, found + at);
    }
}
