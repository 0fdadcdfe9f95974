/* The loops of trees.h, for numbers of the type REAL.
 *
 * The order of all sums is that of the code, and products that are added say so (FUSED), lest the compiler fuse them
 * for one type and not for the other: both types give the same bits. */

/* What a game keeps; a field is named as in signatures.h. */
struct TREE(tree) {
    int64_t game; /* its number, or that of the first one */
    const REAL *payoff, *rate;
    REAL *memory, *strategy, *plan_sum, *gradient, *gradient_sum, *value_sum;
    REAL *plan;          /* realisation plans of all players */
    REAL *worth, *next;  /* worths of sequences, under the strategies that were played and under the next ones */
};

/* Probability that the others play towards terminal k. */
static always_inline REAL TREE(met_with)(const int64_t *met, int64_t k, const int64_t others, const REAL *plan) {
    met += k * others;
    REAL reach = plan[met[0]];
    for (int64_t q = 1; q < others; q++) reach *= plan[met[q]];
    return reach;
}

/* Utility gradient of player i. `others` is known where it is inlined. */
static always_inline void TREE(product)(const struct learn_trees_call *c, const REAL *restrict payoff, int64_t i,
                                        const int64_t others, const REAL *restrict plan, REAL *restrict out) {
#define ADD(sum, k) sum = FUSED(payoff[k], TREE(met_with)(c->met, k, others, plan), sum)
    for (int64_t s = c->seat[i]; s < c->seat[i + 1]; s++) {
        int64_t k = c->start[s];
        const int64_t end = c->start[s + 1];
        REAL sum = SPREAD(0.0);
        if (k + 8 <= end) { /* four sums hide each other's latency */
            REAL s1 = sum, s2 = sum, s3 = sum;
#pragma GCC unroll 1
            for (; k + 4 <= end; k += 4) ADD(sum, k), ADD(s1, k + 1), ADD(s2, k + 2), ADD(s3, k + 3);
            sum = (sum + s1) + (s2 + s3);
        }
#pragma GCC unroll 1
        for (; k < end; k++) ADD(sum, k);
        out[s] = sum;
    }
#undef ADD
}

static void TREE(gradient)(const struct learn_trees_call *c, const REAL *restrict payoff, int64_t i,
                           const REAL *restrict plan, REAL *restrict out) {
    if (c->others == 1) {
        TREE(product)(c, payoff, i, 1, plan, out);
    } else if (c->others) {
        TREE(product)(c, payoff, i, c->others, plan, out);
    } else { /* nobody else */
        for (int64_t s = c->seat[i]; s < c->seat[i + 1]; s++) {
            REAL sum = SPREAD(0.0);
            for (int64_t k = c->start[s]; k < c->start[s + 1]; k++) sum += payoff[k];
            out[s] = sum;
        }
    }
}

/* Plans of player i, added to `sum` with a weight if there is one. */
static void TREE(realise)(const struct learn_trees_call *c, int64_t i, const REAL *restrict strategy,
                          REAL *restrict plan, REAL weight, REAL *restrict sum) {
    if (c->seat[i] < c->columns) {
        plan[c->seat[i]] = SPREAD(1.0);
        if (sum) sum[c->seat[i]] += weight;
    }
    for (int64_t j = c->place[i]; j < c->place[i + 1]; j++) {
        const REAL above = plan[c->parent[j]];
        const int64_t last = c->last[j];
#pragma GCC unroll 1
        for (int64_t s = c->first[j]; s < last; s++) {
            plan[s] = strategy[s] * above;
            if (sum) sum[s] = FUSED(weight, plan[s], sum[s]);
        }
    }
}

/* Predictive regret matching+ at a set of n actions: regrets z, the strategy x, and the worths of its actions under the
 * strategies that were played and under the next ones. */
static always_inline void TREE(match)(const int64_t n, REAL *restrict z, REAL *restrict x, const REAL *restrict worth,
                                      const REAL *restrict next, REAL *restrict above, REAL *restrict next_above) {
    const REAL zero = SPREAD(0.0), least = SPREAD(LEAST_TOTAL), uniform = SPREAD(1.0 / (double)n);
    REAL value = zero, guess = zero, total = zero, after = zero;
    for (int64_t a = 0; a < n; a++) value = FUSED(x[a], worth[a], value), guess = FUSED(x[a], next[a], guess);
    for (int64_t a = 0; a < n; a++) {
        z[a] = GREATER(z[a] + (worth[a] - value), zero);
        x[a] = GREATER(z[a] + (next[a] - guess), zero);
        total += x[a];
    }
    const REAL summand = uniform - KEEP_FROM(total, least, uniform);
    for (int64_t a = 0; a < n; a++) { /* not times a reciprocal: pure strategies are exactly pure */
        x[a] = KEEP_FROM(total, least, x[a] / total) + summand;
        after = FUSED(x[a], next[a], after);
    }
    *above += value, *next_above += after;
}

/* Half a step of mirror descent at a set of n actions: `out` becomes proportional to exp(logits + worth / alpha), and
 * what the set is worth, over alpha, is returned. The logarithms of `out` replace the logits if they are `kept`. */
static always_inline REAL TREE(soften)(const int64_t n, const int kept, REAL inverse, REAL *restrict logits,
                                       const REAL *restrict worth, REAL *restrict out) {
    REAL most = SPREAD(-INFINITY), total = SPREAD(0.0);
    for (int64_t a = 0; a < n; a++) {
        out[a] = FUSED(worth[a], inverse, logits[a]);
        most = GREATER(out[a], most);
    }
    if (kept)
        for (int64_t a = 0; a < n; a++) logits[a] = out[a];
    for (int64_t a = 0; a < n; a++) out[a] -= most;
    EXP(out, n);
    for (int64_t a = 0; a < n; a++) total += out[a];
    const REAL partition = most + LOG(total), factor = SPREAD(1.0) / total;
    for (int64_t a = 0; a < n; a++) {
        out[a] *= factor;
        if (kept) logits[a] -= partition;
    }
    return partition;
}

static always_inline void TREE(match_sets)(const struct learn_trees_call *c, struct TREE(tree) *t, int64_t i) {
    for (int64_t j = c->place[i + 1] - 1; j >= c->place[i]; j--) {
        const int64_t s = c->first[j], n = c->last[j] - s, p = c->parent[j];
#define MATCH(n) TREE(match)(n, t->memory + s, t->strategy + s, t->worth + s, t->next + s, t->worth + p, t->next + p)
        if (n == 2)
            MATCH(2);
        else if (n == 3)
            MATCH(3);
        else
            MATCH(n);
#undef MATCH
    }
}

static void TREE(soften_sets)(const struct learn_trees_call *c, struct TREE(tree) *t, int64_t i) {
    for (int64_t j = c->place[i + 1] - 1; j >= c->place[i]; j--) {
        const int64_t s = c->first[j], n = c->last[j] - s, p = c->parent[j];
        const REAL alpha = SPREAD(c->alpha[j]), inverse = SPREAD(1.0 / c->alpha[j]);
        REAL value, after;
#define SOFTEN(n)                                                                                                      \
    value = TREE(soften)(n, 1, inverse, t->memory + s, t->worth + s, t->strategy + s),                                 \
    after = TREE(soften)(n, 0, inverse, t->memory + s, t->next + s, t->strategy + s)
        if (n == 2)
            SOFTEN(2);
        else if (n == 3)
            SOFTEN(3);
        else
            SOFTEN(n);
#undef SOFTEN
        t->worth[p] = FUSED(value, alpha, t->worth[p]), t->next[p] = FUSED(after, alpha, t->next[p]);
    }
}

/* Player i meets the gradient in `worth`, which predicts the next one, and moves. */
static void TREE(move)(const struct learn_trees_call *c, struct TREE(tree) *t, int64_t i) {
    const int64_t begin = c->seat[i], end = c->seat[i + 1];
    if (c->entropy)
        for (int64_t s = begin; s < end; s++) t->worth[s] *= t->rate[i];
    for (int64_t s = begin; s < end; s++) t->next[s] = t->worth[s];
    if (c->entropy)
        TREE(soften_sets)(c, t, i);
    else
        TREE(match_sets)(c, t, i);
}

/* What is seen at a look, of the game or games of `t`. */
static void TREE(look)(const struct learn_trees_call *c, const struct TREE(tree) *t, int64_t look) {
    KEEP(t->plan_sum, c->columns, c->seen_plan + look * c->games * c->columns);
    KEEP(t->strategy, c->columns, c->seen_strategy + look * c->games * c->columns);
    KEEP(t->gradient_sum, c->kept, c->seen_gradient + look * c->games * c->kept);
    KEEP(t->value_sum, c->players, c->seen_value + look * c->games * c->players);
}

static void TREE(iterate)(const struct learn_trees_call *c, struct TREE(tree) *t, int64_t round) {
    double power = 1.0;
    for (int64_t k = 0; k < c->power; k++) power *= (double)round;
    const REAL weight = SPREAD(power);
    for (int64_t i = 0; i < c->players; i++) {
        if (c->alternating)
            TREE(gradient)(c, t->payoff, i, t->plan, t->worth);
        else
            for (int64_t s = c->seat[i]; s < c->seat[i + 1]; s++) t->worth[s] = t->gradient[s];
        TREE(move)(c, t, i);
        if (c->alternating) TREE(realise)(c, i, t->strategy, t->plan, weight, t->plan_sum);
    }
    if (c->alternating) return;
    for (int64_t i = 0; i < c->players; i++) TREE(realise)(c, i, t->strategy, t->plan, weight, t->plan_sum);
    for (int64_t i = 0; i < c->players; i++) {
        REAL value = SPREAD(0.0);
        TREE(gradient)(c, t->payoff, i, t->plan, t->gradient);
        for (int64_t s = c->seat[i]; s < c->seat[i + 1]; s++) {
            t->gradient_sum[s] = FUSED(weight, t->gradient[s], t->gradient_sum[s]);
            value = FUSED(t->gradient[s], t->plan[s], value);
        }
        t->value_sum[i] = FUSED(weight, value, t->value_sum[i]);
    }
}

static void TREE(learn)(const struct learn_trees_call *c, struct TREE(tree) *t) {
    for (int64_t s = 0; s < c->columns; s++) t->plan[s] = SPREAD(1.0);
    for (int64_t i = 0; i < c->players; i++) TREE(realise)(c, i, t->strategy, t->plan, SPREAD(0.0), NULL);
    int64_t look = 0;
    for (int64_t k = 0;; k++) { /* k iterations are done */
        for (; look < c->seen && c->looks[look] == k; look++) TREE(look)(c, t, look);
        if (k == c->iterations) break;
        TREE(iterate)(c, t, c->done + k + 1);
    }
}

#ifndef MANY
/* Gains of all players by their best responses. */
static void TREE(gains)(const struct learn_trees_call *c, const REAL *payoff, const REAL *strategy, REAL *plan,
                        REAL *worth, REAL *gain) {
    for (int64_t s = 0; s < c->columns; s++) plan[s] = SPREAD(1.0), worth[s] = SPREAD(0.0);
    for (int64_t i = 0; i < c->players; i++) TREE(realise)(c, i, strategy, plan, SPREAD(0.0), NULL);
    for (int64_t i = 0; i < c->players; i++) {
        REAL value = SPREAD(0.0);
        TREE(gradient)(c, payoff, i, plan, worth);
        for (int64_t s = c->seat[i]; s < c->seat[i + 1]; s++) value = FUSED(worth[s], plan[s], value);
        for (int64_t j = c->place[i + 1] - 1; j >= c->place[i]; j--) {
            REAL best = SPREAD(-INFINITY);
            for (int64_t s = c->first[j]; s < c->last[j]; s++) best = GREATER(worth[s], best);
            worth[c->parent[j]] += best;
        }
        gain[i] = c->seat[i] < c->columns ? worth[c->seat[i]] - value : SPREAD(0.0);
    }
}
#endif
