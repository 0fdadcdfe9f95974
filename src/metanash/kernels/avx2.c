/* The loops for x86-64 processors with AVX2 and fused multiply-add. */
#include "calls.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define WIDTH 4
#define NAMED(f) f##_avx2
#define ISA "avx2"
static inline __m256d larger_avx2(__m256d a, __m256d b) { return _mm256_max_pd(a, b); }
static inline __m256d smaller_avx2(__m256d a, __m256d b) { return _mm256_min_pd(a, b); }
static inline void fold_avx2(const __m256d *x, __m256d *out) { *out = _mm256_add_pd(x[0], x[1]); }
static inline double total_avx2(__m256d x) {
    __m128d pair = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd(x, 1));
    return _mm_cvtsd_f64(pair) + _mm_cvtsd_f64(_mm_unpackhi_pd(pair, pair));
}
static inline __m256d keep_from_avx2(__m256d x, __m256d bound, __m256d value) {
    return _mm256_and_pd(_mm256_cmp_pd(x, bound, _CMP_GE_OQ), value);
}
static inline uint64_t bits_from_avx2(__m256d x, __m256d bound) {
    return (uint64_t)_mm256_movemask_pd(_mm256_cmp_pd(x, bound, _CMP_GE_OQ));
}
static inline double largest_avx2(__m256d x) {
    __m128d half = _mm_max_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd(x, 1));
    return _mm_cvtsd_f64(_mm_max_sd(half, _mm_unpackhi_pd(half, half)));
}
#include "lanes.h"
#undef WIDTH
#undef NAMED
#undef ISA
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
