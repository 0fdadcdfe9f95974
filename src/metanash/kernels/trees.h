/* Learners of extensive games in sequence form, and gains of best responses.
 * Included by lanes.h, so once for each instruction set.
 *
 * The sequences of all players lie side by side, a player's empty one first; of a game (a lane) that makes `columns`
 * numbers. Terminals are listed for each player by its own sequence, with the sequences that the others have there, so
 * that a gradient is a product of a sparse matrix and a vector. Information sets come after those that lead to them: a
 * pass from the last to the first makes worths, regrets and strategies, one from the first to the last makes plans.
 *
 * The loops are in tree_loops.h, for one game (a number is a double) and for WIDTH games (a vector). Both add up in the
 * same order, so a game gives the same bits alone and in any batch. */

#define LEAST_TOTAL 1e-290 /* as in regret.h */
#define always_inline inline __attribute__((always_inline))

/* exp of x <= 0 of so many numbers of one game. */
static always_inline void NAMED(tree_exp)(double *x, const int64_t n) {
    for (int64_t a = 0; a < n; a += 2) {
        vec pair = splat(0.0);
        pair[0] = x[a], pair[1] = a + 1 < n ? x[a + 1] : 0.0;
        pair = NAMED(exp_of_negative)(pair);
        x[a] = pair[0];
        if (a + 1 < n) x[a + 1] = pair[1];
    }
}

#define REAL double
#define TREE(f) NAMED(f##_of_one)
#define SPREAD(x) (x)
#define GREATER(x, y) ((x) > (y) ? (x) : (y))
#define KEEP_FROM(x, bound, value) ((x) >= (bound) ? (value) : 0.0)
#define EXP(x, n) NAMED(tree_exp)(x, n)
#define LOG(x) log(x)
#define FUSED(x, y, z) NAMED(fused)(x, y, z)
#define KEEP(x, size, out) memcpy((out) + t->game * (size), x, (size_t)(size) * sizeof(double))
#include "tree_loops.h"
#undef REAL
#undef TREE
#undef SPREAD
#undef GREATER
#undef KEEP_FROM
#undef EXP
#undef LOG
#undef FUSED
#undef KEEP

static always_inline void NAMED(tree_exp_each)(vec *x, int64_t n) {
    for (int64_t a = 0; a < n; a++) x[a] = NAMED(exp_of_negative)(x[a]);
}

static always_inline vec NAMED(log_each)(vec x) {
    for (int l = 0; l < WIDTH; l++) x[l] = log(x[l]);
    return x;
}

#define REAL vec
#define TREE(f) NAMED(f##_of_many)
#define SPREAD(x) splat(x)
#define GREATER(x, y) larger(x, y)
#define KEEP_FROM(x, bound, value) keep_from(x, bound, value)
#define EXP(x, n) NAMED(tree_exp_each)(x, n)
#define LOG(x) NAMED(log_each)(x)
#define FUSED(x, y, z) NAMED(fused_each)(x, y, z)
#define KEEP(x, size, out) scatter(x, size, t->game, c->games, out)
#define MANY
#include "tree_loops.h"
#undef MANY
#undef REAL
#undef TREE
#undef SPREAD
#undef GREATER
#undef KEEP_FROM
#undef EXP
#undef LOG
#undef FUSED
#undef KEEP

/* ---- calls ----------------------------------------------------------------------------------------- */

/* What is moved between the arrays of a call and vectors of WIDTH games. */
#define TREE_ARRAYS(ARRAY)                                                                                             \
    ARRAY(memory, columns) ARRAY(strategy, columns) ARRAY(plan_sum, columns) ARRAY(gradient, kept)                     \
    ARRAY(gradient_sum, kept) ARRAY(value_sum, players)

static void NAMED(tree_of_one)(const struct learn_trees_call *c, int64_t game, double *work) {
    struct NAMED(tree_of_one) t = {.game = game, .payoff = c->payoff + game * c->players * c->terminals,
                                   .rate = c->rate + game * c->players,
                                   .plan = work, .worth = work + c->columns, .next = work + 2 * c->columns};
#define ARRAY(name, size) t.name = c->name + game * c->size;
    TREE_ARRAYS(ARRAY)
#undef ARRAY
    NAMED(learn_of_one)(c, &t);
}

static void NAMED(tree_of_many)(const struct learn_trees_call *c, int64_t game, vec *work) {
    struct NAMED(tree_of_many) t = {.game = game, .plan = work, .worth = work + c->columns, .next = work + 2 * c->columns};
    vec *payoff = work + 3 * c->columns, *rate = payoff + c->players * c->terminals, *room = rate + c->players;
    gather(c->payoff, c->players * c->terminals, game, c->games, payoff);
    gather(c->rate, c->players, game, c->games, rate);
    t.payoff = payoff, t.rate = rate;
#define ARRAY(name, size) t.name = room, room += c->size, gather(c->name, c->size, game, c->games, t.name);
    TREE_ARRAYS(ARRAY)
#undef ARRAY
    NAMED(learn_of_many)(c, &t);
#define ARRAY(name, size) scatter(t.name, c->size, game, c->games, c->name);
    TREE_ARRAYS(ARRAY)
#undef ARRAY
}

static int NAMED(learn_trees)(const void *call) {
    const struct learn_trees_call *c = call;
    const int64_t games = c->share.last - c->share.first, entries = c->players * c->terminals;
    const int many = games >= TREE_WORTH_A_VECTOR;
    const size_t one = 3 * (size_t)c->columns * sizeof(double);
    const size_t all = (8 * (size_t)c->columns + (size_t)entries + 2 * (size_t)c->players) * sizeof(vec);
    void *whole = NULL;
    vec *work = aligned_vectors(many ? all : one, &whole);
    if (!work) return -1;
    for (int64_t game = c->share.first; game < c->share.last;) {
        const int64_t left = c->share.last - game;
        if (left >= TREE_WORTH_A_VECTOR)
            NAMED(tree_of_many)(c, game, work), game += left < WIDTH ? left : WIDTH;
        else
            NAMED(tree_of_one)(c, game++, (double *)work);
    }
    free(whole);
    return 0;
}

static int NAMED(gains_in_trees)(const void *call) {
    const struct gains_in_trees_call *c = call;
    const struct learn_trees_call shape = {.terminals = c->terminals, .players = c->players, .columns = c->columns,
                                             .others = c->others, .start = c->start, .met = c->met, .parent = c->parent,
                                             .first = c->first, .last = c->last, .seat = c->seat, .place = c->place};
    void *whole = NULL;
    double *plan = (double *)aligned_vectors(2 * (size_t)c->columns * sizeof *plan, &whole);
    if (!plan) return -1;
    for (int64_t game = c->share.first; game < c->share.last; game++)
        NAMED(gains_of_one)(&shape, c->payoff + c->index[game] * c->players * c->terminals,
                            c->strategy + game * c->columns, plan, plan + c->columns, c->gain + game * c->players);
    free(whole);
    return 0;
}

/* Sum of numbers in the order of NumPy: eight running sums, in halves where there are many numbers. */
static double NAMED(sum_as_numpy)(const double *x, int64_t n) {
    double sum = 0.0, part[8];
    int64_t k = 0;
    if (n > 128) {
        const int64_t half = n / 2 - n / 2 % 8;
        return NAMED(sum_as_numpy)(x, half) + NAMED(sum_as_numpy)(x + half, n - half);
    }
    if (n >= 8) {
        for (int a = 0; a < 8; a++) part[a] = x[a];
        for (k = 8; k + 8 <= n; k += 8)
            for (int a = 0; a < 8; a++) part[a] += x[k + a];
        sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    }
    for (; k < n; k++) sum += x[k];
    return sum;
}

/* Each set divided by its own sum, which is that of np.add.reduceat. */
static int NAMED(behaviours)(const void *call) {
    const struct behaviours_call *c = call;
    for (int64_t row = c->share.first; row < c->share.last; row++) {
        const double *plan = c->plan + row * c->columns;
        double *strategy = c->strategy + row * c->columns;
        for (int64_t s = 0; s < c->columns; s++) strategy[s] = 1.0;
        for (int64_t j = 0; j < c->sets; j++) {
            const int64_t first = c->first[j], n = c->last[j] - first;
            const double total = n > 0 ? plan[first] + NAMED(sum_as_numpy)(plan + first + 1, n - 1) : 0.0;
            for (int64_t s = first; s < first + n; s++) strategy[s] = total > 0.0 ? plan[s] / total : 1.0 / (double)n;
        }
    }
    return 0;
}

#undef TREE_ARRAYS
#undef LEAST_TOTAL
#undef always_inline
