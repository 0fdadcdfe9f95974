/* Large zero-sum matrix games; included by matrix.h for each instruction set.
 *
 * The pivots of matrix.h pass over the whole tableau, which no cache holds any more. Here up to LARGE_PENDING of them wait:
 * the tableau is `entry` minus the products of so many pivot columns and rows. What the next pivot needs, a column and a
 * row, is worked out from these; then all that wait are subtracted in one pass, as a product of matrices. Squared lengths
 * of edges, which would need a pass too, are estimated: the tableau times LARGE_SKETCH rows of random signs is carried
 * along, and the mean square of a column of it has the squared length of the edge as its expectation.
 */

#define LARGE_SIDE 64     /* actions of each player, at least, */
#define LARGE_SIDES 900   /* and of both, from which on a game is large */
#define LARGE_PENDING 64  /* pivots that wait at most */
#define LARGE_SKETCH 32   /* rows of signs, at most 64 */
#define LARGE_PART 64     /* rows whose payments are added up before they go to the total, see certify */
/* MATRIX_ROUNDING of such sums, whose terms add up to 2 at most: along a row eight running parts, of columns / 8 terms each;
 * down the rows 64 terms to a part and rows / 64 parts; masses of both strategies, of eight running parts too, by which these
 * are divided. A running sum of n terms is off by at most n 2^-53 times what they add up to. In all columns / 4, rows / 32
 * + 128, rows / 4 and columns / 4 times 2^-53, and some dozens. */
#define LARGE_ROUNDING(rows, columns) (0x1p-53 * (0.5 * (double)((rows) + (columns)) + 170.0))
#define LARGE_VECTORS (WIDTH == 8 ? 4 : 2) /* of a tile */
#define LARGE_ROWS (WIDTH == 2 ? 2 : 4)

struct NAMED(waiting) {
    int64_t count;
    double *columns; /* [LARGE_PENDING][high vectors] */
    double *lines;   /* [LARGE_PENDING][stride] */
    double *packed;  /* [high vectors of rows][LARGE_PENDING]: the columns, tiles of rows side by side */
    vec *tile;       /* [LARGE_PENDING][LARGE_VECTORS]: a part of the lines */
    vec *signs;      /* [LARGE_SKETCH][high] */
    vec *sketch;     /* [wide][LARGE_SKETCH] */
};

/* Vectors of all that. */
static inline int64_t NAMED(waiting_vectors)(int64_t wide, int64_t high) {
    return LARGE_PENDING * (2 * high + wide + LARGE_VECTORS) + LARGE_SKETCH * (high + wide);
}

static void NAMED(lay_out_waiting)(struct NAMED(waiting) *w, int64_t wide, int64_t high, vec *work) {
    w->tile = work, w->signs = w->tile + LARGE_PENDING * LARGE_VECTORS, w->sketch = w->signs + LARGE_SKETCH * high;
    w->columns = (double *)(w->sketch + LARGE_SKETCH * wide), w->lines = w->columns + LARGE_PENDING * high * WIDTH;
    w->packed = w->lines + LARGE_PENDING * wide * WIDTH;
}

/* The tableau of the basis of slacks, and its sketch, with signs from the bits of a number that is scrambled (splitmix64). */
static void NAMED(begin_large)(struct NAMED(tableau) *t) {
    struct NAMED(waiting) *w = t->waiting;
    NAMED(begin)(t);
    w->count = 0;
    for (int64_t j = 0; j < t->wide * LARGE_SKETCH; j++) w->sketch[j] = splat(0.0);
    for (int64_t a = 0; a < t->high * WIDTH; a++) {
        uint64_t bits = (uint64_t)(a + 1) * 0x9e3779b97f4a7c15;
        bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9, bits = (bits ^ bits >> 27) * 0x94d049bb133111eb, bits ^= bits >> 31;
        vec own[LARGE_SKETCH];
        for (int d = 0; d < LARGE_SKETCH; d++) {
            own[d] = splat(bits >> d & 1 ? 1.0 : -1.0);
            ((double *)(w->signs + d * t->high))[a] = own[d][0];
        }
        const vec *row = (const vec *)t->entry + a * t->wide;
        for (int64_t j = 0; j < t->wide; j++)
            for (int d = 0; d < LARGE_SKETCH; d++) w->sketch[j * LARGE_SKETCH + d] += own[d] * row[j];
    }
}

/* A tile of rows and of `count` vectors, minus what waits for it. */
static inline __attribute__((always_inline)) void NAMED(settle_tile)(const struct NAMED(tableau) *t,
                                                                     const struct NAMED(waiting) *w, int64_t row,
                                                                     int64_t first, const int count) {
    const double *packed = w->packed + row * LARGE_PENDING;
    vec x[LARGE_ROWS][4], *entry = (vec *)t->entry + row * t->wide + first;
#pragma GCC unroll 4
    for (int r = 0; r < LARGE_ROWS; r++)
#pragma GCC unroll 4
        for (int v = 0; v < count; v++) x[r][v] = entry[r * t->wide + v];
    const vec *line = w->tile;
    for (int64_t k = 0; k < w->count; k++, line += count, packed += LARGE_ROWS)
#pragma GCC unroll 4
        for (int r = 0; r < LARGE_ROWS; r++)
#pragma GCC unroll 4
            for (int v = 0; v < count; v++) x[r][v] -= splat(packed[r]) * line[v];
#pragma GCC unroll 4
    for (int r = 0; r < LARGE_ROWS; r++)
#pragma GCC unroll 4
        for (int v = 0; v < count; v++) entry[r * t->wide + v] = x[r][v];
}

/* Subtract all that waits. */
static void NAMED(settle)(const struct NAMED(tableau) *t, struct NAMED(waiting) *w) {
    const int64_t rows = t->high * WIDTH, stride = t->stride;
    for (int64_t k = 0; k < w->count; k++)
        for (int64_t a = 0; a < rows; a++)
            w->packed[a / LARGE_ROWS * LARGE_ROWS * LARGE_PENDING + k * LARGE_ROWS + a % LARGE_ROWS] =
                w->columns[k * rows + a];
    for (int64_t j = 0; j < t->wide; j += LARGE_VECTORS) {
        const int64_t count = t->wide - j < LARGE_VECTORS ? t->wide - j : LARGE_VECTORS;
        for (int64_t k = 0; k < w->count; k++)
            memcpy(w->tile + k * count, w->lines + k * stride + j * WIDTH, (size_t)count * sizeof(vec));
        for (int64_t a = 0; a < rows; a += LARGE_ROWS) {
            if (count == 4)
                NAMED(settle_tile)(t, w, a, j, 4);
            else if (count == 3)
                NAMED(settle_tile)(t, w, a, j, 3);
            else if (count == 2)
                NAMED(settle_tile)(t, w, a, j, 2);
            else
                NAMED(settle_tile)(t, w, a, j, 1);
        }
    }
    w->count = 0;
}

/* Copy column s out of the tableau. */
static void NAMED(take_large)(struct NAMED(tableau) *t, const struct NAMED(waiting) *w, int64_t s) {
    NAMED(take)(t, s);
    for (int64_t k = 0; k < w->count; k++) {
        const vec factor = splat(w->lines[k * t->stride + s]), *column = (const vec *)w->columns + k * t->high;
        for (int64_t i = 0; i < t->high; i++) t->column[i] -= factor * column[i];
    }
}

/* Copy row r into `line`. */
static void NAMED(take_row)(struct NAMED(tableau) *t, const struct NAMED(waiting) *w, int64_t r) {
    const vec *row = (const vec *)t->entry + r * t->wide;
    for (int64_t j = 0; j < t->wide; j++) t->line[j] = row[j];
    for (int64_t k = 0; k < w->count; k++) {
        const vec factor = splat(w->columns[k * t->high * WIDTH + r]), *line = (const vec *)w->lines + k * t->wide;
        for (int64_t j = 0; j < t->wide; j++) t->line[j] -= factor * line[j];
    }
}

/* The sketch of the tableau after an exchange, and squared lengths by it. Row r, of pivot 1 / inverse, and column s have
 * gone, and the products of `column` and `line` are subtracted. */
static void NAMED(redraw)(struct NAMED(tableau) *t, const struct NAMED(waiting) *w, int64_t r, int64_t s, double inverse) {
    double mass[LARGE_SKETCH], gone[LARGE_SKETCH];
    for (int d = 0; d < LARGE_SKETCH; d++) {
        const vec *sign = w->signs + d * t->high;
        vec sum[RUNNING];
        for (int p = 0; p < RUNNING; p++) sum[p] = splat(0.0);
        int64_t i = 0;
        for (; i + RUNNING <= t->high; i += RUNNING)
            for (int p = 0; p < RUNNING; p++) sum[p] += sign[i + p] * t->column[i + p];
        for (int p = 0; p < RUNNING - 1; p++)
            if (i + p < t->high) sum[p] += sign[i + p] * t->column[i + p];
        mass[d] = NAMED(whole)(sum);
        gone[d] = mass[d] + ((const double *)sign)[r] / inverse;
    }
    for (int64_t j = 0; j < t->wide; j++) {
        vec *own = w->sketch + j * LARGE_SKETCH, square = splat(0.0);
        const vec line = t->line[j];
        for (int d = 0; d < LARGE_SKETCH; d++) {
            own[d] -= splat(gone[d]) * line;
            square += own[d] * own[d];
        }
        t->norm[j] = splat(1.0) + square * splat(1.0 / LARGE_SKETCH);
    }
    double square = 0.0;
    for (int d = 0; d < LARGE_SKETCH; d++) {
        const double x = -mass[d] * inverse;
        ((double *)(w->sketch + s / WIDTH * LARGE_SKETCH + d))[s % WIDTH] = x, square += x * x;
    }
    ((double *)t->norm)[s] = 1.0 + square * (1.0 / LARGE_SKETCH);
}

/* Exchange the variables of row r and of column s, which was taken. */
static void NAMED(exchange_large)(struct NAMED(tableau) *t, struct NAMED(waiting) *w, int64_t r, int64_t s) {
    double *column = (double *)t->column, *line = (double *)t->line;
    const double inverse = 1.0 / column[r], cost = ((double *)t->cost)[s];
    const double right = ((double *)t->right)[r] * inverse, nudge = ((double *)t->nudge)[r] * inverse;
    const int64_t variable = t->in_row[r], rows = t->high * WIDTH;
    NAMED(take_row)(t, w, r);
    for (int64_t j = 0; j < t->wide; j++) t->line[j] *= splat(inverse);
    line[s] = inverse, column[r] = -1.0; /* row r becomes the line: 0 - (-1) line */
    ((double *)t->cost)[s] = ((double *)t->right)[r] = ((double *)t->nudge)[r] = 0.0;
    for (int64_t j = 0; j < t->wide; j++) t->cost[j] -= splat(cost) * t->line[j];
    for (int64_t i = 0; i < t->high; i++) {
        t->right[i] -= t->column[i] * splat(right);
        t->nudge[i] -= t->column[i] * splat(nudge);
    }
    memset(t->entry + r * t->stride, 0, (size_t)t->stride * sizeof *t->entry);
    for (int64_t a = 0; a < t->rows; a++) t->entry[a * t->stride + s] = 0.0;
    for (int64_t k = 0; k < w->count; k++) w->columns[k * rows + r] = w->lines[k * t->stride + s] = 0.0;
    memcpy(w->columns + w->count * rows, column, (size_t)rows * sizeof *column);
    memcpy(w->lines + w->count * t->stride, line, (size_t)t->stride * sizeof *line);
    NAMED(redraw)(t, w, r, s, inverse);
    if (++w->count == LARGE_PENDING) NAMED(settle)(t, w);
    t->in_row[r] = t->in_column[s], t->in_column[s] = variable;
}

/* `pivots` of a large game. */
static void NAMED(pivots_large)(struct NAMED(tableau) *t, int64_t s) {
    struct NAMED(waiting) *w = t->waiting;
    for (int64_t left = MATRIX_PIVOTS(t->rows, t->columns); left > 0 && s >= 0; left--) {
        NAMED(take_large)(t, w, s);
        const int64_t r = NAMED(leaving)(t);
        if (r < 0) return;
        NAMED(exchange_large)(t, w, r, s);
        s = NAMED(entering)(t);
    }
}

/* `again` of a large game: one column after another, of each the largest pivot. */
static void NAMED(again_large)(struct NAMED(tableau) *t) {
    const int64_t A = t->rows, B = t->columns;
    memset(t->basic, 0, (size_t)(t->stride + A));
    for (int64_t a = 0; a < A; a++) t->basic[t->in_row[a]] = 1;
    NAMED(begin_large)(t);
    for (int64_t s = 0; s < B; s++) {
        if (!t->basic[s]) continue;
        NAMED(take_large)(t, t->waiting, s);
        int64_t r = -1;
        double best = MATRIX_PIVOT;
        for (int64_t a = 0; a < A; a++) {
            const double size = fabs(((double *)t->column)[a]);
            if (t->in_row[a] >= t->stride && !t->basic[t->in_row[a]] && size > best) best = size, r = a;
        }
        if (r >= 0) NAMED(exchange_large)(t, t->waiting, r, s);
    }
}
