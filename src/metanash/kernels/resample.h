/* How often each of n seeds is drawn of n draws, from the uniform numbers of NumPy's Generator.multinomial and as it does.
 *
 * Each seed in turn gets a binomial number of the draws that are left: the first one whose distribution function exceeds
 * a uniform number. NumPy works out the chances of 0, 1 and so on anew for each, with a logarithm, an exponential and
 * divisions. But the same few pairs of a seed and of draws that are left come up in all resamples, so they are kept.
 */
#define MOST_EXPECTED 30.0 /* beyond, NumPy draws binomial numbers in another way */
#define KEPT_CHANCES 3

struct binomial {
    double chance[KEPT_CHANCES]; /* of 0, 1 and so on; 0 where they are not known yet */
    int64_t bound;               /* that is hardly ever reached: then NumPy begins again with the next uniform number */
};

/* The chance of `count` from that of one less, rounded as NumPy rounds it. */
static inline double chance_of(int64_t count, int64_t draws, double p, double before) {
    return (double)(draws - count + 1) * p * before / ((double)count * (1.0 - p));
}

static void look_up(struct binomial *b, int64_t draws, double p) {
    const double mean = (double)draws * p;
    b->bound = (int64_t)fmin((double)draws, mean + 10.0 * sqrt(mean * (1.0 - p) + 1.0));
    b->chance[0] = exp((double)draws * log1p(-p));
    for (int k = 1; k < KEPT_CHANCES; k++) b->chance[k] = chance_of(k, draws, p, b->chance[k - 1]);
}

/* A binomial number; -1 if the uniform numbers do not suffice. */
static inline int64_t draw(const struct resample_call *c, const struct binomial *b, int64_t draws, double p, int64_t *used) {
    while (*used < c->numbers) {
        double left = c->uniform[(*used)++], here = b->chance[0];
        for (int64_t count = 0; count <= b->bound;) {
            if (!(left > here)) return count;
            left -= here;
            count++;
            here = count < KEPT_CHANCES ? b->chance[count] : chance_of(count, draws, p, here);
        }
    }
    return -1;
}

/* How many uniform numbers were used; -1 if they do not suffice or a mean is above MOST_EXPECTED, -2 without memory. */
static int64_t resample_rows(const struct resample_call *c) {
    const int64_t n = c->seeds;
    double *chance = malloc((size_t)n * sizeof *chance), rest = 1.0;
    struct binomial *known = calloc((size_t)(n * (n + 1)), sizeof *known);
    int64_t used = chance && known ? 0 : -2;
    for (int64_t j = 0; used == 0 && j < n; rest -= 1.0 / (double)n, j++) chance[j] = 1.0 / (double)n / rest;
    for (int64_t row = 0; used >= 0 && row < c->resamples; row++) {
        double *counts = c->counts + row * n;
        int64_t draws = n;
        for (int64_t j = 0; used >= 0 && j < n - 1 && draws > 0; j++) {
            const double p = fmin(chance[j], 1.0 - chance[j]);
            struct binomial *b = &known[j * (n + 1) + draws];
            if (b->chance[0] == 0.0) look_up(b, draws, p);
            const int64_t count = (double)draws * p > MOST_EXPECTED ? -1 : draw(c, b, draws, p, &used);
            if (count < 0) {
                used = -1;
                break;
            }
            const int64_t drawn = chance[j] > 0.5 ? draws - count : count;
            counts[j] = (double)drawn;
            draws -= drawn;
        }
        if (used >= 0) counts[n - 1] += (double)draws;
    }
    free(chance);
    free(known);
    return used;
}
