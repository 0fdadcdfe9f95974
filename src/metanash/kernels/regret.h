/* Predictive regret matching+ on fixed matrices. Included by lanes.h, so once for each instruction set.
 *
 * There are two layouts. With many lanes a vector holds one entry of WIDTH lanes, as for Algorithm 1. With few, a
 * vector holds WIDTH actions of one lane. A lane gives the same bits either way: sums over the other player's actions
 * are those over even and odd ones, added; sums over the own actions are those over every STRIP-th, added in pairs. */

#define STRIP 8
#define STRIP_VECTORS (STRIP / WIDTH)
#define LEAST_TOTAL 1e-290 /* below it the reciprocal of a sum may be infinite, and the sum counts as 0 */

#define always_inline inline __attribute__((always_inline))

/* (0 + 1) + (2 + 3), and so on up to STRIP; without the last ones if there are fewer than STRIP. */
static always_inline vec NAMED(pairwise)(const vec *p, int64_t n) {
    vec total = p[0];
    if (n > 1) total += p[1];
    if (n > 2) {
        vec half = p[2];
        if (n > 3) half += p[3];
        total += half;
    }
    if (n > 4) {
        vec rest = p[4];
        if (n > 5) rest += p[5];
        if (n > 6) {
            vec last = p[6];
            if (n > 7) last += p[7];
            rest += last;
        }
        total += rest;
    }
    return total;
}

/* The same for a whole strip of one lane. */
static always_inline double NAMED(pairwise_strip)(const vec *strip) {
    const double *p = (const double *)strip;
    return ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
}

/* What a distribution proportional to weights with this sum takes: their factor, and a summand, which is the uniform
 * probability where all weights are 0 and else 0. */
static always_inline void NAMED(proportional)(vec total, int64_t actions, vec *factor, vec *summand) {
    const vec least = splat(LEAST_TOTAL), uniform = splat(1.0 / (double)actions);
    *factor = keep_from(total, least, splat(1.0) / total);
    *summand = uniform - keep_from(total, least, uniform);
}

/* ---- a vector is one entry of WIDTH lanes -------------------------------------------------------- */

/* out[i] = sum over j of q[i * out_stride + j * in_stride] weight[j] */
static always_inline void NAMED(regret_product)(const vec *restrict q, int64_t outs, int64_t out_stride, int64_t ins,
                                                int64_t in_stride, const vec *restrict weight, vec *restrict out) {
    int64_t i = 0;
    for (; i + 4 <= outs; i += 4) {
        const vec *q0 = q + i * out_stride, *q1 = q0 + out_stride, *q2 = q1 + out_stride, *q3 = q2 + out_stride;
        vec e0 = splat(0.0), e1 = e0, e2 = e0, e3 = e0, o0 = e0, o1 = e0, o2 = e0, o3 = e0;
        int64_t j = 0;
        for (; j + 2 <= ins; j += 2) {
            const int64_t k = j * in_stride, l = k + in_stride;
            const vec a = weight[j], b = weight[j + 1];
            e0 += q0[k] * a, e1 += q1[k] * a, e2 += q2[k] * a, e3 += q3[k] * a;
            o0 += q0[l] * b, o1 += q1[l] * b, o2 += q2[l] * b, o3 += q3[l] * b;
        }
        if (j < ins) {
            const int64_t k = j * in_stride;
            const vec a = weight[j];
            e0 += q0[k] * a, e1 += q1[k] * a, e2 += q2[k] * a, e3 += q3[k] * a;
        }
        out[i] = e0 + o0, out[i + 1] = e1 + o1, out[i + 2] = e2 + o2, out[i + 3] = e3 + o3;
    }
    for (; i < outs; i++) {
        const vec *row = q + i * out_stride;
        vec even = splat(0.0), odd = even;
        int64_t j = 0;
        for (; j + 2 <= ins; j += 2) {
            even += row[j * in_stride] * weight[j];
            odd += row[(j + 1) * in_stride] * weight[j + 1];
        }
        if (j < ins) even += row[j * in_stride] * weight[j];
        out[i] = even + odd;
    }
}

static always_inline vec NAMED(regret_total)(const vec *x, int64_t actions) {
    vec strip[STRIP];
    for (int64_t i = 0; i < STRIP && i < actions; i++) strip[i] = x[i];
    for (int64_t i = STRIP; i < actions; i++) strip[i % STRIP] += x[i];
    return NAMED(pairwise)(strip, actions);
}

static always_inline vec NAMED(regret_dot)(const vec *x, const vec *y, int64_t actions) {
    vec strip[STRIP];
    for (int64_t i = 0; i < STRIP && i < actions; i++) strip[i] = x[i] * y[i];
    for (int64_t i = STRIP; i < actions; i++) strip[i % STRIP] += x[i] * y[i];
    return NAMED(pairwise)(strip, actions);
}

/* One player, who has just met the payoffs g (of the max-player, whoever it is): regrets, policy, sum of policies. */
static always_inline void NAMED(regret_step)(int64_t actions, const int descends, const vec *restrict g, vec weight,
                                             vec *restrict regret, vec *restrict policy, vec *restrict sum) {
    const vec zero = splat(0.0), value = NAMED(regret_dot)(policy, g, actions);
    for (int64_t a = 0; a < actions; a++) {
        const vec met = descends ? value - g[a] : g[a] - value;
        regret[a] = larger(regret[a] + met, zero);
        policy[a] = larger(regret[a] + met, zero);
    }
    vec factor, summand;
    NAMED(proportional)(NAMED(regret_total)(policy, actions), actions, &factor, &summand);
    for (int64_t a = 0; a < actions; a++) {
        policy[a] = policy[a] * factor + summand;
        sum[a] += weight * policy[a];
    }
}

static int64_t NAMED(lanes_size)(int64_t A, int64_t B) { return A * B + 5 * (A + B); } /* vectors of work space */

/* Work space: q, then of both players the regrets, policies, sums (totals, running chunk) and payoffs. */
static always_inline void NAMED(regret_lanes)(const struct regret_matching_call *c, int64_t lane, const int64_t A,
                                              const int64_t B, vec *work) {
    vec *q = work, *x = q + A * B, *y = x + A, *mu = y + B, *nu = mu + A, *total = nu + B, *part = total + A + B;
    vec *gx = part + A + B, *gy = gx + A;
    gather(c->q, A * B, lane, c->lanes, q);
    gather(c->x, A, lane, c->lanes, x), gather(c->y, B, lane, c->lanes, y);
    gather(c->mu, A, lane, c->lanes, mu), gather(c->nu, B, lane, c->lanes, nu);
    gather(c->sum_mu, A, lane, c->lanes, total), gather(c->sum_mu + c->lanes * A, A, lane, c->lanes, part);
    gather(c->sum_nu, B, lane, c->lanes, total + A), gather(c->sum_nu + c->lanes * B, B, lane, c->lanes, part + A);
#pragma GCC unroll 2
    for (int64_t t = c->done + 1; t <= c->done + c->iterations; t++) {
        const vec weight = splat((double)t * (double)t);
        NAMED(regret_product)(q, A, B, B, 1, nu, gx);
        NAMED(regret_step)(A, 0, gx, weight, x, mu, part);
        NAMED(regret_product)(q, B, 1, A, B, mu, gy);
        NAMED(regret_step)(B, 1, gy, weight, y, nu, part + A);
        if (t % CHUNK == 0)
            for (int64_t i = 0; i < A + B; i++) total[i] += part[i], part[i] = splat(0.0);
    }
    scatter(x, A, lane, c->lanes, c->x), scatter(y, B, lane, c->lanes, c->y);
    scatter(mu, A, lane, c->lanes, c->mu), scatter(nu, B, lane, c->lanes, c->nu);
    scatter(total, A, lane, c->lanes, c->sum_mu), scatter(part, A, lane, c->lanes, c->sum_mu + c->lanes * A);
    scatter(total + A, B, lane, c->lanes, c->sum_nu), scatter(part + A, B, lane, c->lanes, c->sum_nu + c->lanes * B);
    /* the value between the best responses to the averages, which go where the policies were */
    vec factor, summand;
    for (int64_t i = 0; i < A + B; i++) mu[i] = total[i] + part[i]; /* nu lies behind mu */
    NAMED(proportional)(NAMED(regret_total)(mu, A), A, &factor, &summand);
    for (int64_t a = 0; a < A; a++) mu[a] = mu[a] * factor + summand;
    NAMED(proportional)(NAMED(regret_total)(nu, B), B, &factor, &summand);
    for (int64_t b = 0; b < B; b++) nu[b] = nu[b] * factor + summand;
    NAMED(regret_product)(q, A, B, B, 1, nu, gx);
    NAMED(regret_product)(q, B, 1, A, B, mu, gy);
    vec most = gx[0], least = gy[0];
    for (int64_t a = 1; a < A; a++) most = larger(most, gx[a]);
    for (int64_t b = 1; b < B; b++) least = smaller(least, gy[b]);
    most = splat(0.5) * (most + least);
    scatter(&most, 1, lane, c->lanes, c->value);
}

/* ---- a vector is WIDTH actions of one lane ------------------------------------------------------- */

/* out[i] = sum over j of q[j * outs + i] weight[j], for vectors i */
static always_inline void NAMED(wide_product)(const vec *restrict q, int64_t outs, int64_t ins,
                                              const double *restrict weight, vec *restrict out) {
    int64_t i = 0;
    for (; i + 4 <= outs; i += 4) {
        const vec *row = q + i;
        vec e0 = splat(0.0), e1 = e0, e2 = e0, e3 = e0, o0 = e0, o1 = e0, o2 = e0, o3 = e0;
        int64_t j = 0;
        for (; j + 2 <= ins; j += 2, row += 2 * outs) {
            const vec a = splat(weight[j]), b = splat(weight[j + 1]), *next = row + outs;
            e0 += row[0] * a, e1 += row[1] * a, e2 += row[2] * a, e3 += row[3] * a;
            o0 += next[0] * b, o1 += next[1] * b, o2 += next[2] * b, o3 += next[3] * b;
        }
        if (j < ins) {
            const vec a = splat(weight[j]);
            e0 += row[0] * a, e1 += row[1] * a, e2 += row[2] * a, e3 += row[3] * a;
        }
        out[i] = e0 + o0, out[i + 1] = e1 + o1, out[i + 2] = e2 + o2, out[i + 3] = e3 + o3;
    }
    for (; i < outs; i++) {
        const vec *row = q + i;
        vec even = splat(0.0), odd = even;
        int64_t j = 0;
        for (; j + 2 <= ins; j += 2, row += 2 * outs)
            even += row[0] * splat(weight[j]), odd += row[outs] * splat(weight[j + 1]);
        if (j < ins) even += row[0] * splat(weight[j]);
        out[i] = even + odd;
    }
}

static always_inline double NAMED(wide_total)(const vec *x, int64_t vectors) {
    vec strip[STRIP_VECTORS];
    for (int k = 0; k < STRIP_VECTORS; k++) strip[k] = x[k];
    for (int64_t i = STRIP_VECTORS; i < vectors; i += STRIP_VECTORS)
        for (int k = 0; k < STRIP_VECTORS; k++) strip[k] += x[i + k];
    return NAMED(pairwise_strip)(strip);
}

static always_inline double NAMED(wide_dot)(const vec *x, const vec *y, int64_t vectors) {
    vec strip[STRIP_VECTORS];
    for (int k = 0; k < STRIP_VECTORS; k++) strip[k] = x[k] * y[k];
    for (int64_t i = STRIP_VECTORS; i < vectors; i += STRIP_VECTORS)
        for (int k = 0; k < STRIP_VECTORS; k++) strip[k] += x[i + k] * y[i + k];
    return NAMED(pairwise_strip)(strip);
}

/* As regret_step. What pads the actions to whole strips has no weight in `real`, and stays 0. */
static always_inline void NAMED(wide_step)(int64_t actions, int64_t vectors, const int descends, const vec *restrict g,
                                           const vec *restrict real, vec weight, vec *restrict regret,
                                           vec *restrict policy, vec *restrict sum) {
    const vec zero = splat(0.0), value = splat(NAMED(wide_dot)(policy, g, vectors));
    for (int64_t i = 0; i < vectors; i++) {
        const vec met = real[i] * (descends ? value - g[i] : g[i] - value);
        regret[i] = larger(regret[i] + met, zero);
        policy[i] = larger(regret[i] + met, zero);
    }
    vec factor, summand;
    NAMED(proportional)(splat(NAMED(wide_total)(policy, vectors)), actions, &factor, &summand);
    for (int64_t i = 0; i < vectors; i++) {
        policy[i] = policy[i] * factor + real[i] * summand;
        sum[i] += weight * policy[i];
    }
}

static always_inline void NAMED(wide_distribution)(vec *policy, const vec *real, int64_t actions, int64_t vectors) {
    vec factor, summand;
    NAMED(proportional)(splat(NAMED(wide_total)(policy, vectors)), actions, &factor, &summand);
    for (int64_t i = 0; i < vectors; i++) policy[i] = policy[i] * factor + real[i] * summand;
}

static int64_t NAMED(wide_size)(int64_t A, int64_t B) { /* vectors of work space */
    const int64_t a = (A + STRIP - 1) / STRIP * STRIP_VECTORS, b = (B + STRIP - 1) / STRIP * STRIP_VECTORS;
    return A * b + B * a + 6 * (a + b);
}

static void NAMED(regret_wide)(const struct regret_matching_call *c, int64_t lane, vec *work) {
    const int64_t A = c->rows, B = c->columns;
    const int64_t a = (A + STRIP - 1) / STRIP * STRIP_VECTORS, b = (B + STRIP - 1) / STRIP * STRIP_VECTORS;
    vec *rows = work, *columns = rows + A * b; /* Q, and its transpose */
    vec *x = columns + B * a, *y = x + a, *mu = y + b, *nu = mu + a, *total = nu + b, *part = total + a + b;
    vec *g = part + a + b, *real = g + a + b;
    const double *q = c->q + lane * A * B;
    memset(work, 0, (size_t)NAMED(wide_size)(A, B) * sizeof(vec));
    for (int64_t i = 0; i < A; i++) {
        memcpy(rows + i * b, q + i * B, (size_t)B * sizeof(double));
        ((double *)real)[i] = 1.0;
    }
    for (int64_t j = 0; j < B; j++) {
        double *column = (double *)(columns + j * a);
        for (int64_t i = 0; i < A; i++) column[i] = q[i * B + j];
        ((double *)(real + a))[j] = 1.0;
    }
    const size_t of_a = (size_t)A * sizeof(double), of_b = (size_t)B * sizeof(double);
    double *sum_mu[2] = {c->sum_mu + lane * A, c->sum_mu + (c->lanes + lane) * A};
    double *sum_nu[2] = {c->sum_nu + lane * B, c->sum_nu + (c->lanes + lane) * B};
    memcpy(x, c->x + lane * A, of_a), memcpy(y, c->y + lane * B, of_b);
    memcpy(mu, c->mu + lane * A, of_a), memcpy(nu, c->nu + lane * B, of_b);
    memcpy(total, sum_mu[0], of_a), memcpy(part, sum_mu[1], of_a);
    memcpy(total + a, sum_nu[0], of_b), memcpy(part + a, sum_nu[1], of_b);
    for (int64_t t = c->done + 1; t <= c->done + c->iterations; t++) {
        const vec weight = splat((double)t * (double)t);
        NAMED(wide_product)(columns, a, B, (const double *)nu, g);
        NAMED(wide_step)(A, a, 0, g, real, weight, x, mu, part);
        NAMED(wide_product)(rows, b, A, (const double *)mu, g + a);
        NAMED(wide_step)(B, b, 1, g + a, real + a, weight, y, nu, part + a);
        if (t % CHUNK == 0)
            for (int64_t i = 0; i < a + b; i++) total[i] += part[i], part[i] = splat(0.0);
    }
    memcpy(c->x + lane * A, x, of_a), memcpy(c->y + lane * B, y, of_b);
    memcpy(c->mu + lane * A, mu, of_a), memcpy(c->nu + lane * B, nu, of_b);
    memcpy(sum_mu[0], total, of_a), memcpy(sum_mu[1], part, of_a);
    memcpy(sum_nu[0], total + a, of_b), memcpy(sum_nu[1], part + a, of_b);
    for (int64_t i = 0; i < a + b; i++) mu[i] = total[i] + part[i]; /* nu lies behind mu */
    NAMED(wide_distribution)(mu, real, A, a);
    NAMED(wide_distribution)(nu, real + a, B, b);
    NAMED(wide_product)(columns, a, B, (const double *)nu, g);
    NAMED(wide_product)(rows, b, A, (const double *)mu, g + a);
    const double *gx = (const double *)g, *gy = (const double *)(g + a);
    double most = gx[0], least = gy[0];
    for (int64_t i = 1; i < A; i++) most = gx[i] > most ? gx[i] : most;
    for (int64_t j = 1; j < B; j++) least = gy[j] < least ? gy[j] : least;
    c->value[lane] = 0.5 * (most + least);
}

/* ---- the choice ---------------------------------------------------------------------------------- */

static int NAMED(regret_matching)(const void *call) {
    const struct regret_matching_call *c = call;
    const int64_t A = c->rows, B = c->columns;
    if (A == 2 && B == 2) {
        vec work[4 + 10 * 2];
        for (int64_t lane = c->share.first; lane < c->share.last; lane += WIDTH)
            NAMED(regret_lanes)(c, lane, 2, 2, work);
        return 0;
    }
    const int64_t wide = NAMED(wide_size)(A, B), deep = NAMED(lanes_size)(A, B);
    void *whole = NULL;
    vec *work = aligned_vectors((size_t)(wide > deep ? wide : deep) * sizeof(vec), &whole);
    if (!work) return -1;
    for (int64_t lane = c->share.first; lane < c->share.last; lane += WIDTH) {
        const int64_t left = c->share.last - lane < WIDTH ? c->share.last - lane : WIDTH;
        if (left * (A * B + 400) <= WIDTH * A * B + 400) /* where they were measured to cost the same */
            for (int64_t l = 0; l < left; l++) NAMED(regret_wide)(c, lane + l, work);
        else
            NAMED(regret_lanes)(c, lane, A, B, work);
    }
    free(whole);
    return 0;
}

#undef STRIP
#undef STRIP_VECTORS
#undef LEAST_TOTAL
#undef always_inline
