/* Exact values of given policies and of best responses to them, included by lanes.h for each instruction set.
 *
 * What is wanted is named by numbers: i < N is the value to player i of the joint policy, N + i that of its best
 * response to the others. Each has its own next values, but all share a pass over the transitions.
 *
 * Small tensors go through vectors whose entries are different states or games; wide ones through vectors along the
 * tensor. Which of the two is decided by the sizes of a game alone, so a game gives the same bits in any batch.
 */

#define WIDE_ACTIONS 16 /* of the last player: from so many on vectors lie along the tensor */
#define WIDE_STATES 8   /* the same for discounted games */
#define MOST_TOGETHER 8192 /* entries of the payoff tables that are made in one pass over the transitions */

/* The products of x with two vectors in one pass, with the bits of `dot`. */
static inline __attribute__((always_inline)) void NAMED(dot_both)(int64_t n, const double *x, const double *a,
                                                                  const double *b, double *out_a, double *out_b) {
    double sum_a = 0.0, sum_b = 0.0;
    int64_t k = 0;
    if (n >= 4) {
        four part_a, part_b;
        if (n >= 8) {
            vec whole_a[RUNNING], whole_b[RUNNING];
            for (int p = 0; p < RUNNING; p++) {
                const vec own = at(x + p * WIDTH);
                whole_a[p] = own * at(a + p * WIDTH), whole_b[p] = own * at(b + p * WIDTH);
            }
            for (k = 8; k + 8 <= n; k += 8)
                for (int p = 0; p < RUNNING; p++) {
                    const vec own = at(x + k + p * WIDTH);
                    whole_a[p] += own * at(a + k + p * WIDTH), whole_b[p] += own * at(b + k + p * WIDTH);
                }
            NAMED(fold)(whole_a, &part_a);
            NAMED(fold)(whole_b, &part_b);
            if (k + 4 <= n) {
                const four own = four_at(x + k);
                part_a += own * four_at(a + k), part_b += own * four_at(b + k), k += 4;
            }
        } else {
            const four own = four_at(x);
            part_a = own * four_at(a), part_b = own * four_at(b), k = 4;
        }
        sum_a = NAMED(total)(part_a), sum_b = NAMED(total)(part_b);
    }
    for (; k < n; k++) sum_a = NAMED(fused)(x[k], a[k], sum_a), sum_b = NAMED(fused)(x[k], b[k], sum_b);
    *out_a = sum_a, *out_b = sum_b;
}

/* y += factor x */
static inline void NAMED(add_scaled)(int64_t n, double factor, const double *x, double *y) {
    const vec f = splat(factor);
    int64_t k = 0;
#pragma GCC unroll 8
    for (; k + WIDTH <= n; k += WIDTH) *(loose *)(y + k) = (loose)(at(y + k) + f * at(x + k));
    for (; k < n; k++) y[k] += factor * x[k];
}

/* contract_first of one game: four rows of the tensor at a time. `out` may be where the first of them is. */
static inline void NAMED(wide_first)(int64_t actions, int64_t rest, const double *tensor, const double *policy,
                                     double *out) {
    int64_t a = 0;
    for (; a + 4 <= actions; a += 4) {
        const double *t0 = tensor + a * rest, *t1 = t0 + rest, *t2 = t1 + rest, *t3 = t2 + rest;
        const double p0 = policy[a], p1 = policy[a + 1], p2 = policy[a + 2], p3 = policy[a + 3];
        int64_t x = 0;
#pragma GCC unroll 8
        for (; x + WIDTH <= rest; x += WIDTH) {
            vec sum = (splat(p0) * at(t0 + x) + splat(p1) * at(t1 + x)) + (splat(p2) * at(t2 + x) + splat(p3) * at(t3 + x));
            if (a) sum += at(out + x);
            *(loose *)(out + x) = (loose)sum;
        }
        for (; x < rest; x++) {
            double sum = (p0 * t0[x] + p1 * t1[x]) + (p2 * t2[x] + p3 * t3[x]);
            out[x] = a ? out[x] + sum : sum;
        }
    }
    if (!a)
        for (int64_t x = 0; x < rest; x++) out[x] = policy[0] * tensor[x];
    for (a += !a; a < actions; a++) NAMED(add_scaled)(rest, policy[a], tensor + a * rest, out);
}

/* contract_last of one game; likewise `out` may be `tensor`. */
static inline void NAMED(wide_last)(int64_t before, int64_t actions, int64_t width, const double *tensor,
                                    const double *policy, double *out) {
    for (int64_t x = 0; x < before; x++) {
        if (width == 1)
            out[x] = NAMED(dot)(actions, tensor + x * actions, policy);
        else
            NAMED(wide_first)(actions, width, tensor + x * actions * width, policy, out + x * width);
    }
}

#define ENTRY double
#define MARGINALS NAMED(wide_marginals)
#define CONTRACT_FIRST NAMED(wide_first)
#define CONTRACT_LAST NAMED(wide_last)
#include "marginals.h"

static inline int64_t NAMED(first_column)(const int64_t *actions, int64_t player) {
    int64_t column = 0;
    for (int64_t i = 0; i < player; i++) column += actions[i];
    return column;
}

/* The policies of all players at one row (a game, step and state), side by side and `stride` numbers apart. */
static inline __attribute__((always_inline)) void NAMED(seat_policies)(const double *const *policy, int64_t row,
                                                                       const int64_t N, const int64_t *actions,
                                                                       int64_t stride, double *out) {
    for (int64_t i = 0; i < N; out += actions[i++] * stride) {
        const double *own = policy[i] + row * actions[i];
        for (int64_t a = 0; a < actions[i]; a++) out[a * stride] = own[a];
    }
}

/* ---- Finite horizon ----------------------------------------------------------------------------- */

/* What is wanted. A table is reward + sign times the expected next value, and the payoff sign times that: a game is
 * zero-sum if its reward is one row for two players. */
struct NAMED(asked) {
    int64_t player, respond, column;
    double sign;
};

static inline struct NAMED(asked) NAMED(ask)(const struct finite_values_call *c, int64_t wanted) {
    const int64_t player = wanted % c->players;
    return (struct NAMED(asked)){.player = player, .respond = wanted >= c->players,
                                 .column = NAMED(first_column)(c->actions, player),
                                 .sign = c->reward_rows == 1 && player == 1 ? -1.0 : 1.0};
}

/* Where a state finds what it needs for the first of the vectors, and how far on it is for the next player or vector.
 * `chance` is its transitions, or NULL; `expected` are next values that somebody else has averaged, or NULL. */
struct NAMED(place) {
    const double *reward, *chance, *next, *expected;
    int64_t players_apart, nexts_apart, expected_apart;
};

static inline __attribute__((always_inline)) struct NAMED(place) NAMED(find)(const struct finite_values_call *c, int64_t game,
                                                                             int64_t h, int64_t s, const int64_t S,
                                                                             const int64_t J) {
    const int64_t H = c->horizon, R = c->reward_rows, V = c->vectors;
    struct NAMED(place) place = {.players_apart = R == 1 ? 0 : H * S * J, .nexts_apart = H * S, .expected_apart = S * J};
    place.reward = c->reward + ((game * R * H + h) * S + s) * J;
    if (h == H - 1) return place;
    place.next = c->value + (game * V * H + h + 1) * S;
    if (c->steps)
        place.chance = c->transition + (((c->steps > 1 ? h : 0) * c->kinds + c->index[game]) * S + s) * J * S;
    else if (c->near < 0)
        place.expected = c->transition + (game * V * S + s) * J;
    else
        place.expected = c->transition + (s - c->near) * V * J, place.expected_apart = J;
    return place;
}

/* Tables of the vectors `first` to `last` in one pass over the transitions of a state, `apart` numbers from one to the
 * next, the entries of a table `stride` numbers apart. */
static inline __attribute__((always_inline)) void NAMED(look_on)(const struct NAMED(asked) *asked, struct NAMED(place) place,
                                                                 int64_t first, int64_t last, const int64_t S,
                                                                 const int64_t J, int64_t stride, int64_t apart, double *q) {
    int64_t v = first;
    for (; place.chance && v + 2 <= last; v += 2, q += 2 * apart) {
        const double *reward_a = place.reward + asked[v].player * place.players_apart, sign_a = asked[v].sign;
        const double *reward_b = place.reward + asked[v + 1].player * place.players_apart, sign_b = asked[v + 1].sign;
        const double *next = place.next + v * place.nexts_apart;
        double next_a, next_b;
        for (int64_t j = 0; j < J; j++) {
            NAMED(dot_both)(S, place.chance + j * S, next, next + place.nexts_apart, &next_a, &next_b);
            q[j * stride] = reward_a[j] + sign_a * next_a, q[apart + j * stride] = reward_b[j] + sign_b * next_b;
        }
    }
    for (; v < last; v++, q += apart) {
        const double *reward = place.reward + asked[v].player * place.players_apart, sign = asked[v].sign;
        const double *next = place.next + v * place.nexts_apart, *expected = place.expected + v * place.expected_apart;
        if (place.chance)
            for (int64_t j = 0; j < J; j++) q[j * stride] = reward[j] + sign * NAMED(dot)(S, place.chance + j * S, next);
        else if (place.expected)
            for (int64_t j = 0; j < J; j++) q[j * stride] = reward[j] + sign * expected[j];
        else
            for (int64_t j = 0; j < J; j++) q[j * stride] = reward[j];
    }
}

/* A vector of lanes, states of games at step h: `count` from `first` on; where the values of the first vector go. */
struct NAMED(lanes) {
    int64_t count, game[WIDTH], state[WIDTH], row[WIDTH], target[WIDTH];
};

static inline __attribute__((always_inline)) void NAMED(line_up)(const struct finite_values_call *c, int64_t h, int64_t first,
                                                                 int64_t last, const int64_t S,
                                                                 struct NAMED(lanes) *lanes) {
    lanes->count = last - first < WIDTH ? last - first : WIDTH;
    int64_t game = first / S, state = first % S;
    for (int l = 0; l < WIDTH; l++) {
        lanes->game[l] = game, lanes->state[l] = state, lanes->row[l] = (game * c->horizon + h) * S + state;
        lanes->target[l] = (game * c->vectors * c->horizon + h) * S + state;
        if (++state == S) game++, state = 0;
    }
}

/* Entries of the work space of finite_block and finite_state: policies of all players, averaged payoffs of their actions,
 * what averaging takes (`right`, `left`), and the payoff tables that are made in one pass. */
static inline int64_t NAMED(tables_size)(int64_t U, int64_t J, int64_t together) { return 2 * U + 3 * J + together * J; }

/* `filled`: the tables of all vectors, if somebody has made them. */
static inline __attribute__((always_inline)) void NAMED(finite_block)(
    const struct finite_values_call *c, int64_t h, int64_t first, int64_t last, int64_t together, const struct NAMED(asked) *asked,
    vec *work, const vec *filled, const int64_t N, const int64_t S, const int64_t *actions, const int64_t U, const int64_t J) {
    const int64_t H = c->horizon, V = c->vectors;
    const int64_t same = h == H - 1 && c->reward_rows == 1; /* one table for all */
    vec *pi = work, *own = pi + U, *right = own + U, *left = right + J, *made = left + 2 * J;
    struct NAMED(lanes) lanes;
    NAMED(line_up)(c, h, first, last, S, &lanes);
    for (int64_t l = 0; l < lanes.count; l++)
        NAMED(seat_policies)(c->policy, lanes.row[l], N, actions, WIDTH, (double *)pi + l);
    for (int64_t start = 0; start < V; start += together) {
        const int64_t end = V - start < together ? V : start + together;
        const vec *q = filled ? filled + start * J : made;
        for (int64_t l = 0; l < lanes.count && !filled; l++)
            NAMED(look_on)(asked, NAMED(find)(c, lanes.game[l], h, lanes.state[l], S, J), start, same ? start + 1 : end, S, J, WIDTH,
                           J * WIDTH, (double *)made + l);
        for (int64_t v = start; v < end; v++) {
            const int64_t u = asked[v].column, n = actions[asked[v].player];
            const vec sign = splat(asked[v].sign);
            NAMED(marginals)(N, actions, 1, asked[v].player, q + (same ? 0 : (v - start) * J), pi, own, right, left);
            vec found = sign * own[u];
            if (asked[v].respond)
                for (int64_t a = u + 1; a < u + n; a++) found = larger(found, sign * own[a]);
            else {
                found *= pi[u];
                for (int64_t a = u + 1; a < u + n; a++) found += pi[a] * (sign * own[a]);
            }
            for (int64_t l = 0; l < lanes.count; l++) c->value[lanes.target[l] + v * H * S] = ((double *)&found)[l];
        }
    }
}

/* A state of a game with vectors along its tables. The last step looks at no next value: its table are the rewards. */
static inline __attribute__((always_inline)) void NAMED(finite_state)(const struct finite_values_call *c, int64_t h, int64_t game, int64_t s,
                                       int64_t together, const struct NAMED(asked) *asked, double *work) {
    const int64_t H = c->horizon, V = c->vectors, N = c->players, S = c->states, U = c->columns, J = c->joint;
    const struct NAMED(place) place = NAMED(find)(c, game, h, s, S, J);
    double *pi = work, *own = pi + U, *right = own + U, *left = right + J, *q = left + 2 * J;
    NAMED(seat_policies)(c->policy, (game * H + h) * S + s, N, c->actions, 1, pi);
    for (int64_t start = 0; start < V; start += together) {
        const int64_t end = V - start < together ? V : start + together;
        if (h < H - 1) NAMED(look_on)(asked, place, start, end, S, J, 1, J, q);
        for (int64_t v = start; v < end; v++) {
            const int64_t i = asked[v].player, u = asked[v].column;
            const double sign = asked[v].sign;
            const double *table = h < H - 1 ? q + (v - start) * J : place.reward + i * place.players_apart;
            NAMED(wide_marginals)(N, c->actions, 1, i, table, pi, own, right, left);
            double found = asked[v].respond ? sign * own[u] : sign * NAMED(dot)(c->actions[i], pi + u, own + u);
            for (int64_t a = u + 1; a < u + c->actions[i] && asked[v].respond; a++)
                found = sign * own[a] > found ? sign * own[a] : found;
            c->value[((game * V + v) * H + h) * S + s] = found;
        }
    }
}

static inline __attribute__((always_inline)) int NAMED(finite_body)(const struct finite_values_call *c, const int64_t N,
                                                                    const int64_t S, const int64_t *actions,
                                                                    const int64_t U, const int64_t J) {
    const int64_t H = c->horizon, V = c->vectors, most = MOST_TOGETHER / J + 1, together = V < most ? V : most;
    const int wide = actions[N - 1] >= WIDE_ACTIONS;
    const size_t entries = (size_t)NAMED(tables_size)(U, J, together);
    void *whole = NULL;
    double *work = aligned_vectors(entries * (wide ? sizeof(double) : sizeof(vec)), &whole);
    struct NAMED(asked) *asked = malloc((size_t)V * sizeof *asked);
    if (!work || !asked) {
        free(whole), free(asked);
        return -1;
    }
    if (!wide) memset(work, 0, entries * sizeof(vec)); /* lanes that no state fills are zero */
    for (int64_t v = 0; v < V; v++) asked[v] = NAMED(ask)(c, c->wanted[v]);
    for (int64_t h = c->steps ? H - 1 : c->step; h >= (c->steps ? 0 : c->step); h--) {
        if (wide)
            for (int64_t game = c->share.first; game < c->share.last; game++)
                for (int64_t s = 0; s < S; s++) NAMED(finite_state)(c, h, game, s, together, asked, work);
        else
            for (int64_t lane = c->share.first * S; lane < c->share.last * S; lane += WIDTH)
                NAMED(finite_block)(c, h, lane, c->share.last * S, together, asked, (vec *)work, NULL, N, S,
                                    actions, U, J);
    }
    for (int64_t game = c->share.first; game < c->share.last && (c->steps || !c->step); game++)
        for (int64_t v = 0; v < V; v++)
            c->start[game * V + v] = NAMED(dot)(S, c->initial + game * S, c->value + (game * V + v) * H * S);
    free(whole), free(asked);
    return 0;
}

/* The size that is met most has a loop of its own. */
static int NAMED(finite_values)(const void *call) {
    const struct finite_values_call *c = call;
    static const int64_t two[] = {2, 2};
    if (c->players == 2 && c->states == 2 && c->actions[0] == 2 && c->actions[1] == 2)
        return NAMED(finite_body)(c, 2, 2, two, 4, 4);
    return NAMED(finite_body)(c, c->players, c->states, c->actions, c->columns, c->joint);
}

/* ---- Correlated policies ------------------------------------------------------------------------ */

/* Payoff of each own action while the others follow a joint distribution without it. */
static inline void NAMED(against_joint)(int64_t before, int64_t own, int64_t after, const vec *restrict q,
                                        const vec *restrict weight, vec *restrict g) {
    for (int64_t a = 0; a < own; a++) g[a] = splat(0.0);
    for (int64_t b = 0; b < before; b++, q += own * after, weight += own * after)
        for (int64_t x = 0; x < after; x++) {
            vec mass = weight[x];
            for (int64_t a = 1; a < own; a++) mass += weight[a * after + x];
            for (int64_t a = 0; a < own; a++) g[a] += mass * q[a * after + x];
        }
}

/* Lanes as in finite_block; the next values are given, and all steps are gone through alike. */
static void NAMED(correlated_block)(const struct finite_values_call *c, const double *weights, double *after, int64_t h,
                                    int64_t first, int64_t last, int64_t together, const struct NAMED(asked) *asked,
                                    vec *work) {
    const int64_t H = c->horizon, S = c->states, V = c->vectors, U = c->columns, J = c->joint;
    vec *weight = work, *own = weight + J, *q = own + U;
    struct NAMED(lanes) lanes;
    NAMED(line_up)(c, h, first, last, S, &lanes);
    for (int64_t l = 0; l < lanes.count; l++)
        for (int64_t j = 0; j < J; j++) ((double *)weight)[j * WIDTH + l] = weights[lanes.row[l] * J + j];
    for (int64_t start = 0; start < V; start += together) {
        const int64_t end = V - start < together ? V : start + together;
        for (int64_t l = 0; l < lanes.count; l++)
            NAMED(look_on)(asked, NAMED(find)(c, lanes.game[l], h, lanes.state[l], S, J), start, end, S, J, WIDTH, J * WIDTH,
                           (double *)q + l);
        for (int64_t v = start; v < end; v++) {
            const vec *table = q + (v - start) * J;
            vec found = weight[0] * table[0];
            if (asked[v].respond) {
                int64_t before = 1;
                for (int64_t k = 0; k < asked[v].player; k++) before *= c->actions[k];
                const int64_t n = c->actions[asked[v].player];
                NAMED(against_joint)(before, n, J / (before * n), table, weight, own);
                found = own[0];
                for (int64_t a = 1; a < n; a++) found = larger(found, own[a]);
            } else {
                for (int64_t j = 1; j < J; j++) found += weight[j] * table[j];
            }
            for (int64_t l = 0; l < lanes.count; l++) after[lanes.target[l] + v * H * S] = ((double *)&found)[l];
        }
    }
}

/* Everything that finite_values can be asked for, with the values of the stage before as next values. */
static int NAMED(correlated_values)(const void *call) {
    const struct correlated_values_call *given = call;
    const struct finite_values_call f = {
        .games = given->games,
        .players = given->players,
        .horizon = given->horizon,
        .states = given->states,
        .joint = given->joint,
        .columns = given->columns,
        .reward_rows = given->players,
        .kinds = given->kinds,
        .steps = given->steps,
        .vectors = 2 * given->players,
        .reward = given->reward,
        .transition = given->transition,
        .index = given->index,
        .actions = given->actions,
        .value = (double *)given->before, /* only read */
        .near = -1,
    }, *c = &f;
    const int64_t S = c->states, J = c->joint, V = c->vectors;
    const int64_t most = MOST_TOGETHER / J + 1, together = V < most ? V : most;
    const int64_t start = given->steps ? 0 : given->step, stop = given->steps ? given->horizon : given->step + 1;
    const size_t entries = (size_t)(J + c->columns + together * J); /* as correlated_block lays it out */
    void *whole = NULL;
    vec *work = aligned_vectors(entries * sizeof(vec), &whole);
    struct NAMED(asked) *asked = malloc((size_t)V * sizeof *asked);
    if (!work || !asked) {
        free(whole), free(asked);
        return -1;
    }
    memset(work, 0, entries * sizeof(vec)); /* lanes that no state fills are zero */
    for (int64_t v = 0; v < V; v++) asked[v] = NAMED(ask)(c, v);
    for (int64_t h = start; h < stop; h++)
        for (int64_t lane = given->share.first * S; lane < given->share.last * S; lane += WIDTH)
            NAMED(correlated_block)(c, given->weights, given->after, h, lane, given->share.last * S, together, asked, work);
    free(whole), free(asked);
    return 0;
}

/* ---- Discounted --------------------------------------------------------------------------------- */

/* Where policy iteration starts: the actions of one player with the largest Q-values. */
static inline void NAMED(greedy)(int64_t states, int64_t actions, int64_t columns, const vec *q, vec *response) {
    for (int64_t s = 0; s < states; s++) {
        vec best = q[s * columns], action = splat(0.0);
        for (int64_t a = 1; a < actions; a++) {
            const ivec higher = q[s * columns + a] > best;
            best = larger(best, q[s * columns + a]);
            action = (vec)((higher & (ivec)splat((double)a)) | (~higher & (ivec)action));
        }
        response[s] = action;
    }
}

/* A lane is a game, as in ascent. */
static inline __attribute__((always_inline)) int NAMED(discounted_body)(const struct discounted_values_call *c, const int64_t N,
                                                                        const int64_t S, const int64_t R,
                                                                        const int64_t *actions, const int64_t U,
                                                                        const int64_t J) {
    const int64_t Z = S + (R == 1), V = c->vectors;
#define PARTS(PART)                                                                                                    \
    PART(KERNEL, S * J * Z)                                                                                            \
    PART(REWARD, R == 1 ? 0 : N * S * J)                                                                               \
    PART(RIGHT, J * Z)                                                                                                 \
    PART(LEFT, 2 * J * Z)                                                                                              \
    PART(AVERAGE, S * U * Z)                                                                                           \
    PART(OWN, S * U)                                                                                                   \
    PART(POLICY, S * U)                                                                                                \
    PART(Q, S * U)                                                                                                     \
    PART(MATRIX, S * S)                                                                                                \
    PART(SPARE, S * S)                                                                                                 \
    PART(VALUE, R * S)                                                                                                 \
    PART(BEST, S)                                                                                                      \
    PART(RESPONSE, S)                                                                                                  \
    PART(START, S)
    enum { PARTS(PART_NAME) COUNT };
    const int64_t sizes[] = {PARTS(PART_ENTRIES)};
#undef PARTS
    void *whole = NULL;
    vec *part[COUNT];
    if (!NAMED(lay_out)(sizes, COUNT, part, &whole)) return -1;
    const vec *const rewards = R == 1 ? part[AVERAGE] + S : part[OWN];
    const int64_t stride = R == 1 ? Z : 1;
    const vec improvement = splat(1e-13 / (1.0 - c->discount));
    int failed = 0;
    for (int64_t lane = c->share.first; lane < c->share.last && !failed; lane += WIDTH) {
        NAMED(load_games)(c->reward, c->transition, c->index, c->discount, lane, c->games, N, S, R, J, part[REWARD], part[KERNEL]);
        for (int64_t l = 0; l < WIDTH; l++)
            for (int64_t s = 0; s < S; s++) /* past the last game, its policy again */
                NAMED(seat_policies)(c->policy, (lane + l < c->games ? lane + l : c->games - 1) * S + s, N, actions, WIDTH,
                                     (double *)(part[POLICY] + s * U) + l);
        gather(c->initial, S, lane, c->games, part[START]);
        NAMED(average_games)(N, S, R, actions, U, J, part[REWARD], part[KERNEL], part[POLICY], part[AVERAGE], part[OWN],
                             part[RIGHT], part[LEFT]);
        NAMED(joint_system)(S, R, actions, U, part[POLICY], part[AVERAGE], rewards, part[MATRIX], part[VALUE]);
        NAMED(solve)(S, R, part[MATRIX], part[VALUE]);
        NAMED(averaged_q)(N, S, R, actions, part[AVERAGE], rewards, part[VALUE], part[Q]);
        for (int64_t v = 0; v < V && !failed; v++) {
            const int64_t i = c->wanted[v] % N, offset = NAMED(first_column)(actions, i);
            const vec *found = part[VALUE] + (R == 1 ? 0 : i * S);
            if (c->wanted[v] >= N) {
                const struct NAMED(decision) d = {rewards + offset * stride, part[AVERAGE] + offset * Z, S, actions[i], U, stride, Z};
                NAMED(greedy)(S, actions[i], U, part[Q] + offset, part[RESPONSE]);
                failed = NAMED(best_response)(&d, improvement, part[RESPONSE], 1, part[BEST], part[SPARE]);
                found = part[BEST];
            }
            vec first = splat(0.0);
            for (int64_t s = 0; s < S; s++) first += part[START][s] * found[s];
            for (int64_t l = 0; l < WIDTH && lane + l < c->games; l++) {
                c->start[(lane + l) * V + v] = ((double *)&first)[l];
                for (int64_t s = 0; s < S; s++)
                    c->value[((lane + l) * V + v) * S + s] = ((const double *)found)[s * WIDTH + l];
            }
        }
    }
    free(whole);
    return failed;
}

/* Solve M V = b for several right-hand sides (rows of v), in place and without pivoting, as solve does. */
static inline void NAMED(wide_solve)(int64_t n, int64_t sides, double *m, double *v) {
    for (int64_t k = 0; k < n; k++) {
        const double inverse = 1.0 / m[k * n + k];
        for (int64_t i = k + 1; i < n; i++) {
            const double factor = m[i * n + k] * inverse;
            if (factor == 0.0) continue;
            NAMED(add_scaled)(n - k - 1, -factor, m + k * n + k + 1, m + i * n + k + 1);
            for (int64_t side = 0; side < sides; side++) v[side * n + i] -= factor * v[side * n + k];
        }
        m[k * n + k] = inverse;
    }
    for (int64_t side = 0; side < sides; side++)
        for (int64_t i = n - 1; i >= 0; i--)
            v[side * n + i] = (v[side * n + i] - NAMED(dot)(n - i - 1, m + i * n + i + 1, v + side * n + i + 1)) * m[i * n + i];
}

/* The decision problem of one player in one game: rewards and discounted transitions of its actions, those of a state
 * `columns` after those of the one before. */
struct NAMED(wide_decision) {
    const double *reward, *chance;
    int64_t states, actions, columns;
};

/* The action of largest reward plus expected next value, and what it is worth. */
static inline int64_t NAMED(best_action)(const struct NAMED(wide_decision) *d, int64_t s, const double *value,
                                         double *best) {
    int64_t action = 0;
    *best = -INFINITY;
    for (int64_t a = 0; a < d->actions; a++) {
        const int64_t u = s * d->columns + a;
        const double q = d->reward[u] + NAMED(dot)(d->states, d->chance + u * d->states, value);
        if (q > *best) *best = q, action = a;
    }
    return action;
}

/* Policy iteration from the actions that are best against the values of `start`; optimal values to `value`. */
static int NAMED(wide_response)(const struct NAMED(wide_decision) *d, double improvement, const double *start,
                                int64_t *response, double *value, double *m) {
    const int64_t S = d->states;
    double best;
    for (int64_t s = 0; s < S; s++) response[s] = NAMED(best_action)(d, s, start, &best);
    for (int64_t round = 0; round < MOST_IMPROVEMENTS; round++) {
        for (int64_t s = 0; s < S; s++) {
            const int64_t u = s * d->columns + response[s];
            for (int64_t z = 0; z < S; z++) m[s * S + z] = -d->chance[u * S + z];
            m[s * S + s] += 1.0;
            value[s] = d->reward[u];
        }
        NAMED(wide_solve)(S, 1, m, value);
        int changed = 0;
        for (int64_t s = 0; s < S; s++) {
            const int64_t action = NAMED(best_action)(d, s, value, &best);
            if (best > value[s] + improvement) response[s] = action, changed = 1;
        }
        if (!changed) return 0;
    }
    return NOT_CONVERGED;
}

/* One game after the other, with vectors along next states. */
static int NAMED(discounted_wide)(const struct discounted_values_call *c) {
    const int64_t N = c->players, S = c->states, R = c->reward_rows, U = c->columns, J = c->joint, V = c->vectors;
#define PARTS(PART)                                                                                                    \
    PART(AVERAGE, S * U * S)                                                                                           \
    PART(OWN, S * U)                                                                                                   \
    PART(RIGHT, J * S)                                                                                                 \
    PART(LEFT, 2 * J * S)                                                                                              \
    PART(MATRIX, S * S)                                                                                                \
    PART(VALUE, R * S)                                                                                                 \
    PART(BEST, S)                                                                                                      \
    PART(RESPONSE, S)                                                                                                  \
    PART(POLICY, U)
    enum { PARTS(PART_NAME) COUNT };
    const int64_t sizes[] = {PARTS(PART_ENTRIES)};
#undef PARTS
    size_t total = 0;
    for (int k = 0; k < COUNT; k++) total += (size_t)sizes[k];
    void *whole = NULL;
    double *work = aligned_vectors(total * sizeof(double), &whole), *part[COUNT];
    if (!work) return -1;
    part[0] = work;
    for (int k = 1; k < COUNT; k++) part[k] = part[k - 1] + sizes[k - 1];
    double *const average = part[AVERAGE], *const own = part[OWN], *const m = part[MATRIX];
    const double improvement = 1e-13 / (1.0 - c->discount);
    int failed = 0;
    for (int64_t game = c->share.first; game < c->share.last && !failed; game++) {
        const double *kernel = c->transition + c->index[game] * S * J * S, *policy = part[POLICY];
        for (int64_t s = 0; s < S; s++) {
            const double *reward = c->reward + (game * R * S + s) * J;
            NAMED(seat_policies)(c->policy, game * S + s, N, c->actions, 1, part[POLICY]);
            NAMED(wide_marginals)(N, c->actions, S, -1, kernel + s * J * S, policy, average + s * U * S, part[RIGHT], part[LEFT]);
            if (R == 1) NAMED(wide_marginals)(N, c->actions, 1, -1, reward, policy, own + s * U, part[RIGHT], part[LEFT]);
            for (int64_t i = 0; i < N && R > 1; i++)
                NAMED(wide_marginals)(N, c->actions, 1, i, reward + i * S * J, policy, own + s * U, part[RIGHT], part[LEFT]);
            for (int64_t u = s * U * S; u < (s + 1) * U * S; u++) average[u] *= c->discount;
            NAMED(wide_first)(c->actions[0], S, average + s * U * S, policy, m + s * S);
            for (int64_t z = 0; z < S; z++) m[s * S + z] = (z == s ? 1.0 : 0.0) - m[s * S + z];
            for (int64_t k = 0, u = 0; k < R; u += c->actions[k++])
                part[VALUE][k * S + s] = NAMED(dot)(c->actions[k], policy + u, own + s * U + u);
        }
        NAMED(wide_solve)(S, R, m, part[VALUE]);
        for (int64_t v = 0; v < V && !failed; v++) {
            const int64_t i = c->wanted[v] % N, offset = NAMED(first_column)(c->actions, i);
            const struct NAMED(wide_decision) d = {own + offset, average + offset * S, S, c->actions[i], U};
            const double *found = part[VALUE] + (R == 1 ? 0 : i * S);
            if (c->wanted[v] >= N) {
                failed = NAMED(wide_response)(&d, improvement, found, (int64_t *)part[RESPONSE], part[BEST], m);
                found = part[BEST];
            }
            memcpy(c->value + (game * V + v) * S, found, (size_t)S * sizeof(double));
            c->start[game * V + v] = NAMED(dot)(S, c->initial + game * S, found);
        }
    }
    free(whole);
    return failed;
}

/* Sizes that are met most have a loop of their own. */
static int NAMED(discounted_values)(const void *call) {
    const struct discounted_values_call *c = call;
    const int64_t *n = c->actions;
    static const int64_t two[] = {2, 2};
    if (c->states >= WIDE_STATES) return NAMED(discounted_wide)(c);
    if (c->players == 2 && n[0] == 2 && n[1] == 2 && c->states == 2 && c->reward_rows == 1)
        return NAMED(discounted_body)(c, 2, 2, 1, two, 4, 4);
    return NAMED(discounted_body)(c, c->players, c->states, c->reward_rows, n, c->columns, c->joint);
}

/* ---- Distributions ------------------------------------------------------------------------------ */

/* Number of the first row that is no distribution, or -1: an entry below zero or none at all, or another mass. */
static int NAMED(off_simplex)(const void *call) {
    const struct off_simplex_call *c = call;
    *c->found = -1;
    for (int64_t row = 0; row < c->rows; row++) {
        const int64_t columns = c->columns;
        const double *x = c->array + row * columns;
        double mass = 0.0;
        int64_t k = 0, good = 1;
        if (columns >= 8) {
            vec sum[RUNNING];
            ivec right = splat(0.0) == splat(0.0);
            for (int p = 0; p < RUNNING; p++) sum[p] = splat(0.0);
            for (; k + 8 <= columns; k += 8)
                for (int p = 0; p < RUNNING; p++)
                    sum[p] += at(x + k + p * WIDTH), right &= at(x + k + p * WIDTH) >= splat(0.0);
            for (int l = 0; l < 8; l++) mass += ((const double *)sum)[l];
            for (int l = 0; l < WIDTH; l++) good &= right[l] != 0;
        }
        for (; k < columns; k++) mass += x[k], good &= x[k] >= 0.0;
        if (!good || !(fabs(mass - 1.0) <= c->tolerance)) {
            *c->found = row;
            break;
        }
    }
    return 0;
}

#undef WIDE_STATES
