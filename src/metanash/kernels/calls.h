/* What every file of the kernels needs: constants, the structs that calls fill, the table of loops of one instruction set,
 * and memory for vectors. */
#ifndef METANASH_CALLS_H
#define METANASH_CALLS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 1024 /* terms of a running sum before it is added to the total */
#define LOOKED_AT 1024 /* iterations of independent play from one look at whether it still moves to the next */
#define MOST_IMPROVEMENTS 10000 /* of policy iteration */
#define FAR_STEP 1e3 /* times a payoff: from here on steps are taken without what all actions earn */
#define FAR_STEP_OF_TWO 1e6 /* the same for two actions, which keep their mass in any case */
#define MOST_PACES 100 /* of the search for a cautious rate, which takes about six */
#define MOST_BARRIER_STEPS 100 /* of Newton's method for the log barrier, which takes about five */
#define FIRST_CACHE 24576 /* bytes of chances that still leave room there */
#define NOT_CONVERGED -2
#define OUTSIDE -3 /* a number of PLACES */

/* Of matrix.h: payoffs are scaled into [1, 2], so these are about relative errors of that. */
#define MATRIX_OPTIMAL 1e-13 /* a reduced cost not further below 0 is not negative */
#define MATRIX_PIVOT 1e-11   /* a smaller entry is no pivot */
#define MATRIX_SLACK 1e-13   /* ratios tie that leave no more in the other row */
#define MATRIX_TIE 1e-9      /* edges tie that are as steep to this */
#define MATRIX_REFINE 1e-12  /* a gap above it is worked on again, */
#define MATRIX_REPEATS 3     /* so many times */
/* Of a gap relative to the range, at most: payoffs moved, products and their sums, and strategies that add up to nearly 1 */
#define MATRIX_ROUNDING(rows, columns) (0x1p-52 * (double)((rows) + (columns) + 2))
#define MATRIX_DOUBT 0x1p-41 /* about a 2 x 2 game: below it the stake is not looked at */
#define MATRIX_SMALL 32768   /* bytes of work that are not asked for */
#define MATRIX_PIVOTS(rows, columns) (1000 + 100 * ((rows) + (columns))) /* at most */

/* What a thread does of a call; every call begins with it. */
struct share {
    int64_t first, last; /* lanes, or games */
};

#define MOST_PLAYERS 64 /* of a policy that comes in one array per player; as many as NumPy has axes */
#define TREE_WORTH_A_VECTOR 2 /* games of one tree: fewer are learned one by one */

/* Product of sizes, or -1 if one is negative or it is so large that the bytes of an array would overflow. */
static inline int64_t product(const int64_t *sizes, int count) {
    int64_t total = 1;
    for (int k = 0; k < count; k++)
        if (sizes[k] < 0 || __builtin_mul_overflow(total, sizes[k], &total)) return -1;
    return total > INT64_MAX / 64 ? -1 : total;
}
#define PRODUCT(...) product((const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* The structs that calls fill, NAME_call. */
#define KERNEL(name, lanes, reads, text) CALL(name, text)
#define CALL(name, text) struct name##_call { struct share share;
#define END(name) };
#define READ(name, shape) const double *name;
#define WRITE(name, shape) double *name;
#define INDEX(name, bound, shape) const int64_t *name;
#define PLACES(name, shape) const int32_t *name;
#define ACTIONS(name, shape) const int64_t *name;
#define POLICIES(name, shape) const double *name[MOST_PLAYERS];
#define SIZE(name, least) int64_t name;
#define NUMBER(name) double name;
#define FLAG(name) int64_t name;
#define DERIVED(name, value) int64_t name;
#define KEPT(type, name) type name;
#include "signatures.h"

/* The loops of one instruction set. */
typedef int (*kernel)(const void *);
struct instruction_set {
    const char *isa;
#define KERNEL(name, lanes, reads, text) kernel name;
#define LOOP(name) kernel name;
#include "signatures.h"
};

#define LARGE_WORK 65536 /* bytes */

/* Memory for vectors, zeroed by nobody: every entry is written before it is read. It is freed by its true beginning,
 * `whole`. Much of it is not taken by aligned_alloc: glibc before 2.38 seldom uses again what that took and was freed, so a
 * process of many calls grew by the working memory of each. */
static inline void *aligned_vectors(size_t bytes, void **whole) {
    if (bytes < LARGE_WORK) return *whole = aligned_alloc(64, (bytes + 63) / 64 * 64);
    char *begin = *whole = malloc(bytes + 63);
    return begin ? begin + (-(uintptr_t)begin & 63) : NULL;
}

/* A kernel lists the parts of its work space once, as PARTS(PART), each a PART(name, entries): names and sizes come of the
 * same list, so that no part can get the size of another. */
#define PART_NAME(name, entries) name,
#define PART_ENTRIES(name, entries) entries,

/* Of the files named after them; nobody outside of the module sees these names. */
#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif
#if defined(__x86_64__)
extern const struct instruction_set loops_avx512, loops_avx2;
#endif
extern const struct instruction_set loops_portable;
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

enum { SMOOTH_FTRL, SMOOTH_GRADIENT, SMOOTH_EXTRAGRADIENT, SMOOTH_OMWU }; /* rules of smooth_call */

#endif
