/* Exact MAML on softmax policies, included by lanes.h for each instruction set: values after inner ascent and their
 * gradients with respect to the start (Mao et al. 2023, section 4.2, equations (9) and (10)).
 *
 * A lane is a game of a row; the lanes of a row share the logits. On the way forward everything that the way back
 * needs is kept of each inner iterate, WIDTH lanes at a time. The way back multiplies by I + step Hessian, at the last
 * but one iterate first. The formulas are those of points.py.
 */

/* What is known at one iterate. `system` holds the factors of I - discount P_pi. */
struct NAMED(iterate) {
    vec *pi, *joint, *advantage, *system, *visits;
};

/* What stays the same on the way: rewards [state][joint], discounted transitions [state][joint][next state]. */
struct NAMED(model) {
    const vec *reward, *chance, *initial;
};

/* As soften, which takes one exponential more where there are two actions. */
static inline void NAMED(soften_finite)(int64_t actions, const vec *restrict logits, vec *restrict policy) {
    if (actions != 2) {
        NAMED(soften)(actions, logits, policy);
        return;
    }
    const vec difference = logits[1] - logits[0];
    const vec rest = NAMED(exp_of_negative)(smaller(difference, -difference));
    const vec likely = splat(1.0) / (splat(1.0) + rest), other = rest * likely;
    const ivec second = difference > splat(0.0);
    policy[0] = (vec)((second & (ivec)other) | (~second & (ivec)likely));
    policy[1] = (vec)((second & (ivec)likely) | (~second & (ivec)other));
}

/* out[a] = product, or sum, of the players' own entries at the joint action a. Filled from the back, in place. */
static inline __attribute__((always_inline)) void NAMED(combine)(const int64_t N, const int64_t *actions, const int sum,
                                                                 const vec *restrict own, vec *restrict out) {
    if (N == 2) { /* the same, where the compiler sees through it */
        for (int64_t b = 0; b < actions[0]; b++)
            for (int64_t a = 0; a < actions[1]; a++) {
                const vec left = own[b], right = own[actions[0] + a];
                out[b * actions[1] + a] = sum ? left + right : left * right;
            }
        return;
    }
    int64_t before = actions[0];
    for (int64_t a = 0; a < actions[0]; a++) out[a] = own[a];
    own += actions[0];
    for (int64_t i = 1; i < N; before *= actions[i], own += actions[i++])
        for (int64_t b = before - 1; b >= 0; b--) {
            const vec left = out[b];
            for (int64_t a = actions[i] - 1; a >= 0; a--) out[b * actions[i] + a] = sum ? left + own[a] : left * own[a];
        }
}

/* own[u] += scale * (sum of the table over all joint actions with that action). */
static inline __attribute__((always_inline)) void NAMED(add_marginals)(const int64_t N, const int64_t *actions,
                                                                       const int64_t J, vec scale,
                                                                       const vec *restrict table, vec *restrict own) {
    if (N == 2) {
        const int64_t rows = actions[0], columns = actions[1];
        for (int64_t a = 0; a < rows; a++) {
            vec total = table[a * columns];
            for (int64_t b = 1; b < columns; b++) total += table[a * columns + b];
            own[a] += scale * total;
        }
        for (int64_t b = 0; b < columns; b++) {
            vec total = table[b];
            for (int64_t a = 1; a < rows; a++) total += table[a * columns + b];
            own[rows + b] += scale * total;
        }
        return;
    }
    int64_t before = 1, after = J;
    for (int64_t i = 0; i < N; before *= actions[i], own += actions[i++]) {
        after /= actions[i];
        for (int64_t a = 0; a < actions[i]; a++) {
            vec total = splat(0.0);
            for (int64_t b = 0; b < before; b++)
                for (int64_t c = 0; c < after; c++) total += table[(b * actions[i] + a) * after + c];
            own[a] += scale * total;
        }
    }
}

/* Elimination in place, without pivots as in solve: inverse pivots on the diagonal, what was eliminated below it. */
static inline void NAMED(factor)(int64_t n, vec *restrict m) {
    for (int64_t k = 0; k < n; k++) {
        const vec inverse = splat(1.0) / m[k * n + k];
        m[k * n + k] = inverse;
        for (int64_t i = k + 1; i < n; i++) {
            const vec factor = m[i * n + k] * inverse;
            for (int64_t j = k + 1; j < n; j++) m[i * n + j] -= factor * m[k * n + j];
        }
    }
}

/* Solve M x = v in place. */
static inline void NAMED(solve_factored)(int64_t n, const vec *restrict m, vec *restrict v) {
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = k + 1; i < n; i++) v[i] -= m[i * n + k] * (m[k * n + k] * v[k]);
    for (int64_t i = n - 1; i >= 0; i--) {
        for (int64_t j = i + 1; j < n; j++) v[i] -= m[i * n + j] * v[j];
        v[i] *= m[i * n + i];
    }
}

/* Solve x M = v in place. */
static inline void NAMED(solve_transposed)(int64_t n, const vec *restrict m, vec *restrict v) {
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = 0; k < i; k++) v[i] -= m[k * n + i] * v[k];
        v[i] *= m[i * n + i];
    }
    for (int64_t k = n - 1; k >= 0; k--) {
        vec below = splat(0.0);
        for (int64_t i = k + 1; i < n; i++) below += m[i * n + k] * v[i];
        v[k] -= m[k * n + k] * below;
    }
}

/* sum of p[z] v[z] */
static inline vec NAMED(mean)(int64_t states, const vec *restrict p, const vec *restrict v) {
    vec total = splat(0.0);
    for (int64_t z = 0; z < states; z++) total += p[z] * v[z];
    return total;
}

/* Everything at the iterate `theta`, and its value. */
static inline __attribute__((always_inline)) vec NAMED(evaluate)(const struct NAMED(model) *model,
                                                                 const struct NAMED(iterate) *x, const int64_t N,
                                                                 const int64_t S, const int64_t *actions,
                                                                 const int64_t U, const int64_t J,
                                                                 const vec *restrict theta, vec *restrict value) {
    vec total = splat(0.0);
    for (int64_t s = 0; s < S; s++) {
        for (int64_t i = 0, u = s * U; i < N; u += actions[i++]) NAMED(soften_finite)(actions[i], theta + u, x->pi + u);
        NAMED(combine)(N, actions, 0, x->pi + s * U, x->joint + s * J);
        vec *restrict row = x->system + s * S;
        for (int64_t z = 0; z < S; z++) row[z] = splat(z == s ? 1.0 : 0.0);
        vec earned = splat(0.0);
        for (int64_t a = s * J; a < (s + 1) * J; a++) {
            earned += x->joint[a] * model->reward[a];
            for (int64_t z = 0; z < S; z++) row[z] -= x->joint[a] * model->chance[a * S + z];
        }
        value[s] = earned;
        x->visits[s] = model->initial[s];
    }
    NAMED(factor)(S, x->system);
    NAMED(solve_factored)(S, x->system, value);
    NAMED(solve_transposed)(S, x->system, x->visits);
    for (int64_t s = 0; s < S; s++) {
        total += model->initial[s] * value[s];
        for (int64_t a = s * J; a < (s + 1) * J; a++)
            x->advantage[a] = (model->reward[a] - value[s]) + NAMED(mean)(S, model->chance + a * S, value);
    }
    return total;
}

/* out += scale * gradient at x. */
static inline __attribute__((always_inline)) void NAMED(add_gradient)(const struct NAMED(iterate) *x, const int64_t N,
                                                                      const int64_t S, const int64_t *actions,
                                                                      const int64_t U, const int64_t J, vec scale,
                                                                      vec *restrict table, vec *restrict out) {
    for (int64_t s = 0; s < S; s++) {
        for (int64_t a = 0; a < J; a++) table[a] = x->joint[s * J + a] * x->advantage[s * J + a];
        NAMED(add_marginals)(N, actions, J, scale * x->visits[s], table, out + s * U);
    }
}

/* out += scale * Hessian at x times out. */
static inline __attribute__((always_inline)) void NAMED(add_curved)(const struct NAMED(model) *model,
                                                                    const struct NAMED(iterate) *x, const int64_t N,
                                                                    const int64_t S, const int64_t *actions,
                                                                    const int64_t U, const int64_t J, vec scale,
                                                                    vec *restrict tilt, vec *restrict value,
                                                                    vec *restrict visits, vec *restrict own,
                                                                    vec *restrict out) {
    for (int64_t z = 0; z < S; z++) visits[z] = splat(0.0);
    for (int64_t s = 0; s < S; s++) {
        for (int64_t i = 0, u = 0; i < N; u += actions[i++]) {
            const vec centre = NAMED(mean)(actions[i], x->pi + s * U + u, out + s * U + u);
            for (int64_t a = u; a < u + actions[i]; a++) own[a] = out[s * U + a] - centre;
        }
        vec *restrict score = tilt + s * J, gained = splat(0.0);
        NAMED(combine)(N, actions, 1, own, score);
        for (int64_t a = 0; a < J; a++) {
            score[a] *= x->joint[s * J + a];
            gained += score[a] * x->advantage[s * J + a];
            const vec arriving = score[a] * x->visits[s];
            for (int64_t z = 0; z < S; z++) visits[z] += arriving * model->chance[(s * J + a) * S + z];
        }
        value[s] = gained;
    }
    NAMED(solve_factored)(S, x->system, value);
    NAMED(solve_transposed)(S, x->system, visits);
    for (int64_t s = 0; s < S; s++) {
        for (int64_t a = s * J; a < (s + 1) * J; a++) {
            const vec later = NAMED(mean)(S, model->chance + a * S, value) - value[s];
            tilt[a] = x->joint[a] * (visits[s] * x->advantage[a] + x->visits[s] * later) +
                      x->visits[s] * (tilt[a] * x->advantage[a]);
        }
        NAMED(add_marginals)(N, actions, J, scale, tilt + s * J, out + s * U);
    }
}

/* Where a lane's transitions are already in place, they stay: games often share them. */
static inline __attribute__((always_inline)) void NAMED(load_tasks)(const struct maml_call *c, int64_t lane,
                                                                    const int64_t S, const int64_t U, const int64_t J,
                                                                    int64_t *held, vec *reward, vec *chance,
                                                                    vec *initial, vec *theta) {
    int64_t own = lane, row = lane / c->count, next = (row + 1) * c->count;
    for (int64_t l = 0; l < WIDTH; l++) { /* lanes past the last do what the last does */
        const int64_t game = c->drawn[own], kind = c->kind[game];
        const double *rewards = c->reward + game * S * J, *chances = c->transition + kind * S * J * S;
        const double *initials = c->initial + game * S, *logits = c->logits + row * S * U;
        for (int64_t k = 0; k < S * J; k++) ((double *)reward)[k * WIDTH + l] = rewards[k];
        for (int64_t k = 0; k < S; k++) ((double *)initial)[k * WIDTH + l] = initials[k];
        for (int64_t k = 0; k < S * U; k++) ((double *)theta)[k * WIDTH + l] = logits[k];
        if (held[l] != kind)
            for (int64_t k = 0; k < S * J * S; k++) ((double *)chance)[k * WIDTH + l] = c->discount * chances[k];
        held[l] = kind;
        if (own + 1 < c->lanes && ++own == next) row++, next += c->count;
    }
}

/* Where an iterate is kept, and how many vectors it is. */
static inline int64_t NAMED(iterate_size)(int64_t S, int64_t U, int64_t J) { return S * (U + 2 * J + S + 1); }

static inline struct NAMED(iterate) NAMED(iterate_at)(vec *at, int64_t S, int64_t U, int64_t J) {
    vec *joint = at + S * U, *advantage = joint + S * J, *system = advantage + S * J;
    return (struct NAMED(iterate)){at, joint, advantage, system, system + S * S};
}

static inline __attribute__((always_inline)) int NAMED(through_ascent_body)(const struct maml_call *c,
                                                                            const int64_t N, const int64_t S,
                                                                            const int64_t *actions, const int64_t U,
                                                                            const int64_t J) {
    const int64_t kept = NAMED(iterate_size)(S, U, J), all = c->first_order ? 1 : c->inner_steps + 1;
    const int64_t fixed = S * J * (S + 2) + S * (2 * U + 3) + U;
    void *whole = NULL;
    vec *work = aligned_vectors((size_t)(fixed + all * kept) * sizeof(vec), &whole);
    if (!work) return -1;
    vec *const restrict reward = work, *const restrict chance = reward + S * J;
    vec *const restrict tilt = chance + S * J * S;
    vec *const restrict initial = tilt + S * J, *const restrict value = initial + S, *const restrict visits = value + S;
    vec *const restrict theta = visits + S, *const restrict out = theta + S * U, *const restrict own = out + S * U;
    const struct NAMED(model) model = {reward, chance, initial};
    const vec step = splat(c->inner_step);
    int64_t held[WIDTH];
    for (int64_t l = 0; l < WIDTH; l++) held[l] = -1;
    for (int64_t lane = c->share.first; lane < c->share.last; lane += WIDTH) {
        vec worth, *at = own + U;
        struct NAMED(iterate) x;
        NAMED(load_tasks)(c, lane, S, U, J, held, reward, chance, initial, theta);
        for (int64_t t = 0;; t++) {
            x = NAMED(iterate_at)(at, S, U, J);
            worth = NAMED(evaluate)(&model, &x, N, S, actions, U, J, theta, value);
            if (t == c->inner_steps) break;
            NAMED(add_gradient)(&x, N, S, actions, U, J, step, tilt, theta);
            if (!c->first_order) at += kept;
        }
        for (int64_t u = 0; u < S * U; u++) out[u] = splat(0.0);
        NAMED(add_gradient)(&x, N, S, actions, U, J, splat(1.0), tilt, out);
        while (at != own + U) {
            at -= kept;
            x = NAMED(iterate_at)(at, S, U, J);
            NAMED(add_curved)(&model, &x, N, S, actions, U, J, step, tilt, value, visits, own, out);
        }
        scatter(&worth, 1, lane, c->lanes, c->lane_value);
        scatter(out, S * U, lane, c->lanes, c->lane_gradient);
    }
    free(whole);
    return 0;
}

/* Sizes that are met most have a loop of their own, as in ascent. */
static int NAMED(through_ascent)(const void *call) {
    const struct maml_call *c = call;
    const int64_t *n = c->actions;
    static const int64_t two[] = {2, 2, 2};
    const int pair = c->players == 2 && n[0] == 2 && n[1] == 2;
    const int three = c->players == 3 && n[0] == 2 && n[1] == 2 && n[2] == 2;
    if (pair && c->states == 1) return NAMED(through_ascent_body)(c, 2, 1, two, 4, 4);
    if (pair && c->states == 2) return NAMED(through_ascent_body)(c, 2, 2, two, 4, 4);
    if (three && c->states == 2) return NAMED(through_ascent_body)(c, 3, 2, two, 6, 8);
    return NAMED(through_ascent_body)(c, c->players, c->states, n, c->columns, c->joint);
}
