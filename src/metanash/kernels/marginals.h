/* Averages of a tensor over independent players, for entries that are numbers of one game or vectors of several.
 *
 * Included with
 *   ENTRY              the type of an entry,
 *   MARGINALS          the name of the function,
 *   CONTRACT_FIRST, CONTRACT_LAST   what averages over the first and over the last player.
 *
 * [tensor][trailing] below: joint actions in C order, then `width` entries that belong to each of them.
 */

/* Average a tensor over all players but one: player `only`, or each of them in turn if `only` is negative. The result
 * for player i starts at out[offset of i][width]. Players after i are contracted from the right, which serves all
 * players before them, then those before i from the left. `right` holds one tensor, `left` two. */
static inline __attribute__((always_inline)) void MARGINALS(int64_t players, const int64_t *actions, int64_t width,
                                                            int64_t only, const ENTRY *tensor, const ENTRY *policy,
                                                            ENTRY *out, ENTRY *right, ENTRY *left) {
    int64_t before = 1, offset = 0;
    for (int64_t i = 0; i + 1 < players; i++) before *= actions[i], offset += actions[i];
    const ENTRY *current = tensor;
    for (int64_t i = players - 1; i >= 0; i--) {
        int64_t rest = before * actions[i] * width;
        if (only < 0 || only == i) {
            ENTRY *target = out + offset * width, *spare[2] = {left, left + rest};
            const ENTRY *from = current;
            for (int64_t k = 0, column = 0; k < i; column += actions[k++]) {
                rest /= actions[k];
                ENTRY *to = k + 1 == i ? target : spare[k % 2];
                CONTRACT_FIRST(actions[k], rest, from, policy + column, to);
                from = to;
            }
            if (i == 0)
                for (int64_t x = 0; x < rest; x++) target[x] = from[x];
            if (only == i) return;
        }
        if (i > 0) {
            CONTRACT_LAST(before, actions[i], width, current, policy + offset, right);
            current = right;
            offset -= actions[i - 1], before /= actions[i - 1];
        }
    }
}

#undef ENTRY
#undef MARGINALS
#undef CONTRACT_FIRST
#undef CONTRACT_LAST
