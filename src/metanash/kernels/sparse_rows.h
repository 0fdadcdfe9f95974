/* Products of rows of a sparse kernel with vectors that lie side by side, included by sparse.h for each number of them.
 *
 *   CELL           so many doubles, as one vector or a double
 *   SPARSE_ROWS    the name of the function
 */

/* Rows `first` to `last` times values [state][cell], to out[vector][row], the vectors `apart` numbers apart there and
 * in `reward`, which is added unless it is NULL. Row `first` is where both begin. A sum is in the order of the row, so a
 * vector gives the same bits whatever lies beside it. */
static inline void SPARSE_ROWS(const struct NAMED(csr) *m, int64_t first, int64_t last, const double *values,
                               const double *reward, double *restrict out, int64_t apart) {
    enum { COUNT = sizeof(CELL) / sizeof(double) };
    const CELL *cell = (const CELL *)values;
    for (int64_t r = first, k = m->starts[first]; r < last; r++, out++) {
        const int64_t end = m->starts[r + 1];
        __builtin_prefetch(m->data + end + SPARSE_AHEAD), __builtin_prefetch(m->places + end + SPARSE_AHEAD);
        CELL sum = {0};
#pragma GCC unroll 4
        for (; k < end; k++) sum += m->data[k] * cell[m->places[k]];
        if (reward) {
            for (int v = 0; v < COUNT; v++) out[v * apart] = reward[v * apart] + ((const double *)&sum)[v];
            reward++;
        } else
            for (int v = 0; v < COUNT; v++) out[v * apart] = ((const double *)&sum)[v];
    }
}

#undef CELL
#undef SPARSE_ROWS
