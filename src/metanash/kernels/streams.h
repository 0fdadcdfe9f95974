/* Uniform numbers of many generators at once, those of NumPy: for each, Generator(PCG64(SeedSequence(words))).random(n).
 *
 * NumPy makes three objects for a generator, which takes a hundred times as long as the few numbers that a small game
 * draws. Its seed sequences and PCG64 are specified by what they return, which NumPy promises to keep. */

#define ENTROPY 8 /* words of a generator */
#define POOL 4

/* A word, hashed with a constant that changes with every use. */
static inline uint32_t hashed(uint32_t value, uint32_t *constant, uint32_t factor) {
    value ^= *constant;
    *constant *= factor;
    value *= *constant;
    return value ^ value >> 16;
}

static inline uint32_t mixed(uint32_t x, uint32_t y) {
    const uint32_t both = 0xca01f9ddU * x - 0x4973f715U * y;
    return both ^ both >> 16;
}

/* SeedSequence(words).generate_state(4, uint64): the state and the increment, high halves first. */
static void seeds_of(const int64_t *words, uint64_t *out) {
    uint32_t pool[POOL], constant = 0x43b0d7e5U, parts[8];
    for (int i = 0; i < POOL; i++) pool[i] = hashed((uint32_t)words[i], &constant, 0x931e8875U);
    for (int from = 0; from < POOL; from++)
        for (int to = 0; to < POOL; to++)
            if (to != from) pool[to] = mixed(pool[to], hashed(pool[from], &constant, 0x931e8875U));
    for (int from = POOL; from < ENTROPY; from++)
        for (int to = 0; to < POOL; to++) pool[to] = mixed(pool[to], hashed((uint32_t)words[from], &constant, 0x931e8875U));
    constant = 0x8b51f9ddU;
    for (int i = 0; i < 8; i++) parts[i] = hashed(pool[i % POOL], &constant, 0x58f38dedU);
    for (int i = 0; i < 4; i++) out[i] = parts[2 * i] | (uint64_t)parts[2 * i + 1] << 32;
}

struct wide {
    uint64_t high, low;
};

/* state = state * multiplier + increment, modulo 2^128 */
static inline struct wide step_of(struct wide state, struct wide increment) {
    const uint64_t high = 0x2360ed051fc65da4U, low = 0x4385df649fccf645U;
    const uint64_t a = state.low & 0xffffffffU, b = state.low >> 32, c = low & 0xffffffffU, d = low >> 32;
    const uint64_t least = a * c, middle = b * c + (least >> 32), rest = a * d + (middle & 0xffffffffU);
    struct wide next = {.low = state.low * low + increment.low};
    next.high = b * d + (middle >> 32) + (rest >> 32) + state.high * low + state.low * high + increment.high;
    next.high += next.low < increment.low;
    return next;
}

static void draw_uniform(const struct uniform_call *c) {
    for (int64_t k = 0; k < c->streams; k++) {
        uint64_t seed[4];
        seeds_of(c->words + ENTROPY * k, seed);
        const struct wide increment = {seed[2] << 1 | seed[3] >> 63, seed[3] << 1 | 1};
        struct wide state = step_of((struct wide){0, 0}, increment);
        state.low += seed[1];
        state.high += seed[0] + (state.low < seed[1]);
        state = step_of(state, increment);
        double *out = c->out + k * c->numbers;
        for (int64_t i = 0; i < c->numbers; i++) {
            state = step_of(state, increment);
            const uint64_t folded = state.high ^ state.low, turn = state.high >> 58;
            out[i] = (double)((folded >> turn | folded << (-turn & 63)) >> 11) * 0x1p-53;
        }
    }
}
