/* Sparse transitions: kernels in compressed rows, a row for each state and joint action; included by lanes.h for each
 * instruction set.
 *
 * A lane is a row, or a state with all its rows; lanes share nothing but the values that they read. Memory is what
 * bounds these loops: a kernel is read once for up to four vectors of values, which lie side by side, [state][vector],
 * so that one place of the cache serves all. Its places are looked at in blocks, just before they are read.
 */

#define SPARSE_BLOCK 64  /* rows whose places are checked, and then read, at a time */
#define SPARSE_AHEAD 128 /* entries that are asked for before they are needed */
#define SPARSE_SIDE 4    /* vectors side by side */

struct NAMED(csr) {
    const double *data;
    const int32_t *places, *starts; /* row r has the entries starts[r], ..., starts[r + 1] - 1 */
    int64_t entries, states;
};

typedef double NAMED(sparse_two) __attribute__((vector_size(16), may_alias));
typedef double NAMED(sparse_four) __attribute__((vector_size(32), may_alias));
#define CELL double
#define SPARSE_ROWS NAMED(sparse_rows_1)
#define SPARSE_LANES NAMED(sparse_lanes_1)
#include "sparse_rows.h"
#define CELL NAMED(sparse_two)
#define SPARSE_ROWS NAMED(sparse_rows_2)
#define SPARSE_LANES NAMED(sparse_lanes_2)
#include "sparse_rows.h"
#define CELL NAMED(sparse_four)
#define SPARSE_ROWS NAMED(sparse_rows_4)
#define SPARSE_LANES NAMED(sparse_lanes_4)
#include "sparse_rows.h"

/* Vectors that lie side by side when so many are left. */
static inline int64_t NAMED(beside)(int64_t left) { return left >= SPARSE_SIDE ? SPARSE_SIDE : left >= 2 ? 2 : 1; }

/* Whether rows `first` to `last` lie inside the arrays and lead to states. */
static inline int NAMED(sparse_inside)(const struct NAMED(csr) *m, int64_t first, int64_t last) {
    int falls = 0;
    uint32_t top = 0;
    for (int64_t r = first; r < last; r++) falls |= m->starts[r + 1] < m->starts[r];
    const int64_t begin = m->starts[first], end = m->starts[last];
    if (falls || begin < 0 || end > m->entries) return 0;
    for (int64_t k = begin; k < end; k++) {
        const uint32_t column = (uint32_t)m->places[k];
        top = column > top ? column : top;
    }
    return begin == end || top < m->states;
}

/* Vectors `apart` numbers apart, side by side: [state][count]. */
static inline void NAMED(sparse_pack)(int64_t states, int64_t count, const double *values, int64_t apart, double *packed) {
    for (int64_t s = 0; s < states; s++)
        for (int64_t v = 0; v < count; v++) packed[s * count + v] = values[v * apart + s];
}

static inline void NAMED(sparse_rows)(int64_t count, const struct NAMED(csr) *m, int64_t first, int64_t last,
                                      const double *packed, const double *reward, double *out, int64_t apart) {
    if (count == 1)
        NAMED(sparse_rows_1)(m, first, last, packed, reward, out, apart);
    else if (count == 2)
        NAMED(sparse_rows_2)(m, first, last, packed, reward, out, apart);
    else
        NAMED(sparse_rows_4)(m, first, last, packed, reward, out, apart);
}

static inline void NAMED(sparse_lanes)(int64_t count, const struct NAMED(csr) *m, int64_t first, int64_t last,
                                       const double *packed, const struct NAMED(asked) *asked, struct NAMED(place) place,
                                       double *out, int64_t apart) {
    if (count == 1)
        NAMED(sparse_lanes_1)(m, first, last, packed, asked, place.reward, place.players_apart, out, apart);
    else if (count == 2)
        NAMED(sparse_lanes_2)(m, first, last, packed, asked, place.reward, place.players_apart, out, apart);
    else
        NAMED(sparse_lanes_4)(m, first, last, packed, asked, place.reward, place.players_apart, out, apart);
}

/* Rows of a share times vectors [vector][state], to [vector][row]; `reward` as `out`, or NULL. Callgrind counts it by its
 * name, of which the first letter has to be its own; values_by_rows likewise. */
static __attribute__((noinline)) int NAMED(product_of_rows)(const struct NAMED(csr) *m, struct share share, int64_t rows, int64_t vectors,
                                 const double *values, const double *reward, double *out) {
    const int64_t S = m->states;
    void *whole = NULL;
    double *packed = vectors > 1 ? aligned_vectors((size_t)(S * SPARSE_SIDE) * sizeof *packed, &whole) : NULL;
    if (vectors > 1 && !packed) return -1;
    int wrong = 0;
    for (int64_t v = 0, count; v < vectors && !wrong; v += count) {
        count = NAMED(beside)(vectors - v);
        if (count > 1) NAMED(sparse_pack)(S, count, values + v * S, S, packed);
        const double *side = count > 1 ? packed : values + v * S;
        for (int64_t row = share.first; row < share.last && !wrong; row += SPARSE_BLOCK) {
            const int64_t end = share.last - row < SPARSE_BLOCK ? share.last : row + SPARSE_BLOCK;
            if (!v && !NAMED(sparse_inside)(m, row, end))
                wrong = OUTSIDE;
            else
                NAMED(sparse_rows)(count, m, row, end, side, reward ? reward + v * rows + row : NULL, out + v * rows + row, rows);
        }
    }
    free(whole);
    return wrong;
}

static int NAMED(sparse_expect)(const void *call) {
    const struct sparse_expect_call *c = call;
    const struct NAMED(csr) m = {c->data, c->places, c->starts, c->entries, c->states};
    return NAMED(product_of_rows)(&m, c->share, c->rows, c->vectors, c->values, NULL, c->out);
}

static int NAMED(sparse_backup)(const void *call) {
    const struct sparse_backup_call *c = call;
    const struct NAMED(csr) m = {c->data, c->places, c->starts, c->entries, c->states};
    const int64_t S = c->states, R = c->rows, first = c->first, own = c->share.first, last = c->steps - 1;
    const int64_t ahead = (c->last < last ? c->last : last) - first;
    if (first < c->last && c->last == c->steps) /* nothing comes after the last step */
        memcpy(c->out + last * R + own, c->reward + last * R + own, (size_t)(c->share.last - own) * sizeof *c->out);
    return ahead <= 0 ? 0
                      : NAMED(product_of_rows)(&m, c->share, R, ahead, c->values + (first + 1) * S, c->reward + first * R,
                                              c->out + first * R);
}

/* A step of finite_values for one game: `near` are the expected next values of a state, or the tables of states in lanes. */
static __attribute__((noinline)) int NAMED(values_by_rows)(const struct sparse_values_call *given) {
    struct finite_values_call f = {
        .games = 1,
        .players = given->players,
        .horizon = given->horizon,
        .states = given->states,
        .joint = given->joint,
        .columns = given->columns,
        .reward_rows = given->reward_rows,
        .kinds = 1,
        .vectors = given->vectors,
        .step = given->step,
        .reward = given->reward,
        .actions = given->actions,
        .value = given->value,
    }, *c = &f;
    memcpy(f.policy, given->policy, sizeof f.policy);
    const struct NAMED(csr) m = {given->data, given->places, given->starts, given->entries, given->states};
    const int64_t S = f.states, J = f.joint, V = f.vectors, U = f.columns, H = f.horizon, h = f.step;
    const int64_t most = MOST_TOGETHER / J + 1, together = V < most ? V : most;
    const int wide = f.actions[f.players - 1] >= WIDE_ACTIONS, last = h == H - 1;
    const int64_t block = wide ? 1 : WIDTH, numbers = (NAMED(tables_size)(U, J, together) * block + 7) / 8 * 8;
    const int64_t beside = last ? 0 : (block * V * J + 7) / 8 * 8, side = last ? 0 : V * S;
    void *whole = NULL;
    double *near = aligned_vectors((size_t)(beside + numbers + side) * sizeof *near, &whole);
    struct NAMED(asked) *asked = malloc((size_t)V * sizeof *asked);
    if (!near || !asked) {
        free(whole), free(asked);
        return -1;
    }
    double *work = near + beside, *packed = work + numbers;
    int wrong = 0;
    if (!wide) memset(near, 0, (size_t)(beside + numbers) * sizeof *near); /* lanes that no state fills are zero */
    for (int64_t v = 0; v < V; v++) asked[v] = NAMED(ask)(c, given->wanted[v]);
    for (int64_t v = 0, count; v < V && !last; v += count) {
        count = NAMED(beside)(V - v);
        NAMED(sparse_pack)(S, count, f.value + (v * H + h + 1) * S, H * S, packed + v * S);
    }
    f.transition = near;
    for (int64_t s = given->share.first; s < given->share.last && !wrong; s += block) {
        const int64_t end = given->share.last - s < block ? given->share.last : s + block;
        f.near = s;
        for (int64_t z = s; z < end && !last && !wrong; z++) {
            if (!NAMED(sparse_inside)(&m, z * J, (z + 1) * J)) wrong = OUTSIDE;
            for (int64_t v = 0, count; v < V && !wrong; v += count) {
                count = NAMED(beside)(V - v);
                if (wide)
                    NAMED(sparse_rows)(count, &m, z * J, (z + 1) * J, packed + v * S, NULL, near + v * J, J);
                else
                    NAMED(sparse_lanes)(count, &m, z * J, (z + 1) * J, packed + v * S, asked + v, NAMED(find)(c, 0, h, z, S, J),
                                        near + v * J * WIDTH + (z - s), J * WIDTH);
            }
        }
        if (wrong) break;
        if (wide)
            NAMED(finite_state)(c, h, 0, s, together, asked, work);
        else
            NAMED(finite_block)(c, h, s, end, together, asked, (vec *)work, last ? NULL : (const vec *)near, f.players, S,
                                f.actions, U, J);
    }
    free(whole), free(asked);
    return wrong;
}

static int NAMED(sparse_values)(const void *call) { return NAMED(values_by_rows)(call); }

#undef SPARSE_BLOCK
#undef SPARSE_AHEAD
#undef SPARSE_SIDE
#undef MOST_TOGETHER
#undef WIDE_ACTIONS
