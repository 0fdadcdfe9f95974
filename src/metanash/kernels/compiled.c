/* metanash.kernels.compiled: the inner loops of metanash as an extension module.
 *
 * Nothing here decides anything: shapes and values are validated by the library, arguments are checked again at the
 * door (arguments.h) by one table per kernel (signatures.h), and the loops themselves are in the other headers,
 * compiled once for each instruction set. Arrays are C-contiguous float64 (indices int64); those that a call advances
 * are written in place. A kernel that only runs its loop needs nothing here.
 */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>
#include <stdio.h>

#include "calls.h"

#ifndef SOURCE_DIGEST
#define SOURCE_DIGEST "unknown"
#endif

/* Best first; METANASH_ISA names one, for tests and measurements. */
static const struct instruction_set *const instruction_sets[] = {
#if defined(__x86_64__)
    &loops_avx512,
    &loops_avx2,
#endif
    &loops_portable,
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
        if ((!wanted || same(wanted, instruction_sets[i]->isa)) && supported(instruction_sets[i]->isa))
            chosen = instruction_sets[i];
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
 * the result is the same however they are split; a thread that cannot be had is done without. Without lanes nothing
 * bounds the other sizes, and nothing is done. */
static int run(kernel function, void *call, size_t size, int64_t lanes, double reads) {
    if (!lanes) return 0;
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

#include "arguments.h"

/* ---- the calls --------------------------------------------------------------------------------- */

static PyObject *finish(struct buffers *held, int failed) {
    release(held);
    if (failed == NOT_CONVERGED)
        return PyErr_Format(PyExc_ArithmeticError, "policy iteration has not ended after %d improvements",
                            MOST_IMPROVEMENTS);
    if (failed == OUTSIDE)
        return PyErr_Format(PyExc_ValueError, "a sparse kernel points outside: starts must not fall and lie in [0, entries], "
                                              "places in [0, states); metanash.Transition.sparse says which do not");
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

/* Calls that only run their loop. */
#define KERNEL(name, lanes, reads, text)                                                                               \
    static PyObject *name(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {                  \
        (void)self;                                                                                                    \
        struct name##_call call, *c = &call;                                                                           \
        struct buffers held;                                                                                           \
        if (!parse(&name##_signature, args, count, names, c, &held)) return NULL;                                      \
        return launch(&held, chosen->name, c, sizeof call, lanes, reads);                                              \
    }
#include "signatures.h"

#include "schedules.h"

/* Objectives, gradients and their norms from those of each game, and a step along the gradients. */
static void maml_step(const struct maml_call *c, int first) {
    const int64_t D = c->states * c->columns;
    for (int64_t r = 0; r < c->rows; r++) {
        double *restrict gradient = c->gradient + r * D, *restrict logits = c->logits + r * D;
        double value = 0.0, square = 0.0;
        for (int64_t d = 0; d < D; d++) gradient[d] = 0.0;
        for (int64_t lane = r * c->count; lane < (r + 1) * c->count; lane++) {
            const double weight = c->probability[lane], *restrict own = c->lane_gradient + lane * D;
            value += weight * c->lane_value[lane];
            for (int64_t d = 0; d < D; d++) gradient[d] += weight * own[d];
        }
        for (int64_t d = 0; d < D; d++) square += gradient[d] * gradient[d], logits[d] += c->step * gradient[d];
        const double norm = sqrt(square);
        if (first) c->objective[r] = value, c->norm[r] = c->least[r] = norm;
        if (norm < c->least[r]) c->least[r] = norm;
    }
}

static PyObject *maml(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    (void)self;
    struct maml_call call, *c = &call;
    struct buffers held;
    if (!parse(&maml_signature, args, count, names, c, &held)) return NULL;
    /* all sizes are those of arrays now, but not the number of inner steps */
    const int64_t lanes = c->lanes = c->rows * c->count, entries = c->states * c->columns;
    const int64_t iterate = c->states * (c->columns + 2 * c->joint + c->states + 1);
    if (PRODUCT(lanes, entries + 1) < 0 || (!c->first_order && PRODUCT(c->inner_steps, iterate, 16) < 0)) {
        release(&held);
        return PyErr_Format(PyExc_ValueError, "maml: so many games or inner iterates would be too large for this machine");
    }
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    c->lane_value = malloc((size_t)(lanes * (entries + 1)) * sizeof *c->lane_value);
    c->lane_gradient = c->lane_value + lanes;
    failed = !c->lane_value;
    for (int64_t k = 0; k < c->iterations && !failed; k++) {
        c->drawn = c->game + (c->draws > 1 ? k * lanes : 0);
        failed = run(chosen->through_ascent, c, sizeof call, lanes,
                     (c->inner_steps + 1.0) * lanes * c->states * c->states * c->joint);
        if (!failed) maml_step(c, k == 0);
    }
    free(c->lane_value);
    Py_END_ALLOW_THREADS;
    return finish(&held, failed);
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

/* Small games keep the interpreter's lock: to give it up takes longer than solving them. */
static PyObject *equilibria(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    (void)self;
    struct equilibria_call call, *c = &call;
    struct buffers held;
    if (!parse(&equilibria_signature, args, count, names, c, &held)) return NULL;
    const int64_t games = c->games, rows = c->rows, columns = c->columns;
    const double reads = 1.0 * games * rows * columns * (rows + columns);
    int failed = 0;
    if (reads < 25000.0) { /* some microseconds */
        c->share = (struct share){0, games};
        failed = chosen->solve_games(c);
    } else {
        Py_BEGIN_ALLOW_THREADS;
        failed = run(chosen->solve_games, c, sizeof call, games, reads);
        Py_END_ALLOW_THREADS;
    }
    double worst = 0.0; /* NaN stays */
    for (int64_t g = 0; g < games; g++) {
        double *solution = c->solution + g * (2 + rows + columns);
        if (solution[1] > MATRIX_DOUBT && rows == 2 && columns == 2) small_stake(c->payoff + 4 * g, solution);
        const double gap = solution[1];
        worst = gap > worst || gap != gap ? gap : worst;
    }
    release(&held);
    return failed ? PyErr_NoMemory() : PyFloat_FromDouble(worst);
}

static PyObject *off_simplex(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    (void)self;
    struct off_simplex_call call, *c = &call;
    struct buffers held;
    int64_t found = -1;
    if (!parse(&off_simplex_signature, args, count, names, c, &held)) return NULL;
    c->found = &found;
    Py_BEGIN_ALLOW_THREADS;
    chosen->off_simplex(c);
    Py_END_ALLOW_THREADS;
    release(&held);
    return PyLong_FromLongLong(found);
}

#include "resample.h"

static PyObject *resample(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    (void)self;
    struct resample_call call, *c = &call;
    struct buffers held;
    int64_t used;
    if (!parse(&resample_signature, args, count, names, c, &held)) return NULL;
    Py_BEGIN_ALLOW_THREADS;
    used = resample_rows(c);
    Py_END_ALLOW_THREADS;
    release(&held);
    return used == -2 ? PyErr_NoMemory() : PyLong_FromLongLong(used);
}

#include "streams.h"

static PyObject *uniform(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    (void)self;
    struct uniform_call call, *c = &call;
    struct buffers held;
    if (!parse(&uniform_signature, args, count, names, c, &held)) return NULL;
    Py_BEGIN_ALLOW_THREADS;
    draw_uniform(c);
    Py_END_ALLOW_THREADS;
    return finish(&held, 0);
}

static PyObject *fold(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    (void)self;
    struct fold_call call, *c = &call;
    struct buffers held;
    if (!parse(&fold_signature, args, count, names, c, &held)) return NULL;
    fold_into(c->sums, c->total, c->entries);
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

#define METHOD(name, text) \
    {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL | METH_KEYWORDS, text "; see metanash.kernels.twin." #name "."},
static PyMethodDef methods[] = {
#define KERNEL(name, lanes, reads, text) METHOD(name, text)
#define CALL(name, text) METHOD(name, text)
#include "signatures.h"
    {"set_threads", set_threads, METH_VARARGS, "Split calls over so many threads; see metanash.kernels.use_threads."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "compiled", "Compiled inner loops of metanash.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_compiled(void) {
    if (choose()) return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module && (PyModule_AddStringConstant(module, "isa", chosen->isa) ||
                   PyModule_AddStringConstant(module, "source_digest", SOURCE_DIGEST) || add_signatures(module))) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
