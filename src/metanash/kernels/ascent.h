/* Independent gradient play in discounted games, included by lanes.h for each instruction set.
 *
 * Three learners: projected Q-ascent (equation (7)), softmax policy gradient (section 4.2) and the natural one. A lane is a game. In each
 * iteration every reward tensor and the kernel are contracted with the policies once, to the rewards r_i(s, a_i) and
 * transitions p_i(s, a_i, z) of the decision problem that the others leave to each player. All else follows from
 * these: the values of the joint policy, the averaged Q-functions, and the best responses of the NE-gap.
 *
 * [tensor][trailing] below: joint actions in C order, then `width` numbers that belong to each of them.
 */

/* out[a] = sum over the first action of policy * tensor: one axis contracted from the left. */
static inline void NAMED(contract_first)(int64_t actions, int64_t rest, const vec *restrict tensor,
                                         const vec *restrict policy, vec *restrict out) {
    for (int64_t x = 0; x < rest; x++) out[x] = policy[0] * tensor[x];
    for (int64_t a = 1; a < actions; a++)
        for (int64_t x = 0; x < rest; x++) out[x] += policy[a] * tensor[a * rest + x];
}

/* The same for the last action, with `width` trailing numbers. `out` may be `tensor`: no entry is written before the
 * last time it is read. */
static inline void NAMED(contract_last)(int64_t before, int64_t actions, int64_t width, const vec *tensor,
                                        const vec *restrict policy, vec *out) {
    for (int64_t x = 0; x < before; x++)
        for (int64_t z = 0; z < width; z++) {
            vec sum = policy[0] * tensor[x * actions * width + z];
            for (int64_t a = 1; a < actions; a++) sum += policy[a] * tensor[(x * actions + a) * width + z];
            out[x * width + z] = sum;
        }
}

#define ENTRY vec
#define MARGINALS NAMED(marginals)
#define CONTRACT_FIRST NAMED(contract_first)
#define CONTRACT_LAST NAMED(contract_last)
#include "marginals.h"

/* Euclidean projection of each lane of x onto the simplex. With x sorted downwards the threshold is the
 * largest of (x_1 + ... + x_k - 1) / k over k; the sort is an odd-even network, without branches. */
static inline void NAMED(project)(int64_t actions, vec *restrict x, vec *restrict sorted) {
    const vec one = splat(1.0), zero = splat(0.0);
    if (actions == 2) {
        x[0] = smaller(larger(splat(0.5) * (x[0] - x[1] + one), zero), one);
        x[1] = one - x[0];
        return;
    }
    for (int64_t a = 0; a < actions; a++) sorted[a] = x[a];
    for (int64_t round = 0; round < actions; round++)
        for (int64_t a = round & 1; a + 1 < actions; a += 2) {
            vec high = larger(sorted[a], sorted[a + 1]), low = smaller(sorted[a], sorted[a + 1]);
            sorted[a] = high, sorted[a + 1] = low;
        }
    vec total = splat(-1.0), threshold = splat(-INFINITY);
    for (int64_t a = 0; a < actions; a++) {
        total += sorted[a];
        threshold = larger(threshold, total / splat((double)(a + 1)));
    }
    for (int64_t a = 0; a < actions; a++) x[a] = larger(x[a] - threshold, zero);
}

/* Take from Q-values what all actions earn, in lanes of far steps: the projection does not see it, and the policy, with
 * more than two actions its mass too, would be lost in the rounding of it. */
static void NAMED(level)(int64_t actions, vec step, vec *restrict q) {
    vec top = q[0];
    for (int64_t a = 1; a < actions; a++) top = larger(top, q[a]);
    const vec common = keep_from(step * top, splat(actions == 2 ? FAR_STEP_OF_TWO : FAR_STEP), top);
    for (int64_t a = 0; a < actions; a++) q[a] -= common;
}

/* policy = softmax(logits); a logit of -inf gets probability 0. */
static inline void NAMED(soften)(int64_t actions, const vec *restrict logits, vec *restrict policy) {
    vec top = splat(-INFINITY), total = splat(0.0);
    for (int64_t a = 0; a < actions; a++) top = larger(top, logits[a]);
    for (int64_t a = 0; a < actions; a++) policy[a] = NAMED(exp_of_negative)(logits[a] - top), total += policy[a];
    for (int64_t a = 0; a < actions; a++) policy[a] /= total;
}

/* Solve M V = b for several right-hand sides (rows of v), in place. I - discount P is strictly diagonally dominant by
 * rows, its transpose by columns: elimination without pivoting is stable for both. */
static inline void NAMED(solve)(int64_t n, int64_t sides, vec *restrict m, vec *restrict v) {
    for (int64_t k = 0; k < n; k++) {
        vec inverse = splat(1.0) / m[k * n + k];
        m[k * n + k] = inverse;
        for (int64_t i = k + 1; i < n; i++) {
            vec factor = m[i * n + k] * inverse;
            for (int64_t j = k + 1; j < n; j++) m[i * n + j] -= factor * m[k * n + j];
            for (int64_t side = 0; side < sides; side++) v[side * n + i] -= factor * v[side * n + k];
        }
    }
    for (int64_t side = 0; side < sides; side++)
        for (int64_t i = n - 1; i >= 0; i--) {
            for (int64_t j = i + 1; j < n; j++) v[side * n + i] -= m[i * n + j] * v[side * n + j];
            v[side * n + i] *= m[i * n + i];
        }
}

static inline int NAMED(any)(ivec mask) {
    int64_t found = 0;
    for (int l = 0; l < WIDTH; l++) found |= mask[l];
    return found != 0;
}

/* The decision problem of one player: rewards and discounted transitions, the next action of a state `stride` and
 * `width` entries on, the next state as many times `columns` on. */
struct NAMED(decision) {
    const vec *reward, *transition;
    int64_t states, actions, columns, stride, width;
};

static inline vec NAMED(look_ahead)(const struct NAMED(decision) *d, int64_t s, int64_t a, const vec *value) {
    vec q = d->reward[(s * d->columns + a) * d->stride];
    const vec *p = d->transition + (s * d->columns + a) * d->width;
    for (int64_t z = 0; z < d->states; z++) q += p[z] * value[z];
    return q;
}

/* Policy iteration from the policy `response` (actions as numbers, advanced): optimal values. An action is changed
 * only for more than `improvement`. Lanes that have ended do the same once more, so they keep their bits. */
static inline int NAMED(best_response)(const struct NAMED(decision) *d, vec improvement, vec *restrict response,
                                       int64_t players, vec *restrict value, vec *restrict m) {
    const int64_t S = d->states;
    for (int64_t round = 0; round < MOST_IMPROVEMENTS; round++) {
        for (int64_t s = 0; s < S; s++) {
            vec *row = m + s * S, chosen = response[s * players];
            for (int64_t z = 0; z < S; z++) row[z] = splat(0.0);
            value[s] = splat(0.0);
            for (int64_t a = 0; a < d->actions; a++) {
                ivec here = chosen == splat((double)a);
                const vec *p = d->transition + (s * d->columns + a) * d->width;
                for (int64_t z = 0; z < S; z++) row[z] -= (vec)(here & (ivec)p[z]);
                value[s] += (vec)(here & (ivec)d->reward[(s * d->columns + a) * d->stride]);
            }
            row[s] += splat(1.0);
        }
        NAMED(solve)(S, 1, m, value);
        ivec changed = (ivec)splat(0.0);
        for (int64_t s = 0; s < S; s++) {
            vec best = NAMED(look_ahead)(d, s, 0, value), action = splat(0.0);
            for (int64_t a = 1; a < d->actions; a++) {
                vec q = NAMED(look_ahead)(d, s, a, value);
                ivec higher = q > best;
                best = larger(q, best);
                action = (vec)((higher & (ivec)splat((double)a)) | (~higher & (ivec)action));
            }
            ivec better = best > value[s] + improvement;
            response[s * players] = (vec)((better & (ivec)action) | (~better & (ivec)response[s * players]));
            changed |= better;
        }
        if (!NAMED(any)(changed)) return 0;
    }
    return NOT_CONVERGED;
}

/* Games side by side, a lane each: rewards [rows of players][state][joint] and discounted transitions
 * [state][joint][next state]. A reward common to all players (R = 1) stands behind the transitions of its joint action,
 * so that Z = S + 1 numbers belong to each; else Z = S. */
static inline __attribute__((always_inline)) void NAMED(load_games)(const double *rewards, const double *transitions,
                                                                    const int64_t *index, double discount, int64_t lane,
                                                                    int64_t lanes, const int64_t N, const int64_t S,
                                                                    const int64_t R, const int64_t J, vec *reward,
                                                                    vec *kernel) {
    const int64_t Z = S + (R == 1);
    if (R > 1) gather(rewards, N * S * J, lane, lanes, reward);
    for (int64_t l = 0; l < WIDTH; l++) {
        const int inside = lane + l < lanes;
        const double *chance = inside ? transitions + index[lane + l] * S * J * S : NULL;
        const double *common = inside ? rewards + (lane + l) * R * S * J : NULL;
        for (int64_t row = 0; row < S * J; row++) {
            double *target = (double *)(kernel + row * Z) + l;
            for (int64_t z = 0; z < S; z++) target[z * WIDTH] = inside ? discount * chance[row * S + z] : 0.0;
            if (R == 1) target[S * WIDTH] = inside ? common[row] : 0.0;
        }
    }
}

/* What the others' policies leave to each player: average[state][action of a player][Z], and if R > 1 the rewards
 * own[state][action of a player]. */
static inline __attribute__((always_inline)) void NAMED(average_games)(const int64_t N, const int64_t S, const int64_t R,
                                                                       const int64_t *actions, const int64_t U,
                                                                       const int64_t J, const vec *reward,
                                                                       const vec *kernel, const vec *pi, vec *average,
                                                                       vec *own, vec *right, vec *left) {
    const int64_t Z = S + (R == 1);
    for (int64_t s = 0; s < S; s++) {
        const vec *policy = pi + s * U;
        NAMED(marginals)(N, actions, Z, -1, kernel + s * J * Z, policy, average + s * U * Z, right, left);
        for (int64_t i = 0; i < N && R > 1; i++)
            NAMED(marginals)(N, actions, 1, i, reward + (i * S + s) * J, policy, own + s * U, right, left);
    }
}

/* The system of the values of the joint policy, (I - discount P_pi) V = r_pi, a right-hand side a row of rewards. */
static inline __attribute__((always_inline)) void NAMED(joint_system)(const int64_t S, const int64_t R,
                                                                      const int64_t *actions, const int64_t U,
                                                                      const vec *pi, const vec *average,
                                                                      const vec *rewards, vec *m, vec *v) {
    const int64_t Z = S + (R == 1), stride = R == 1 ? Z : 1;
    for (int64_t s = 0; s < S; s++) {
        for (int64_t z = 0; z < S; z++) {
            vec chance = splat(0.0);
            for (int64_t a = 0; a < actions[0]; a++) chance += pi[s * U + a] * average[(s * U + a) * Z + z];
            m[s * S + z] = splat(z == s ? 1.0 : 0.0) - chance;
        }
        for (int64_t k = 0, u = s * U; k < R; u += actions[k++]) {
            v[k * S + s] = splat(0.0);
            for (int64_t a = 0; a < actions[k]; a++) v[k * S + s] += pi[u + a] * rewards[(u + a) * stride];
        }
    }
}

/* Q-values of each player's actions against the others, [state][action of a player], from the values of the policy. */
static inline __attribute__((always_inline)) void NAMED(averaged_q)(const int64_t N, const int64_t S, const int64_t R,
                                                                    const int64_t *actions, const vec *average,
                                                                    const vec *rewards, const vec *v, vec *q) {
    const int64_t Z = S + (R == 1), stride = R == 1 ? Z : 1;
    for (int64_t s = 0, u = 0; s < S; s++)
        for (int64_t i = 0; i < N; i++)
            for (int64_t a = 0; a < actions[i]; a++, u++) {
                const vec *value = v + (R == 1 ? 0 : i * S);
                q[u] = rewards[u * stride];
                for (int64_t z = 0; z < S; z++) q[u] += average[u * Z + z] * value[z];
            }
}

/* The loop itself. Where it is called with constants the compiler unrolls everything. */
static inline __attribute__((always_inline)) int NAMED(ascent_body)(const struct ascent_call *c, const int64_t N,
                                                                    const int64_t S, const int64_t R,
                                                                    const int64_t *actions, const int64_t U,
                                                                    const int64_t J) {
    const int64_t Z = S + (R == 1); /* a common reward travels with the transitions */
#define PARTS(PART)                                                                                                    \
    PART(KERNEL, S * J * Z)                                                                                            \
    PART(REWARD, R == 1 ? 0 : N * S * J)                                                                               \
    PART(RIGHT, J * Z)                                                                                                 \
    PART(LEFT, 2 * J * Z)                                                                                              \
    PART(AVERAGE, S * U * Z)                                                                                           \
    PART(OWN, S * U)                                                                                                   \
    PART(POLICY, S * U)                                                                                                \
    PART(LOGITS, S * U)                                                                                                \
    PART(Q, S * U)                                                                                                     \
    PART(MATRIX, S * S)                                                                                                \
    PART(SPARE, S * S)                                                                                                 \
    PART(VALUE, R * S)                                                                                                 \
    PART(OCCUPANCY, S)                                                                                                 \
    PART(BEST, S)                                                                                                      \
    PART(RESPONSE, S * N)                                                                                              \
    PART(START, S)                                                                                                     \
    PART(SORTED, U)
    enum { PARTS(PART_NAME) COUNT };
    const int64_t sizes[] = {PARTS(PART_ENTRIES)};
#undef PARTS
    void *whole = NULL;
    vec *part[COUNT];
    if (!NAMED(lay_out)(sizes, COUNT, part, &whole)) return -1;
    vec *const restrict kernel = part[KERNEL], *const restrict reward = part[REWARD], *const restrict average = part[AVERAGE];
    vec *const restrict own = part[OWN], *const restrict pi = part[POLICY], *const restrict theta = part[LOGITS];
    vec *const restrict q = part[Q], *const restrict m = part[MATRIX], *const restrict spare = part[SPARE];
    vec *const restrict v = part[VALUE], *const restrict occupancy = part[OCCUPANCY], *const restrict best = part[BEST];
    vec *const restrict response = part[RESPONSE], *const restrict start = part[START];
    const vec *const rewards = R == 1 ? average + S : own;
    const int64_t stride = R == 1 ? Z : 1;
    const vec improvement = splat(1e-13 / (1.0 - c->discount)), zero = splat(0.0), tie = splat(1e-12);
    const int visits = c->softmax && !c->natural;
    int failed = 0;
    for (int64_t lane = c->share.first; lane < c->share.last && !failed; lane += WIDTH) {
        vec step, least, sum[2];
        gather(c->step, 1, lane, c->lanes, &step);
        const int far = NAMED(any)(step > splat(0.5 * FAR_STEP * (1.0 - c->discount))); /* rewards are at most 1 */
        gather(c->least, 1, lane, c->lanes, &least);
        gather(c->sum_gap, 1, lane, c->lanes, &sum[0]);
        gather(c->sum_gap + c->lanes, 1, lane, c->lanes, &sum[1]);
        gather(c->initial, S, lane, c->lanes, start);
        gather(c->response, S * N, lane, c->lanes, response);
        gather(c->policy, S * U, lane, c->lanes, c->softmax ? theta : pi);
        NAMED(load_games)(c->reward, c->transition, c->index, c->discount, lane, c->lanes, N, S, R, J, reward, kernel);
        for (int64_t t = c->done + 1; t <= c->done + c->iterations && !failed; t++) {
            if (c->softmax)
                for (int64_t s = 0, u = 0; s < S; s++)
                    for (int64_t i = 0; i < N; u += actions[i++]) NAMED(soften)(actions[i], theta + u, pi + u);
            NAMED(average_games)(N, S, R, actions, U, J, reward, kernel, pi, average, own, part[RIGHT], part[LEFT]);
            NAMED(joint_system)(S, R, actions, U, pi, average, rewards, m, v);
            if (visits)
                for (int64_t s = 0; s < S; s++) {
                    occupancy[s] = start[s];
                    for (int64_t z = 0; z < S; z++) spare[z * S + s] = m[s * S + z];
                }
            NAMED(solve)(S, R, m, v);
            if (visits) NAMED(solve)(S, 1, spare, occupancy);
            NAMED(averaged_q)(N, S, R, actions, average, rewards, v, q);
            if (c->measure) {
                vec gap = zero;
                for (int64_t i = 0, offset = 0; i < N; offset += actions[i++]) {
                    const struct NAMED(decision) d = {rewards + offset * stride, average + offset * Z, S, actions[i], U, stride, Z};
                    failed |= NAMED(best_response)(&d, improvement, response + i, N, best, spare);
                    vec gain = zero;
                    for (int64_t s = 0; s < S; s++) gain += start[s] * (best[s] - v[(R == 1 ? 0 : i * S) + s]);
                    gap = larger(gap, gain);
                    for (int64_t s = 0; s < S; s++) {
                        const vec *own_q = q + s * U + offset, *own_pi = pi + s * U + offset;
                        vec top = own_q[0], mass = zero;
                        for (int64_t a = 1; a < actions[i]; a++) top = larger(top, own_q[a]);
                        for (int64_t a = 0; a < actions[i]; a++) mass += keep_from(own_q[a], top - tie, own_pi[a]);
                        least = smaller(least, mass);
                    }
                }
                sum[1] += gap;
                if (t % CHUNK == 0) sum[0] += sum[1], sum[1] = zero;
            }
            for (int64_t s = 0, u = 0; s < S; s++)
                for (int64_t i = 0; i < N; u += actions[i++]) {
                    if (c->natural) { /* visits and policies divided out; the largest logit is put at 0, since they may grow on */
                        const vec rate = step * splat(1.0 / (1.0 - c->discount)), value = v[(R == 1 ? 0 : i * S) + s];
                        vec top = splat(-INFINITY);
                        for (int64_t a = u; a < u + actions[i]; a++) theta[a] += rate * (q[a] - value), top = larger(top, theta[a]);
                        for (int64_t a = u; a < u + actions[i]; a++) theta[a] -= top;
                    } else if (c->softmax) {
                        vec rate = step * occupancy[s], value = v[(R == 1 ? 0 : i * S) + s];
                        for (int64_t a = u; a < u + actions[i]; a++) theta[a] += rate * pi[a] * (q[a] - value);
                    } else {
                        if (far) NAMED(level)(actions[i], step, q + u);
                        for (int64_t a = u; a < u + actions[i]; a++) pi[a] += step * q[a];
                        NAMED(project)(actions[i], pi + u, part[SORTED]);
                    }
                }
        }
        scatter(c->softmax ? theta : pi, S * U, lane, c->lanes, c->policy);
        scatter(response, S * N, lane, c->lanes, c->response);
        scatter(&least, 1, lane, c->lanes, c->least);
        scatter(&sum[0], 1, lane, c->lanes, c->sum_gap);
        scatter(&sum[1], 1, lane, c->lanes, c->sum_gap + c->lanes);
    }
    free(whole);
    return failed;
}

/* Sizes that are met most have a loop of their own. */
static __attribute__((noinline)) int NAMED(ascend)(const struct ascent_call *c) {
    const int64_t *n = c->actions;
    static const int64_t two[] = {2, 2, 2};
    const int pair = c->players == 2 && n[0] == 2 && n[1] == 2;
    const int three = c->players == 3 && n[0] == 2 && n[1] == 2 && n[2] == 2;
    if (pair && c->states == 1 && c->reward_rows == 1) return NAMED(ascent_body)(c, 2, 1, 1, two, 4, 4);
    if (pair && c->states == 1) return NAMED(ascent_body)(c, 2, 1, 2, two, 4, 4);
    if (pair && c->states == 2 && c->reward_rows == 1) return NAMED(ascent_body)(c, 2, 2, 1, two, 4, 4);
    if (pair && c->states == 2) return NAMED(ascent_body)(c, 2, 2, 2, two, 4, 4);
    if (three && c->states == 2 && c->reward_rows == 1) return NAMED(ascent_body)(c, 3, 2, 1, two, 6, 8);
    return NAMED(ascent_body)(c, c->players, c->states, c->reward_rows, n, c->columns, c->joint);
}

/* Gaps of iterations t + 1 to `last` of some lanes that have come to rest: each is that of one more iteration. */
static int NAMED(at_rest)(struct ascent_call *c, int64_t count, int64_t t, int64_t last) {
    double *total = c->sum_gap + c->share.first, *chunk = total + c->lanes, running[WIDTH], gap[WIDTH];
    for (int64_t k = 0; k < count; k++) running[k] = chunk[k], chunk[k] = 0.0;
    c->done = 0;
    c->iterations = 1;
    const int failed = NAMED(ascend)(c);
    for (int64_t k = 0; k < count; k++) gap[k] = chunk[k];
    while (++t <= last) {
        for (int64_t k = 0; k < count; k++) running[k] += gap[k];
        if (t % CHUNK == 0)
            for (int64_t k = 0; k < count; k++) total[k] += running[k], running[k] = 0.0;
    }
    for (int64_t k = 0; k < count; k++) chunk[k] = running[k];
    return failed;
}

/* Lanes are looked at from time to time: where an iteration changes no bit, all that follow do what it did. */
static int NAMED(ascent)(const void *call) {
    const struct ascent_call *c = call;
    const int64_t row = c->states * c->columns, last = c->done + c->iterations;
    double *before = malloc(sizeof(double) * WIDTH * row);
    if (!before) return -1;
    int failed = 0;
    for (int64_t lane = c->share.first; lane < c->share.last && !failed; lane += WIDTH) {
        struct ascent_call some = *c;
        some.share.first = lane;
        if (lane + WIDTH < c->share.last) some.share.last = lane + WIDTH;
        const int64_t count = some.share.last - lane, size = sizeof(double) * count * row;
        int is_same = 0, alone = 0; /* whether the last iterations have changed nothing; whether that was one */
        for (int64_t t = c->done; t < last && !failed; t = some.done + some.iterations) {
            const int64_t looked_at = is_same ? t + 1 : t - t % LOOKED_AT + LOOKED_AT;
            if (is_same && alone) {
                if (c->measure) failed = NAMED(at_rest)(&some, count, t, last);
                break;
            }
            some.done = t;
            some.iterations = (looked_at < last ? looked_at : last) - t;
            memcpy(before, c->policy + lane * row, size);
            failed = NAMED(ascend)(&some);
            is_same = !memcmp(before, c->policy + lane * row, size);
            alone = some.iterations == 1;
        }
    }
    free(before);
    return failed;
}
