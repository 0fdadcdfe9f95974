/* The loops for x86-64 processors with AVX-512. */
#include "calls.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx2,fma")
#endif
#define WIDTH 8
#define NAMED(f) f##_avx512
#define ISA "avx512"
static inline __m512d larger_avx512(__m512d a, __m512d b) { return _mm512_max_pd(a, b); }
static inline __m512d smaller_avx512(__m512d a, __m512d b) { return _mm512_min_pd(a, b); }
static inline void fold_avx512(const __m512d *x, __m256d *out) {
    *out = _mm256_add_pd(_mm512_castpd512_pd256(*x), _mm512_extractf64x4_pd(*x, 1));
}
static inline double total_avx512(__m256d x) {
    __m128d pair = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd(x, 1));
    return _mm_cvtsd_f64(pair) + _mm_cvtsd_f64(_mm_unpackhi_pd(pair, pair));
}
static inline __m512d keep_from_avx512(__m512d x, __m512d bound, __m512d value) {
    return _mm512_maskz_mov_pd(_mm512_cmp_pd_mask(x, bound, _CMP_GE_OQ), value);
}
static inline uint64_t bits_from_avx512(__m512d x, __m512d bound) {
    return _mm512_cmp_pd_mask(x, bound, _CMP_GE_OQ);
}
static inline double largest_avx512(__m512d x) { return _mm512_reduce_max_pd(x); }
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
