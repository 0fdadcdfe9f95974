/* The loops for any other processor, and x86-64 without AVX2; there few run them, and their compilation is to be quick. */
#include "calls.h"

#if defined(__x86_64__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("O1")
#endif
#define WIDTH 2
#define NAMED(f) f##_portable
#define ISA "portable"
typedef double pair_of_doubles __attribute__((vector_size(16)));
typedef int64_t pair_of_integers __attribute__((vector_size(16)));
static inline pair_of_doubles select_portable(pair_of_integers mask, pair_of_doubles yes, pair_of_doubles no) {
    return (pair_of_doubles)((mask & (pair_of_integers)yes) | (~mask & (pair_of_integers)no));
}
static inline pair_of_doubles larger_portable(pair_of_doubles a, pair_of_doubles b) {
    return select_portable(a > b, a, b);
}
static inline pair_of_doubles smaller_portable(pair_of_doubles a, pair_of_doubles b) {
    return select_portable(a < b, a, b);
}
#define fold_portable(x, out) (*(out) = (four){(x)[0][0] + (x)[2][0], (x)[0][1] + (x)[2][1], (x)[1][0] + (x)[3][0], (x)[1][1] + (x)[3][1]})
#define total_portable(x) (((x)[0] + (x)[2]) + ((x)[1] + (x)[3]))
static inline pair_of_doubles keep_from_portable(pair_of_doubles x, pair_of_doubles bound, pair_of_doubles value) {
    return (pair_of_doubles)((x >= bound) & (pair_of_integers)value);
}
static inline uint64_t bits_from_portable(pair_of_doubles x, pair_of_doubles bound) {
    return (uint64_t)(x[0] >= bound[0]) | (uint64_t)(x[1] >= bound[1]) << 1;
}
static inline double largest_portable(pair_of_doubles x) { return x[0] > x[1] ? x[0] : x[1]; }
#include "lanes.h"
#undef WIDTH
#undef NAMED
#undef ISA
#if defined(__x86_64__) && !defined(__clang__)
#pragma GCC pop_options
#endif
