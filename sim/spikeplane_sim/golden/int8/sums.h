// Currents: what a projection adds to sixteen channels of a few places at a time.
//
//     int32 values -> pack -> bytes (image, y, x, channel), padded -> dense | aligned -> += currents (image, y, x, channel)
//
// A row of a kernel is one run of bytes, whatever its channels: fours of them, the last filled up with weights of 0.
#pragma once
#include <algorithm>
#include <vector>

#include "lanes.h"

//! A projection, or a digit of what its source sends. `binding.py` has the same fields.
struct Source {
    const int32_t *values;      // of the source
    int64_t strides[4];         // of these, in elements: image, channel, y, x
    const int8_t *weights;      // dense: (block, ky, four, lane, 4); aligned: (ky, kx, channel)
    const int32_t *corrections; // by channel: what `offset` has added, negative
    int32_t channels, height, width, plane_height, plane_width, top, left, up_y, up_x;
    int32_t kernel_y, kernel_x, stride_y, stride_x, out_width;
    int32_t digit, mask, offset, shift, aligned;
};

struct Digit {
    int32_t place, mask, offset;
    uint8_t operator()(int32_t value) const { return ((value >> place) + offset) & mask; }
};

//! The bytes of one image, (y, x, channel), `up` pixels apart, the offset between and around them.
static void pack(const Source &s, int64_t image, uint8_t *to) {
    const Digit digit{s.digit, s.mask, s.offset};
    const int64_t row = (int64_t)s.plane_width * s.channels;
    std::memset(to, s.offset, s.plane_height * row);
    for (int y = 0; y < s.height; y++) {
        const int64_t at = (int64_t)y * s.up_y + s.top;
        if (at >= s.plane_height) break;
        const int32_t *__restrict from = s.values + image * s.strides[0] + y * s.strides[2];
        uint8_t *__restrict out = to + at * row + (int64_t)s.left * s.channels;
        const int64_t room = (s.plane_width - s.left + s.up_x - 1) / s.up_x, width = std::min<int64_t>(s.width, room);
        if (s.up_x == 1 && s.strides[1] == 1 && s.strides[3] == s.channels) {
            const int64_t bytes = width * s.channels;
            for (int64_t i = 0; i < bytes; i++) out[i] = digit(from[i]);
            continue;
        }
        for (int64_t x = 0; x < width; x++)
            for (int c = 0; c < s.channels; c++)
                out[x * s.up_x * s.channels + c] = digit(from[x * s.strides[3] + c * s.strides[1]]);
    }
}

//! Where the kernel of one place after the other begins among the packed bytes.
static std::vector<const uint8_t *> begins(const Source &s, const uint8_t *packed, int images, int places) {
    std::vector<const uint8_t *> all;
    all.reserve((size_t)images * places);
    const int64_t row = (int64_t)s.plane_width * s.channels;
    for (int image = 0; image < images; image++, packed += s.plane_height * row)
        for (int y = 0; y < places / s.out_width; y++)
            for (int x = 0; x < s.out_width; x++)
                all.push_back(packed + y * s.stride_y * row + (int64_t)x * s.stride_x * s.channels);
    return all;
}

static inline void add(const Source &s, int32_t *__restrict to, const int32_t *__restrict sums, int from, int count) {
    const int32_t *__restrict corrections = s.corrections + from;
    const int32_t shift = s.shift;
    to += from;
    if (count == 16)
        for (int i = 0; i < 16; i++) to[i] += (sums[i] + corrections[i]) << shift;
    else
        for (int i = 0; i < count; i++) to[i] += (sums[i] + corrections[i]) << shift;
}

//! `COUNT` blocks of sixteen channels, from `block` on, of up to PLACES places.
template <int PLACES, int COUNT>
static void tile(const Source &s, const uint8_t *const *begin, int places, int block, int32_t *to, int channels) {
    const int64_t row = (int64_t)s.plane_width * s.channels, fours = (s.kernel_x * s.channels + 3) / 4;
    const int64_t size = s.kernel_y * fours * 64;
    const uint8_t *x[PLACES];
    for (int p = 0; p < PLACES; p++) x[p] = begin[std::min(p, places - 1)];
    Sums sums[PLACES][COUNT];
#pragma GCC unroll 24
    for (int p = 0; p < PLACES; p++)
#pragma GCC unroll 4
        for (int b = 0; b < COUNT; b++) sums[p][b] = no_sums();
    const int8_t *w = s.weights + block * size;
    for (int y = 0; y < s.kernel_y; y++)
        for (int64_t four = 0; four < fours; four++, w += 64) {
#pragma GCC unroll 24
            for (int p = 0; p < PLACES; p++) {
                const Quad bytes = quad(x[p] + y * row + 4 * four);
#pragma GCC unroll 4
                for (int b = 0; b < COUNT; b++) dot(sums[p][b], bytes, w + b * size);
            }
        }
#pragma GCC unroll 24
    for (int p = 0; p < PLACES; p++)
#pragma GCC unroll 4
        for (int b = 0; b < COUNT && p < places; b++) {
            alignas(64) int32_t stored[16];
            store(stored, sums[p][b]);
            add(s, to + (int64_t)p * channels, stored, (block + b) * 16, std::min(16, channels - (block + b) * 16));
        }
}

template <int COUNT>
static void blocks(const Source &s, const std::vector<const uint8_t *> &begin, int block, int32_t *to, int channels) {
    constexpr int PLACES = places_of<COUNT>();
    for (int64_t i = 0; i < (int64_t)begin.size(); i += PLACES) {
        const int count = std::min<int64_t>(PLACES, begin.size() - i);
        tile<PLACES, COUNT>(s, &begin[i], count, block, to + i * channels, channels);
    }
}

static void dense(const Source &s, const std::vector<const uint8_t *> &begin, int32_t *to, int channels) {
    const int all = (channels + 15) / 16;
    for (int block = 0; block < all; block += MOST_BLOCKS) {
        const int count = std::min(MOST_BLOCKS, all - block);
        if (count == 1) blocks<1>(s, begin, block, to, channels);
        if constexpr (MOST_BLOCKS > 1)
            if (count == 2) blocks<2>(s, begin, block, to, channels);
        if constexpr (MOST_BLOCKS > 3) {
            if (count == 3) blocks<3>(s, begin, block, to, channels);
            if (count == 4) blocks<4>(s, begin, block, to, channels);
        }
    }
}

//! Channel c of the source drives channel c alone.
static void aligned(const Source &s, const std::vector<const uint8_t *> &begin, int32_t *to, int channels) {
    const int64_t row = (int64_t)s.plane_width * s.channels;
    std::vector<int32_t> sums(channels);
    for (size_t i = 0; i < begin.size(); i++) {
        std::fill(sums.begin(), sums.end(), 0);
        const int8_t *w = s.weights;
        for (int y = 0; y < s.kernel_y; y++)
            for (int x = 0; x < s.kernel_x; x++, w += channels) {
                const uint8_t *from = begin[i] + y * row + (int64_t)x * channels;
                for (int c = 0; c < channels; c++) sums[c] += from[c] * w[c];
            }
        add(s, to + i * channels, sums.data(), 0, channels);
    }
}
