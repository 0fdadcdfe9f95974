/* The inner loops, written once for any vector width.
 *
 * avx512.c, avx2.c and portable.c include this file, each with
 *   WIDTH      lanes in one vector (doubles),
 *   NAMED(f)   the name of f for that instruction set,
 *   ISA        its own name.
 *
 * A lane is one independent problem: a (game, step, state) for Algorithms 1 and 2, a game for projected
 * Q-ascent. Lanes never mix, so a game gives the same bits alone and in any batch. Work arrays hold
 * vectors [row][column], one double of each lane side by side.
 *
 * Sums are two-level: a running part of at most CHUNK terms, added to the total when it is full.
 * The position of the chunk is counted from the start of the stage, never from the start of the call,
 * so a run gives the same bits however it is cut into calls. Without it the rounding error of a sum
 * of 1e7 nearly equal terms shows in the ninth digit of an average policy.
 */

typedef double NAMED(vec) __attribute__((vector_size(8 * WIDTH), may_alias));
typedef int64_t NAMED(ivec) __attribute__((vector_size(8 * WIDTH), may_alias));
#define vec NAMED(vec)
#define ivec NAMED(ivec)

static inline vec NAMED(splat)(double value) { return value - (vec){0}; }
#define splat NAMED(splat)
#define larger NAMED(larger)
#define smaller NAMED(smaller)
#define keep_from NAMED(keep_from)

/* exp for |x| <= 700: split x = n log 2 + r, a polynomial in r, and n added to the exponent bits. The
 * polynomial 1 + r + r^2 q(r) is minimax for the relative error on |r| <= log(2) / 2, which is 3.6e-18; what
 * remains is rounding, less than 4e-16. exp(0) is exactly 1. */
static inline vec NAMED(exp_unclamped)(vec x) {
    const vec magic = splat(0x1.8p52);
    vec shifted = x * splat(0x1.71547652b82fep0) + magic;
    vec n = shifted - magic;
    vec r = x - n * splat(0x1.62e42fefa39efp-1);
    r = r - n * splat(0x1.abc9e3b39803fp-56);
    vec r2 = r * r;
    vec r4 = r2 * r2;
    vec r8 = r4 * r4;
    vec p01 = splat(1.0) + r;
    vec p23 = splat(0x1.000000000000ap-1) + r * splat(0x1.55555555554fap-3);
    vec p45 = splat(0x1.555555555088cp-5) + r * splat(0x1.1111111127b9cp-7);
    vec p67 = splat(0x1.6c16c18426808p-10) + r * splat(0x1.a01a012a691fbp-13);
    vec p89 = splat(0x1.a0199a16adca7p-16) + r * splat(0x1.71df253c8d868p-19);
    vec pab = splat(0x1.28ad68d13063ap-22) + r * splat(0x1.ad7f75c76ab22p-26);
    vec low = (p01 + r2 * p23) + r4 * (p45 + r2 * p67);
    vec p = low + r8 * (p89 + r2 * pab);
    return (vec)((ivec)p + ((ivec)shifted << 52));
}
#define exp_unclamped NAMED(exp_unclamped)

/* exp for x <= 0: exactly 0 below -700, where the probability left is under 1e-304. */
static inline vec NAMED(exp_of_negative)(vec x) {
    const vec floor = splat(-700.0);
    return keep_from(x, floor, exp_unclamped(larger(x, floor)));
}

/* 1 / (1 + exp(x)): exactly 0 above 700, exactly 1 far below. */
static inline vec NAMED(falling_sigmoid)(vec x) {
    const vec bound = splat(700.0);
    vec clamped = larger(smaller(x, bound), -bound);
    return keep_from(bound, x, splat(1.0) / (splat(1.0) + exp_unclamped(clamped)));
}

/* A vector at any multiple of 8 bytes. */
typedef double NAMED(loose) __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));
#define loose NAMED(loose)

static inline vec NAMED(at)(const double *x) { return (vec)*(const loose *)x; }
#define at NAMED(at)

/* x y + z, rounded once where the processor can. */
#if WIDTH == 8
static inline __attribute__((always_inline)) vec NAMED(fused_each)(vec x, vec y, vec z) {
    return (vec)_mm512_fmadd_pd((__m512d)x, (__m512d)y, (__m512d)z);
}
static inline __attribute__((always_inline)) double NAMED(fused)(double x, double y, double z) { return __builtin_fma(x, y, z); }
#elif WIDTH == 4
static inline __attribute__((always_inline)) vec NAMED(fused_each)(vec x, vec y, vec z) {
    return (vec)_mm256_fmadd_pd((__m256d)x, (__m256d)y, (__m256d)z);
}
static inline __attribute__((always_inline)) double NAMED(fused)(double x, double y, double z) { return __builtin_fma(x, y, z); }
#elif defined(__FP_FAST_FMA)
static inline __attribute__((always_inline)) double NAMED(fused)(double x, double y, double z) { return __builtin_fma(x, y, z); }
static inline __attribute__((always_inline)) vec NAMED(fused_each)(vec x, vec y, vec z) {
    return (vec){NAMED(fused)(x[0], y[0], z[0]), NAMED(fused)(x[1], y[1], z[1])};
}
#else
static inline __attribute__((always_inline)) double NAMED(fused)(double x, double y, double z) { return x * y + z; }
static inline __attribute__((always_inline)) vec NAMED(fused_each)(vec x, vec y, vec z) { return x * y + z; }
#endif

/* Sums along an array have eight running parts, every eighth entry each, as RUNNING vectors. The second half of the parts is
 * added to the first (`fold`), then the second half of these four to theirs, then the second to the first (`total`): the
 * same order whatever WIDTH is. Products are fused into sums where the processor can, also those left over. */
#define RUNNING (8 / WIDTH)
typedef double NAMED(four) __attribute__((vector_size(32), may_alias));
typedef double NAMED(loose_four) __attribute__((vector_size(32), aligned(8), may_alias));
#define four NAMED(four)
#define four_at(x) ((four)*(const NAMED(loose_four) *)(x))

/* x.a. The order of the additions depends on n only. */
static inline __attribute__((always_inline)) double NAMED(dot)(int64_t n, const double *x, const double *a) {
    double sum = 0.0;
    int64_t k = 0;
    if (n >= 4) {
        four part;
        if (n >= 8) {
            vec whole[RUNNING];
            for (int p = 0; p < RUNNING; p++) whole[p] = at(x + p * WIDTH) * at(a + p * WIDTH);
            for (k = 8; k + 8 <= n; k += 8)
                for (int p = 0; p < RUNNING; p++) whole[p] += at(x + k + p * WIDTH) * at(a + k + p * WIDTH);
            NAMED(fold)(whole, &part);
            if (k + 4 <= n) part += four_at(x + k) * four_at(a + k), k += 4;
        } else {
            part = four_at(x) * four_at(a), k = 4;
        }
        sum = NAMED(total)(part);
    }
    for (; k < n; k++) sum = NAMED(fused)(x[k], a[k], sum);
    return sum;
}

/* source[lane + l][row] to out[row][l]; lanes past the last are 0. Inlined where `rows` is known. */
static inline __attribute__((always_inline)) void NAMED(gather_known)(const double *source, int64_t rows, int64_t lane,
                                                                      int64_t lanes, vec *out) {
    double *flat = (double *)out;
    source += lane * rows;
    if (lane + WIDTH <= lanes) {
        for (int64_t i = 0; i < rows; i++)
            for (int64_t l = 0; l < WIDTH; l++) flat[i * WIDTH + l] = source[l * rows + i];
        return;
    }
    for (int64_t l = 0; l < WIDTH; l++)
        for (int64_t i = 0; i < rows; i++) flat[i * WIDTH + l] = lane + l < lanes ? source[l * rows + i] : 0.0;
}

static inline __attribute__((always_inline)) void NAMED(scatter_known)(const vec *in, int64_t rows, int64_t lane,
                                                                       int64_t lanes, double *target) {
    const double *flat = (const double *)in;
    const int64_t used = lane + WIDTH <= lanes ? WIDTH : lanes - lane;
    target += lane * rows;
    for (int64_t l = 0; l < used; l++)
        for (int64_t i = 0; i < rows; i++) target[l * rows + i] = flat[i * WIDTH + l];
}

static __attribute__((noinline)) void NAMED(gather)(const double *source, int64_t rows, int64_t lane, int64_t lanes,
                                                    vec *out) {
    NAMED(gather_known)(source, rows, lane, lanes, out);
}

static __attribute__((noinline)) void NAMED(scatter)(const vec *in, int64_t rows, int64_t lane, int64_t lanes,
                                                     double *target) {
    NAMED(scatter_known)(in, rows, lane, lanes, target);
}
#define gather NAMED(gather)
#define scatter NAMED(scatter)
#define gather_known NAMED(gather_known)
#define scatter_known NAMED(scatter_known)

/* Work space for parts of these sizes, see PART_NAME: where each begins, and what is to be freed. 0 without memory. */
static inline __attribute__((always_inline)) int NAMED(lay_out)(const int64_t *sizes, const int count, vec **part,
                                                                void **whole) {
    size_t total = 0;
    for (int k = 0; k < count; k++) total += (size_t)sizes[k];
    vec *work = aligned_vectors(total * sizeof(vec), whole);
    if (!work) return 0;
    part[0] = work;
    for (int k = 1; k < count; k++) part[k] = part[k - 1] + sizes[k - 1];
    return 1;
}

/* Loops are unrolled where that was measured to pay: here and in trees.h. Elsewhere it costs instructions. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("unroll-loops")
#endif

/* ---- Algorithm 1, any A and B ------------------------------------------------------------------ */

/* gx = Q nu and gy = Q^T mu in one pass over Q, four rows at a time; returns mu^T Q nu. */
static inline vec NAMED(gradients)(const vec *restrict q, int64_t rows, int64_t columns, const vec *restrict mu,
                                    const vec *restrict nu, vec *restrict gx, vec *restrict gy) {
    for (int64_t b = 0; b < columns; b++) gy[b] = splat(0.0);
    vec value = splat(0.0);
    int64_t a = 0;
    for (; a + 4 <= rows; a += 4) {
        const vec *q0 = q + a * columns, *q1 = q0 + columns, *q2 = q1 + columns, *q3 = q2 + columns;
        vec m0 = mu[a], m1 = mu[a + 1], m2 = mu[a + 2], m3 = mu[a + 3];
        vec g0 = splat(0.0), g1 = g0, g2 = g0, g3 = g0;
        for (int64_t b = 0; b < columns; b++) {
            vec n = nu[b], y = gy[b];
            g0 += q0[b] * n, y += q0[b] * m0;
            g1 += q1[b] * n, y += q1[b] * m1;
            g2 += q2[b] * n, y += q2[b] * m2;
            g3 += q3[b] * n, y += q3[b] * m3;
            gy[b] = y;
        }
        gx[a] = g0, gx[a + 1] = g1, gx[a + 2] = g2, gx[a + 3] = g3;
        value += m0 * g0, value += m1 * g1, value += m2 * g2, value += m3 * g3;
    }
    for (; a < rows; a++) {
        vec g = splat(0.0);
        for (int64_t b = 0; b < columns; b++) {
            g += q[a * columns + b] * nu[b];
            gy[b] += q[a * columns + b] * mu[a];
        }
        gx[a] = g;
        value += mu[a] * g;
    }
    return value;
}

/* mirror_step for one or two actions, to the same bits: the exponential of the larger one is 1, that of the other is left.
 * A function of its own, so that the loops over more actions stay as they are. */
static __attribute__((noinline)) void NAMED(short_step)(int64_t actions, vec step, vec ahead, const vec *restrict g,
                                                        vec *restrict x, vec *restrict policy) {
    if (actions == 1) {
        x[0] += step * g[0], policy[0] = splat(1.0);
        return;
    }
    x[0] += step * g[0], x[1] += step * g[1];
    const vec p = x[0] + ahead * g[0], q = x[1] + ahead * g[1];
    const vec less = NAMED(exp_of_negative)(smaller(p, q) - larger(p, q)), more = splat(1.0) / (splat(1.0) + less);
    const ivec first = p >= q, large = (ivec)more, small = (ivec)(less * more);
    policy[0] = (vec)((first & large) | (~first & small));
    policy[1] = (vec)((~(p <= q) & small) | ((p <= q) & large));
}

/* Lines 5 and 6 for one player: logits x += step g, policy = softmax(x + ahead g). */
static inline void NAMED(mirror_step)(int64_t actions, vec step, vec ahead, const vec *restrict g, vec *restrict x,
                                      vec *restrict policy) {
    if (actions < 3) {
        NAMED(short_step)(actions, step, ahead, g, x, policy);
        return;
    }
    vec top = splat(-INFINITY), total = splat(0.0);
    for (int64_t a = 0; a < actions; a++) {
        x[a] += step * g[a];
        policy[a] = x[a] + ahead * g[a];
        top = larger(top, policy[a]);
    }
    for (int64_t a = 0; a < actions; a++) {
        policy[a] = NAMED(exp_of_negative)(policy[a] - top);
        total += policy[a];
    }
    vec scale = splat(1.0) / total;
    for (int64_t a = 0; a < actions; a++) policy[a] *= scale;
}

static int NAMED(mirror_any)(const struct mirror_call *c) {
    const int64_t A = c->rows, B = c->columns;
    void *whole = NULL;
    vec *work = aligned_vectors((size_t)(A * B + 6 * (A + B) + 1) * sizeof(vec), &whole);
    if (!work) return -1;
    vec *q = work, *x = q + A * B, *y = x + A, *mu = y + B, *nu = mu + A, *gx = nu + B, *gy = gx + A;
    vec *sums[2] = {gy + B, gy + B + A + B + 1}; /* [0] totals, [1] the running chunk: mu, nu, value */
    vec eta = splat(0.0);
    for (int64_t lane = c->share.first; lane < c->share.last; lane += WIDTH) {
        gather(c->q, A * B, lane, c->lanes, q);
        gather(c->eta, 1, lane, c->lanes, &eta);
        const vec ahead = c->predicts ? eta : splat(0.0);
        gather(c->x, A, lane, c->lanes, x), gather(c->y, B, lane, c->lanes, y);
        gather(c->mu, A, lane, c->lanes, mu), gather(c->nu, B, lane, c->lanes, nu);
        for (int level = 0; level < 2; level++) {
            gather(c->sum_mu + level * c->lanes * A, A, lane, c->lanes, sums[level]);
            gather(c->sum_nu + level * c->lanes * B, B, lane, c->lanes, sums[level] + A);
            gather(c->sum_value + level * c->lanes, 1, lane, c->lanes, sums[level] + A + B);
        }
        vec *total = sums[0], *part = sums[1];
        NAMED(gradients)(q, A, B, mu, nu, gx, gy);
        for (int64_t t = c->done + 1; t <= c->done + c->iterations; t++) {
            NAMED(mirror_step)(A, eta, ahead, gx, x, mu);
            NAMED(mirror_step)(B, -eta, -ahead, gy, y, nu);
            vec value = NAMED(gradients)(q, A, B, mu, nu, gx, gy);
            for (int64_t i = 0; i < A + B; i++) part[i] += mu[i]; /* nu lies behind mu */
            part[A + B] += value;
            if (t % CHUNK == 0)
                for (int64_t i = 0; i <= A + B; i++) total[i] += part[i], part[i] = splat(0.0);
        }
        scatter(x, A, lane, c->lanes, c->x), scatter(y, B, lane, c->lanes, c->y);
        scatter(mu, A, lane, c->lanes, c->mu), scatter(nu, B, lane, c->lanes, c->nu);
        for (int level = 0; level < 2; level++) {
            scatter(sums[level], A, lane, c->lanes, c->sum_mu + level * c->lanes * A);
            scatter(sums[level] + A, B, lane, c->lanes, c->sum_nu + level * c->lanes * B);
            scatter(sums[level] + A + B, 1, lane, c->lanes, c->sum_value + level * c->lanes);
        }
    }
    free(whole);
    return 0;
}

/* ---- Algorithm 1, A = B = 2 -------------------------------------------------------------------- *
 * One number a player: the logit of its second action over the first, d, so that its first action has
 * probability 1 / (1 + exp(d)). Blocks of
 * lanes go through the loop together, so that one hides the latency of the other. */

struct NAMED(pair) {
    vec slope, offset_x, offset_y, corner, eta, reach; /* Q nu differs over rows by offset_x + slope nu(0) */
    vec dx, dy, gx, gy, mu, nu;
    vec part_mu, part_nu, part_value, total_mu, total_nu, total_value;
};

static inline void NAMED(pair_gradients)(struct NAMED(pair) *p) {
    p->gx = p->offset_x + p->slope * p->nu;
    p->gy = p->offset_y + p->slope * p->mu;
}

static inline void NAMED(pair_step)(struct NAMED(pair) *p) {
    p->mu = NAMED(falling_sigmoid)(p->dx - p->reach * p->gx);
    p->nu = NAMED(falling_sigmoid)(p->dy + p->reach * p->gy);
    p->dx -= p->eta * p->gx;
    p->dy += p->eta * p->gy;
    NAMED(pair_gradients)(p);
    p->part_mu += p->mu;
    p->part_nu += p->nu;
    /* mu^T Q nu = Q11 + mu(0) (offset_x + slope nu(0)) + offset_y nu(0) */
    p->part_value += (p->corner + p->offset_y * p->nu) + p->mu * p->gx;
}

static inline void NAMED(pair_flush)(struct NAMED(pair) *p) {
    p->total_mu += p->part_mu, p->part_mu = splat(0.0);
    p->total_nu += p->part_nu, p->part_nu = splat(0.0);
    p->total_value += p->part_value, p->part_value = splat(0.0);
}

static void NAMED(pair_load)(const struct mirror_call *c, int64_t lane, struct NAMED(pair) *p) {
    vec q[4], two[2];
    gather_known(c->q, 4, lane, c->lanes, q);
    gather_known(c->eta, 1, lane, c->lanes, &p->eta);
    p->reach = p->eta;
    if (c->predicts) p->reach += p->eta; /* the optimistic step takes the gradient twice, the anchor once */
    p->slope = (q[0] - q[1]) - (q[2] - q[3]);
    p->offset_x = q[1] - q[3], p->offset_y = q[2] - q[3], p->corner = q[3];
    gather_known(c->x, 2, lane, c->lanes, two), p->dx = two[1] - two[0];
    gather_known(c->y, 2, lane, c->lanes, two), p->dy = two[1] - two[0];
    gather_known(c->mu, 2, lane, c->lanes, two), p->mu = two[0];
    gather_known(c->nu, 2, lane, c->lanes, two), p->nu = two[0];
    NAMED(pair_gradients)(p);
    gather_known(c->sum_mu, 2, lane, c->lanes, two), p->total_mu = two[0];
    gather_known(c->sum_mu + 2 * c->lanes, 2, lane, c->lanes, two), p->part_mu = two[0];
    gather_known(c->sum_nu, 2, lane, c->lanes, two), p->total_nu = two[0];
    gather_known(c->sum_nu + 2 * c->lanes, 2, lane, c->lanes, two), p->part_nu = two[0];
    gather_known(c->sum_value, 1, lane, c->lanes, &p->total_value);
    gather_known(c->sum_value + c->lanes, 1, lane, c->lanes, &p->part_value);
}

static void NAMED(pair_store)(const struct mirror_call *c, int64_t lane, const struct NAMED(pair) *p) {
    const int64_t done = c->done + c->iterations;
    const vec zero = splat(0.0), one = splat(1.0);
    const vec part = splat((double)(done % CHUNK)), total = splat((double)(done - done % CHUNK));
    vec two[2];
    /* the larger logit is put at 0: the difference survives exactly, infinite ones included */
    two[0] = smaller(-p->dx, zero), two[1] = smaller(p->dx, zero), scatter_known(two, 2, lane, c->lanes, c->x);
    two[0] = smaller(-p->dy, zero), two[1] = smaller(p->dy, zero), scatter_known(two, 2, lane, c->lanes, c->y);
    two[0] = p->mu, two[1] = one - p->mu, scatter_known(two, 2, lane, c->lanes, c->mu);
    two[0] = p->nu, two[1] = one - p->nu, scatter_known(two, 2, lane, c->lanes, c->nu);
    two[0] = p->total_mu, two[1] = total - p->total_mu, scatter_known(two, 2, lane, c->lanes, c->sum_mu);
    two[0] = p->part_mu, two[1] = part - p->part_mu, scatter_known(two, 2, lane, c->lanes, c->sum_mu + 2 * c->lanes);
    two[0] = p->total_nu, two[1] = total - p->total_nu, scatter_known(two, 2, lane, c->lanes, c->sum_nu);
    two[0] = p->part_nu, two[1] = part - p->part_nu, scatter_known(two, 2, lane, c->lanes, c->sum_nu + 2 * c->lanes);
    scatter_known(&p->total_value, 1, lane, c->lanes, c->sum_value);
    scatter_known(&p->part_value, 1, lane, c->lanes, c->sum_value + c->lanes);
}

/* Two blocks of lanes hide each other's latency; the last may be alone. The same operations either way. */
static inline void NAMED(pair_run)(const struct mirror_call *c, int64_t lane, int blocks) {
    struct NAMED(pair) pair[2];
    const int64_t end = c->done + c->iterations;
    for (int k = 0; k < blocks; k++) NAMED(pair_load)(c, lane + k * WIDTH, &pair[k]);
    for (int64_t t = c->done; t < end;) {
        int64_t flush = t - t % CHUNK + CHUNK, stop = flush < end ? flush : end;
        for (; t < stop; t++)
            for (int k = 0; k < blocks; k++) NAMED(pair_step)(&pair[k]);
        for (int k = 0; k < blocks && t == flush; k++) NAMED(pair_flush)(&pair[k]);
    }
    for (int k = 0; k < blocks; k++) NAMED(pair_store)(c, lane + k * WIDTH, &pair[k]);
}

static int NAMED(mirror_2x2)(const struct mirror_call *c) {
    for (int64_t lane = c->share.first; lane < c->share.last; lane += 2 * WIDTH) {
        if (lane + WIDTH < c->share.last)
            NAMED(pair_run)(c, lane, 2);
        else
            NAMED(pair_run)(c, lane, 1);
    }
    return 0;
}

static int NAMED(mirror)(const void *call) {
    const struct mirror_call *c = call;
    return c->rows == 2 && c->columns == 2 ? NAMED(mirror_2x2)(c) : NAMED(mirror_any)(c);
}

/* ---- Algorithm 2: any number of players -------------------------------------------------------- *
 * Player i has payoffs q[before][own][after]: joint actions of the players before it, its own, and of those
 * after it. Products of the last iterates on either side are built up one player at a time, so all gradients
 * together cost about one multiply-add for each entry of q, and the product of all is what is summed. */

struct NAMED(seat) {
    int64_t before, own, after;
    const vec *q, *left, *right; /* [before][own][after], products of the others' iterates: [before], [after] */
    vec *x, *policy, *g;
    vec *next_left, *next_right; /* the same with this player: [before * own], [own * after]; NULL where nobody asks */
};

/* out[i][k] = a[i] b[k] */
static inline void NAMED(outer)(int64_t rows, int64_t columns, const vec *restrict a, const vec *restrict b,
                                vec *restrict out) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < columns; k++) out[i * columns + k] = a[i] * b[k];
}

/* Payoff of each own action against the others: g[a] = sum of left[b] q[b][a][c] right[c]. */
static inline void NAMED(contract)(const struct NAMED(seat) *seat) {
    const int64_t own = seat->own, after = seat->after;
    const vec *restrict q = seat->q, *restrict right = seat->right;
    vec *restrict g = seat->g;
    for (int64_t a = 0; a < own; a++) g[a] = splat(0.0);
    for (int64_t b = 0; b < seat->before; b++) {
        vec left = seat->left[b];
        if (after == 1) { /* the last player */
            for (int64_t a = 0; a < own; a++) g[a] += left * q[a];
            q += own;
        } else {
            for (int64_t a = 0; a < own; a++, q += after) {
                vec sum = q[0] * right[0];
                for (int64_t c = 1; c < after; c++) sum += q[c] * right[c];
                g[a] += left * sum;
            }
        }
    }
}

static inline void NAMED(joint_step)(const struct NAMED(seat) *seat, vec eta) {
    vec *x = seat->x, *policy = seat->policy;
    const vec *g = seat->g;
    if (seat->own == 2) { /* one exponential instead of two */
        x[0] += eta * g[0], x[1] += eta * g[1];
        policy[0] = NAMED(falling_sigmoid)((x[1] + eta * g[1]) - (x[0] + eta * g[0]));
        policy[1] = splat(1.0) - policy[0];
    } else {
        NAMED(mirror_step)(seat->own, eta, eta, g, x, policy);
    }
}

/* Products and gradients at the last iterates; the products are stored where seat_all has put them. */
static inline void NAMED(joint_gradients)(const struct NAMED(seat) *seats, int64_t players) {
    for (int64_t i = 0; i < players; i++)
        if (seats[i].next_left)
            NAMED(outer)(seats[i].before, seats[i].own, seats[i].left, seats[i].policy, seats[i].next_left);
    for (int64_t i = players - 1; i >= 0; i--)
        if (seats[i].next_right)
            NAMED(outer)(seats[i].own, seats[i].after, seats[i].policy, seats[i].right, seats[i].next_right);
    for (int64_t i = 0; i < players; i++) NAMED(contract)(&seats[i]);
}

/* Lay the players out in the work space; returns the product of all iterates. The first player's product from
 * the left and the last one's from the right are their iterates themselves. */
static const vec *NAMED(seat_all)(const struct joint_mirror_call *c, struct NAMED(seat) *seats, vec *one, const vec *q,
                                  vec *x, vec *policy, vec *g, vec *products) {
    const int64_t N = c->players, J = c->joint;
    int64_t before = 1, offset = 0;
    const vec *left = one, *right = one;
    for (int64_t i = 0; i < N; i++) {
        struct NAMED(seat) *seat = &seats[i];
        const int64_t own = c->actions[i];
        *seat = (struct NAMED(seat)){.before = before, .own = own, .after = J / (before * own), .left = left,
                                     .q = q + i * J, .x = x + offset, .policy = policy + offset, .g = g + offset};
        if (i) seat->next_left = products, products += before * own;
        left = i ? seat->next_left : seat->policy;
        before *= own, offset += own;
    }
    for (int64_t i = N - 1; i >= 0; i--) {
        struct NAMED(seat) *seat = &seats[i];
        seat->right = right;
        if (i && i < N - 1) seat->next_right = products, products += seat->own * seat->after;
        right = i < N - 1 ? seat->next_right : seat->policy;
    }
    return left;
}

static int NAMED(joint_any)(const struct joint_mirror_call *c) {
    const int64_t N = c->players, J = c->joint, C = c->columns;
    void *whole = NULL;
    vec *work = aligned_vectors((size_t)((3 * N + 2) * J + 3 * C + 1) * sizeof(vec), &whole);
    struct NAMED(seat) *seats = malloc((size_t)N * sizeof *seats);
    if (!work || !seats) {
        free(whole), free(seats);
        return -1;
    }
    vec *q = work, *x = q + N * J, *policy = x + C, *g = policy + C, *total = g + C, *part = total + J, *one = part + J;
    const vec *product = NAMED(seat_all)(c, seats, one, q, x, policy, g, one + 1);
    vec eta = *one = splat(1.0);
    for (int64_t lane = c->share.first; lane < c->share.last; lane += WIDTH) {
        gather(c->q, N * J, lane, c->lanes, q), gather(c->eta, 1, lane, c->lanes, &eta);
        gather(c->x, C, lane, c->lanes, x), gather(c->policy, C, lane, c->lanes, policy);
        gather(c->sum_joint, J, lane, c->lanes, total);
        gather(c->sum_joint + c->lanes * J, J, lane, c->lanes, part);
        NAMED(joint_gradients)(seats, N);
        for (int64_t t = c->done + 1; t <= c->done + c->iterations; t++) {
            for (int64_t i = 0; i < N; i++) NAMED(joint_step)(&seats[i], eta);
            NAMED(joint_gradients)(seats, N);
            for (int64_t j = 0; j < J; j++) part[j] += product[j];
            if (t % CHUNK == 0)
                for (int64_t j = 0; j < J; j++) total[j] += part[j], part[j] = splat(0.0);
        }
        scatter(x, C, lane, c->lanes, c->x), scatter(policy, C, lane, c->lanes, c->policy);
        scatter(total, J, lane, c->lanes, c->sum_joint);
        scatter(part, J, lane, c->lanes, c->sum_joint + c->lanes * J);
    }
    free(whole), free(seats);
    return 0;
}

/* Where every player has two actions (a coin), one number a player is enough, as for A = B = 2 in Algorithm 1: the
 * logit d of its second action over the first. Payoffs are differences between the two, which halves the work. The
 * number of players is known when this is compiled, and so are all sizes. */

#define MOST_COINS 5

static inline __attribute__((always_inline)) void NAMED(coin_products)(const int players, const vec *first, vec *left,
                                                                       vec *right) {
    /* left[(1 << i) + b]: product of the players before i at their joint action b; right: of those after it */
    left[1] = right[1] = splat(1.0);
    for (int i = 0; i < players; i++)
        for (int b = 0; b < 1 << i; b++) {
            left[(2 << i) + 2 * b] = left[(1 << i) + b] * first[i];
            left[(2 << i) + 2 * b + 1] = left[(1 << i) + b] - left[(2 << i) + 2 * b];
        }
    for (int i = 0; i + 1 < players; i++)
        for (int b = 0; b < 1 << i; b++) {
            right[(2 << i) + b] = first[players - 1 - i] * right[(1 << i) + b];
            right[(2 << i) + (1 << i) + b] = right[(1 << i) + b] - right[(2 << i) + b];
        }
}

static inline __attribute__((always_inline)) void NAMED(coin_run)(const struct joint_mirror_call *c, int64_t lane,
                                                                  const int players) {
    vec gap[MOST_COINS << (MOST_COINS - 1)], total[1 << MOST_COINS], part[1 << MOST_COINS];
    vec left[2 << MOST_COINS], right[1 << MOST_COINS], two[2 * MOST_COINS];
    vec d[MOST_COINS], first[MOST_COINS], eta = splat(0.0);
    const int joint = 1 << players, half = joint / 2;
    const int64_t end = c->done + c->iterations;
    for (int i = 0; i < players; i++) { /* what the second action pays over the first, [before][after] */
        const int after = 1 << (players - 1 - i);
        for (int64_t l = 0; l < WIDTH; l++)
            for (int k = 0; k < half; k++) {
                const int low = k / after * 2 * after + k % after;
                const double *q = lane + l < c->lanes ? c->q + ((lane + l) * players + i) * joint : NULL;
                ((double *)gap)[(i * half + k) * WIDTH + l] = q ? q[low + after] - q[low] : 0.0;
            }
    }
    gather(c->eta, 1, lane, c->lanes, &eta);
    gather(c->x, 2 * players, lane, c->lanes, two);
    for (int i = 0; i < players; i++) d[i] = two[2 * i + 1] - two[2 * i];
    gather(c->policy, 2 * players, lane, c->lanes, two);
    for (int i = 0; i < players; i++) first[i] = two[2 * i];
    gather(c->sum_joint, joint, lane, c->lanes, total);
    gather(c->sum_joint + c->lanes * joint, joint, lane, c->lanes, part);
    NAMED(coin_products)(players, first, left, right);
    for (int64_t t = c->done + 1; t <= end; t++) {
#pragma GCC unroll 8
        for (int i = 0; i < players; i++) {
            const int before = 1 << i, after = 1 << (players - 1 - i);
            const vec *row = gap + i * half;
            vec g = splat(0.0);
            for (int b = 0; b < before; b++, row += after) {
                vec sum = row[0] * right[after];
                for (int k = 1; k < after; k++) sum += row[k] * right[after + k];
                g += left[before + b] * sum;
            }
            d[i] += eta * g;
            first[i] = NAMED(falling_sigmoid)(d[i] + eta * g);
        }
        NAMED(coin_products)(players, first, left, right);
        for (int j = 0; j < joint; j++) part[j] += left[joint + j];
        if (t % CHUNK == 0)
            for (int j = 0; j < joint; j++) total[j] += part[j], part[j] = splat(0.0);
    }
    for (int i = 0; i < players; i++) /* the larger logit is put at 0, as in pair_store */
        two[2 * i] = smaller(-d[i], splat(0.0)), two[2 * i + 1] = smaller(d[i], splat(0.0));
    scatter(two, 2 * players, lane, c->lanes, c->x);
    for (int i = 0; i < players; i++) two[2 * i] = first[i], two[2 * i + 1] = splat(1.0) - first[i];
    scatter(two, 2 * players, lane, c->lanes, c->policy);
    scatter(total, joint, lane, c->lanes, c->sum_joint);
    scatter(part, joint, lane, c->lanes, c->sum_joint + c->lanes * joint);
}

/* Two players, the same numbers as coin_run: two blocks of lanes hide each other's latency, as in pair_run. An iterate is
 * (f, 1 - f) of each player; the products f0 f1, f0 (1 - f1), ... are fused into the sums, as they are in coin_run. */
struct NAMED(duel) {
    vec gap[4], eta, d[2], first[2], part[4]; /* gap: of player 0 against either action of player 1, then of player 1 */
};

static inline void NAMED(duel_load)(const struct joint_mirror_call *c, int64_t lane, struct NAMED(duel) *own, vec *total) {
    vec q[8], two[4], eta, part[4];
    gather_known(c->q, 8, lane, c->lanes, q); /* player, action of player 0, action of player 1 */
    own->gap[0] = q[2] - q[0], own->gap[1] = q[3] - q[1], own->gap[2] = q[5] - q[4], own->gap[3] = q[7] - q[6];
    gather_known(c->eta, 1, lane, c->lanes, &eta), own->eta = eta;
    gather_known(c->x, 4, lane, c->lanes, two), own->d[0] = two[1] - two[0], own->d[1] = two[3] - two[2];
    gather_known(c->policy, 4, lane, c->lanes, two), own->first[0] = two[0], own->first[1] = two[2];
    gather_known(c->sum_joint, 4, lane, c->lanes, total);
    gather_known(c->sum_joint + 4 * c->lanes, 4, lane, c->lanes, part);
    for (int j = 0; j < 4; j++) own->part[j] = part[j];
}

static inline __attribute__((always_inline)) void NAMED(duel_step)(struct NAMED(duel) *own) {
    const vec other[2] = {splat(1.0) - own->first[0], splat(1.0) - own->first[1]};
    const vec sum = own->gap[0] * own->first[1] + own->gap[1] * other[1];
    const vec g0 = splat(0.0) + sum;
    const vec g1 = NAMED(fused_each)(other[0], own->gap[3], splat(0.0) + own->first[0] * own->gap[2]);
    own->d[0] += own->eta * g0;
    own->d[1] += own->eta * g1;
    own->first[0] = NAMED(falling_sigmoid)(own->d[0] + own->eta * g0);
    own->first[1] = NAMED(falling_sigmoid)(own->d[1] + own->eta * g1);
    const vec f = own->first[0], rest = splat(1.0) - f, last = own->first[1];
    own->part[0] = NAMED(fused_each)(f, last, own->part[0]);
    own->part[1] += NAMED(fused_each)(-f, last, f);
    own->part[2] = NAMED(fused_each)(rest, last, own->part[2]);
    own->part[3] += NAMED(fused_each)(-rest, last, rest);
}

static inline void NAMED(duel_flush)(struct NAMED(duel) *own, vec *total) {
    for (int j = 0; j < 4; j++) total[j] += own->part[j], own->part[j] = splat(0.0);
}

static inline void NAMED(duel_store)(const struct joint_mirror_call *c, int64_t lane, const struct NAMED(duel) *own,
                                     const vec *total) {
    vec two[4], part[4];
    for (int i = 0; i < 2; i++) /* the larger logit is put at 0, as in pair_store */
        two[2 * i] = smaller(-own->d[i], splat(0.0)), two[2 * i + 1] = smaller(own->d[i], splat(0.0));
    scatter_known(two, 4, lane, c->lanes, c->x);
    for (int i = 0; i < 2; i++) two[2 * i] = own->first[i], two[2 * i + 1] = splat(1.0) - own->first[i];
    scatter_known(two, 4, lane, c->lanes, c->policy);
    for (int j = 0; j < 4; j++) part[j] = own->part[j];
    scatter_known(total, 4, lane, c->lanes, c->sum_joint);
    scatter_known(part, 4, lane, c->lanes, c->sum_joint + 4 * c->lanes);
}

static inline __attribute__((always_inline)) void NAMED(duel_run)(const struct joint_mirror_call *c, int64_t lane,
                                                                  const int both) {
    struct NAMED(duel) one, two; /* an array of them would be kept in memory, not in registers */
    vec total[2][4];
    const int64_t end = c->done + c->iterations;
    NAMED(duel_load)(c, lane, &one, total[0]);
    if (both) NAMED(duel_load)(c, lane + WIDTH, &two, total[1]);
    for (int64_t t = c->done; t < end;) {
        const int64_t flush = t - t % CHUNK + CHUNK, stop = flush < end ? flush : end;
        for (; t < stop; t++) {
            NAMED(duel_step)(&one);
            if (both) NAMED(duel_step)(&two);
        }
        if (t < flush) break;
        NAMED(duel_flush)(&one, total[0]);
        if (both) NAMED(duel_flush)(&two, total[1]);
    }
    NAMED(duel_store)(c, lane, &one, total[0]);
    if (both) NAMED(duel_store)(c, lane + WIDTH, &two, total[1]);
}

static int NAMED(joint_mirror)(const void *call) {
    const struct joint_mirror_call *c = call;
    const int64_t players = c->players;
    if (players < 2 || players > MOST_COINS || c->columns != 2 * players || c->joint != 1 << players)
        return NAMED(joint_any)(c);
    int64_t lane = c->share.first;
    for (; players == 2 && lane + WIDTH < c->share.last; lane += 2 * WIDTH) NAMED(duel_run)(c, lane, 1);
    for (; lane < c->share.last; lane += WIDTH) {
        if (players == 2)
            NAMED(duel_run)(c, lane, 0);
        else if (players == 3)
            NAMED(coin_run)(c, lane, 3);
        else if (players == 4)
            NAMED(coin_run)(c, lane, 4);
        else
            NAMED(coin_run)(c, lane, 5);
    }
    return 0;
}
#undef MOST_COINS

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

/* ---- Expected next value: P V ------------------------------------------------------------------- */

static int NAMED(expect)(const void *call) {
    const struct expect_call *c = call;
    const int64_t S = c->states;
    for (int64_t game = c->share.first; game < c->share.last; game++) {
        const double *transition = c->transition + c->index[game] * c->rows * S;
        const double *values = c->values + game * c->vectors * S;
        double *out = c->out + game * c->vectors * c->rows;
        for (int64_t row = 0; row < c->rows; row++)
            for (int64_t k = 0; k < c->vectors; k++)
                out[k * c->rows + row] = NAMED(dot)(S, transition + row * S, values + k * S);
    }
    return 0;
}

/* Reward plus expected next value at `count` successive steps, for a run of rows (states and joint actions) of a game.
 * Values of up to four steps lie side by side, [state][4], so a kernel that steps share is read once for all of them;
 * a single step is a dot product, which many states make the faster of the two. */

#define QUAD 4
typedef double NAMED(quad) __attribute__((vector_size(8 * QUAD)));

static inline __attribute__((always_inline)) void NAMED(backup_rows)(const int together, int64_t count, int64_t rows,
                                                                     int64_t states, const double *p,
                                                                     const NAMED(quad) *restrict values,
                                                                     const double *reward, double *restrict out) {
    NAMED(quad) sum[8];
    for (int r = 0; r < together; r++) sum[r] = (NAMED(quad)){0};
#pragma GCC unroll 4
    for (int64_t z = 0; z < states; z++)
        for (int r = 0; r < together; r++) sum[r] += p[r * states + z] * values[z];
    for (int64_t k = 0; k < count; k++)
        for (int r = 0; r < together; r++) out[k * rows + r] = reward[k * rows + r] + sum[r][k];
}

static int NAMED(backup)(const void *call) {
    const struct backup_call *c = call;
    const int64_t S = c->states, R = c->rows;
    void *whole = NULL;
    NAMED(quad) *packed = aligned_vectors((size_t)S * sizeof *packed, &whole);
    if (!packed) return -1;
    for (int64_t lane = c->share.first; lane < c->share.last;) { /* a lane is a row of a game */
        const int64_t game = lane / R, from = lane - game * R, left = c->share.last - lane;
        const int64_t to = from + left < R ? from + left : R;
        const double *transition = c->transition + c->index[game] * R * S;
        for (int64_t h = c->first; h < c->last;) {
            const int64_t ahead = c->steps - 1 - h, most = c->last - h < ahead ? c->last - h : ahead;
            const int64_t count = most < QUAD ? most : QUAD;
            const double *reward = c->reward + (game * c->steps + h) * R;
            const double *values = c->values + (game * c->steps + h + 1) * S;
            double *out = c->out + (game * c->steps + h) * R;
            int64_t row = from;
            if (!ahead) { /* nothing comes after the last step */
                memcpy(out + from, reward + from, (size_t)(to - from) * sizeof *out);
            } else if (count == 1) {
                for (; row < to; row++) out[row] = reward[row] + NAMED(dot)(S, transition + row * S, values);
            } else {
                for (int64_t z = 0; z < S; z++)
                    for (int64_t k = 0; k < QUAD; k++) packed[z][k] = k < count ? values[k * S + z] : 0.0;
                for (; row + 8 <= to; row += 8)
                    NAMED(backup_rows)(8, count, R, S, transition + row * S, packed, reward + row, out + row);
                for (; row < to; row++)
                    NAMED(backup_rows)(1, count, R, S, transition + row * S, packed, reward + row, out + row);
            }
            h += ahead ? count : 1;
        }
        lane += to - from;
    }
    free(whole);
    return 0;
}
#undef QUAD

#include "ascent.h"
#include "regret.h"
#include "smooth.h"
#include "cautious.h"
#include "barrier.h"
#include "values.h"
#include "sparse.h"
#include "matrix.h"
#include "maml.h"
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("unroll-loops")
#endif
#include "trees.h"
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

/* Of sampled play, where one bit decides what is drawn: nothing is fused. */
#if defined(__clang__)
#pragma clang fp contract(off)
#else
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif
#include "sampling.h"
#include "simulate.h"
#include "bandit.h"
#if defined(__clang__)
#pragma clang fp contract(on)
#else
#pragma GCC pop_options
#endif

const struct instruction_set NAMED(loops) = {
    .isa = ISA,
#define KERNEL(name, lanes, reads, text) .name = NAMED(name),
#define LOOP(name) .name = NAMED(name),
#include "signatures.h"
};

#undef vec
#undef ivec
#undef splat
#undef larger
#undef smaller
#undef keep_from
#undef exp_unclamped
#undef loose
#undef at
#undef gather
#undef scatter
#undef gather_known
#undef scatter_known
#undef RUNNING
#undef four
#undef four_at
#undef uvec
#undef LOW_PRODUCT
#undef LOW_HALF
