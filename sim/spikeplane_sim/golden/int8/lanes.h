// Sixteen sums of int32, and what adds four products of bytes to each: exact, whatever the instructions.
//
//     sum[lane] += x[0] * w[lane][0] + ... + x[3] * w[lane][3]      x: 0..2^DIGIT - 1, w: -128..127
//
// Without int8 dot products two products meet in 16 bits, which hold them while x has 7 bits (2 * 127 * 128).
#pragma once
#include <cstdint>
#include <cstring>

#include <immintrin.h>

//! Places that are worked on together, by blocks of sixteen channels: as many as there are registers for.
template <int BLOCKS> constexpr int places_of();

#if defined(__AVX512F__) && defined(__AVX512VNNI__)

constexpr int DIGIT = 8, MOST_BLOCKS = 4;
template <> constexpr int places_of<1>() { return 12; }
template <> constexpr int places_of<2>() { return 12; }
template <> constexpr int places_of<3>() { return 8; }
template <> constexpr int places_of<4>() { return 6; }
using Sums = __m512i;
using Quad = __m512i;
static inline Sums no_sums() { return _mm512_setzero_si512(); }
static inline Quad quad(const uint8_t *x) {
    int32_t four;
    std::memcpy(&four, x, 4);
    return _mm512_set1_epi32(four);
}
static inline void dot(Sums &sums, Quad x, const int8_t *w) {
    sums = _mm512_dpbusd_epi32(sums, x, _mm512_loadu_si512(w));
}
static inline void store(int32_t *to, Sums sums) { _mm512_storeu_si512(to, sums); }

#elif defined(__AVX2__)

constexpr int MOST_BLOCKS = 2;
template <> constexpr int places_of<1>() { return 6; }
template <> constexpr int places_of<2>() { return 3; }
struct Sums {
    __m256i half[2];
};
using Quad = __m256i;
static inline Sums no_sums() { return {{_mm256_setzero_si256(), _mm256_setzero_si256()}}; }
static inline Quad quad(const uint8_t *x) {
    int32_t four;
    std::memcpy(&four, x, 4);
    return _mm256_set1_epi32(four);
}
#ifdef __AVXVNNI__
constexpr int DIGIT = 8;
static inline __m256i dotted(__m256i sums, Quad x, __m256i w) { return _mm256_dpbusd_avx_epi32(sums, x, w); }
#else
constexpr int DIGIT = 7;
static inline __m256i dotted(__m256i sums, Quad x, __m256i w) {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(x, w), _mm256_set1_epi16(1)));
}
#endif
static inline void dot(Sums &sums, Quad x, const int8_t *w) {
#pragma GCC unroll 2
    for (int h = 0; h < 2; h++)
        sums.half[h] = dotted(sums.half[h], x, _mm256_loadu_si256((const __m256i *)(w + 32 * h)));
}
static inline void store(int32_t *to, Sums sums) {
    for (int h = 0; h < 2; h++) _mm256_storeu_si256((__m256i *)(to + 8 * h), sums.half[h]);
}

#else // SSSE3

constexpr int DIGIT = 7, MOST_BLOCKS = 1;
template <> constexpr int places_of<1>() { return 3; }
struct Sums {
    __m128i part[4];
};
using Quad = __m128i;
static inline Sums no_sums() { return {}; }
static inline Quad quad(const uint8_t *x) {
    int32_t four;
    std::memcpy(&four, x, 4);
    return _mm_set1_epi32(four);
}
static inline void dot(Sums &sums, Quad x, const int8_t *w) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const __m128i pairs = _mm_maddubs_epi16(x, _mm_loadu_si128((const __m128i *)(w + 16 * i)));
        sums.part[i] = _mm_add_epi32(sums.part[i], _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
    }
}
static inline void store(int32_t *to, Sums sums) {
    for (int i = 0; i < 4; i++) _mm_storeu_si128((__m128i *)(to + 4 * i), sums.part[i]);
}

#endif
