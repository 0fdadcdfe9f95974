/* Random numbers by their address, and what is drawn with them. Included by lanes.h, so once for each instruction set.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): the key is the seed of a game, the counter is (block, episode), each
 * of 64 bits. A block is two numbers u = k / 2^52 in [0, 1). Step t of an episode has blocks of its own, t times `wide` and
 * the next ones, whose numbers are: the initial state (read at the first step only), the action of each player, the next
 * state. So a draw depends on nothing but seed, episode, step and purpose, and neither on the vector width nor on threads.
 *
 * Products are not fused into sums here, in simulate.h and in bandit.h: all instruction sets give the same bits. */

typedef uint64_t NAMED(uvec) __attribute__((vector_size(8 * WIDTH), may_alias));
#define uvec NAMED(uvec)

/* Products of the low halves of 64 bits. */
#if WIDTH == 8
#define LOW_PRODUCT(a, b) ((uvec)_mm512_mul_epu32((__m512i)(a), (__m512i)(b)))
#elif WIDTH == 4
#define LOW_PRODUCT(a, b) ((uvec)_mm256_mul_epu32((__m256i)(a), (__m256i)(b)))
#else
#define LOW_PRODUCT(a, b) (((a) & LOW_HALF) * ((b) & LOW_HALF))
#endif
#define LOW_HALF 0xffffffffu

/* Two numbers for each of WIDTH counters (block, episode): first and second are [lane]. High halves of the words are
 * garbage on the way. */
static inline void NAMED(philox)(uint64_t key, uvec block, uvec episode, uvec *first, uvec *second) {
    const uvec m0 = 0xD2511F53u - (uvec){0}, m1 = 0xCD9E8D57u - (uvec){0};
    uvec c0 = block, c1 = block >> 32, c2 = episode, c3 = episode >> 32;
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        const uvec p0 = LOW_PRODUCT(c0, m0), p1 = LOW_PRODUCT(c2, m1);
        c0 = (p1 >> 32) ^ c1 ^ k0, c1 = p1, c2 = (p0 >> 32) ^ c3 ^ k1, c3 = p0;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    *first = (c0 & LOW_HALF) | (c1 << 32), *second = (c2 & LOW_HALF) | (c3 << 32);
}

#define HELD_BLOCKS 64

/* Numbers of some steps of some episodes, made ahead. */
struct NAMED(dice) {
    uint64_t key;
    int64_t wide;               /* blocks of a step */
    int64_t steps, episodes;    /* held: so many steps of each of so many episodes, */
    int64_t step, episode;      /* from these on */
    double number[2 * HELD_BLOCKS];
};

/* Dice for episodes of at most `steps` steps; at first they hold nothing. */
static void NAMED(take_dice)(struct NAMED(dice) *d, int64_t key, int64_t players, int64_t steps) {
    d->key = (uint64_t)key, d->wide = (players + 3) / 2;
    const int64_t most = HELD_BLOCKS / d->wide;
    d->steps = steps < most ? steps : most;
    d->episodes = d->steps == steps ? most / steps : 1;
    d->step = 0, d->episode = -1 - d->episodes;
}

static __attribute__((noinline)) void NAMED(roll)(struct NAMED(dice) *d, int64_t episode, int64_t step) {
    uint64_t block[HELD_BLOCKS], which[HELD_BLOCKS];
    int64_t count = 0;
    for (int64_t e = 0; e < d->episodes; e++)
        for (int64_t b = 0; b < d->steps * d->wide; b++, count++)
            block[count] = (uint64_t)(step * d->wide + b), which[count] = (uint64_t)(episode + e);
    for (; count % WIDTH; count++) block[count] = which[count] = 0;
    for (int64_t j = 0; j < count; j += WIDTH) {
        uvec blocks, episodes, both[2];
        memcpy(&blocks, block + j, sizeof blocks), memcpy(&episodes, which + j, sizeof episodes);
        NAMED(philox)(d->key, blocks, episodes, &both[0], &both[1]);
        for (int k = 0; k < 2; k++) both[k] = (both[k] >> 12) | 0x3ff0000000000000u; /* [1, 2) */
        const vec first = (vec)both[0] - splat(1.0), second = (vec)both[1] - splat(1.0);
        for (int l = 0; l < WIDTH; l++) d->number[2 * (j + l)] = first[l], d->number[2 * (j + l) + 1] = second[l];
    }
    d->episode = episode, d->step = step;
}

/* The numbers of a step. Episodes are asked for in order, and so are the steps of one. */
static inline const double *NAMED(numbers)(struct NAMED(dice) *d, int64_t episode, int64_t step) {
    if ((uint64_t)(episode - d->episode) >= (uint64_t)d->episodes || (uint64_t)(step - d->step) >= (uint64_t)d->steps)
        NAMED(roll)(d, episode, step);
    return d->number + 2 * d->wide * ((episode - d->episode) * d->steps + step - d->step);
}

/* How many of n ascending numbers are at most u: what u draws where they are cumulative sums. */
static inline int64_t NAMED(pick)(const double *ends, int64_t n, double u) {
    int64_t found = 0;
    if (n <= 16) {
        for (int64_t k = 0; k < n; k++) found += u >= ends[k];
        return found;
    }
    for (int64_t left = n; left;) {
        const int64_t half = left / 2;
        if (u >= ends[found + half]) found += half + 1, left -= half + 1;
        else left = half;
    }
    return found;
}

/* The same of probabilities; one that is 0 is never drawn. */
static inline int64_t NAMED(pick_action)(const double *chance, int64_t n, double u) {
    int64_t found = 0;
    double end = 0.0;
    for (int64_t k = 0; k + 1 < n; k++) end += chance[k], found += u >= end;
    while (found && !(chance[found] > 0.0)) found--;
    return found;
}

/* What is played of policies `p`: with chance `exploration` a uniform action. */
static inline void NAMED(explore)(const int64_t *actions, int64_t players, double exploration, const double *p, double *out) {
    for (int64_t i = 0; i < players; p += actions[i], out += actions[i], i++)
        for (int64_t a = 0; a < actions[i]; a++) out[a] = (1.0 - exploration) * p[a] + exploration / (double)actions[i];
}

/* p = softmax(x + step g); a probability is 0 where x is -inf. */
static inline void NAMED(soften_alone)(int64_t n, const double *x, double step, const double *g, double *p) {
    double top = -INFINITY, total = 0.0;
    for (int64_t a = 0; a < n; a++) p[a] = x[a] + step * g[a], top = p[a] > top ? p[a] : top;
    for (int64_t a = 0; a < n; a++) p[a] = exp(p[a] - top), total += p[a];
    for (int64_t a = 0; a < n; a++) p[a] /= total;
}

/* The nearest point of the simplex to y: y - t where that is positive. `sorted` is work for n numbers. It does not change if
 * all of y is moved by a number, so the largest becomes 0: however far a step was, t is told from it. */
static inline void NAMED(onto_simplex)(int64_t n, double *y, double *sorted) {
    double top = y[0];
    for (int64_t a = 1; a < n; a++) top = y[a] > top ? y[a] : top;
    for (int64_t a = 0; a < n; a++) {
        y[a] -= top;
        int64_t k = a;
        for (; k && sorted[k - 1] < y[a]; k--) sorted[k] = sorted[k - 1];
        sorted[k] = y[a];
    }
    double sum = 0.0, level = 0.0, total = 0.0;
    for (int64_t k = 0; k < n; k++) {
        sum += sorted[k];
        const double t = (sum - 1.0) / (double)(k + 1);
        if (sorted[k] > t) level = t;
    }
    for (int64_t a = 0; a < n; a++) y[a] = y[a] > level ? y[a] - level : 0.0, total += y[a];
    for (int64_t a = 0; a < n; a++) y[a] /= total;
}
