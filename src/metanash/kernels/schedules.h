/* Whole runs of stages or value updates: the calls that learners would make one by one from Python, in the same order, so
 * to the same bits. Included by compiled.c; the loops are those of lanes.h and regret.h. */

/* out = totals + running chunk of two-level sums */
static void level_sum(const double *sums, int64_t entries, double *out) {
    for (int64_t i = 0; i < entries; i++) out[i] = sums[i] + sums[entries + i];
}

static void fold_into(double *sums, double *total, int64_t entries) {
    for (int64_t i = 0; i < entries; i++) total[i] += sums[i] + sums[entries + i];
    memset(sums, 0, 2 * (size_t)entries * sizeof *sums);
}

#include "repeats.h"

/* Reward plus expected next values at every step, as TransitionBatch.backup. */
static int back_up(const double *reward, const double *transition, const int64_t *index, const double *values, double *out,
                   int64_t games, int64_t horizon, int64_t states, int64_t joint, int64_t kinds, int64_t steps) {
    struct backup_call call = {.reward = reward, .index = index, .values = values, .out = out, .games = games,
                               .steps = horizon, .rows = states * joint, .states = states, .kinds = kinds};
    int failed = 0;
    for (int64_t k = 0; k < steps && !failed; k++) {
        call.transition = transition + k * kinds * call.rows * states;
        call.first = k, call.last = steps == 1 ? horizon : k + 1;
        failed = run(chosen->backup, &call, sizeof call, games * call.rows,
                     1.0 * games * (call.last - call.first) * call.rows * states);
    }
    return failed;
}

/* The initial policies of a stage, or their logits, to every game. */
static void begin_stage(const double *start, int64_t games, int64_t given, int64_t stage, int64_t entries, double *out) {
    const double *own = start + ((stage < given ? stage : given) - 1) * entries;
    for (int64_t g = 0; g < games; g++, own += given * entries, out += entries)
        memcpy(out, own, (size_t)entries * sizeof *out);
}

/* Iterations of some lanes, which are apart. */
static void mirror_lanes(struct mirror_call *inner, const struct repeats *r, const struct some_lanes *some) {
    double *field[10];
    for (int64_t f = 0; f < 10; f++) field[f] = field_of(r, some->fields, some->lanes, f);
    *inner = (struct mirror_call){.q = some->q, .eta = some->eta, .x = field[0], .y = field[1], .mu = field[2], .nu = field[3],
                                  .sum_mu = field[4], .sum_nu = field[6], .sum_value = field[8], .lanes = some->lanes,
                                  .rows = inner->rows, .columns = inner->columns, .predicts = inner->predicts};
}

static int advance_mirror(struct mirror_call *inner, int64_t iterations) {
    inner->iterations = iterations;
    int failed = run(chosen->mirror, inner, sizeof *inner, inner->lanes,
                     1.0 * inner->lanes * inner->rows * inner->columns * iterations);
    inner->done += iterations;
    return failed;
}

static int mirror_over_stages(const struct mirror_run_call *c, double *value, struct repeats *r) {
    const int64_t L = c->lanes, A = c->rows, B = c->columns, of_a = c->cells * A, of_b = c->cells * B;
    struct mirror_call inner = {.q = c->q, .eta = c->eta, .x = c->x, .y = c->y, .mu = c->mu, .nu = c->nu,
                                .sum_mu = c->sum_mu, .sum_nu = c->sum_nu, .sum_value = c->sum_value,
                                .lanes = L, .rows = A, .columns = B, .done = c->done, .predicts = c->predicts};
    int64_t stage = c->stage, ended = 0, looked = 0;
    int failed = 0;
    for (int64_t k = 0; k < c->count && !failed; k++) {
        if (c->fresh[k]) {
            if (r->is_on) put_stop(r, k - 1);
            level_sum(c->sum_value, L, value);
            if (ended < c->kept) {
                level_sum(c->sum_mu, L * A, c->stage_mu + ended * L * A);
                level_sum(c->sum_nu, L * B, c->stage_nu + ended * L * B);
                memcpy(c->stage_value + ended * L, value, (size_t)L * sizeof *value);
            }
            for (int64_t i = 0; i < L; i++) value[i] /= (double)inner.done;
            fold_into(c->sum_mu, c->finished_mu, L * A), fold_into(c->sum_nu, c->finished_nu, L * B);
            memset(c->sum_value, 0, 2 * (size_t)L * sizeof *c->sum_value);
            stage++, ended++, inner.done = 0;
            double *q = c->q + ended % c->slots * L * A * B;
            failed = back_up(c->reward, c->transition, c->index, value, q, c->games, c->horizon, c->states, A * B, c->kinds,
                             c->steps);
            if (failed) break;
            begin_stage(c->start_x, c->games, c->given, stage, of_a, c->x);
            begin_stage(c->start_y, c->games, c->given, stage, of_b, c->y);
            begin_stage(c->start_mu, c->games, c->given, stage, of_a, c->mu);
            begin_stage(c->start_nu, c->games, c->given, stage, of_b, c->nu);
            if (r->is_on) {
                take_stage(r, &r->rest, q, c->eta);
            } else if (ended == 1 && c->given == 1 && begin_repeats(r, q, c->eta, c->pieces, c->fresh, k, c->count)) {
                mirror_lanes(&inner, r, &r->last);
                for (int64_t stop = 0; stop < r->stop_count && !failed; stop++) {
                    failed = advance_mirror(&inner, r->stops[stop] - inner.done);
                    keep_stop(r, stop, stop == r->place[c->count - 1]);
                }
                mirror_lanes(&inner, r, &r->rest);
            } else {
                inner.q = q;
            }
        }
        if (!failed) failed = advance_mirror(&inner, c->pieces[k]);
        if (c->looks[k] && looked < c->seen) {
            double *mu = c->seen_mu + looked * L * A, *nu = c->seen_nu + looked * L * B;
            if (r->is_on) put_stop(r, k);
            level_sum(c->sum_mu, L * A, mu), level_sum(c->sum_nu, L * B, nu);
            for (int64_t i = 0; i < L * A; i++) mu[i] = c->finished_mu[i] + mu[i];
            for (int64_t i = 0; i < L * B; i++) nu[i] = c->finished_nu[i] + nu[i];
            if (looked < c->watched)
                copy_fields(&r->fields, L, (const double *const[]){c->finished_mu, c->finished_nu}, (const int64_t[]){A, B}, 2,
                            c->states_seen + looked * L * c->width);
            looked++;
        }
    }
    if (r->is_on && !failed) put_all(r);
    return failed;
}

static PyObject *mirror_run(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    (void)self;
    struct mirror_run_call call, *c = &call;
    struct buffers held;
    if (!parse(&mirror_run_signature, args, count, names, c, &held)) return NULL;
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    const int64_t L = c->lanes, A = c->rows, B = c->columns;
    struct repeats r = {.games = c->games, .horizon = c->horizon, .states = c->states, .of_q = A * B,
                        .kept_from = c->watched ? 0 : 4,
                        .fields = {.count = 10, .width = {A, B, A, B, A, A, B, B, 1, 1},
                                   .full = {c->x, c->y, c->mu, c->nu, c->sum_mu, c->sum_mu + L * A, c->sum_nu,
                                            c->sum_nu + L * B, c->sum_value, c->sum_value + L}}};
    double *value = malloc((size_t)(L + 1) * sizeof *value);
    failed = !value || mirror_over_stages(c, value, &r);
    free(value), end_repeats(&r);
    Py_END_ALLOW_THREADS;
    return finish(&held, failed);
}

static int regrets_over_updates(const struct regret_run_call *c) {
    const int64_t L = c->lanes, A = c->rows, B = c->columns;
    struct regret_matching_call inner = {.q = c->q, .x = c->x, .y = c->y, .mu = c->mu, .nu = c->nu, .sum_mu = c->sum_mu,
                                         .sum_nu = c->sum_nu, .value = c->value, .lanes = L, .rows = A, .columns = B,
                                         .done = c->done};
    int64_t looked = 0;
    int failed = 0;
    for (int64_t k = 0; k < c->count && !failed; k++) {
        inner.iterations = c->pieces[k];
        failed = run(chosen->regret_matching, &inner, sizeof inner, L, 1.0 * L * A * B * inner.iterations);
        inner.done += inner.iterations;
        if (c->updates[k] && !failed)
            failed = back_up(c->reward, c->transition, c->index, c->value, c->q, c->games, c->horizon, c->states, A * B,
                             c->kinds, c->steps);
        if (c->looks[k] && looked < c->seen) {
            level_sum(c->sum_mu, L * A, c->seen_mu + looked * L * A);
            level_sum(c->sum_nu, L * B, c->seen_nu + looked * L * B);
            looked++;
        }
    }
    return failed;
}

static PyObject *regret_run(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    (void)self;
    struct regret_run_call call, *c = &call;
    struct buffers held;
    if (!parse(&regret_run_signature, args, count, names, c, &held)) return NULL;
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    failed = regrets_over_updates(c);
    Py_END_ALLOW_THREADS;
    return finish(&held, failed);
}

/* Work space of an end of a stage of Algorithm 2. */
struct ending {
    double *joint, *nothing, *means, *value; /* [lanes][joint], [lanes][2 players] twice, [games][players][cells] */
    int64_t *index, *zero;                   /* [games * players], [lanes] */
};

/* Average of the products of the iterates of the stage. */
static void average_joint(const struct joint_run_call *c, int64_t done, double *out) {
    level_sum(c->sum_joint, c->lanes * c->joint, out);
    for (int64_t i = 0; i < c->lanes * c->joint; i++) out[i] /= (double)done;
}

static int values_under(const struct joint_run_call *c, const double *joint, const double *before, double *after) {
    struct correlated_values_call call = {
        .reward = c->reward, .transition = c->transition, .index = c->index, .weights = joint, .actions = c->actions,
        .before = before, .after = after, .games = c->games, .players = c->players, .horizon = c->horizon,
        .states = c->states, .joint = c->joint, .kinds = c->kinds, .steps = c->steps, .columns = c->columns};
    return run(chosen->correlated_values, &call, sizeof call, c->games,
               2.0 * c->games * c->players * c->horizon * c->states * c->joint * c->states);
}

/* The mean of every player's estimates under the joint: games of one step and state. */
static int means_under(const struct joint_run_call *c, const struct ending *e) {
    struct correlated_values_call call = {
        .reward = c->lane_q, .transition = e->nothing, .index = e->zero, .weights = e->joint, .actions = c->actions,
        .before = e->nothing, .after = e->means, .games = c->lanes, .players = c->players, .horizon = 1, .states = 1,
        .joint = c->joint, .kinds = 1, .columns = c->columns};
    return run(chosen->correlated_values, &call, sizeof call, c->lanes, 2.0 * c->lanes * c->players * c->joint);
}

static int end_joint_stage(const struct joint_run_call *c, const struct ending *e, int64_t done, int64_t ended) {
    const int64_t cells = c->cells, N = c->players, J = c->joint, own = c->games * N * cells;
    average_joint(c, done, e->joint);
    if (ended < c->kept) memcpy(c->stage_joint + ended * c->lanes * J, e->joint, (size_t)(c->lanes * J) * sizeof *e->joint);
    int failed = means_under(c, e);
    for (int64_t g = 0; g < c->games; g++)
        for (int64_t i = 0; i < N; i++)
            for (int64_t k = 0; k < cells; k++)
                e->value[(g * N + i) * cells + k] = e->means[(g * cells + k) * 2 * N + i];
    if (!failed) failed = values_under(c, e->joint, c->values + ended % c->room * 2 * own, c->values + (ended + 1) % c->room * 2 * own);
    double *q = c->q + (ended + 1) % c->slots * own * J;
    if (!failed)
        failed = back_up(c->reward, c->transition, e->index, e->value, q, c->games * N, c->horizon, c->states, J, c->kinds,
                         c->steps);
    for (int64_t g = 0; g < c->games; g++)
        for (int64_t i = 0; i < N; i++)
            for (int64_t k = 0; k < cells; k++)
                memcpy(c->lane_q + ((g * cells + k) * N + i) * J, q + ((g * N + i) * cells + k) * J, (size_t)J * sizeof *q);
    fold_into(c->sum_joint, c->finished, c->lanes * J);
    return failed;
}

static void joint_lanes(struct joint_mirror_call *inner, const struct repeats *r, const struct some_lanes *some) {
    *inner = (struct joint_mirror_call){
        .q = some->q, .eta = some->eta, .x = some->fields, .policy = field_of(r, some->fields, some->lanes, 1),
        .sum_joint = field_of(r, some->fields, some->lanes, 2), .actions = inner->actions, .lanes = some->lanes,
        .players = inner->players, .joint = inner->joint, .columns = inner->columns};
}

static int advance_joint(struct joint_mirror_call *inner, int64_t iterations) {
    inner->iterations = iterations;
    int failed = run(chosen->joint_mirror, inner, sizeof *inner, inner->lanes,
                     1.0 * inner->lanes * inner->players * inner->joint * iterations);
    inner->done += iterations;
    return failed;
}

static int joint_over_stages(const struct joint_run_call *c, const struct ending *e, struct repeats *r) {
    const int64_t width = c->cells * c->columns;
    struct joint_mirror_call inner = {.q = c->lane_q, .eta = c->eta, .x = c->x, .policy = c->policy, .sum_joint = c->sum_joint,
                                      .actions = c->actions, .lanes = c->lanes, .players = c->players, .joint = c->joint,
                                      .columns = c->columns, .done = c->done};
    int64_t stage = c->stage, ended = 0, looked = 0;
    int failed = 0;
    for (int64_t k = 0; k < c->count && !failed; k++) {
        if (c->fresh[k]) {
            if (r->is_on) put_stop(r, k - 1);
            failed = end_joint_stage(c, e, inner.done, ended);
            if (failed) break;
            stage++, ended++, inner.done = 0;
            begin_stage(c->start_x, c->games, c->given, stage, width, c->x);
            begin_stage(c->start_policy, c->games, c->given, stage, width, c->policy);
            if (r->is_on) {
                take_stage(r, &r->rest, c->lane_q, c->eta);
            } else if (ended == 1 && c->given == 1 && begin_repeats(r, c->lane_q, c->eta, c->pieces, c->fresh, k, c->count)) {
                joint_lanes(&inner, r, &r->last);
                for (int64_t stop = 0; stop < r->stop_count && !failed; stop++) {
                    failed = advance_joint(&inner, r->stops[stop] - inner.done);
                    keep_stop(r, stop, stop == r->place[c->count - 1]);
                }
                joint_lanes(&inner, r, &r->rest);
            }
        }
        if (!failed) failed = advance_joint(&inner, c->pieces[k]);
        if (c->looks[k] && looked < c->seen) {
            if (r->is_on) put_stop(r, k);
            average_joint(c, inner.done, c->seen_joint + looked * c->lanes * c->joint);
            if (looked < c->watched)
                copy_fields(&r->fields, c->lanes, (const double *const[]){c->finished}, (const int64_t[]){c->joint}, 1,
                            c->states_seen + looked * c->lanes * c->width);
            looked++;
        }
    }
    if (r->is_on && !failed) put_all(r);
    return failed;
}

static PyObject *joint_run(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *names) {
    (void)self;
    struct joint_run_call call, *c = &call;
    struct buffers held;
    if (!parse(&joint_run_signature, args, count, names, c, &held)) return NULL;
    const int64_t L = c->lanes, N = c->players, own = c->games * N;
    const int64_t doubles = L * (c->joint + 5 * N);
    int failed = 0;
    Py_BEGIN_ALLOW_THREADS;
    double *work = calloc((size_t)(doubles + 1), sizeof *work);
    int64_t *numbers = calloc((size_t)(own + L + 1), sizeof *numbers);
    failed = !work || !numbers;
    if (!failed) {
        struct ending e = {.joint = work, .nothing = work + L * c->joint, .means = work + L * (c->joint + 2 * N),
                           .value = work + L * (c->joint + 4 * N), .index = numbers, .zero = numbers + own};
        for (int64_t g = 0; g < own; g++) e.index[g] = c->index[g / N];
        struct repeats r = {.games = c->games, .horizon = c->horizon, .states = c->states, .of_q = N * c->joint,
                            .kept_from = c->watched ? 0 : 2,
                            .fields = {.count = 4, .width = {c->columns, c->columns, c->joint, c->joint},
                                       .full = {c->x, c->policy, c->sum_joint, c->sum_joint + L * c->joint}}};
        failed = joint_over_stages(c, &e, &r);
        end_repeats(&r);
    }
    free(work), free(numbers);
    Py_END_ALLOW_THREADS;
    return finish(&held, failed);
}
