/* Optimistic FTRL with the log barrier against swap deviations, included by lanes.h for each instruction set.
 *
 * A lane is a game, and a cell a step and state of each. Lanes past the last game repeat it.
 */

/* Of several rows: x = the maximiser of <x, lean> + sum log x - x / prior, given gap = 1 / prior - lean, which is moved to have the
 * minimum 0. The inverse of the sum of x = 1 / (z + gap) is concave in z, so Newton's method comes from below; lanes and rows that
 * have ended stay. Rows go through it together, so that one hides the latency of the others. */
static inline __attribute__((always_inline)) void NAMED(barrier_leaders)(int64_t rows, int64_t n, vec *restrict gap, vec *restrict x,
                                                                         vec *restrict z, vec *restrict total) {
    const vec one = splat(1.0);
    for (int64_t r = 0; r < rows; r++) {
        vec least = gap[r * n];
        for (int64_t b = 1; b < n; b++) least = smaller(least, gap[r * n + b]);
        for (int64_t b = 0; b < n; b++) gap[r * n + b] -= least;
        z[r] = one;
    }
    for (int round = 0; round <= MOST_BARRIER_STEPS; round++) {
        const int more = round < MOST_BARRIER_STEPS;
        ivec moving = {0};
        for (int64_t r = 0; r < rows; r++) {
            vec sum = splat(0.0), steep = sum;
            for (int64_t b = 0; b < n; b++) {
                const vec part = x[r * n + b] = one / (z[r] + gap[r * n + b]);
                sum += part, steep += part * part;
            }
            const vec following = z[r] + (sum - one) * sum / steep;
            const ivec moves = following > z[r];
            total[r] = sum, moving |= moves;
            if (more) z[r] = NAMED(either)(moves, following, z[r]);
        }
        if (!NAMED(any)(moving)) break;
    }
    for (int64_t r = 0; r < rows; r++) {
        const vec scale = one / total[r];
        for (int64_t b = 0; b < n; b++) x[r * n + b] *= scale;
    }
}

/* policy = the distribution that stays under the stochastic matrix `chance`, which is overwritten: states are left out one after
 * another, from the last, without a subtraction (Grassmann, Taksar and Heyman 1985). */
static inline __attribute__((always_inline)) void NAMED(stay)(int64_t n, vec *restrict chance, vec *restrict policy) {
    vec total = splat(1.0);
    for (int64_t k = n - 1; k > 0; k--) {
        vec *const out = chance + k * n, leaves = out[0];
        for (int64_t b = 1; b < k; b++) leaves += out[b];
        leaves = splat(1.0) / leaves;
        for (int64_t a = 0; a < k; a++) {
            const vec enters = chance[a * n + k] *= leaves;
            for (int64_t b = 0; b < k; b++) chance[a * n + b] += enters * out[b];
        }
    }
    policy[0] = total;
    for (int64_t k = 1; k < n; k++) {
        vec found = splat(0.0);
        for (int64_t a = 0; a < k; a++) found += policy[a] * chance[a * n + k];
        policy[k] = found, total += found;
    }
    total = splat(1.0) / total;
    for (int64_t k = 0; k < n; k++) policy[k] *= total;
}

/* The products of policies of all players, but for one if that is not negative. Returns how many. */
static int64_t NAMED(multiply_out)(const struct swap_ftrl_call *c, int64_t but, const vec *policy, vec *out) {
    int64_t count = 1;
    out[0] = splat(1.0);
    for (int64_t i = 0; i < c->players; policy += c->actions[i++]) {
        if (i == but) continue;
        const int64_t n = c->actions[i];
        for (int64_t x = count - 1; x >= 0; x--) { /* from the last, so that what is read is still there */
            const vec before = out[x];
            for (int64_t a = 0; a < n; a++) out[x * n + a] = before * policy[a];
        }
        count *= n;
    }
    return count;
}

/* What a cell keeps, one part after another: rewards; 1 / prior, policies and values of fixed actions, the players' side by side;
 * sums, last payoffs and answers, matrices a player; the average of products; values. */
struct NAMED(swaps) {
    vec *reward, *inverse, *policy, *fixed, *sum, *last, *answer, *mean, *value;
};

static struct NAMED(swaps) NAMED(swaps_at)(const struct swap_ftrl_call *c, vec *from) {
    const int64_t C = c->columns, Q = c->squares;
    vec *const x = from + c->players * c->joint, *const sum = x + 3 * C;
    return (struct NAMED(swaps)){from, x, x + C, x + 2 * C, sum, sum + Q, sum + 2 * Q, sum + 3 * Q, sum + 3 * Q + c->joint};
}

/* All that a cell keeps, in or out. Arrays are (games, ...), and the cell's part of a game stands at one place. */
static void NAMED(move_swaps)(const struct swap_ftrl_call *c, int64_t game, int64_t cell, const struct NAMED(swaps) *own, int in) {
    const int64_t cells = c->horizon * c->states, C = c->columns, Q = c->squares, N = c->players, left = c->share.last - game;
    const struct { const double *from; double *to; vec *at; int64_t count; } parts[] = {
        {c->prior, NULL, own->inverse, C},          {c->iterate, c->iterate, own->policy, C}, {c->fixed, c->fixed, own->fixed, C},
        {c->sums, c->sums, own->sum, Q},            {c->last, c->last, own->last, Q},         {c->answers, c->answers, own->answer, Q},
        {c->mean_joint, c->mean_joint, own->mean, c->joint},
    };
    for (int64_t l = 0; l < WIDTH; l++) {
        const int64_t g = game + (l < left ? l : left - 1);
        if (!in && l >= left) return;
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
            const int64_t place = (g * cells + cell) * parts[k].count;
            double *const at = (double *)parts[k].at + l;
            if (in)
                for (int64_t i = 0; i < parts[k].count; i++) at[i * WIDTH] = parts[k].from[place + i];
            else if (parts[k].to)
                for (int64_t i = 0; i < parts[k].count; i++) parts[k].to[place + i] = at[i * WIDTH];
        }
        for (int64_t i = 0; i < N; i++) {
            const int64_t place = (g * N + i) * cells + cell;
            if (!in) {
                c->value[place] = ((double *)(own->value + i))[l];
                continue;
            }
            ((double *)(own->value + i))[l] = c->value[place];
            for (int64_t j = 0; j < c->joint; j++) ((double *)(own->reward + i * c->joint + j))[l] = c->reward[place * c->joint + j];
        }
        for (int64_t a = 0; a < C && in; a++) ((double *)(own->inverse + a))[l] = 1.0 / ((double *)(own->inverse + a))[l];
    }
}

/* What an action of a player pays against the others, whose products are `others`, in three ways: in `found`. `later` has values
 * of the next states in these ways, one behind the other, or is nothing at the last step. */
static inline __attribute__((always_inline)) void NAMED(three_worths)(const int shared, int64_t S, int64_t many, int64_t after, int64_t own,
                                                                      int64_t action, const vec *others, const vec *reward, const void *chance,
                                                                      const vec *later, vec *found) {
    const double *number = chance;
    const vec *vector = chance;
    vec paid = splat(0.0);
    for (int64_t high = 0, o = 0; high < many / after; high++)
        for (int64_t low = 0; low < after; low++, o++) paid += others[o] * reward[(high * own + action) * after + low];
    found[0] = found[1] = found[2] = paid;
    for (int64_t z = 0; later && z < S; z++) {
        vec reached = splat(0.0);
        for (int64_t high = 0, o = 0; high < many / after; high++) {
            const int64_t place = (high * own + action) * after * S + z;
            for (int64_t low = 0; low < after; low++, o++)
                reached += others[o] * (shared ? splat(number[place + low * S]) : vector[place + low * S]);
        }
        for (int64_t k = 0; k < 3; k++) found[k] += reached * later[k * S + z];
    }
}

/* One iteration of a cell of which the policies are known. `later` is (players, 3, states); `deviated` (2, players) of this cell. */
static void NAMED(meet_swaps)(const struct swap_ftrl_call *c, const struct NAMED(swaps) *own, const void *chance, int shared,
                              const vec *later, double rate, double less, vec *room, vec *deviated) {
    const int64_t J = c->joint, S = c->states;
    const vec fresh = splat(rate), kept = splat(1.0) - fresh, shrunk = splat(less);
    vec *const others = room, *const worth = room + J;
    NAMED(multiply_out)(c, -1, own->policy, others);
    for (int64_t j = 0; j < J; j++) own->mean[j] = kept * own->mean[j] + fresh * others[j];
    for (int64_t i = 0, column = 0, square = 0, after = J; i < c->players; square += c->actions[i] * c->actions[i], column += c->actions[i++]) {
        const int64_t n = c->actions[i], many = NAMED(multiply_out)(c, i, own->policy, others);
        const vec *const policy = own->policy + column, *const reward = own->reward + i * J;
        const vec *const next = later ? later + i * 3 * S : NULL;
        after /= n;
        vec value = splat(0.0), best = splat(0.0), most = splat(-INFINITY);
        for (int64_t a = 0; a < n; a++) {
            if (shared)
                NAMED(three_worths)(1, S, many, after, n, a, others, reward, chance, next, worth + 3 * a);
            else
                NAMED(three_worths)(0, S, many, after, n, a, others, reward, chance, next, worth + 3 * a);
            value += policy[a] * worth[3 * a];
            vec *const fixed = own->fixed + column + a;
            *fixed = kept * *fixed + fresh * worth[3 * a + 2], most = larger(most, *fixed);
        }
        own->value[i] = kept * own->value[i] + fresh * value;
        for (int64_t a = 0, x = square; a < n; a++) {
            vec answered = splat(-INFINITY);
            for (int64_t b = 0; b < n; b++, x++) {
                own->last[x] = policy[a] * worth[3 * b];
                own->sum[x] = shrunk * (own->sum[x] + own->last[x]);
                own->answer[x] = kept * own->answer[x] + fresh * (policy[a] * worth[3 * b + 1]);
                answered = larger(answered, own->answer[x]);
            }
            best += answered;
        }
        deviated[i] = best, deviated[c->players + i] = most;
    }
}

/* The policies of a cell: each action's expert leads, and what stays under them all is played. `room` is for two times the
 * squares, and two times the columns. */
static void NAMED(play_swaps)(const struct swap_ftrl_call *c, const struct NAMED(swaps) *own, vec eta, vec *room) {
    vec *const x = room, *const gap = x + c->squares, *const z = gap + c->squares, *const total = z + c->columns;
    int alike = 1;
    for (int64_t i = 0, column = 0, square = 0; i < c->players; column += c->actions[i++]) {
        alike &= c->actions[i] == c->actions[0];
        for (int64_t a = 0; a < c->actions[i]; a++)
            for (int64_t b = 0; b < c->actions[i]; b++, square++)
                gap[square] = own->inverse[column + b] - eta * (own->sum[square] + own->last[square]);
    }
    if (alike && c->actions[0] == 2)
        NAMED(barrier_leaders)(c->columns, 2, gap, x, z, total);
    else if (alike)
        NAMED(barrier_leaders)(c->columns, c->actions[0], gap, x, z, total);
    for (int64_t i = 0, column = 0, square = 0; i < c->players; column += c->actions[i], square += c->actions[i] * c->actions[i], i++) {
        if (!alike) NAMED(barrier_leaders)(c->actions[i], c->actions[i], gap + square, x + square, z, total);
        NAMED(stay)(c->actions[i], x + square, own->policy + column);
    }
}

static int NAMED(swap_ftrl)(const void *call) {
    const struct swap_ftrl_call *c = call;
    if (!c->iterations) return 0;
    const int64_t H = c->horizon, S = c->states, J = c->joint, N = c->players, C = c->columns, Q = c->squares;
    const int64_t size = N * J + 3 * C + 3 * Q + J + N, cells = H * S, shared = c->kinds == 1, rows = J * S;
    const int64_t chances = H == 1 || shared ? 0 : c->steps * S, square = 2 * (Q + C), worths = J + 3 * C;
    const int64_t sizes[] = {cells * size, chances * rows, 2 * N * S, 3 * N * S, square > worths ? square : worths};
    enum { CELLS, CHANCES, DEVIATED, LATER, ROOM, COUNT };
    void *whole = NULL;
    vec *part[COUNT];
    if (!NAMED(lay_out)(sizes, COUNT, part, &whole)) return -1;
    for (int64_t game = c->share.first; game < c->share.last; game += WIDTH) {
        const int64_t left = c->share.last - game;
        vec eta = splat(0.0);
        gather(c->eta, 1, game, c->games, &eta);
        for (int64_t k = 0; k < cells; k++) {
            const struct NAMED(swaps) own = NAMED(swaps_at)(c, part[CELLS] + k * size);
            NAMED(move_swaps)(c, game, k, &own, 1);
        }
        for (int64_t l = 0; l < WIDTH; l++) {
            const int64_t kind = c->index[game + (l < left ? l : left - 1)];
            for (int64_t row = 0; row < chances; row++) {
                const double *const from = c->transition + ((row / S * c->kinds + kind) * S + row % S) * rows;
                for (int64_t i = 0; i < rows; i++) ((double *)(part[CHANCES] + row * rows + i))[l] = from[i];
            }
        }
        for (int64_t t = c->done + 1; t <= c->done + c->iterations; t++) {
            const double rate = (double)(H + 1) / (double)(H + t), less = (double)t / (double)(H + t);
            for (int64_t h = H - 1; h >= 0; h--) {
                for (int64_t z = 0; z < S && h < H - 1; z++) {
                    const struct NAMED(swaps) next = NAMED(swaps_at)(c, part[CELLS] + ((h + 1) * S + z) * size);
                    for (int64_t i = 0; i < N; i++) {
                        vec *const later = part[LATER] + i * 3 * S + z;
                        later[0] = next.value[i], later[S] = part[DEVIATED][z * 2 * N + i];
                        later[2 * S] = part[DEVIATED][z * 2 * N + N + i];
                    }
                }
                for (int64_t s = 0; s < S; s++) {
                    const struct NAMED(swaps) own = NAMED(swaps_at)(c, part[CELLS] + (h * S + s) * size);
                    const int64_t row = c->steps > 1 ? h * S + s : s;
                    const void *chance = shared ? (const void *)(c->transition + row * rows) : (const void *)(part[CHANCES] + row * rows);
                    NAMED(play_swaps)(c, &own, eta, part[ROOM]);
                    NAMED(meet_swaps)(c, &own, chance, (int)shared, h < H - 1 ? part[LATER] : NULL, rate, less, part[ROOM],
                                      part[DEVIATED] + s * 2 * N);
                }
            }
        }
        for (int64_t k = 0; k < cells; k++) {
            const struct NAMED(swaps) own = NAMED(swaps_at)(c, part[CELLS] + k * size);
            NAMED(move_swaps)(c, game, k, &own, 0);
        }
        for (int64_t l = 0; l < WIDTH && l < left; l++)
            for (int64_t i = 0; i < 2 * N; i++)
                for (int64_t s = 0; s < S; s++)
                    c->deviated[((game + l) * 2 * N + i) * S + s] = ((double *)(part[DEVIATED] + s * 2 * N + i))[l];
    }
    free(whole);
    return 0;
}
