/* Zero-sum matrix games, solved exactly; included by lanes.h for each instruction set.
 *
 * With payoffs P moved and scaled into [1, 2], the column player solves max 1^T y with P y <= 1, y >= 0: nu = y / 1^T y, and
 * the dual solution is mu in the same way. The tableau is condensed: a row for each basic variable, a column for each
 * that is not, and the reduced costs as last row, so a pivot is one pass over (A + 1) B entries and both strategies are
 * read off it. Rows are padded to whole vectors: with zeros in the tableau, in the copy of the payoffs with their last
 * entry, which changes no minimum and no maximum.
 */

struct NAMED(tableau) {
    int64_t rows, columns, stride;
    int64_t wide, high;         /* vectors of a row, and of a column */
    double lift, low, range;    /* payoffs times lift, a power of two, lie in [low, low + range] */
    double between;             /* times lift: from the most that the rows are sure of with one action to the columns' */
    double stake;               /* times lift: the mean size of a payoff under the strategies that were written */
    double *payoff;             /* [rows][stride] */
    double *entry;              /* [rows, padded with zeros][stride] */
    vec *cost, *norm;           /* [wide]: reduced costs, squared lengths of edges */
    vec *line;                  /* [wide]: pivot row */
    vec *column, *inverse;      /* [high]: pivot column, padded with zeros; 1 / the entries that may be pivots */
    vec *right, *nudge;         /* [high]: right-hand side, and an infinitely small addition to it */
    double *played;             /* [wide + high vectors]: nu and mu, padded with zeros */
    int64_t *in_row, *in_column; /* variables, as in `played`: b is y_b, stride + a the slack of row a */
    char *basic;                /* [stride + rows]: whether a variable is in a row */
    struct NAMED(waiting) *waiting; /* of a large game, or NULL; see matrix_large.h */
};

/* A vector of f(0), f(1), ... */
#if WIDTH == 8
#define EACH(f) ((vec){f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)})
#elif WIDTH == 4
#define EACH(f) ((vec){f(0), f(1), f(2), f(3)})
#else
#define EACH(f) ((vec){f(0), f(1)})
#endif
#define LANE(l) (double)(l)

#define choice NAMED(choice)
#define largest NAMED(largest)
#define bits_from NAMED(bits_from)

static inline vec choice(ivec which, vec yes, vec no) {
    return (vec)((which & (ivec)yes) | (~which & (ivec)no));
}

/* Number of the first of so many vectors' entries that is at least `bound`, which one is. */
static inline int64_t NAMED(first)(const vec *row, int64_t wide, double bound) {
    for (int64_t j = 0;;) {
        uint64_t bits = 0; /* of 64 entries */
        for (int k = 0; k < 64 && j < wide; k += WIDTH, j++) bits |= bits_from(row[j], splat(bound)) << k;
        if (bits) return (j - 1) / (64 / WIDTH) * 64 + __builtin_ctzll(bits);
    }
}

/* Copy the payoffs of a game. A saddle point in pure strategies, the first of its row and column, is put into `saddle`
 * and 1 returned; else the column whose largest entry is least is saddle[1]. -1: an entry is not finite. */
static int NAMED(look)(struct NAMED(tableau) *t, const double *source, int64_t *saddle) {
    const int64_t A = t->rows, B = t->columns, n = t->wide;
    vec odd = splat(0.0), top = splat(-INFINITY), bottom = splat(-INFINITY);
    double maximin = -INFINITY, low = INFINITY;
    /* the loops of a look are not unrolled: it is most of a small game, whose rows are one vector */
#pragma GCC unroll 1
    for (int64_t j = 0; j < n; j++) t->line[j] = splat(INFINITY); /* the largest of a column, negative */
    for (int64_t a = 0; a < A; a++, source += B) {
        vec *row = (vec *)(t->payoff + a * t->stride), least = splat(INFINITY);
#pragma GCC unroll 1
        for (int64_t j = 0; j < n; j++) {
            const double *from = source + j * WIDTH;
            const int64_t last = B - 1 - j * WIDTH;
            vec x;
#define INSIDE(l) from[(l) < last ? (l) : last]
            if (last >= WIDTH - 1)
                memcpy(&x, from, sizeof x);
            else
                x = EACH(INSIDE);
#undef INSIDE
            row[j] = x;
            least = smaller(least, x);
            t->line[j] = smaller(t->line[j], -x);
            odd += x * splat(0.0);
        }
        const double here = -largest(-least);
        saddle[0] = here > maximin ? a : saddle[0];
        maximin = here > maximin ? here : maximin;
        low = here < low ? here : low;
    }
    if (largest(choice(odd == splat(0.0), splat(0.0), splat(1.0))) != 0.0) return -1; /* NaN too */
#pragma GCC unroll 1
    for (int64_t j = 0; j < n; j++) bottom = larger(bottom, t->line[j]), top = larger(top, -t->line[j]);
    const double minimax = -largest(bottom), high = largest(top), half = 0.5 * high - 0.5 * low;
    saddle[1] = NAMED(first)(t->line, n, -minimax);
    t->lift = half > 0x1p900 ? 0x1p-300 : half < 0x1p-900 ? 0x1p300 : 1.0;
    t->low = low * t->lift, t->range = high * t->lift - t->low;
    t->between = minimax * t->lift - maximin * t->lift;
    return maximin == minimax;
}

/* The tableau of the basis of slacks. */
static void NAMED(begin)(struct NAMED(tableau) *t) {
    const vec scale = splat(1.0 / t->range), lift = splat(t->lift), low = splat(t->low), one = splat(1.0);
    vec lane = EACH(LANE);
    for (int64_t j = 0; j < t->wide; j++, lane += splat(WIDTH)) {
        const ivec inside = lane < splat((double)t->columns);
        const vec *from = (const vec *)t->payoff + j;
        vec *to = (vec *)t->entry + j;
        for (int64_t a = 0; a < t->rows; a++, from += t->wide, to += t->wide)
            *to = (vec)(inside & (ivec)(one + (*from * lift - low) * scale));
        for (int64_t a = t->rows; a < t->high * WIDTH; a++, to += t->wide) *to = splat(0.0);
        t->cost[j] = (vec)(inside & (ivec)-one);
    }
    for (int64_t i = 0; i < t->high; i++) t->right[i] = one;
    /* square roots of such numbers have no linear relation with small coefficients */
    for (int64_t a = 0; a < t->high * WIDTH; a++) ((double *)t->nudge)[a] = sqrt((double)a + 1.618033988749895);
    for (int64_t a = 0; a < t->rows; a++) t->in_row[a] = t->stride + a;
    for (int64_t b = 0; b < t->columns; b++) t->in_column[b] = b;
}

/* The column to enter, by the steepest edge: the greatest r^2 / (1 + |column|^2) where r < 0, of equal ones the first;
 * -1 if no reduced cost r is negative. */
static int64_t NAMED(entering)(const struct NAMED(tableau) *t) {
    vec best = splat(0.0);
    for (int64_t j = 0; j < t->wide; j++) {
        t->line[j] = keep_from(-t->cost[j], splat(MATRIX_OPTIMAL), t->cost[j] * t->cost[j] / t->norm[j]);
        best = larger(best, t->line[j]);
    }
    const double steepest = largest(best);
    return steepest > 0.0 ? NAMED(first)(t->line, t->wide, steepest * (1.0 - MATRIX_TIE)) : -1;
}

/* Copy column s out of the tableau. */
static inline void NAMED(take)(struct NAMED(tableau) *t, int64_t s) {
    const double *from = t->entry + s;
#define DOWN(l) from[(l) * t->stride]
    for (int64_t i = 0; i < t->high; i++, from += WIDTH * t->stride) t->column[i] = EACH(DOWN);
#undef DOWN
}

/* The row to leave for the column taken: the least right / column over positive entries; where several reach it, that
 * of the infinitely small additions, so that no basis comes back. -1 if no entry is positive. */
static inline int64_t NAMED(leaving)(struct NAMED(tableau) *t) {
    vec least = splat(INFINITY);
    for (int64_t i = 0; i < t->high; i++) {
        const vec column = t->column[i];
        t->right[i] = larger(t->right[i], splat(0.0));
        t->inverse[i] = splat(1.0) / keep_from(column, splat(MATRIX_PIVOT), column);
        /* where the entry does not count this is infinite, or 0 times that, and `smaller` then keeps its second argument */
        least = smaller(t->right[i] * t->inverse[i], least);
    }
    const double bound = -largest(-least), *nudge = (const double *)t->nudge, *inverse = (const double *)t->inverse;
    if (!(bound < INFINITY)) return -1;
    int64_t row = -1;
    for (int64_t i = 0; i < t->high;) {
        uint64_t bits = 0; /* of 64 entries: which reach it */
        const int64_t begin = i * WIDTH;
        for (int k = 0; k < 64 && i < t->high; k += WIDTH, i++) {
            const vec column = t->column[i], slack = t->right[i] - column * splat(bound);
            bits |= (bits_from(splat(MATRIX_SLACK), slack) & bits_from(column, splat(MATRIX_PIVOT))) << k;
        }
        for (; bits; bits &= bits - 1) {
            const int64_t a = begin + __builtin_ctzll(bits);
            if (row < 0 || nudge[a] * inverse[a] < nudge[row] * inverse[row]) row = a;
        }
    }
    return row;
}

/* Subtract the pivot column times the pivot row from so many vectors of every row, column s taken out before; squared
 * lengths on the way. */
static inline __attribute__((always_inline)) void NAMED(sweep)(const struct NAMED(tableau) *t, int64_t first, int64_t s,
                                                               const int count) {
    const double *column = (const double *)t->column;
    double *entry = t->entry + first * WIDTH;
    vec line[4], norm[4];
    ivec others[4];
    for (int k = 0; k < count; k++) {
        line[k] = t->line[first + k], norm[k] = splat(1.0);
        others[k] = EACH(LANE) != splat((double)(s - (first + k) * WIDTH));
    }
    for (int64_t a = 0; a < t->rows; a++, entry += t->stride)
        for (int k = 0; k < count; k++) {
            vec x = (vec)((ivec)((vec *)entry)[k] & others[k]) - splat(column[a]) * line[k];
            norm[k] += x * x;
            ((vec *)entry)[k] = x;
        }
    for (int k = 0; k < count; k++) t->norm[first + k] = norm[k];
}

/* Exchange the variables of row r and of column s, which was taken; `inverse` is 1 / the pivot. */
static void NAMED(exchange)(struct NAMED(tableau) *t, int64_t r, int64_t s, double inverse) {
    const int64_t variable = t->in_row[r];
    const double cost = ((double *)t->cost)[s];
    const double right = ((double *)t->right)[r] * inverse, nudge = ((double *)t->nudge)[r] * inverse;
    vec *row = (vec *)(t->entry + r * t->stride), lane = EACH(LANE);
    for (int64_t j = 0; j < t->wide; j++, lane += splat(WIDTH)) {
        const ivec here = lane == splat((double)s);
        t->line[j] = choice(here, splat(inverse), row[j] * splat(inverse));
        t->cost[j] = (vec)(~here & (ivec)t->cost[j]) - splat(cost) * t->line[j];
        row[j] = splat(0.0);
    }
    lane = EACH(LANE);
    for (int64_t i = 0; i < t->high; i++, lane += splat(WIDTH)) { /* row r becomes the line: 0 - (-1) line */
        const ivec here = lane == splat((double)r);
        const vec column = t->column[i] = choice(here, splat(-1.0), t->column[i]);
        t->right[i] = (vec)(~here & (ivec)t->right[i]) - column * splat(right);
        t->nudge[i] = (vec)(~here & (ivec)t->nudge[i]) - column * splat(nudge);
    }
    int64_t j = 0;
    for (; j + 4 <= t->wide; j += 4) NAMED(sweep)(t, j, s, 4);
    if (t->wide - j == 3) NAMED(sweep)(t, j, s, 3);
    if (t->wide - j == 2) NAMED(sweep)(t, j, s, 2);
    if (t->wide - j == 1) NAMED(sweep)(t, j, s, 1);
    t->in_row[r] = t->in_column[s], t->in_column[s] = variable;
}

/* Pivots until the reduced costs are not negative, or no pivot is left, or there were far too many. `s` enters first. */
static void NAMED(pivots)(struct NAMED(tableau) *t, int64_t s) {
    for (int64_t left = MATRIX_PIVOTS(t->rows, t->columns); left > 0 && s >= 0; left--) {
        NAMED(take)(t, s);
        const int64_t r = NAMED(leaving)(t);
        if (r < 0) return;
        NAMED(exchange)(t, r, s, ((double *)t->inverse)[r]);
        s = NAMED(entering)(t);
    }
}

/* The tableau of the same basis anew from the payoffs, the largest pivots first. */
static void NAMED(again)(struct NAMED(tableau) *t) {
    const int64_t A = t->rows, B = t->columns;
    memset(t->basic, 0, (size_t)(t->stride + A));
    for (int64_t a = 0; a < A; a++) t->basic[t->in_row[a]] = 1;
    NAMED(begin)(t);
    for (;;) {
        int64_t r = -1, s = -1;
        double best = MATRIX_PIVOT;
        for (int64_t a = 0; a < A; a++)
            for (int64_t b = 0; b < B && !t->basic[t->in_row[a]]; b++) {
                double size = fabs(t->entry[a * t->stride + b]);
                if (t->basic[t->in_column[b]] && size > best) best = size, r = a, s = b;
            }
        if (r < 0) return;
        NAMED(take)(t, s);
        NAMED(exchange)(t, r, s, 1.0 / ((double *)t->column)[r]);
    }
}

/* The sum of eight running parts. */
static inline double NAMED(whole)(const vec *parts) {
    four halves;
    NAMED(fold)(parts, &halves);
    return NAMED(total)(halves);
}

/* The sum of all entries of so many vectors. */
static double NAMED(mass)(const vec *x, int64_t vectors) {
    vec sum[RUNNING];
    for (int p = 0; p < RUNNING; p++) sum[p] = splat(0.0);
    int64_t first = 0;
    for (; first + RUNNING <= vectors; first += RUNNING)
        for (int p = 0; p < RUNNING; p++) sum[p] += x[first + p];
    for (int p = 0; p < RUNNING - 1; p++)
        if (first + p < vectors) sum[p] += x[first + p];
    return NAMED(whole)(sum);
}

#include "matrix_large.h"

/* Strategies of the basis and the gap that they leave, relative to the range; if it is below `gap` all is written.
 * What the pivots take for 0 is 0, so no action is played for rounding's sake. */
static double NAMED(certify)(struct NAMED(tableau) *t, double gap, double *solution) {
    const int64_t A = t->rows, B = t->columns, first_slack = t->stride;
    const double *cost = (const double *)t->cost, *right = (const double *)t->right;
    double upper = -INFINITY, *mu = t->played + first_slack;
    const vec lift = splat(t->lift), low = splat(t->low);
    const ivec sign = (ivec)splat(-0.0);
    vec *lower = t->line, *nu = (vec *)t->played, least = splat(INFINITY);
    vec stake[RUNNING], sum[RUNNING], size[RUNNING];
    for (int p = 0; p < RUNNING; p++) stake[p] = splat(0.0);
    for (int64_t a = 0; a < A; a++)
        t->played[t->in_row[a]] = t->in_row[a] < first_slack && right[a] > MATRIX_SLACK ? right[a] : 0.0;
    for (int64_t b = 0; b < B; b++)
        t->played[t->in_column[b]] = t->in_column[b] >= first_slack && cost[b] > MATRIX_OPTIMAL ? cost[b] : 0.0;
    const double one_mu = 1.0 / NAMED(mass)((const vec *)mu, t->high), one_nu = 1.0 / NAMED(mass)(nu, t->wide);
    for (int64_t j = 0; j < t->wide; j++) nu[j] *= splat(one_nu), lower[j] = splat(0.0);
    const int large = t->waiting != NULL;
    for (int64_t j = 0; j < t->wide && large; j++) t->norm[j] = splat(0.0); /* a total of `lower`, in parts */
    for (int64_t a = 0; a < A; a++) {
        const vec *row = (const vec *)(t->payoff + a * t->stride);
        const vec weight = splat(mu[a] *= one_mu);
        for (int p = 0; p < RUNNING; p++) sum[p] = size[p] = splat(0.0);
        int64_t j = 0;
#define ACCOUNT(p)                                                                                                     \
    do {                                                                                                               \
        const vec x = row[j + p] * lift - low; /* without an offset, which would cost digits */                        \
        sum[p] += x * nu[j + p], lower[j + p] += x * weight;                                                           \
        size[p] += (vec)((ivec)row[j + p] & ~sign) * nu[j + p];                                                        \
    } while (0)
        for (; j + RUNNING <= t->wide; j += RUNNING)
            for (int p = 0; p < RUNNING; p++) ACCOUNT(p);
        for (int p = 0; p < RUNNING - 1; p++)
            if (j + p < t->wide) ACCOUNT(p);
#undef ACCOUNT
        for (int p = 0; p < RUNNING; p++) stake[p] += size[p] * weight;
        const double here = NAMED(whole)(sum);
        upper = here > upper ? here : upper;
        if (large && a % LARGE_PART == LARGE_PART - 1)
            for (int64_t k = 0; k < t->wide; k++) t->norm[k] += lower[k], lower[k] = splat(0.0);
    }
    for (int64_t j = 0; j < t->wide && large; j++) lower[j] += t->norm[j];
    for (int64_t j = 0; j < t->wide; j++) least = smaller(least, lower[j]);
    const double kept = -largest(-least), found = (upper - kept) / t->range;
    if (!(found < gap)) return gap;
    t->stake = NAMED(whole)(stake) * t->lift;
    solution[0] = (0.5 * (upper + kept) + t->low) / t->lift, solution[1] = found > 0.0 ? found : 0.0;
    memcpy(solution + 2, mu, (size_t)A * sizeof *mu);
    memcpy(solution + 2 + A, nu, (size_t)B * sizeof *mu);
    return found;
}

/* Two actions a player, and no saddle point: both strategies make the other player indifferent. */
static void NAMED(indifferent)(const struct NAMED(tableau) *t, const double *m, double *solution) {
    const double a = m[0] * t->lift - t->low, b = m[1] * t->lift - t->low;
    const double c = m[2] * t->lift - t->low, d = m[3] * t->lift - t->low;
    const double whole = (a - b) + (d - c), mu = (d - c) / whole, nu = (d - b) / whole;
    const double top = a * nu + b * (1.0 - nu), bottom = c * nu + d * (1.0 - nu);
    const double left = a * mu + c * (1.0 - mu), right = b * mu + d * (1.0 - mu);
    const double upper = top > bottom ? top : bottom, kept = left < right ? left : right, gap = upper - kept;
    solution[0] = (0.5 * (upper + kept) + t->low) / t->lift;
    solution[1] = ((gap > 0.0 ? gap : 0.0) + MATRIX_ROUNDING(2, 2) * t->range) / t->between; /* see small_stake */
    solution[2] = mu, solution[3] = 1.0 - mu, solution[4] = nu, solution[5] = 1.0 - nu;
}

/* Any other game without a saddle point; `column` enters first. */
static void NAMED(simplex)(struct NAMED(tableau) *t, int64_t column, double *solution) {
    double gap = INFINITY;
    for (int64_t k = 0; k < 2 + t->rows + t->columns; k++) solution[k] = k == 1 ? INFINITY : NAN;
    t->stake = 0.0;
    if (t->waiting) {
        NAMED(begin_large)(t);
        NAMED(pivots_large)(t, column);
    } else {
        NAMED(begin)(t);
        NAMED(pivots)(t, column);
    }
    gap = NAMED(certify)(t, gap, solution);
    for (int k = 0; k < MATRIX_REPEATS && gap > MATRIX_REFINE; k++) {
        if (t->waiting) {
            NAMED(again_large)(t);
            NAMED(pivots_large)(t, NAMED(entering)(t));
        } else {
            NAMED(again)(t);
            NAMED(pivots)(t, NAMED(entering)(t));
        }
        gap = NAMED(certify)(t, gap, solution);
    }
    double scale = t->stake < t->between ? t->stake : t->between;
    if (scale < t->range * 0x1p-10 && t->stake < t->between) { /* are they payoffs of 0 that are played for? */
        double least = INFINITY;
        for (int64_t a = 0; a < t->rows; a++)
            for (int64_t b = 0; b < t->columns; b++) {
                const double size = fabs(t->payoff[a * t->stride + b]) * t->lift;
                least = size > 0.0 && size < least ? size : least;
            }
        scale = fmin(t->between, fmax(t->stake, least));
    }
    const double rounding = t->waiting ? LARGE_ROUNDING(t->rows, t->columns) : MATRIX_ROUNDING(t->rows, t->columns);
    solution[1] = (solution[1] + rounding) * t->range / scale;
}

static void NAMED(equilibrium)(struct NAMED(tableau) *t, const double *source, double *solution) {
    const int64_t A = t->rows, B = t->columns;
    int64_t saddle[2] = {0, 0};
    const int found = NAMED(look)(t, source, saddle);
    if (found != 0)
        for (int64_t k = 0; k < 2 + A + B; k++) solution[k] = found > 0 ? 0.0 : NAN;
    if (found > 0)
        solution[0] = source[saddle[0] * B + saddle[1]], solution[2 + saddle[0]] = solution[2 + A + saddle[1]] = 1.0;
    else if (found == 0 && A == 2 && B == 2)
        NAMED(indifferent)(t, source, solution);
    else if (found == 0)
        NAMED(simplex)(t, saddle[1], solution);
}

static int NAMED(solve_games)(const void *call) {
    const struct equilibria_call *c = call;
    const int64_t A = c->rows, B = c->columns, high = (A + WIDTH - 1) / WIDTH, wide = (B + WIDTH - 1) / WIDTH;
    const size_t vectors = (size_t)((A + high * WIDTH + 3) * wide + 4 * high), variables = (size_t)((wide + high) * WIDTH);
    const int large = A >= LARGE_SIDE && B >= LARGE_SIDE && A + B >= LARGE_SIDES;
    const size_t beside = large ? (size_t)NAMED(waiting_vectors)(wide, high) : 0;
    const size_t bytes = (vectors + beside) * sizeof(vec) + variables * (2 * sizeof(int64_t) + 1);
    void *whole = NULL;
    vec small[MATRIX_SMALL / sizeof(vec)], *work = bytes > MATRIX_SMALL ? aligned_vectors(bytes, &whole) : small;
    if (!work) return -1;
    struct NAMED(waiting) waiting;
    struct NAMED(tableau) t = {.rows = A, .columns = B, .stride = wide * WIDTH, .wide = wide, .high = high};
    t.payoff = (double *)work, t.entry = t.payoff + A * t.stride;
    t.cost = work + (A + high * WIDTH) * wide, t.norm = t.cost + wide, t.line = t.norm + wide, t.column = t.line + wide;
    t.inverse = t.column + high, t.right = t.inverse + high, t.nudge = t.right + high;
    if (large) NAMED(lay_out_waiting)(t.waiting = &waiting, wide, high, t.nudge + high);
    t.played = (double *)(t.nudge + high + beside);
    t.in_row = (int64_t *)(t.played + variables), t.in_column = t.in_row + A, t.basic = (char *)(t.in_column + B);
    memset(t.played, 0, variables * sizeof *t.played);
    for (int64_t game = c->share.first; game < c->share.last; game++)
        NAMED(equilibrium)(&t, c->payoff + game * A * B, c->solution + game * (2 + A + B));
    if (work != small) free(whole);
    return 0;
}

#undef EACH
#undef LANE
#undef choice
#undef largest
#undef bits_from
