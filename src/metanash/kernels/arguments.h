/* The door: one function takes the arguments of any kernel, by the tables of signatures.h, and says what is wrong.
 *
 * Sizes and other numbers come first, then the rules about them, then arrays, each of which must have as many entries
 * as its shape says, and last the numbers inside arrays of indices. Nothing is read before it is known to be there.
 */

#define MOST_ARGUMENTS 48
#define MOST_AXES 6
#define MOST_POSITIONAL 8 /* a kernel of more arguments takes them by name */
#define MOST_BUFFERS (MOST_ARGUMENTS + MOST_PLAYERS)

/* Arrays, a tuple of them, numbers, and what is none of Python's business: comparisons below go by this order. */
enum kind { FLOATS, RESULTS, INDICES, SHORT, COUNTS, TUPLE, INTEGER, REAL, SWITCH, WORKED_OUT };

/* For compiled.signatures, by kind. */
static const struct { const char *type, *access; } described[] = {
    [FLOATS] = {"float64", "read"},      [RESULTS] = {"float64", "written"}, [INDICES] = {"int64", "read"},
    [SHORT] = {"int32", "read"},         [COUNTS] = {"int64", "read"},       [TUPLE] = {"tuple", "read"},
    [INTEGER] = {"int", "read"},         [REAL] = {"float", "read"},         [SWITCH] = {"int", "read"},
};

/* A shape: sizes of the call, by their places in its struct, and numbers. */
struct shape {
    const char *text;
    int count;
    struct { int64_t number; size_t size; } axis[MOST_AXES]; /* a number, or 0 and where the size is */
};

struct argument {
    const char *name;
    enum kind kind;
    size_t place; /* in the struct of the call */
    struct shape shape, bound;
    int64_t least;
    PyObject *key; /* the name as Python has it */
};

struct signature {
    const char *name;
    struct argument *(*table)(void);
    const char *(*prepare)(void *);
    struct argument *arguments;
    int count, derived;                    /* arguments, and the sizes worked out that stand behind them */
    const struct argument *joint, *columns, *squares; /* that numbers of actions multiply to and add up to, and their squares */
};

/* The tables, each in a function, so that they know the struct by the same name. */
#define KERNEL(name, lanes, reads, text) CALL(name, text)
#define CALL(name, text)                                                                                               \
    static struct argument *name##_table(void) {                                                                       \
        typedef struct name##_call this_call;                                                                          \
        static struct argument table[] = {
#define ROW(field, what, ...) {.name = #field, .kind = what, .place = offsetof(this_call, field), __VA_ARGS__},
#define READ(field, axes) ROW(field, FLOATS, .shape.text = #axes)
#define WRITE(field, axes) ROW(field, RESULTS, .shape.text = #axes)
#define INDEX(field, below, axes) ROW(field, INDICES, .shape.text = #axes, .bound.text = #below)
#define PLACES(field, axes) ROW(field, SHORT, .shape.text = #axes)
#define ACTIONS(field, axes) ROW(field, COUNTS, .shape.text = #axes)
#define POLICIES(field, axes) ROW(field, TUPLE, .shape.text = #axes)
#define SIZE(field, from) ROW(field, INTEGER, .least = from)
#define NUMBER(field) ROW(field, REAL, .least = 0)
#define FLAG(field) ROW(field, SWITCH, .least = 0)
#define DERIVED(field, value) ROW(field, WORKED_OUT, .least = 0)
#define END(kernel_name)                                                                                               \
    {.name = NULL}};                                                                                                   \
    return table;                                                                                                      \
    }
#include "signatures.h"
#undef ROW

/* Rules and sizes that follow from others: the text of the first rule that is broken, or NULL. */
#define KERNEL(name, lanes, reads, text) CALL(name, text)
#define CALL(name, text)                                                                                               \
    static const char *name##_prepare(void *call) {                                                                    \
        struct name##_call *c = call;                                                                                  \
        (void)c;
#define RULE(condition, text) if (!(condition)) return text;
#define DERIVED(field, value) c->field = value;
#define END(name)                                                                                                      \
    return NULL;                                                                                                       \
    }
#include "signatures.h"

#define KERNEL(which, lanes, reads, text) CALL(which, text)
#define CALL(which, text)                                                                                              \
    static struct signature which##_signature = {.name = #which, .table = which##_table, .prepare = which##_prepare};
#include "signatures.h"

static struct signature *const all_signatures[] = {
#define KERNEL(name, lanes, reads, text) CALL(name, text)
#define CALL(name, text) &name##_signature,
#include "signatures.h"
};

/* ---- tables, read once ------------------------------------------------------------------------- */

static const struct argument *size_of(const struct signature *s, const char *name, size_t length) {
    for (int k = 0; k < s->count + s->derived; k++) {
        const struct argument *a = &s->arguments[k];
        if ((a->kind == INTEGER || a->kind == WORKED_OUT) && !strncmp(a->name, name, length) && !a->name[length]) return a;
    }
    return NULL;
}

/* "(2, lanes, rows)" to numbers and places of sizes. */
static int read_shape(const struct signature *s, const char *argument, struct shape *shape) {
    shape->count = 0;
    for (const char *at = shape->text; at && *at;) {
        const size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");
        if (!length) {
            at++;
            continue;
        }
        const struct argument *size = size_of(s, at, length);
        const int64_t number = strspn(at, "0123456789") == length ? atoll(at) : 0;
        if ((number < 1 && !size) || shape->count == MOST_AXES) {
            PyErr_Format(PyExc_SystemError,
                         "signatures.h, %s: the shape %s of %s is not one of sizes of this kernel, at most %d", s->name,
                         shape->text, argument, MOST_AXES);
            return 0;
        }
        shape->axis[shape->count].number = number;
        shape->axis[shape->count++].size = size ? size->place : 0;
        at += length;
    }
    return 1;
}

static int of_kind(const struct signature *s, enum kind kind) {
    int found = 0;
    for (int k = 0; k < s->count; k++) found += s->arguments[k].kind == kind;
    return found;
}

static int read_table(struct signature *s) {
    s->arguments = s->table();
    s->count = s->derived = 0;
    for (struct argument *a = s->arguments; a->name; a++) {
        if (a->kind == WORKED_OUT)
            s->derived++;
        else if (s->derived || s->count == MOST_ARGUMENTS) {
            PyErr_Format(PyExc_SystemError,
                         "signatures.h, %s: %s stands behind a derived size, or is one argument too many", s->name,
                         a->name);
            return 0;
        } else
            s->count++;
        if (!(a->key = PyUnicode_InternFromString(a->name))) return 0;
    }
    s->joint = size_of(s, "joint", 5), s->columns = size_of(s, "columns", 7), s->squares = size_of(s, "squares", 7);
    for (int k = 0; k < s->count; k++) {
        struct argument *a = &s->arguments[k];
        if (!read_shape(s, a->name, &a->shape) || !read_shape(s, a->name, &a->bound)) return 0;
    }
    const int counts = of_kind(s, COUNTS), tuples = of_kind(s, TUPLE);
    if (counts > 1 || tuples > counts || (counts && (!s->joint || !s->columns))) {
        PyErr_Format(PyExc_SystemError,
                     "signatures.h, %s: ACTIONS stands there once and needs the sizes joint and columns, and POLICIES, once "
                     "too, needs ACTIONS", s->name);
        return 0;
    }
    return 1;
}

/* `signatures` of the module: for each kernel a tuple of (name, type, access, shape). */
static int add_signatures(PyObject *module) {
    PyObject *all = PyDict_New();
    for (size_t i = 0; all && i < sizeof all_signatures / sizeof *all_signatures; i++) {
        struct signature *s = all_signatures[i];
        PyObject *rows = read_table(s) ? PyTuple_New(s->count) : NULL;
        for (int k = 0; rows && k < s->count; k++) {
            const struct argument *a = &s->arguments[k];
            PyObject *row = Py_BuildValue("(ssss)", a->name, described[a->kind].type, described[a->kind].access,
                                          a->shape.text ? a->shape.text : "");
            if (!row || PyTuple_SetItem(rows, k, row)) Py_CLEAR(rows);
        }
        if (!rows || PyDict_SetItemString(all, s->name, rows)) Py_CLEAR(all);
        Py_XDECREF(rows);
    }
    const int failed = !all || PyModule_AddObjectRef(module, "signatures", all);
    Py_XDECREF(all);
    return failed;
}

/* ---- messages ---------------------------------------------------------------------------------- */

/* Put the names of kernel and argument in front of the message of the exception that is set. */
static int named(const struct signature *s, const char *argument) {
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_Format(type, "%s, %s: %S", s->name, argument, value ? value : Py_None);
    Py_XDECREF(type), Py_XDECREF(value), Py_XDECREF(trace);
    return 0;
}

static int64_t axis_of(const struct shape *shape, int k, const void *call) {
    return shape->axis[k].number ? shape->axis[k].number : *(const int64_t *)((const char *)call + shape->axis[k].size);
}

static int64_t entries_of(const struct shape *shape, const void *call) {
    int64_t sizes[MOST_AXES];
    for (int k = 0; k < shape->count; k++) sizes[k] = axis_of(shape, k, call);
    return product(sizes, shape->count);
}

/* "(lanes, rows) = (3, 2)" */
static const char *explained(const struct shape *shape, const void *call, char *out, size_t room) {
    size_t used = (size_t)snprintf(out, room, "%s = (", shape->text);
    for (int k = 0; k < shape->count && used < room; k++)
        used += (size_t)snprintf(out + used, room - used, k ? ", %lld" : "%lld", (long long)axis_of(shape, k, call));
    if (used < room) snprintf(out + used, room - used, ")");
    return out;
}

/* "lanes = 3, rows = 2": all sizes of a call */
static const char *listed(const struct signature *s, const void *call, char *out, size_t room) {
    size_t used = 0;
    for (int k = 0; k < s->count && used < room; k++)
        if (s->arguments[k].kind == INTEGER)
            used += (size_t)snprintf(out + used, room - used, "%s%s = %lld", used ? ", " : "", s->arguments[k].name,
                                     (long long)*(const int64_t *)((const char *)call + s->arguments[k].place));
    return out;
}

/* ---- arguments --------------------------------------------------------------------------------- */

struct buffers {
    int count;
    Py_buffer view[MOST_BUFFERS];
};

static void release(struct buffers *held) {
    while (held->count) PyBuffer_Release(&held->view[--held->count]);
}

/* The number of the argument of this name, which is likely to be `guess`; -1 if there is none. */
static int place_of(const struct signature *s, PyObject *name, Py_ssize_t guess) {
    if (guess < s->count && s->arguments[guess].key == name) return (int)guess;
    for (int k = 0; k < s->count; k++)
        if (s->arguments[k].key == name) return k;
    for (int k = 0; k < s->count; k++) /* not interned */
        if (!PyUnicode_Compare(s->arguments[k].key, name)) return k;
    return -1;
}

/* Arguments by position and by name to the places of the table. */
static int sort_out(const struct signature *s, PyObject *const *args, Py_ssize_t count, PyObject *names,
                    PyObject **given) {
    const Py_ssize_t by_name = names ? PyTuple_Size(names) : 0;
    const int all_by_name = s->count > MOST_POSITIONAL;
    if (count > (all_by_name ? 0 : s->count)) {
        PyErr_Format(PyExc_TypeError, "%s takes %d arguments%s, got %zd%s", s->name, s->count,
                     all_by_name ? ", all by name" : "", count, all_by_name ? " without one" : "");
        return 0;
    }
    for (int k = 0; k < s->count; k++) given[k] = k < count ? args[k] : NULL;
    for (Py_ssize_t k = 0; k < by_name; k++) {
        PyObject *name = PyTuple_GetItem(names, k);
        const int place = place_of(s, name, count + k);
        if (place < 0 || given[place]) {
            PyErr_Format(PyExc_TypeError, place < 0 ? "%s has no argument %R" : "%s got the argument %R twice", s->name,
                         name);
            return 0;
        }
        given[place] = args[count + k];
    }
    for (int k = 0; k < s->count; k++)
        if (!given[k]) {
            PyErr_Format(PyExc_TypeError, "%s needs the argument %s", s->name, s->arguments[k].name);
            return 0;
        }
    return 1;
}

static int take_number(const struct signature *s, const struct argument *a, PyObject *given, void *field) {
    if (a->kind == REAL) {
        *(double *)field = PyFloat_AsDouble(given);
        return *(double *)field == -1.0 && PyErr_Occurred() ? named(s, a->name) : 1;
    }
    const int64_t number = PyLong_AsLongLong(given);
    if (number == -1 && PyErr_Occurred()) return named(s, a->name);
    *(int64_t *)field = number;
    if (a->kind == SWITCH || number >= a->least) return 1;
    PyErr_Format(PyExc_ValueError, "%s: %s must be at least %lld, got %lld", s->name, a->name, (long long)a->least,
                 (long long)number);
    return 0;
}

/* The data of a C-contiguous array of `length` items of 8 bytes, or of 4; NULL and an exception if that is no such array. */
static void *borrow(const struct signature *s, const struct argument *a, PyObject *given, int64_t length, const void *call,
                    struct buffers *held) {
    char shape[256];
    if (length < 0) {
        PyErr_Format(PyExc_ValueError, "%s: %s would be too large for this machine, %s", s->name, a->name,
                     explained(&a->shape, call, shape, sizeof shape));
        return NULL;
    }
    Py_buffer *view = &held->view[held->count];
    const int integers = a->kind == INDICES || a->kind == COUNTS;
    if (PyObject_GetBuffer(given, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (a->kind == RESULTS ? PyBUF_WRITABLE : 0))) {
        named(s, a->name);
        return NULL;
    }
    held->count++;
    const char *got = view->format ? view->format : "B";
    const int itemsize = a->kind == SHORT ? 4 : 8;
    const int right = !got[1] && (integers || itemsize == 4 ? got[0] == 'l' || got[0] == (integers ? 'q' : 'i') : got[0] == 'd');
    if (!right || view->itemsize != itemsize) {
        PyErr_Format(PyExc_TypeError, "%s: %s must be %s, not of format '%s'", s->name, a->name,
                     integers ? "int64" : described[a->kind].type, got);
        return NULL;
    }
    if (view->len % itemsize || view->len / itemsize != length) {
        PyErr_Format(PyExc_ValueError, "%s: %s must have %lld entries, not %lld; its shape is %s%s", s->name, a->name,
                     (long long)length, (long long)(view->len / itemsize), explained(&a->shape, call, shape, sizeof shape),
                     a->kind == TUPLE ? " and the player's actions" : "");
        return NULL;
    }
    return view->buf;
}

/* Whether all numbers of an index array are at least 0 and below its bound. */
static int within(const struct signature *s, const struct argument *a, const int64_t *numbers, const void *call) {
    const int64_t count = entries_of(&a->shape, call), bound = entries_of(&a->bound, call);
    char text[256];
    for (int64_t k = 0; k < count; k++)
        if (numbers[k] < 0 || numbers[k] >= bound) {
            PyErr_Format(PyExc_ValueError,
                         "%s: %s points outside: entry %lld is %lld, and must be at least 0 and below %s", s->name,
                         a->name, (long long)k, (long long)numbers[k], explained(&a->bound, call, text, sizeof text));
            return 0;
        }
    return 1;
}

/* Whether numbers of actions multiply to `joint`, add up to `columns` and their squares to `squares`, or say what that is. */
static int seated(const struct signature *s, const struct argument *a, const int64_t *actions, void *call) {
    const int64_t players = entries_of(&a->shape, call), joint = *(int64_t *)((char *)call + s->joint->place);
    char sizes[512];
    int64_t together = 1, total = 0, squares = 0, square = 0, *columns = (int64_t *)((char *)call + s->columns->place);
    for (int64_t i = 0; i < players && together > 0; i++) {
        const int64_t both[] = {together, actions[i]};
        together = actions[i] < 1 ? -1 : product(both, 2);
        if (__builtin_add_overflow(total, actions[i], &total) || __builtin_mul_overflow(actions[i], actions[i], &square) ||
            __builtin_add_overflow(squares, square, &squares))
            together = -1;
    }
    if (s->columns->kind == WORKED_OUT) *columns = total;
    const int all = !s->squares || squares == *(int64_t *)((char *)call + s->squares->place);
    if (together == joint && total == *columns && all) return 1;
    PyErr_Format(PyExc_ValueError,
                 "%s: the numbers of %s do not fit: each must be at least 1, and their product joint%s%s, got %s", s->name,
                 a->name, s->columns->kind == WORKED_OUT ? "" : ", their sum columns", s->squares ? ", that of squares squares" : "",
                 listed(s, call, sizes, sizeof sizes));
    return 0;
}

/* One array per player, each with its actions as last axis. */
static int borrow_tuple(const struct signature *s, const struct argument *a, PyObject *given, const int64_t *actions,
                        int64_t players, const void *call, const double **out, struct buffers *held) {
    if (players > MOST_PLAYERS || !PyTuple_Check(given) || PyTuple_Size(given) != players) {
        PyErr_Format(PyExc_TypeError, "%s: %s must be a tuple of one array per player, %lld here and at most %d", s->name,
                     a->name, (long long)players, MOST_PLAYERS);
        return 0;
    }
    for (int64_t i = 0; i < players; i++) {
        const int64_t both[] = {entries_of(&a->shape, call), actions[i]};
        if (!(out[i] = borrow(s, a, PyTuple_GetItem(given, i), product(both, 2), call, held))) return 0;
    }
    return 1;
}

static int borrow_arrays(const struct signature *s, PyObject *const *given, void *call, struct buffers *held) {
    const struct argument *counts = NULL;
    for (int k = 0; k < s->count; k++) {
        const struct argument *a = &s->arguments[k];
        if (a->kind >= TUPLE) continue;
        void *data = borrow(s, a, given[k], entries_of(&a->shape, call), call, held);
        if (!data) return 0;
        memcpy((char *)call + a->place, &data, sizeof data);
        if (a->kind == COUNTS) counts = a;
    }
    for (int k = 0; k < s->count; k++) {
        const struct argument *a = &s->arguments[k];
        const int64_t *numbers;
        if (a->kind != INDICES && a->kind != COUNTS) continue;
        memcpy(&numbers, (char *)call + a->place, sizeof numbers);
        if (a->kind == INDICES ? !within(s, a, numbers, call) : !seated(s, a, numbers, call)) return 0;
    }
    for (int k = 0; counts && k < s->count; k++) {
        const struct argument *a = &s->arguments[k];
        const int64_t *actions, players = entries_of(&counts->shape, call);
        const double **policies = (const double **)((char *)call + a->place);
        memcpy(&actions, (char *)call + counts->place, sizeof actions);
        if (a->kind == TUPLE && !borrow_tuple(s, a, given[k], actions, players, call, policies, held)) return 0;
    }
    return 1;
}

/* Fill the struct of a call. 0 and an exception if an argument is not as its table says; then nothing is held. */
static int parse(const struct signature *s, PyObject *const *args, Py_ssize_t count, PyObject *names, void *call,
                 struct buffers *held) {
    PyObject *given[MOST_ARGUMENTS];
    held->count = 0;
    if (!sort_out(s, args, count, names, given)) return 0;
    for (int k = 0; k < s->count; k++) {
        const struct argument *a = &s->arguments[k];
        if (a->kind >= INTEGER && !take_number(s, a, given[k], (char *)call + a->place)) return 0;
    }
    const char *objection = s->prepare(call);
    if (objection) {
        char sizes[512];
        PyErr_Format(PyExc_ValueError, "%s: %s, got %s", s->name, objection, listed(s, call, sizes, sizeof sizes));
        return 0;
    }
    if (borrow_arrays(s, given, call, held)) return 1;
    release(held);
    return 0;
}
