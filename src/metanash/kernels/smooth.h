/* Learners of zero-sum games that update their values in every iteration, included by lanes.h for each instruction set.
 *
 * A lane is a step and state of a game, and a cell WIDTH of them. A block is a vector of games, each step and state of which
 * is a cell (`across`), or one game, whose steps and states fill the cells: whichever has fewer cells. Either way a lane goes
 * through the same operations, so a game gives the same bits in any batch.
 *
 * Where both players have two actions, one number a player is enough, as in Algorithm 1: of logits, payoffs and their sums
 * what the first action has over the second, of policies, averages and projected anchors the probability of the first.
 */

struct NAMED(block) {
    int64_t game, count, cells, across;
};

/* The row of an array (games, horizon, states, ...) that a lane of a cell reads, -1 for none. */
static inline int64_t NAMED(row_of)(const struct smooth_call *c, const struct NAMED(block) *b, int64_t cell, int64_t l) {
    const int64_t rows = c->horizon * c->states, row = b->across ? cell : cell * WIDTH + l;
    if (b->across) return l < b->count ? (b->game + l) * rows + row : -1;
    return row < rows ? b->game * rows + row : -1;
}

static __attribute__((noinline)) void NAMED(fetch)(const struct smooth_call *c, const struct NAMED(block) *b, int64_t cell,
                                                   const double *source, int64_t count, vec *out) {
    for (int64_t l = 0; l < WIDTH; l++) {
        const int64_t row = NAMED(row_of)(c, b, cell, l);
        for (int64_t i = 0; i < count; i++) ((double *)out)[i * WIDTH + l] = row < 0 ? 0.0 : source[row * count + i];
    }
}

static __attribute__((noinline)) void NAMED(put)(const struct smooth_call *c, const struct NAMED(block) *b, int64_t cell,
                                                 const vec *in, int64_t count, double *target) {
    for (int64_t l = 0; l < WIDTH; l++) {
        const int64_t row = NAMED(row_of)(c, b, cell, l);
        for (int64_t i = 0; i < count && row >= 0; i++) target[row * count + i] = ((const double *)in)[i * WIDTH + l];
    }
}

static inline vec NAMED(either)(ivec which, vec yes, vec no) { return (vec)((which & (ivec)yes) | (~which & (ivec)no)); }

/* log(x) for normal x above 0: x = m 2^n with m in [1/sqrt(2), sqrt(2)), log m = 2 atanh((m - 1) / (m + 1)). */
static inline vec NAMED(log_of)(vec x) {
    const ivec bits = (ivec)x, half = (ivec)splat(0x1.6a09e667f3bcdp0); /* sqrt(2): the mantissa from which on n is one more */
    const ivec low = (ivec)(splat(0.0)) + 0xfffffffffffff, more = (bits & low) >= (half & low);
    const vec n = (vec)((bits >> 52) | (ivec)splat(0x1p52)) - splat(0x1p52 + 1023.0) + (vec)(more & (ivec)splat(1.0));
    vec m = (vec)((bits & low) | (ivec)splat(1.0));
    m = NAMED(either)(more, splat(0.5) * m, m);
    const vec s = (m - splat(1.0)) / (m + splat(1.0)), z = s * s, z2 = z * z; /* the polynomial is that of fdlibm's log */
    const vec low_terms = splat(0x1.5555555555593p-1) + z * splat(0x1.999999997fa04p-2);
    const vec middle = splat(0x1.2492494229359p-2) + z * splat(0x1.c71c51d8e78afp-3);
    const vec high = splat(0x1.7466496cb03dep-3) + z * splat(0x1.39a09d078c69fp-3) + z2 * splat(0x1.2f112df3e5244p-3);
    const vec rest = z * (low_terms + z2 * (middle + z2 * high));
    return n * splat(0x1.62e42fefa39efp-1) + s * (splat(2.0) + rest);
}

/* x = softmax(x) in place. The sum of the exponentials and its inverse, and what the entropy has beside the logarithm of that
 * sum, if it is asked for. Below -700 a logit has no probability and no entropy. */
static __attribute__((noinline)) void NAMED(soften_any)(int64_t actions, vec *x, vec *entropy) {
    vec top = x[0], total = splat(0.0), lost = splat(0.0);
    for (int64_t a = 1; a < actions; a++) top = larger(top, x[a]);
    for (int64_t a = 0; a < actions; a++) {
        const vec below = x[a] - top;
        x[a] = NAMED(exp_of_negative)(below);
        total += x[a];
        if (entropy) lost += x[a] * larger(below, splat(-700.0));
    }
    const vec scale = splat(1.0) / total;
    for (int64_t a = 0; a < actions; a++) x[a] *= scale;
    if (entropy) entropy[0] = total, entropy[1] = scale, entropy[2] = lost * scale;
}

/* The same for one number, the logit of the first action over the second. */
static inline __attribute__((always_inline)) void NAMED(soften_pair)(vec *x, vec *entropy) {
    const vec bound = splat(700.0), d = larger(smaller(*x, bound), -bound), total = splat(1.0) + exp_unclamped(-d);
    const vec scale = splat(1.0) / total, first = keep_from(*x, -bound, scale);
    if (entropy) entropy[0] = total, entropy[1] = scale, entropy[2] = first * d - d;
    *x = first;
}

/* x = the projection of x onto the simplex, from far away too: as project, without its divisions. */
static __attribute__((noinline)) void NAMED(project_any)(int64_t actions, vec *restrict x, vec *restrict sorted, const double *inverse) {
    vec top = x[0], total = splat(-1.0), threshold = splat(-INFINITY);
    for (int64_t a = 1; a < actions; a++) top = larger(top, x[a]);
    for (int64_t a = 0; a < actions; a++) sorted[a] = x[a] -= top;
    for (int64_t round = 0; round < actions; round++)
        for (int64_t a = round & 1; a + 1 < actions; a += 2) {
            const vec high = larger(sorted[a], sorted[a + 1]), low = smaller(sorted[a], sorted[a + 1]);
            sorted[a] = high, sorted[a + 1] = low;
        }
    for (int64_t a = 0; a < actions; a++) total += sorted[a], threshold = larger(threshold, total * splat(inverse[a]));
    for (int64_t a = 0; a < actions; a++) x[a] = larger(x[a] - threshold, splat(0.0));
}

/* Q nu and -mu^T Q; returns mu^T Q nu. */
static inline __attribute__((always_inline)) vec NAMED(payments)(const int pair, const vec *q, int64_t A, int64_t B, const vec *mu,
                                                                 const vec *nu, vec *gx, vec *gy) {
    if (!pair) {
        const vec value = NAMED(gradients)(q, A, B, mu, nu, gx, gy);
        for (int64_t b = 0; b < B; b++) gy[b] = -gy[b];
        return value;
    }
    const vec right = q[1] - q[3], low = q[2] - q[3], slope = (q[0] - q[1]) - low;
    *gx = right + slope * *nu, *gy = -(low + slope * *mu);
    return (q[3] + low * *nu) + *mu * *gx;
}

/* q = reward + P next. Chances are vectors, or numbers that all lanes share. */
static inline __attribute__((always_inline)) void NAMED(estimate)(const int shared, const int64_t J, int64_t S, const vec *restrict reward,
                                                              const void *chance, const vec *restrict next, vec *restrict q) {
    const double *number = chance;
    const vec *vector = chance;
#define CHANCE(j, z) (shared ? splat(number[(j) * S + (z)]) : vector[(j) * S + (z)])
    int64_t j = 0;
    for (; j + 4 <= J; j += 4) {
        vec q0 = reward[j], q1 = reward[j + 1], q2 = reward[j + 2], q3 = reward[j + 3];
        for (int64_t z = 0; z < S; z++) {
            const vec v = next[z];
            q0 += CHANCE(j, z) * v, q1 += CHANCE(j + 1, z) * v, q2 += CHANCE(j + 2, z) * v, q3 += CHANCE(j + 3, z) * v;
        }
        q[j] = q0, q[j + 1] = q1, q[j + 2] = q2, q[j + 3] = q3;
    }
    for (; j < J; j++) {
        vec q0 = reward[j];
        for (int64_t z = 0; z < S; z++) q0 += CHANCE(j, z) * next[z];
        q[j] = q0;
    }
#undef CHANCE
}

/* What a cell keeps, one part after another: rewards; anchors or priors, sums, last payoffs, policies and averages of both
 * players. */
struct NAMED(cell) {
    vec *reward, *x, *sum, *last, *policy, *mean;
};

static inline __attribute__((always_inline)) struct NAMED(cell) NAMED(cell_at)(vec *from, const int64_t J, const int64_t n) {
    vec *x = from + J;
    return (struct NAMED(cell)){from, x, x + n, x + 2 * n, x + 3 * n, x + 4 * n};
}

static void NAMED(move_cell)(const struct smooth_call *c, const struct NAMED(block) *b, int64_t k, const int pair, vec *from,
                             vec *value, int in) {
    const int64_t A = c->rows, B = c->columns;
    double *const array[] = {c->x, c->y, c->sum_x, c->sum_y, c->last_x, c->last_y, c->mu, c->nu, c->mean_mu, c->mean_nu};
    const vec one = splat(1.0), zero = splat(0.0);
    if (in) NAMED(fetch)(c, b, k, c->reward, A * B, from);
    if (in)
        NAMED(fetch)(c, b, k, c->value, 1, value);
    else
        NAMED(put)(c, b, k, value, 1, c->value);
    vec *part = from + A * B, two[2];
    for (int i = 0; i < 10; i++) {
        const int64_t count = i % 2 ? B : A;
        const int logits = i < 2 && c->rule != SMOOTH_GRADIENT, policy = i >= 6 || (i < 2 && !logits);
        if (!pair) {
            if (in)
                NAMED(fetch)(c, b, k, array[i], count, part);
            else
                NAMED(put)(c, b, k, part, count, array[i]);
            part += count;
            continue;
        }
        if (in) {
            NAMED(fetch)(c, b, k, array[i], 2, two);
            *part = two[0];
            if (i < 6 && !policy) *part -= two[1];
        } else if (i >= 2 || c->rule != SMOOTH_FTRL) { /* priors stay as they are */
            two[0] = *part, two[1] = zero;
            if (policy) two[1] = one - two[0];
            if (logits) two[0] = smaller(*part, zero), two[1] = smaller(-*part, zero); /* the larger one is put at 0 */
            NAMED(put)(c, b, k, two, 2, array[i]);
        }
        part++;
    }
}

/* The policies of the next iteration, for both players, and their entropies. */
static inline __attribute__((always_inline)) void NAMED(smooth_play)(const int pair, int64_t A, int64_t B, int64_t rule, vec eta, vec decay,
                                                                     const struct NAMED(cell) *cell, vec *entropy, vec *spare, const double *inverse) {
    const int64_t n = A + B;
    vec *const policy = cell->policy, *const other = entropy ? entropy + 3 : NULL;
    if (rule == SMOOTH_FTRL)
        for (int64_t i = 0; i < n; i++) policy[i] = cell->x[i] + eta * (cell->sum[i] + cell->last[i]);
    else
        for (int64_t i = 0; i < n; i++) policy[i] = decay * cell->x[i] + eta * cell->last[i];
    if (rule == SMOOTH_GRADIENT && pair)
        for (int64_t i = 0; i < 2; i++) policy[i] = smaller(larger(policy[i], splat(0.0)), splat(1.0));
    else if (rule == SMOOTH_GRADIENT)
        NAMED(project_any)(A, policy, spare, inverse), NAMED(project_any)(B, policy + A, spare, inverse);
    else if (pair)
        NAMED(soften_pair)(policy, entropy), NAMED(soften_pair)(policy + 1, other);
    else
        NAMED(soften_any)(A, policy, entropy), NAMED(soften_any)(B, policy + A, other);
}

/* One iteration of one cell, whose estimates are q: payoffs, averages, and what is remembered. Returns mu^T Q nu. `room` is for
 * A + B payoffs and as many policies. */
static inline __attribute__((always_inline)) vec NAMED(smooth_meet)(const int pair, int64_t A, int64_t B, int64_t rule, vec eta, vec decay,
                                                                    vec shrunk, vec fresh, const struct NAMED(cell) *cell,
                                                                    const vec *q, vec *room, const double *inverse) {
    const int64_t n = A + B;
    vec *const g = room, *const next = room + n, *const x = cell->x;
    const vec *const policy = cell->policy;
    const vec kept = splat(1.0) - fresh;
    const vec worth = NAMED(payments)(pair, q, A, B, policy, policy + A, g, g + A);
    for (int64_t i = 0; i < n; i++) cell->mean[i] = kept * cell->mean[i] + fresh * policy[i];
    if (rule == SMOOTH_FTRL)
        for (int64_t i = 0; i < n; i++) cell->sum[i] = shrunk * (cell->sum[i] + g[i]);
    else
        for (int64_t i = 0; i < n; i++) x[i] = decay * x[i] + eta * g[i];
    if (rule == SMOOTH_GRADIENT && pair)
        for (int64_t i = 0; i < 2; i++) x[i] = smaller(larger(x[i], splat(0.0)), splat(1.0));
    else if (rule == SMOOTH_GRADIENT)
        NAMED(project_any)(A, x, next, inverse), NAMED(project_any)(B, x + A, next, inverse);
    if (rule == SMOOTH_EXTRAGRADIENT) {
        for (int64_t i = 0; i < n; i++) next[i] = x[i];
        if (pair)
            NAMED(soften_pair)(next, NULL), NAMED(soften_pair)(next + 1, NULL);
        else
            NAMED(soften_any)(A, next, NULL), NAMED(soften_any)(B, next + A, NULL);
        NAMED(payments)(pair, q, A, B, next, next + A, cell->last, cell->last + A);
    } else {
        for (int64_t i = 0; i < n; i++) cell->last[i] = g[i];
    }
    return worth;
}

/* Kernels as vectors, [cell][joint][states]: of each cell, or if games lie across and steps share them, of each state. */
static void NAMED(fetch_chances)(const struct smooth_call *c, const struct NAMED(block) *b, vec *out) {
    const int64_t S = c->states, many = c->rows * c->columns * S, cells = b->across && c->steps == 1 ? S : b->cells;
    for (int64_t k = 0; k < cells; k++, out += many)
        for (int64_t l = 0; l < WIDTH; l++) {
            const int64_t row = NAMED(row_of)(c, b, k, l), game = row / (c->horizon * S), place = row - game * c->horizon * S;
            const int64_t h = c->steps > 1 ? place / S : 0;
            const double *from = row < 0 ? NULL : c->transition + ((h * c->kinds + c->index[game]) * S + place % S) * many;
            for (int64_t i = 0; i < many; i++) ((double *)out)[i * WIDTH + l] = from ? from[i] : 0.0;
        }
}

#define WHOLE_VECTORS(count) (((count) + WIDTH - 1) / WIDTH * WIDTH)

/* Rows that are `d` apart exchange blocks of d lanes. */
static inline __attribute__((always_inline)) void NAMED(swap_blocks)(const int64_t d, vec *rows) {
    ivec low, high;
    for (int64_t l = 0; l < WIDTH; l++) low[l] = l & d ? WIDTH + l - d : l, high[l] = l & d ? WIDTH + l : l + d;
    for (int64_t i = 0; i < WIDTH; i++) {
        if (i & d) continue;
        const vec a = rows[i], b = rows[i + d];
#if defined(__clang__)
        for (int64_t l = 0; l < WIDTH; l++) rows[i][l] = l & d ? b[l - d] : a[l], rows[i + d][l] = l & d ? b[l] : a[l + d];
#else
        rows[i] = __builtin_shuffle(a, b, low), rows[i + d] = __builtin_shuffle(a, b, high);
#endif
    }
}

/* What lane l has in row i goes to lane i of row l. */
static inline __attribute__((always_inline)) void NAMED(transpose)(vec *rows) {
    NAMED(swap_blocks)(1, rows); /* each by itself: distances are constants then */
    if (WIDTH > 2) NAMED(swap_blocks)(WIDTH > 2 ? 2 : 1, rows);
    if (WIDTH > 4) NAMED(swap_blocks)(WIDTH > 4 ? 4 : 1, rows);
}

/* Of one game whose chances as vectors of steps and states would not stay in the first cache: chances and rewards as vectors of
 * joint actions. Steps that share a kernel read it together. `wide` vectors have the joint actions. */
struct NAMED(along) {
    vec *chances, *estimates; /* [step][state][next state][wide], and [step][state][wide]: rewards, of the last step for good */
    int64_t wide;
};

static inline int64_t NAMED(worth_turning)(const struct smooth_call *c) {
    const int64_t J = c->rows * c->columns;
    return c->horizon > 1 && J >= 2 * WIDTH && c->horizon * c->states * J * c->states * 8 > FIRST_CACHE;
}

static void NAMED(fetch_along)(const struct smooth_call *c, int64_t game, const struct NAMED(along) *w) {
    const int64_t S = c->states, J = c->rows * c->columns, wide = w->wide * WIDTH;
    double *const chances = (double *)w->chances, *const estimates = (double *)w->estimates;
    for (int64_t row = 0; row < c->steps * S; row++) {
        const double *const from = c->transition + ((row / S * c->kinds + c->index[game]) * S + row % S) * J * S;
        for (int64_t z = 0; z < S; z++)
            for (int64_t j = 0; j < wide; j++) chances[(row * S + z) * wide + j] = j < J ? from[j * S + z] : 0.0;
    }
    for (int64_t row = 0; row < c->horizon * S; row++)
        for (int64_t j = 0; j < wide; j++) estimates[row * wide + j] = j < J ? c->reward[(game * c->horizon * S + row) * J + j] : 0.0;
}

/* Some vectors of joint actions of a state, of one step or two that share a kernel. */
static inline __attribute__((always_inline)) void NAMED(estimate_some)(const int count, const int steps, int64_t S, int64_t wide,
                                                                   const vec *chance, const double *values, const vec *reward, int64_t apart,
                                                                   vec *out) {
    vec sum[2][4];
    for (int h = 0; h < steps; h++)
        for (int i = 0; i < count; i++) sum[h][i] = reward[h * apart + i];
    for (int64_t z = 0; z < S; z++)
        for (int h = 0; h < steps; h++)
            for (int i = 0; i < count; i++) sum[h][i] += chance[z * wide + i] * splat(values[h * S + z]);
    for (int h = 0; h < steps; h++)
        for (int i = 0; i < count; i++) out[h * apart + i] = sum[h][i];
}

/* Estimates of all steps but the last, given the values, into the second half of `estimates`. */
static void NAMED(estimate_along)(const struct smooth_call *c, const struct NAMED(along) *w, const double *values) {
    const int64_t S = c->states, wide = w->wide, apart = S * wide;
    vec *const out = w->estimates + c->horizon * apart;
    for (int64_t h = 0; h < c->horizon - 1;) {
        const int64_t steps = c->steps == 1 && h + 2 < c->horizon ? 2 : 1;
        for (int64_t s = 0; s < S; s++) {
            const vec *const chance = w->chances + ((c->steps > 1 ? h : 0) * S + s) * S * wide;
            const int64_t row = (h * S + s) * wide;
            int64_t i = 0;
#define SOME(count, steps) NAMED(estimate_some)(count, steps, S, wide, chance + i, values + (h + 1) * S, w->estimates + row + i, apart, out + row + i)
            for (; i + 4 <= wide; i += 4)
                if (steps == 2)
                    SOME(4, 2);
                else
                    SOME(4, 1);
            for (; i < wide; i++)
                if (steps == 2)
                    SOME(1, 2);
                else
                    SOME(1, 1);
#undef SOME
        }
        h += steps;
    }
}

/* q of the steps and states of a cell, from rows of joint actions. */
static void NAMED(turn)(const struct smooth_call *c, const struct NAMED(along) *w, int64_t k, vec *q) {
    const int64_t S = c->states, rows = c->horizon * S, wide = w->wide;
    const vec *from[WIDTH];
    for (int64_t l = 0; l < WIDTH; l++) {
        const int64_t row = k * WIDTH + l < rows ? k * WIDTH + l : rows - 1;
        from[l] = w->estimates + (row < rows - S ? rows + row : row) * wide; /* of the last step, rewards */
    }
    for (int64_t i = 0; i < wide; i++) {
        vec square[WIDTH];
        for (int64_t l = 0; l < WIDTH; l++) square[l] = from[l][i];
        NAMED(transpose)(square);
        for (int64_t l = 0; l < WIDTH; l++) q[i * WIDTH + l] = square[l];
    }
}

/* What a run needs of its block: cells, values, chances of the next states; work space `room`; rates, and 1 - eta tau. */
struct NAMED(smooth_work) {
    vec *cells, *value, *chances, *nexts, *room, eta, decay, tau;
    struct NAMED(along) along; /* of one game, if it is worth it; else wide is 0 */
};

/* A cell plays, meets the estimates and updates its values. `estimates` are there already, or nothing: then they are worked out
 * from V_{h+1} in `next`, or are the rewards if that is nothing too. */
static inline __attribute__((always_inline)) void NAMED(smooth_cell)(const struct smooth_call *c, const int pair, const int shared,
                                                                     const struct NAMED(smooth_work) *w, int64_t k, vec shrunk,
                                                                     vec fresh, const void *chance, const vec *next,
                                                                     const vec *estimates) {
    const int64_t H = c->horizon, S = c->states, J = pair ? 4 : c->rows * c->columns, rule = c->rule;
    const int64_t A = pair ? 1 : c->rows, B = pair ? 1 : c->columns, n = A + B;
    const int entropic = H > 1 && rule >= SMOOTH_EXTRAGRADIENT;
    const struct NAMED(cell) cell = NAMED(cell_at)(w->cells + k * (J + 5 * n), J, n);
    vec *const q = w->room, *const spare = q + WHOLE_VECTORS(J);
    const double *const inverse = (const double *)(spare + 2 * n);
    vec entropy[6], beside = splat(0.0);
    if (next) {
        if (shared)
            NAMED(estimate)(1, J, S, cell.reward, chance, next, q);
        else
            NAMED(estimate)(0, J, S, cell.reward, chance, next, q);
        estimates = q;
    } else if (!estimates) {
        estimates = cell.reward;
    }
    NAMED(smooth_play)(pair, A, B, rule, w->eta, w->decay, &cell, entropic ? entropy : NULL, spare, inverse);
    if (entropic) /* of the two logarithms the difference */
        beside = w->tau * (NAMED(log_of)(entropy[0] * entropy[4]) - (entropy[2] - entropy[5]));
    const vec worth = NAMED(smooth_meet)(pair, A, B, rule, w->eta, w->decay, shrunk, fresh, &cell, estimates, spare, inverse);
    if (H == 1) return;
    vec speed = fresh;
    if (entropic) speed = w->eta * w->tau;
    w->value[k] = (splat(1.0) - speed) * w->value[k] + speed * (worth + beside);
}

/* A block of games, or one game of a single step: from the last step backwards, so many cells each. */
static inline __attribute__((always_inline)) void NAMED(smooth_across)(const struct smooth_call *c, const int pair, int64_t count,
                                                                       const struct NAMED(smooth_work) *w) {
    const int64_t H = c->horizon, S = c->states, many = c->rows * c->columns * S;
    for (int64_t t = c->done + 1; t <= c->done + c->iterations; t++) {
        const vec fresh = splat((double)(H + 1) / (double)(H + t)), shrunk = splat((double)t / (double)(H + t));
        for (int64_t h = H - 1; h >= 0; h--)
            for (int64_t s = 0, k = h * S; s < count; s++, k++) {
                const vec *const next = h < H - 1 ? w->value + (h + 1) * S : NULL;
                const int64_t place = (c->steps > 1 ? k : s) * many;
                if (c->kinds == 1)
                    NAMED(smooth_cell)(c, pair, 1, w, k, shrunk, fresh, next ? c->transition + place : NULL, next, NULL);
                else
                    NAMED(smooth_cell)(c, pair, 0, w, k, shrunk, fresh, next ? w->chances + place : NULL, next, NULL);
            }
    }
}

/* Of a cell with lanes of the steps from `first` to `last`, by its lanes: numbers[h apart] for those of step h. */
static inline __attribute__((always_inline)) vec NAMED(by_step)(const ivec *is, int64_t first, int64_t last, const double *numbers,
                                                            int64_t apart) {
    vec found = splat(numbers[first * apart]);
    for (int64_t h = first + 1; h <= last; h++) found = NAMED(either)(is[h], splat(numbers[h * apart]), found);
    return found;
}

/* V_{h+1}(z) for lanes of step h, 0 for those of the last step; `first` is before it. */
static inline __attribute__((always_inline)) vec NAMED(next_value)(const struct smooth_call *c, const ivec *is, int64_t first, int64_t end,
                                                               const double *values, int64_t z) {
    const int64_t H = c->horizon, S = c->states, last = end < H - 2 ? end : H - 2;
    const vec found = NAMED(by_step)(is, first, last, values + S + z, S);
    return end > last ? NAMED(either)(is[H - 1], splat(0.0), found) : found;
}

/* One game, its steps all at once: step h is H - 1 - h iterations behind the last one, so the values that it looks at are those
 * of the pass before, and none waits for another in a pass. Steps that have not begun, or are through, keep what they have. */
static inline __attribute__((always_inline)) void NAMED(smooth_alone)(const struct smooth_call *c, int64_t cells, const int pair, const int turns,
                                                                      const struct NAMED(smooth_work) *w, ivec *is, double *numbers) {
    const int64_t H = c->horizon, S = c->states, J = pair ? 4 : c->rows * c->columns;
    const int64_t size = J + 5 * (pair ? 2 : c->rows + c->columns), many = c->rows * c->columns * S;
    double *const fresh = numbers, *const shrunk = numbers + H, *const values = (double *)w->value;
    int64_t *const span = (int64_t *)(numbers + 2 * H); /* steps of the first and of the last lane of each cell */
    const int64_t most = S < 4 ? 4 : S; /* next values of a cell, or estimates of two actions */
    vec *const kept = w->nexts + cells * most;
    for (int64_t h = 0; h < 2 * H; h++) numbers[h] = 0.0;
    for (int64_t k = 0; k < cells; k++) span[2 * k] = k * WIDTH / S, span[2 * k + 1] = ((k + 1) * WIDTH - 1) / S;
    for (int64_t k = 0; k < cells; k++)
        for (int64_t h = 0; h < H; h++)
            for (int64_t l = 0; l < WIDTH; l++) is[k * H + h][l] = (k * WIDTH + l) / S == h ? -1 : 0;
    for (int64_t pass = 1; pass < c->iterations + H; pass++) {
        const int64_t t = c->done + pass;
        for (int64_t h = 0; h < H - 1; h++) fresh[h] = fresh[h + 1], shrunk[h] = shrunk[h + 1];
        fresh[H - 1] = (double)(H + 1) / (double)(H + t), shrunk[H - 1] = (double)t / (double)(H + t);
        for (int64_t k = 0; k < cells && !turns && span[2 * k] < H - 1; k++) { /* later cells are of the last step */
            const int64_t first = span[2 * k], end = span[2 * k + 1];
            vec *const own = w->nexts + k * most;
            if (!pair) {
                for (int64_t z = 0; z < S; z++) own[z] = NAMED(next_value)(c, is + k * H, first, end, values, z);
                continue;
            }
            const vec *const reward = w->cells + k * size, *const chance = w->chances + k * many;
            vec q0 = reward[0], q1 = reward[1], q2 = reward[2], q3 = reward[3]; /* all cells first: none waits for the others */
            for (int64_t z = 0; z < S; z++) {
                const vec v = NAMED(next_value)(c, is + k * H, first, end, values, z);
                q0 += chance[z] * v, q1 += chance[S + z] * v, q2 += chance[2 * S + z] * v, q3 += chance[3 * S + z] * v;
            }
            own[0] = q0, own[1] = q1, own[2] = q2, own[3] = q3;
        }
        if (turns) NAMED(estimate_along)(c, &w->along, values);
        const int whole = pass >= H && pass <= c->iterations;
        for (int64_t k = 0; k < cells; k++) {
            const int64_t first = span[2 * k], end = span[2 * k + 1], last = end < H - 1 ? end : H - 1;
            const vec *const own = first < H - 1 ? w->nexts + k * most : NULL;
            if (turns && own) NAMED(turn)(c, &w->along, k, w->room);
            vec *const from = w->cells + k * size;
            if (!whole) memcpy(kept, from, (size_t)size * sizeof *kept), kept[size] = w->value[k];
            NAMED(smooth_cell)(c, pair, 0, w, k, NAMED(by_step)(is + k * H, first, last, shrunk, 1),
                               NAMED(by_step)(is + k * H, first, last, fresh, 1), w->chances + k * many, pair || turns ? NULL : own,
                               pair ? own : turns && own ? w->room : NULL);
            if (whole) continue;
            ivec moves = {0};
            for (int64_t h = first; h <= last; h++)
                if (pass >= H - h && pass < H - h + c->iterations) moves |= is[k * H + h];
            for (int64_t i = 0; i < size; i++) from[i] = NAMED(either)(moves, from[i], kept[i]);
            w->value[k] = NAMED(either)(moves, w->value[k], kept[size]);
        }
    }
}

static inline __attribute__((always_inline)) void NAMED(smooth_run)(const struct smooth_call *c, const struct NAMED(block) *b,
                                                                    const int pair, struct NAMED(smooth_work) *w, ivec *is,
                                                                    double *numbers) {
    const int64_t n = pair ? 2 : c->rows + c->columns, most = c->rows < c->columns ? c->columns : c->rows;
    double *const inverse = (double *)(w->room + WHOLE_VECTORS(pair ? 4 : c->rows * c->columns) + 2 * n);
    for (int64_t a = 0; a < most; a++) inverse[a] = 1.0 / (double)(a + 1);
    w->tau = splat(c->temperature), w->decay = splat(1.0) - w->eta * w->tau;
    if (pair && c->rule == SMOOTH_GRADIENT) w->eta *= splat(0.5); /* a step is shared by the two actions */
    if (b->across || c->horizon == 1)
        NAMED(smooth_across)(c, pair, b->cells / c->horizon, w);
    else if (!pair && w->along.wide)
        NAMED(smooth_alone)(c, b->cells, pair, 1, w, is, numbers);
    else
        NAMED(smooth_alone)(c, b->cells, pair, 0, w, is, numbers);
}

static int NAMED(smooth)(const void *call) {
    const struct smooth_call *c = call;
    if (!c->iterations) return 0;
    const int pair = c->rows == 2 && c->columns == 2;
    const int64_t S = c->states, J = c->rows * c->columns, n = pair ? 2 : c->rows + c->columns, size = J + 5 * n;
    const int64_t rows = c->horizon * S, wide = (rows + WIDTH - 1) / WIDTH, games = c->share.last - c->share.first;
    const int64_t most = rows <= wide * (games < WIDTH ? games : WIDTH) ? rows : wide; /* cells of a block */
    const int64_t chances = c->horizon == 1 ? 0 : c->kinds == 1 ? wide : most, turns = !pair && NAMED(worth_turning)(c);
    const int64_t joint = (J + WIDTH - 1) / WIDTH, along = turns ? joint * S : 0;
    const int64_t sizes[] = {most * size, most, chances * J * S, wide * (S < 4 ? 4 : S) + size + 1, WHOLE_VECTORS(J) + 2 * n + c->rows + c->columns,
                             wide * c->horizon, c->horizon + wide, c->steps * S * along, 2 * c->horizon * along};
    enum { CELLS, VALUE, CHANCES, NEXTS, ROOM, IS, NUMBERS, ALONG, ESTIMATES, COUNT };
    void *whole = NULL;
    vec *part[COUNT];
    if (!NAMED(lay_out)(sizes, COUNT, part, &whole)) return -1;
    for (struct NAMED(block) b = {.game = c->share.first}; b.game < c->share.last; b.game += b.count) {
        const int64_t left = c->share.last - b.game;
        b.count = left < WIDTH ? left : WIDTH;
        b.across = rows <= b.count * wide;
        if (!b.across) b.count = 1;
        b.cells = b.across ? rows : wide;
        struct NAMED(smooth_work) w = {part[CELLS], part[VALUE], part[CHANCES], part[NEXTS], part[ROOM], splat(c->eta[b.game])};
        if (turns && !b.across) {
            w.along = (struct NAMED(along)){part[ALONG], part[ESTIMATES], joint};
            NAMED(fetch_along)(c, b.game, &w.along);
        }
        if (b.across) gather(c->eta, 1, b.game, c->games, &w.eta);
        for (int64_t k = 0; k < b.cells; k++) NAMED(move_cell)(c, &b, k, pair, w.cells + k * size, w.value + k, 1);
        if (chances && !w.along.wide && !(b.across && c->kinds == 1)) NAMED(fetch_chances)(c, &b, w.chances);
        if (pair)
            NAMED(smooth_run)(c, &b, 1, &w, (ivec *)part[IS], (double *)part[NUMBERS]);
        else
            NAMED(smooth_run)(c, &b, 0, &w, (ivec *)part[IS], (double *)part[NUMBERS]);
        for (int64_t k = 0; k < b.cells; k++) NAMED(move_cell)(c, &b, k, pair, w.cells + k * size, w.value + k, 0);
    }
    free(whole);
    return 0;
}
#undef WHOLE_VECTORS
