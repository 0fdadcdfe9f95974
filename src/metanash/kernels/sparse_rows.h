/* Products of rows of a sparse kernel with vectors that lie side by side, included by sparse.h for each number of them.
 *
 *   CELL           so many doubles, as one vector or a double
 *   SPARSE_ROWS    the name of a function
 *   SPARSE_LANES   and of another
 */

#define COUNT (int)(sizeof(CELL) / sizeof(double))
#define SUM_UP(r)                                                                                                      \
    const int64_t end = m->starts[(r) + 1];                                                                            \
    __builtin_prefetch(m->data + end + SPARSE_AHEAD), __builtin_prefetch(m->places + end + SPARSE_AHEAD);              \
    CELL sum = {0};                                                                                                    \
    _Pragma("GCC unroll 4") for (; k < end; k++) sum += m->data[k] * cell[m->places[k]]

/* Rows `first` to `last` times values [state][cell], to out[vector][row], the vectors `apart` numbers apart there and
 * in `reward`, which is added unless it is NULL. Row `first` is where both begin. A sum is in the order of the row, so a
 * vector gives the same bits whatever lies beside it. */
static inline void SPARSE_ROWS(const struct NAMED(csr) *m, int64_t first, int64_t last, const double *values,
                               const double *reward, double *restrict out, int64_t apart) {
    const CELL *cell = (const CELL *)values;
    for (int64_t r = first, k = m->starts[first]; r < last; r++, out++) {
        SUM_UP(r);
        if (reward) {
            for (int v = 0; v < COUNT; v++) out[v * apart] = reward[v * apart] + ((const double *)&sum)[v];
            reward++;
        } else
            for (int v = 0; v < COUNT; v++) out[v * apart] = ((const double *)&sum)[v];
    }
}

/* What `look_on` makes of the rows of a state: its tables, in one lane. */
static inline void SPARSE_LANES(const struct NAMED(csr) *m, int64_t first, int64_t last, const double *values,
                                const struct NAMED(asked) *asked, const double *reward, int64_t players_apart,
                                double *restrict out, int64_t apart) {
    const CELL *cell = (const CELL *)values;
    const double *own[COUNT];
    double sign[COUNT];
    for (int v = 0; v < COUNT; v++) own[v] = reward + asked[v].player * players_apart, sign[v] = asked[v].sign;
    for (int64_t r = first, k = m->starts[first]; r < last; r++, out += WIDTH) {
        SUM_UP(r);
        for (int v = 0; v < COUNT; v++) out[v * apart] = own[v][r - first] + sign[v] * ((const double *)&sum)[v];
    }
}

#undef COUNT
#undef SUM_UP
#undef CELL
#undef SPARSE_ROWS
#undef SPARSE_LANES
