/* metanash.kernels.compiled: the inner loops of metanash as an extension module.
 *
 * Nothing here decides anything: shapes and values are validated by the library, buffers are checked
 * again at the door below, and the loops themselves are in the headers, compiled once for each instruction set.
 * Arrays are C-contiguous float64 (indices int64); those that a call advances are written in place.
 */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 1024 /* terms of a running sum before it is added to the total */
#define MOST_IMPROVEMENTS 10000 /* of policy iteration */
#define FAR_STEP 1e3 /* times a payoff: from here on steps are taken without what all actions earn */
#define FAR_STEP_OF_TWO 1e6 /* the same for two actions, which keep their mass in any case */
#define NOT_CONVERGED -2

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

#ifndef SOURCE_DIGEST
#define SOURCE_DIGEST "unknown"
#endif

/* What a thread does of a call; every call begins with it. */
struct share {
    int64_t first, last; /* lanes, or games */
};

struct mirror_call {
    struct share share;
    int64_t lanes, rows, columns;
    int64_t done;       /* iterations of this stage before the call */
    int64_t iterations; /* iterations of this call */
    const double *q, *eta;
    double *x, *y, *mu, *nu;                /* logits of the anchors, last iterates */
    double *sum_mu, *sum_nu, *sum_value;    /* [2][lanes][...]: totals, running chunk */
};

struct regret_call {
    struct share share;
    int64_t lanes, rows, columns;
    int64_t done, iterations; /* of the run, of this call */
    const double *q;
    double *x, *y, *mu, *nu;  /* regrets, last iterates */
    double *sum_mu, *sum_nu;  /* [2][lanes][...]: totals, running chunk */
    double *value;            /* [lanes] */
};

struct joint_call {
    struct share share;
    int64_t lanes, players, joint, columns;
    int64_t done, iterations; /* as in mirror_call */
    const int64_t *actions;   /* [players] */
    const double *q, *eta;    /* [lanes][players][joint] */
    double *x, *policy;       /* [lanes][columns]: logits of the anchors, last iterates */
    double *sum_joint;        /* [2][lanes][joint]: totals, running chunk */
};

struct expect_call {
    struct share share;
    int64_t games, rows, states, vectors;
    const double *transition, *values; /* [kinds][rows][states], [games][vectors][states] */
    const int64_t *index;              /* [games] */
    double *out;                       /* [games][vectors][rows] */
};

struct backup_call {
    struct share share; /* of games * rows */
    int64_t games, steps, rows, states, first, last;
    const double *reward, *transition, *values; /* [games][steps][rows], [kinds][rows][states], [games][steps][states] */
    const int64_t *index;                       /* [games] */
    double *out;                                /* [games][steps][rows] */
};

struct ascent_call {
    struct share share;
    int64_t lanes, players, states, joint, reward_rows, columns;
    int softmax, measure;
    int64_t done;       /* iterations before the call */
    int64_t iterations; /* iterations of this call */
    double discount;
    const double *reward, *transition, *step, *initial;
    const int64_t *transition_index; /* [lanes] */
    const int64_t *actions;          /* [players] */
    double *policy;                  /* [lanes][states][columns], logits if softmax */
    double *response;                /* [lanes][states][players]: best responses, as numbers of actions */
    double *sum_gap;                 /* [2][lanes]: total, running chunk */
    double *least;                   /* [lanes] */
};

struct maml_call {
    struct share share; /* of rows * count */
    int64_t lanes, count, players, states, joint, columns, inner_steps;
    int first_order;
    double discount, inner_step;
    const double *reward, *transition, *initial; /* [games][states][joint], as in ascent_call, [games][states] */
    const int64_t *kind, *game;                  /* [games], [rows][count] */
    const int64_t *actions;                      /* [players] */
    const double *logits;                        /* [rows][states][columns] */
    double *value, *gradient;                    /* [rows][count], [rows][count][states][columns] */
};

struct finite_call {
    struct share share;
    int64_t games, players, horizon, states, joint, reward_rows, columns, kinds;
    int64_t steps;   /* of transition: the horizon, or 1 for all steps; 0 if expected values of `step` are given */
    int64_t vectors, step;
    const double *reward;     /* [games][reward_rows][horizon][states][joint] */
    const double *transition; /* [steps][kinds][states][joint][states], or [games][vectors][states][joint] */
    const double *initial;    /* [games][states] */
    const double *const *policy; /* of each player: [games][horizon][states][its actions] */
    const int64_t *index, *actions, *wanted; /* [games], [players], [vectors] */
    double *value, *start;    /* [games][vectors][horizon][states], [games][vectors] */
    const double *weights;    /* of correlated_values, which only reads value: [games][horizon][states][joint] */
    double *after;            /* like value */
};

struct discounted_call {
    struct share share;
    int64_t games, players, states, joint, reward_rows, columns, kinds, vectors;
    double discount;
    const double *reward, *transition; /* [games][reward_rows][states][joint], [kinds][states][joint][states] */
    const double *initial;             /* [games][states] */
    const double *const *policy;       /* of each player: [games][states][its actions] */
    const int64_t *index, *actions, *wanted;
    double *value, *start;             /* [games][vectors][states], [games][vectors] */
};

struct matrix_call {
    struct share share;
    int64_t rows, columns;
    const double *payoff; /* [games][rows][columns] */
    double *solution;     /* [games][2 + rows + columns]: value, gap, mu, nu */
};

#define LARGE_WORK 65536 /* bytes */

/* Memory for vectors, zeroed by nobody: every entry is written before it is read. It is freed by its true beginning,
 * `whole`. Much of it is not taken by aligned_alloc: glibc before 2.38 seldom uses again what that took and was freed, so a
 * process of many calls grew by the working memory of each. */
static void *aligned_vectors(size_t bytes, void **whole) {
    if (bytes < LARGE_WORK) return *whole = aligned_alloc(64, (bytes + 63) / 64 * 64);
    char *begin = *whole = malloc(bytes + 63);
    return begin ? begin + (-(uintptr_t)begin & 63) : NULL;
}

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
static inline __m512d larger_avx512(__m512d a, __m512d b) { return _mm512_max_pd(a, b); }
static inline __m512d smaller_avx512(__m512d a, __m512d b) { return _mm512_min_pd(a, b); }
static inline double total_avx512(__m512d x) { return _mm512_reduce_add_pd(x); }
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
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define WIDTH 4
#define NAMED(f) f##_avx2
static inline __m256d larger_avx2(__m256d a, __m256d b) { return _mm256_max_pd(a, b); }
static inline __m256d smaller_avx2(__m256d a, __m256d b) { return _mm256_min_pd(a, b); }
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
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

/* Any other processor, and x86-64 without AVX2. */
#define WIDTH 2
#define NAMED(f) f##_portable
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
static inline double total_portable(pair_of_doubles x) { return x[0] + x[1]; }
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

typedef int (*kernel)(const void *);

struct instruction_set {
    const char *name;
    kernel mirror, joint_mirror, regret_matching, ascent, through_ascent, expect, backup, finite_values, discounted_values,
        correlated_values, equilibria;
    int64_t (*off_simplex)(const double *, int64_t, int64_t, double);
};

#define LOOPS(isa)                                                                                                    \
    {#isa, mirror_##isa, joint_mirror_##isa, regret_matching_##isa, ascent_##isa, through_ascent_##isa,               \
     expect_##isa, backup_##isa, finite_values_##isa, discounted_values_##isa, correlated_values_##isa,               \
     solve_games_##isa, off_simplex_##isa}

/* Best first; METANASH_ISA names one, for tests and measurements. */
static const struct instruction_set instruction_sets[] = {
#if defined(__x86_64__)
    LOOPS(avx512),
    LOOPS(avx2),
#endif
    LOOPS(portable),
};
static const struct instruction_set *chosen;

static int supported(const char *name) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (name[0] == 'a' && name[3] == '5')
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
    if (name[0] == 'a') return avx2;
#endif
    return name[0] == 'p';
}

static int same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static int choose(void) {
    const char *wanted = getenv("METANASH_ISA");
    const size_t count = sizeof instruction_sets / sizeof *instruction_sets;
    for (size_t i = 0; i < count && !chosen; i++)
        if ((!wanted || same(wanted, instruction_sets[i].name)) && supported(instruction_sets[i].name))
            chosen = &instruction_sets[i];
    if (chosen) return 0;
    PyErr_Format(PyExc_ImportError, "METANASH_ISA=%s is not an instruction set of this processor; "
                 "unset it, or name one of avx512, avx2, portable", wanted);
    return -1;
}

/* ---- threads ----------------------------------------------------------------------------------- */

#define MOST_THREADS 256
#define SHARE_BLOCK 16 /* lanes of a share are a multiple of this: whole vectors of every instruction set */
#define WORTH_A_THREAD 400000 /* entries of Q and the like that a call reads: less is done before a thread starts */

static int threads = 1;

struct worker {
    pthread_t thread;
    kernel function;
    void *call;
    int started, failed;
};

static void *work(void *given) {
    struct worker *worker = given;
    worker->failed = worker->function(worker->call);
    return NULL;
}

/* A call (which begins with its share, `size` bytes in all), its lanes split over the threads. Lanes never mix, so
 * the result is the same however they are split; a thread that cannot be had is done without. */
static int run(kernel function, void *call, size_t size, int64_t lanes, double reads) {
    const int64_t blocks = (lanes + SHARE_BLOCK - 1) / SHARE_BLOCK;
    const int64_t count = reads < WORTH_A_THREAD ? 1 : blocks < threads ? blocks : threads;
    struct share *own = call;
    *own = (struct share){0, lanes};
    if (count <= 1) return function(call);
    char *copies = malloc((size_t)count * size);
    if (!copies) return function(call);
    struct worker workers[MOST_THREADS];
    int failed = 0;
    for (int64_t k = count - 1; k >= 0; k--) { /* the first share is for the calling thread */
        struct share *share = memcpy(copies + (size_t)k * size, call, size);
        share->first = blocks * k / count * SHARE_BLOCK;
        share->last = k == count - 1 ? lanes : blocks * (k + 1) / count * SHARE_BLOCK;
        workers[k] = (struct worker){.function = function, .call = share};
        workers[k].started = k && !pthread_create(&workers[k].thread, NULL, work, &workers[k]);
        if (!workers[k].started) work(&workers[k]);
    }
    for (int64_t k = 0; k < count; k++) {
        if (workers[k].started) pthread_join(workers[k].thread, NULL);
        if (workers[k].failed) failed = workers[k].failed;
    }
    free(copies);
    return failed;
}

/* ---- buffers ----------------------------------------------------------------------------------- */

#define MOST_PLAYERS 64 /* of a policy that comes in one array a player; as many as NumPy has axes */
#define MOST_BUFFERS (MOST_PLAYERS + 12)
struct buffers {
    Py_buffer view[MOST_BUFFERS];
    int count;
};

static void release(struct buffers *held) {
    while (held->count) PyBuffer_Release(&held->view[--held->count]);
}

/* Product of sizes, or -1 if it is so large that the bytes of an array would overflow. */
static int64_t product(int64_t a, int64_t b, int64_t c, int64_t d) {
    int64_t total;
    if (__builtin_mul_overflow(a, b, &total) || __builtin_mul_overflow(total, c, &total) ||
        __builtin_mul_overflow(total, d, &total) || total > INT64_MAX / 64)
        return -1;
    return total;
}

/* The data of a C-contiguous array of `length` items of 8 bytes with this format, or NULL and an exception. */
static void *borrow(struct buffers *held, PyObject *object, const char *name, char format, int64_t length, int write) {
    if (length < 0) {
        PyErr_Format(PyExc_ValueError, "%s would be too large for this machine", name);
        return NULL;
    }
    Py_buffer *view = &held->view[held->count];
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (write ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, view, flags)) return NULL;
    held->count++;
    const char *got = view->format ? view->format : "B";
    int right = format == 'd' ? got[0] == 'd' && !got[1] : (got[0] == 'l' || got[0] == 'q') && !got[1];
    if (!right || view->itemsize != 8) {
        PyErr_Format(PyExc_TypeError, "%s must be %s, not of format '%s'", name,
                     format == 'd' ? "float64" : "int64", got);
        return NULL;
    }
    if (view->len % 8 || view->len / 8 != length) {
        PyErr_Format(PyExc_ValueError, "%s must have %lld entries, not %lld", name, (long long)length,
                     (long long)(view->len / 8));
        return NULL;
    }
    return view->buf;
}

static PyObject *finish(struct buffers *held, int failed) {
    release(held);
    if (failed == NOT_CONVERGED)
        return PyErr_Format(PyExc_ArithmeticError, "policy iteration has not ended after %d improvements",
                            MOST_IMPROVEMENTS);
    if (failed) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

/* `run` without the interpreter's lock, then `finish`: the end of a call. */
static PyObject *launch(struct buffers *held, kernel function, void *call, size_t size, int64_t lanes, double reads) {
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    failed = run(function, call, size, lanes, reads);
    Py_END_ALLOW_THREADS;
    return finish(held, failed);
}

/* ---- the calls --------------------------------------------------------------------------------- */

static PyObject *mirror(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *q, *eta, *x, *y, *mu, *nu, *sum_mu, *sum_nu, *sum_value;
    long long lanes, rows, columns, done, iterations;
    if (!PyArg_ParseTuple(args, "OOOOOOOOOLLLLL", &q, &eta, &x, &y, &mu, &nu, &sum_mu, &sum_nu, &sum_value, &lanes,
                          &rows, &columns, &done, &iterations))
        return NULL;
    if (lanes < 0 || rows < 1 || columns < 1 || done < 0 || iterations < 0)
        return PyErr_Format(PyExc_ValueError, "sizes must not be negative, and each player needs an action");
    struct buffers held = {.count = 0};
    struct mirror_call c = {.lanes = lanes, .rows = rows, .columns = columns, .done = done, .iterations = iterations};
    if (!(c.q = borrow(&held, q, "q", 'd', product(lanes, rows, columns, 1), 0)) ||
        !(c.eta = borrow(&held, eta, "eta", 'd', lanes, 0)) || !(c.x = borrow(&held, x, "x", 'd', product(lanes, rows, 1, 1), 1)) ||
        !(c.y = borrow(&held, y, "y", 'd', product(lanes, columns, 1, 1), 1)) ||
        !(c.mu = borrow(&held, mu, "mu", 'd', product(lanes, rows, 1, 1), 1)) ||
        !(c.nu = borrow(&held, nu, "nu", 'd', product(lanes, columns, 1, 1), 1)) ||
        !(c.sum_mu = borrow(&held, sum_mu, "sum_mu", 'd', product(2, lanes, rows, 1), 1)) ||
        !(c.sum_nu = borrow(&held, sum_nu, "sum_nu", 'd', product(2, lanes, columns, 1), 1)) ||
        !(c.sum_value = borrow(&held, sum_value, "sum_value", 'd', product(2, lanes, 1, 1), 1))) {
        release(&held);
        return NULL;
    }
    return launch(&held, chosen->mirror, &c, sizeof c, lanes, (double)lanes * rows * columns * iterations);
}

/* Whether all indices are below their bound. */
static int in_range(const int64_t *index, int64_t count, int64_t bound) {
    for (int64_t k = 0; k < count; k++)
        if (index[k] < 0 || index[k] >= bound) return 0;
    return 1;
}

/* Whether the players have so many actions, `columns` in all and `joint` together. */
static int seated(const int64_t *actions, int64_t players, int64_t joint, int64_t columns) {
    int64_t together = 1, total = 0;
    for (int64_t i = 0; i < players; i++) {
        if (actions[i] < 1 || (together = product(together, actions[i], 1, 1)) < 0) return 0;
        if (__builtin_add_overflow(total, actions[i], &total)) return 0;
    }
    return together == joint && total == columns;
}

static PyObject *joint_mirror(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *q, *eta, *x, *policy, *sum_joint, *actions;
    long long lanes, players, joint, columns, done, iterations;
    if (!PyArg_ParseTuple(args, "OOOOOOLLLLLL", &q, &eta, &x, &policy, &sum_joint, &actions, &lanes, &players, &joint,
                          &columns, &done, &iterations))
        return NULL;
    if (lanes < 0 || players < 1 || joint < 1 || columns < 1 || done < 0 || iterations < 0)
        return PyErr_Format(PyExc_ValueError, "sizes must not be negative, and there must be a player with an action");
    struct buffers held = {.count = 0};
    struct joint_call c = {.lanes = lanes, .players = players, .joint = joint, .columns = columns, .done = done,
                           .iterations = iterations};
    if (!(c.q = borrow(&held, q, "q", 'd', product(lanes, players, joint, 1), 0)) ||
        !(c.eta = borrow(&held, eta, "eta", 'd', lanes, 0)) ||
        !(c.x = borrow(&held, x, "x", 'd', product(lanes, columns, 1, 1), 1)) ||
        !(c.policy = borrow(&held, policy, "policy", 'd', product(lanes, columns, 1, 1), 1)) ||
        !(c.sum_joint = borrow(&held, sum_joint, "sum_joint", 'd', product(2, lanes, joint, 1), 1)) ||
        !(c.actions = borrow(&held, actions, "actions", 'l', players, 0))) {
        release(&held);
        return NULL;
    }
    if (!seated(c.actions, players, joint, columns)) {
        release(&held);
        return PyErr_Format(PyExc_ValueError, "the numbers of actions do not fit the sizes");
    }
    return launch(&held, chosen->joint_mirror, &c, sizeof c, lanes, (double)lanes * players * joint * iterations);
}

static PyObject *regret_matching(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *q, *x, *y, *mu, *nu, *sum_mu, *sum_nu, *value;
    long long lanes, rows, columns, done, iterations;
    if (!PyArg_ParseTuple(args, "OOOOOOOOLLLLL", &q, &x, &y, &mu, &nu, &sum_mu, &sum_nu, &value, &lanes, &rows,
                          &columns, &done, &iterations))
        return NULL;
    if (lanes < 0 || rows < 1 || columns < 1 || done < 0 || iterations < 0)
        return PyErr_Format(PyExc_ValueError, "sizes must not be negative, and each player needs an action");
    struct buffers held = {.count = 0};
    struct regret_call c = {.lanes = lanes, .rows = rows, .columns = columns, .done = done, .iterations = iterations};
    if (!(c.q = borrow(&held, q, "q", 'd', product(lanes, rows, columns, 1), 0)) ||
        !(c.x = borrow(&held, x, "x", 'd', product(lanes, rows, 1, 1), 1)) ||
        !(c.y = borrow(&held, y, "y", 'd', product(lanes, columns, 1, 1), 1)) ||
        !(c.mu = borrow(&held, mu, "mu", 'd', product(lanes, rows, 1, 1), 1)) ||
        !(c.nu = borrow(&held, nu, "nu", 'd', product(lanes, columns, 1, 1), 1)) ||
        !(c.sum_mu = borrow(&held, sum_mu, "sum_mu", 'd', product(2, lanes, rows, 1), 1)) ||
        !(c.sum_nu = borrow(&held, sum_nu, "sum_nu", 'd', product(2, lanes, columns, 1), 1)) ||
        !(c.value = borrow(&held, value, "value", 'd', lanes, 1))) {
        release(&held);
        return NULL;
    }
    return launch(&held, chosen->regret_matching, &c, sizeof c, lanes, (double)lanes * rows * columns * iterations);
}

static PyObject *ascent(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *reward, *transition, *index, *step, *initial, *actions, *policy, *response, *sum_gap, *least;
    long long lanes, players, states, joint, reward_rows, columns, kinds, done, iterations;
    int softmax, measure;
    double discount;
    if (!PyArg_ParseTuple(args, "OOOOOOOOOOdLLLLLLLiiLL", &reward, &transition, &index, &step, &initial, &actions,
                          &policy, &response, &sum_gap, &least, &discount, &lanes, &players, &states, &joint,
                          &reward_rows, &columns, &kinds, &softmax, &measure, &done, &iterations))
        return NULL;
    if (lanes < 0 || players < 1 || states < 1 || joint < 1 || columns < 1 || kinds < 1 || done < 0 || iterations < 0 ||
        (reward_rows != 1 && reward_rows != players))
        return PyErr_Format(PyExc_ValueError, "sizes out of range, or a reward neither common nor one a player");
    struct buffers held = {.count = 0};
    struct ascent_call c = {.lanes = lanes, .players = players, .states = states, .joint = joint,
                            .reward_rows = reward_rows, .columns = columns, .softmax = softmax, .measure = measure,
                            .done = done, .iterations = iterations, .discount = discount};
    if (!(c.reward = borrow(&held, reward, "reward", 'd', product(lanes, reward_rows, states, joint), 0)) ||
        !(c.transition = borrow(&held, transition, "transition", 'd', product(kinds, states, joint, states), 0)) ||
        !(c.transition_index = borrow(&held, index, "transition_index", 'l', lanes, 0)) ||
        !(c.step = borrow(&held, step, "step", 'd', lanes, 0)) ||
        !(c.initial = borrow(&held, initial, "initial", 'd', product(lanes, states, 1, 1), 0)) ||
        !(c.actions = borrow(&held, actions, "actions", 'l', players, 0)) ||
        !(c.policy = borrow(&held, policy, "policy", 'd', product(lanes, states, columns, 1), 1)) ||
        !(c.response = borrow(&held, response, "response", 'd', product(lanes, states, players, 1), 1)) ||
        !(c.sum_gap = borrow(&held, sum_gap, "sum_gap", 'd', product(2, lanes, 1, 1), 1)) ||
        !(c.least = borrow(&held, least, "least", 'd', lanes, 1))) {
        release(&held);
        return NULL;
    }
    int64_t bad = !seated(c.actions, players, joint, columns);
    for (int64_t l = 0; l < lanes; l++) bad |= c.transition_index[l] < 0 || c.transition_index[l] >= kinds;
    if (bad) {
        release(&held);
        return PyErr_Format(PyExc_ValueError, "numbers of actions do not fit, or an index points outside its array");
    }
    return launch(&held, chosen->ascent, &c, sizeof c, lanes, (double)lanes * states * states * joint * iterations);
}

/* Whether all numbers lie in [0, bound). */
static int inside(const int64_t *numbers, int64_t count, int64_t bound) {
    int64_t bad = 0;
    for (int64_t k = 0; k < count; k++) bad |= numbers[k] < 0 || numbers[k] >= bound;
    return !bad;
}

/* Objectives, gradients and their norms from those of each game, for a step along the gradients. */
struct meta {
    int64_t rows, entries; /* entries: of the logits of a row */
    double step;
    const double *probability; /* [rows][count] */
    double *logits, *gradient; /* [rows][entries] */
    double *objective, *norm, *least;
};

static void maml_step(const struct maml_call *c, const struct meta *meta, int first) {
    const int64_t D = meta->entries;
    for (int64_t r = 0; r < meta->rows; r++) {
        double *restrict gradient = meta->gradient + r * D, *restrict logits = meta->logits + r * D;
        double value = 0.0, square = 0.0;
        for (int64_t d = 0; d < D; d++) gradient[d] = 0.0;
        for (int64_t lane = r * c->count; lane < (r + 1) * c->count; lane++) {
            const double weight = meta->probability[lane], *restrict own = c->gradient + lane * D;
            value += weight * c->value[lane];
            for (int64_t d = 0; d < D; d++) gradient[d] += weight * own[d];
        }
        for (int64_t d = 0; d < D; d++) square += gradient[d] * gradient[d], logits[d] += meta->step * gradient[d];
        const double norm = sqrt(square);
        if (first) meta->objective[r] = value, meta->norm[r] = meta->least[r] = norm;
        if (norm < meta->least[r]) meta->least[r] = norm;
    }
}

static PyObject *maml(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *reward, *transition, *kind, *initial, *actions, *game, *probability, *logits, *gradient, *objective, *norm;
    PyObject *least;
    long long rows, count, games, players, states, joint, columns, kinds, inner_steps, draws, iterations;
    int first_order;
    double discount, inner_step, step;
    if (!PyArg_ParseTuple(args, "OOOOOOOOOOOOdddLLLLLLLLLiLL", &reward, &transition, &kind, &initial, &actions, &game,
                          &probability, &logits, &gradient, &objective, &norm, &least, &discount, &inner_step, &step,
                          &rows, &count, &games, &players, &states, &joint, &columns, &kinds, &inner_steps, &first_order,
                          &draws, &iterations))
        return NULL;
    if (rows < 1 || count < 1 || games < 1 || players < 1 || states < 1 || joint < 1 || columns < 1 || kinds < 1 ||
        inner_steps < 0 || iterations < 0 || (draws != 1 && draws != iterations))
        return PyErr_Format(PyExc_ValueError, "sizes out of range, or games drawn neither once nor in each iteration");
    struct buffers held = {.count = 0};
    struct maml_call c = {.count = count, .players = players, .states = states, .joint = joint, .columns = columns,
                          .inner_steps = inner_steps, .first_order = first_order, .discount = discount,
                          .inner_step = inner_step};
    struct meta meta = {.rows = rows, .step = step};
    const int64_t *drawn;
    if (!(c.reward = borrow(&held, reward, "reward", 'd', product(games, states, joint, 1), 0)) ||
        !(c.transition = borrow(&held, transition, "transition", 'd', product(kinds, states, joint, states), 0)) ||
        !(c.kind = borrow(&held, kind, "kind", 'l', games, 0)) ||
        !(c.initial = borrow(&held, initial, "initial", 'd', product(games, states, 1, 1), 0)) ||
        !(c.actions = borrow(&held, actions, "actions", 'l', players, 0)) ||
        !(drawn = borrow(&held, game, "game", 'l', product(draws, rows, count, 1), 0)) ||
        !(meta.probability = borrow(&held, probability, "probability", 'd', product(rows, count, 1, 1), 0)) ||
        !(c.logits = meta.logits = borrow(&held, logits, "logits", 'd', product(rows, states, columns, 1), 1)) ||
        !(meta.gradient = borrow(&held, gradient, "gradient", 'd', product(rows, states, columns, 1), 1)) ||
        !(meta.objective = borrow(&held, objective, "objective", 'd', rows, 1)) ||
        !(meta.norm = borrow(&held, norm, "norm", 'd', rows, 1)) ||
        !(meta.least = borrow(&held, least, "least", 'd', rows, 1))) {
        release(&held);
        return NULL;
    }
    /* all sizes are those of arrays now, but not the number of inner steps */
    const int64_t lanes = c.lanes = rows * count, entries = meta.entries = states * columns;
    const int64_t iterate = states * (columns + 2 * joint + states + 1);
    if (!seated(c.actions, players, joint, columns) || !inside(c.kind, games, kinds) ||
        !inside(drawn, draws * lanes, games) || product(lanes, entries + 1, 1, 1) < 0) {
        release(&held);
        return PyErr_Format(PyExc_ValueError, "numbers of actions do not fit, or an index points outside its array");
    }
    if (!first_order && product(inner_steps, iterate, 16, 1) < 0) {
        release(&held);
        return PyErr_Format(PyExc_ValueError, "so many inner iterates would be too large for this machine");
    }
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    c.value = malloc((size_t)(lanes * (entries + 1)) * sizeof *c.value);
    c.gradient = c.value + lanes;
    failed = !c.value;
    for (int64_t k = 0; k < iterations && !failed; k++) {
        c.game = drawn + (draws > 1 ? k * lanes : 0);
        failed = run(chosen->through_ascent, &c, sizeof c, lanes, (inner_steps + 1.0) * lanes * states * states * joint);
        if (!failed) maml_step(&c, &meta, k == 0);
    }
    free(c.value);
    Py_END_ALLOW_THREADS;
    return finish(&held, failed);
}

static PyObject *expect(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *transition, *index, *values, *out;
    long long games, rows, states, vectors, kinds;
    if (!PyArg_ParseTuple(args, "OOOOLLLLL", &transition, &index, &values, &out, &games, &rows, &states, &vectors, &kinds))
        return NULL;
    if (games < 0 || rows < 1 || states < 1 || vectors < 0 || kinds < 1)
        return PyErr_Format(PyExc_ValueError, "sizes out of range");
    struct buffers held = {.count = 0};
    struct expect_call c = {.games = games, .rows = rows, .states = states, .vectors = vectors};
    if (!(c.transition = borrow(&held, transition, "transition", 'd', product(kinds, rows, states, 1), 0)) ||
        !(c.index = borrow(&held, index, "index", 'l', games, 0)) ||
        !(c.values = borrow(&held, values, "values", 'd', product(games, vectors, states, 1), 0)) ||
        !(c.out = borrow(&held, out, "out", 'd', product(games, vectors, rows, 1), 1))) {
        release(&held);
        return NULL;
    }
    if (!in_range(c.index, games, kinds)) {
        release(&held);
        return PyErr_Format(PyExc_ValueError, "an index points outside its array");
    }
    return launch(&held, chosen->expect, &c, sizeof c, games, (double)games * vectors * rows * states);
}

/* The doubt about a 2x2 game, which is relative to what lies between pure actions, relative to its stake if that is
 * smaller. The stake is between^2 / (4 range) at least, so below MATRIX_DOUBT either is below 1e-9. */
static void small_stake(const double *m, double *solution) {
    const double low = fmax(fmin(m[0], m[1]), fmin(m[2], m[3])), high = fmin(fmax(m[0], m[2]), fmax(m[1], m[3]));
    double size[4], least = INFINITY;
    for (int k = 0; k < 4; k++) size[k] = 0.5 * fabs(m[k]), least = size[k] > 0.0 && size[k] < least ? size[k] : least;
    const double first = size[0] * solution[4] + size[1] * solution[5], second = size[2] * solution[4] + size[3] * solution[5];
    const double between = 0.5 * high - 0.5 * low, stake = fmax(first * solution[2] + second * solution[3], least);
    if (stake < between) solution[1] *= between / stake;
}

/* Its arguments are not parsed by a format, and small games keep the lock: both take longer than solving them. */
static PyObject *equilibria(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    if (count != 5) return PyErr_Format(PyExc_TypeError, "equilibria takes 5 arguments, got %zd", count);
    int64_t size[3];
    for (int i = 0; i < 3; i++)
        if ((size[i] = PyLong_AsLongLong(args[2 + i])) == -1 && PyErr_Occurred()) return NULL;
    const int64_t games = size[0], rows = size[1], columns = size[2];
    if (games < 0 || rows < 1 || columns < 1)
        return PyErr_Format(PyExc_ValueError, "each player of a matrix game needs an action");
    if (product(rows, columns, 64, 1) < 0) return PyErr_Format(PyExc_ValueError, "sizes out of range");
    struct buffers held = {.count = 0};
    struct matrix_call c = {.share = {0, games}, .rows = rows, .columns = columns};
    if (!(c.payoff = borrow(&held, args[0], "payoff", 'd', product(games, rows, columns, 1), 0)) ||
        !(c.solution = borrow(&held, args[1], "solution", 'd', product(games, 2 + rows + columns, 1, 1), 1))) {
        release(&held);
        return NULL;
    }
    const double reads = (double)games * rows * columns * (rows + columns);
    int failed = 0;
    if (reads < 25000.0) { /* some microseconds */
        failed = chosen->equilibria(&c);
    } else {
        Py_BEGIN_ALLOW_THREADS;
        failed = run(chosen->equilibria, &c, sizeof c, games, reads);
        Py_END_ALLOW_THREADS;
    }
    double worst = 0.0; /* NaN stays */
    for (int64_t g = 0; g < games; g++) {
        double *solution = c.solution + g * (2 + rows + columns);
        if (solution[1] > MATRIX_DOUBT && rows == 2 && columns == 2) small_stake(c.payoff + 4 * g, solution);
        const double gap = solution[1];
        worst = gap > worst || gap != gap ? gap : worst;
    }
    release(&held);
    return failed ? PyErr_NoMemory() : PyFloat_FromDouble(worst);
}

/* Sum of the numbers of actions, or -1 if one of them is none. */
static int64_t columns_of(const int64_t *actions, int64_t players) {
    int64_t total = 0;
    for (int64_t i = 0; i < players; i++)
        if (actions[i] < 1 || __builtin_add_overflow(total, actions[i], &total)) return -1;
    return total;
}

/* A tuple of one array a player, each of `rows` rows of its actions. */
static int borrow_policies(struct buffers *held, PyObject *policies, const int64_t *actions, int64_t players, int64_t rows,
                           const double **out) {
    if (players > MOST_PLAYERS || !PyTuple_Check(policies) || PyTuple_Size(policies) != players) {
        PyErr_Format(PyExc_TypeError, "policies must be a tuple of one array a player, at most %d", MOST_PLAYERS);
        return 0;
    }
    for (int64_t i = 0; i < players; i++)
        if (!(out[i] = borrow(held, PyTuple_GetItem(policies, i), "policy", 'd', product(rows, actions[i], 1, 1), 0)))
            return 0;
    return 1;
}

static PyObject *finite_values(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *reward, *transition, *index, *initial, *policy, *actions, *wanted, *value, *start;
    long long games, players, horizon, states, joint, reward_rows, kinds, steps, vectors, step;
    if (!PyArg_ParseTuple(args, "OOOOOOOOOLLLLLLLLLL", &reward, &transition, &index, &initial, &policy, &actions, &wanted,
                          &value, &start, &games, &players, &horizon, &states, &joint, &reward_rows, &kinds,
                          &steps, &vectors, &step))
        return NULL;
    if (games < 0 || players < 1 || horizon < 1 || states < 1 || joint < 1 || kinds < 1 || vectors < 1 ||
        step < 0 || step >= horizon || (steps != 0 && steps != 1 && steps != horizon) ||
        (reward_rows != players && (reward_rows != 1 || players != 2)))
        return PyErr_Format(PyExc_ValueError, "sizes out of range, or a reward neither zero-sum nor one a player");
    struct buffers held;
    held.count = 0;
    struct finite_call c = {.games = games, .players = players, .horizon = horizon, .states = states, .joint = joint,
                            .reward_rows = reward_rows, .kinds = kinds, .steps = steps,
                            .vectors = vectors, .step = step};
    const int64_t rows = product(states, joint, 1, 1), tables = product(games, reward_rows, horizon, 1);
    const int64_t chances = steps ? product(steps, kinds, 1, 1) : 0, asked = product(games, vectors, 1, 1);
    const int64_t given = steps ? chances < 0 || rows < 0 ? -1 : product(chances, rows, states, 1)
                          : step == horizon - 1 ? 0
                          : asked < 0 || rows < 0 ? -1 : product(asked, rows, 1, 1);
    if (!(c.reward = borrow(&held, reward, "reward", 'd', rows < 0 || tables < 0 ? -1 : product(tables, rows, 1, 1), 0)) ||
        !(c.transition = borrow(&held, transition, "transition", 'd', given, 0)) ||
        !(c.index = borrow(&held, index, "index", 'l', games, 0)) ||
        !(c.initial = borrow(&held, initial, "initial", 'd', product(games, states, 1, 1), 0)) ||
        !(c.actions = borrow(&held, actions, "actions", 'l', players, 0)) ||
        !(c.wanted = borrow(&held, wanted, "wanted", 'l', vectors, 0)) ||
        !(c.value = borrow(&held, value, "value", 'd', product(games, vectors, horizon, states), 1)) ||
        !(c.start = borrow(&held, start, "start", 'd', asked, 1))) {
        release(&held);
        return NULL;
    }
    c.columns = columns_of(c.actions, players);
    if (!seated(c.actions, players, joint, c.columns) || !in_range(c.index, games, kinds) ||
        !in_range(c.wanted, vectors, 2 * players)) {
        release(&held);
        return PyErr_Format(PyExc_ValueError, "numbers of actions do not fit, or an index points outside its array");
    }
    const double *policies[MOST_PLAYERS];
    if (!borrow_policies(&held, policy, c.actions, players, product(games, horizon, states, 1), policies)) {
        release(&held);
        return NULL;
    }
    c.policy = policies;
    return launch(&held, chosen->finite_values, &c, sizeof c, games, (double)games * vectors * horizon * states * joint * states);
}

static PyObject *correlated_values(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *reward, *transition, *index, *weights, *actions, *before, *after;
    long long games, players, horizon, states, joint, kinds, steps, step;
    if (!PyArg_ParseTuple(args, "OOOOOOOLLLLLLLL", &reward, &transition, &index, &weights, &actions, &before, &after, &games,
                          &players, &horizon, &states, &joint, &kinds, &steps, &step))
        return NULL;
    if (games < 0 || players < 1 || horizon < 1 || states < 1 || joint < 1 || kinds < 1 || step < 0 || step >= horizon ||
        (steps != 0 && steps != 1 && steps != horizon))
        return PyErr_Format(PyExc_ValueError, "sizes out of range");
    struct buffers held;
    held.count = 0;
    const int64_t vectors = product(2, players, 1, 1);
    struct finite_call c = {.games = games, .players = players, .horizon = horizon, .states = states, .joint = joint,
                            .reward_rows = players, .kinds = kinds, .steps = steps, .vectors = vectors, .step = step};
    const int64_t rows = product(states, joint, 1, 1), tables = product(games, players, horizon, 1);
    const int64_t chances = product(steps, kinds, 1, 1), asked = vectors < 0 ? -1 : product(games, vectors, 1, 1);
    const int64_t given = rows < 0 || chances < 0 || asked < 0 ? -1
                          : steps ? product(chances, rows, states, 1)
                          : step == horizon - 1 ? 0 : product(asked, rows, 1, 1);
    const int64_t values = asked < 0 ? -1 : product(asked, horizon, states, 1);
    if (!(c.reward = borrow(&held, reward, "reward", 'd', rows < 0 || tables < 0 ? -1 : product(tables, rows, 1, 1), 0)) ||
        !(c.transition = borrow(&held, transition, "transition", 'd', given, 0)) ||
        !(c.index = borrow(&held, index, "index", 'l', games, 0)) ||
        !(c.weights = borrow(&held, weights, "weights", 'd', rows < 0 ? -1 : product(games, horizon, rows, 1), 0)) ||
        !(c.actions = borrow(&held, actions, "actions", 'l', players, 0)) ||
        !(c.value = borrow(&held, before, "before", 'd', values, 0)) ||
        !(c.after = borrow(&held, after, "after", 'd', values, 1))) {
        release(&held);
        return NULL;
    }
    c.columns = columns_of(c.actions, players);
    if (!seated(c.actions, players, joint, c.columns) || !in_range(c.index, games, kinds)) {
        release(&held);
        return PyErr_Format(PyExc_ValueError, "numbers of actions do not fit, or an index points outside its array");
    }
    return launch(&held, chosen->correlated_values, &c, sizeof c, games, (double)games * vectors * horizon * states * joint * states);
}

static PyObject *discounted_values(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *reward, *transition, *index, *initial, *policy, *actions, *wanted, *value, *start;
    long long games, players, states, joint, reward_rows, kinds, vectors;
    double discount;
    if (!PyArg_ParseTuple(args, "OOOOOOOOOdLLLLLLL", &reward, &transition, &index, &initial, &policy, &actions, &wanted,
                          &value, &start, &discount, &games, &players, &states, &joint, &reward_rows, &kinds,
                          &vectors))
        return NULL;
    if (games < 0 || players < 1 || states < 1 || joint < 1 || kinds < 1 || vectors < 1 ||
        (reward_rows != 1 && reward_rows != players))
        return PyErr_Format(PyExc_ValueError, "sizes out of range, or a reward neither common nor one a player");
    struct buffers held;
    held.count = 0;
    struct discounted_call c = {.games = games, .players = players, .states = states, .joint = joint,
                                .reward_rows = reward_rows, .kinds = kinds, .vectors = vectors,
                                .discount = discount};
    if (!(c.reward = borrow(&held, reward, "reward", 'd', product(games, reward_rows, states, joint), 0)) ||
        !(c.transition = borrow(&held, transition, "transition", 'd', product(kinds, states, joint, states), 0)) ||
        !(c.index = borrow(&held, index, "index", 'l', games, 0)) ||
        !(c.initial = borrow(&held, initial, "initial", 'd', product(games, states, 1, 1), 0)) ||
        !(c.actions = borrow(&held, actions, "actions", 'l', players, 0)) ||
        !(c.wanted = borrow(&held, wanted, "wanted", 'l', vectors, 0)) ||
        !(c.value = borrow(&held, value, "value", 'd', product(games, vectors, states, 1), 1)) ||
        !(c.start = borrow(&held, start, "start", 'd', product(games, vectors, 1, 1), 1))) {
        release(&held);
        return NULL;
    }
    c.columns = columns_of(c.actions, players);
    if (!seated(c.actions, players, joint, c.columns) || !in_range(c.index, games, kinds) ||
        !in_range(c.wanted, vectors, 2 * players)) {
        release(&held);
        return PyErr_Format(PyExc_ValueError, "numbers of actions do not fit, or an index points outside its array");
    }
    const double *policies[MOST_PLAYERS];
    if (!borrow_policies(&held, policy, c.actions, players, product(games, states, 1, 1), policies)) {
        release(&held);
        return NULL;
    }
    c.policy = policies;
    return launch(&held, chosen->discounted_values, &c, sizeof c, games, (double)games * states * states * joint * players);
}

static PyObject *off_simplex(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *array;
    long long rows, columns;
    double tolerance;
    if (!PyArg_ParseTuple(args, "OLLd", &array, &rows, &columns, &tolerance)) return NULL;
    if (rows < 0 || columns < 1) return PyErr_Format(PyExc_ValueError, "sizes out of range");
    struct buffers held;
    held.count = 0;
    const double *data = borrow(&held, array, "array", 'd', product(rows, columns, 1, 1), 0);
    if (!data) {
        release(&held);
        return NULL;
    }
    int64_t found;
    Py_BEGIN_ALLOW_THREADS;
    found = chosen->off_simplex(data, rows, columns, tolerance);
    Py_END_ALLOW_THREADS;
    release(&held);
    return PyLong_FromLongLong(found);
}

static PyObject *backup(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *reward, *transition, *index, *values, *out;
    long long games, steps, rows, states, kinds, first, last;
    if (!PyArg_ParseTuple(args, "OOOOOLLLLLLL", &reward, &transition, &index, &values, &out, &games, &steps, &rows,
                          &states, &kinds, &first, &last))
        return NULL;
    if (games < 0 || steps < 1 || rows < 1 || states < 1 || kinds < 1 || first < 0 || last < first || last > steps)
        return PyErr_Format(PyExc_ValueError, "sizes out of range");
    struct buffers held = {.count = 0};
    struct backup_call c = {.games = games, .steps = steps, .rows = rows, .states = states, .first = first, .last = last};
    if (!(c.reward = borrow(&held, reward, "reward", 'd', product(games, steps, rows, 1), 0)) ||
        !(c.transition = borrow(&held, transition, "transition", 'd', product(kinds, rows, states, 1), 0)) ||
        !(c.index = borrow(&held, index, "index", 'l', games, 0)) ||
        !(c.values = borrow(&held, values, "values", 'd', product(games, steps, states, 1), 0)) ||
        !(c.out = borrow(&held, out, "out", 'd', product(games, steps, rows, 1), 1))) {
        release(&held);
        return NULL;
    }
    if (!in_range(c.index, games, kinds)) {
        release(&held);
        return PyErr_Format(PyExc_ValueError, "an index points outside its array");
    }
    return launch(&held, chosen->backup, &c, sizeof c, games * rows, (double)games * (last - first) * rows * states);
}

static PyObject *fold(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *sums, *total;
    long long entries;
    if (!PyArg_ParseTuple(args, "OOL", &sums, &total, &entries)) return NULL;
    struct buffers held = {.count = 0};
    double *part, *target;
    if (!(part = borrow(&held, sums, "sums", 'd', product(2, entries, 1, 1), 1)) ||
        !(target = borrow(&held, total, "total", 'd', entries, 1))) {
        release(&held);
        return NULL;
    }
    for (int64_t i = 0; i < entries; i++) target[i] += part[i] + part[entries + i];
    memset(part, 0, 2 * (size_t)entries * sizeof *part);
    return finish(&held, 0);
}

static PyObject *set_threads(PyObject *self, PyObject *args) {
    (void)self;
    int count;
    if (!PyArg_ParseTuple(args, "i", &count)) return NULL;
    if (count < 1 || count > MOST_THREADS)
        return PyErr_Format(PyExc_ValueError, "threads must be between 1 and %d, got %d", MOST_THREADS, count);
    threads = count;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"expect", expect, METH_VARARGS, "Expected next values; see metanash.kernels.twin.expect."},
    {"backup", backup, METH_VARARGS, "Reward plus expected next values; see metanash.kernels.twin.backup."},
    {"fold", fold, METH_VARARGS, "Empty two-level sums into a total; see metanash.kernels.twin.fold."},
    {"mirror", mirror, METH_VARARGS, "Advance Algorithm 1 inside one stage; see metanash.kernels.twin.mirror."},
    {"joint_mirror", joint_mirror, METH_VARARGS,
     "Advance Algorithm 2 inside one stage; see metanash.kernels.twin.joint_mirror."},
    {"regret_matching", regret_matching, METH_VARARGS,
     "Advance predictive regret matching+ on fixed matrices; see metanash.kernels.twin.regret_matching."},
    {"ascent", ascent, METH_VARARGS, "Advance independent gradient play; see metanash.kernels.twin.ascent."},
    {"finite_values", finite_values, METH_VARARGS,
     "Values of policies and best responses; see metanash.kernels.twin.finite_values."},
    {"discounted_values", discounted_values, METH_VARARGS,
     "The same for discounted games; see metanash.kernels.twin.discounted_values."},
    {"correlated_values", correlated_values, METH_VARARGS,
     "Values of a stage of Algorithm 2; see metanash.kernels.twin.correlated_values."},
    {"off_simplex", off_simplex, METH_VARARGS, "First row that is no distribution; see metanash.kernels.twin.off_simplex."},
    {"equilibria", (PyCFunction)(void (*)(void))equilibria, METH_FASTCALL, "Solve matrix games; see metanash.kernels.matrix.equilibria."},
    {"maml", maml, METH_VARARGS, "Advance exact MAML; see metanash.kernels.points.maml."},
    {"set_threads", set_threads, METH_VARARGS, "Split calls over so many threads; see metanash.kernels.use_threads."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "compiled", "Compiled inner loops of metanash.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_compiled(void) {
    if (choose()) return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module && (PyModule_AddStringConstant(module, "isa", chosen->name) ||
                   PyModule_AddStringConstant(module, "source_digest", SOURCE_DIGEST))) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
