// Sixteen sums of int32, and what adds four products of bytes to each: exact, on every processor.
//
//     sum[lane] += x[0] * w[lane][0] + ... + x[3] * w[lane][3]      x: 0..2^DIGIT - 1, w: -128..127
//
// Without int8 dot products two products meet in 16 bits, which hold them while x has 7 bits (2 * 127 * 128).
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__) && defined(__AVX512VNNI__)

constexpr int DIGIT = 8, REGISTERS = 24, MOST_BLOCKS = 4;
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

constexpr int REGISTERS = 6, MOST_BLOCKS = 2;
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
    for (int h = 0; h < 2; h++)
        sums.half[h] = dotted(sums.half[h], x, _mm256_loadu_si256((const __m256i *)(w + 32 * h)));
}
static inline void store(int32_t *to, Sums sums) {
    for (int h = 0; h < 2; h++) _mm256_storeu_si256((__m256i *)(to + 8 * h), sums.half[h]);
}

#else

constexpr int DIGIT = 8, REGISTERS = 2, MOST_BLOCKS = 1;
struct Sums {
    int32_t lane[16];
};
struct Quad {
    int32_t byte[4];
};
static inline Sums no_sums() { return {}; }
static inline Quad quad(const uint8_t *x) { return {{x[0], x[1], x[2], x[3]}}; }
static inline void dot(Sums &sums, Quad x, const int8_t *w) {
    for (int lane = 0; lane < 16; lane++)
        for (int i = 0; i < 4; i++) sums.lane[lane] += x.byte[i] * w[4 * lane + i];
}
static inline void store(int32_t *to, Sums sums) { std::memcpy(to, sums.lane, sizeof sums.lane); }

#endif
