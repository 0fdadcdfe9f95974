/* Learners that see their own actions and rewards only, along sampled episodes; a lane is a game. See sampling.h.
 *
 * Payoffs of actions are estimated by importance weights: what a player got for the action that it took, less a baseline
 * that it knew before, over the chance with which it took it. */

/* Play of a step: the actions of all, from chances side by side; returns the joint action. */
static inline int64_t NAMED(play)(const int64_t *actions, int64_t players, const double *chance, const double *u,
                                  int64_t *taken) {
    int64_t j = 0;
    for (int64_t i = 0; i < players; chance += actions[i], i++) {
        taken[i] = NAMED(pick_action)(chance, actions[i], u[i]);
        j = j * actions[i] + taken[i];
    }
    return j;
}

/* Chance of each joint action under policies side by side. */
static inline void NAMED(product_of)(const int64_t *actions, int64_t players, const double *p, double *out) {
    int64_t made = 1;
    out[0] = 1.0;
    for (int64_t i = 0; i < players; p += actions[i], made *= actions[i], i++)
        for (int64_t k = made; k-- > 0;)
            for (int64_t a = actions[i]; a-- > 0;) out[k * actions[i] + a] = out[k] * p[a];
}

/* ---- V-learning -------------------------------------------------------------------------------- */

/* Values of the certified policy at (h, s), and of replies to it, after one more visit at which `p` was played. */
static void NAMED(certify_visit)(const struct v_learning_call *c, int64_t g, int64_t h, int64_t s, double alpha, const double *p,
                           double *weight) {
    const int64_t S = c->states, J = c->joint, N = c->players, many = c->columns, at = (g * c->horizon + h) * S + s;
    const int last = h + 1 == c->horizon;
    const double *chance = c->transition + (((c->steps == 1 ? 0 : h) * c->kinds + c->index[g]) * S + s) * J * S;
    NAMED(product_of)(c->actions, N, p, weight);
    double *deviated = c->deviated + at * many;
    int64_t inner = J;
    for (int64_t i = 0; i < N; i++) {
        const int64_t A = c->actions[i];
        const double *reward = c->reward + (((g * N + i) * c->horizon + h) * S + s) * J;
        const double *followed = c->followed + (at - s + S) * N + i, *reply = c->reply + (at - s + S) * N + i;
        double mean = 0.0;
        inner /= A;
        for (int64_t a = 0; a < A; a++) deviated[a] *= 1.0 - alpha;
        for (int64_t j = 0; j < J; j++) {
            const int64_t a = j / inner % A;
            double ahead = 0.0, replied = 0.0, others = 1.0;
            if (!last)
                for (int64_t z = 0; z < S; z++)
                    ahead += chance[j * S + z] * followed[z * N], replied += chance[j * S + z] * reply[z * N];
            for (int64_t k = N - 1, rest = j, from = many; k >= 0; rest /= c->actions[k], k--) {
                from -= c->actions[k];
                if (k != i) others *= p[from + rest % c->actions[k]];
            }
            mean += weight[j] * (reward[j] + ahead);
            deviated[a] += alpha * (others * (reward[j] + replied));
        }
        double *own = c->followed + at * N + i, best = deviated[0];
        *own += alpha * (mean - *own);
        for (int64_t a = 1; a < A; a++) best = deviated[a] > best ? deviated[a] : best;
        c->reply[at * N + i] = best;
        deviated += A;
    }
}

static int NAMED(v_learning)(const void *call) {
    const struct v_learning_call *c = call;
    const int64_t S = c->states, J = c->joint, N = c->players, many = c->columns, H = c->horizon;
    double *weight = malloc((size_t)J * sizeof *weight);
    int64_t taken[MOST_PLAYERS];
    if (!weight) return -1;
    struct NAMED(dice) dice;
    for (int64_t g = c->share.first; g < c->share.last; g++) {
        NAMED(take_dice)(&dice, c->seed[g], N, H);
        for (int64_t e = c->first; e < c->first + c->episodes; e++) {
            int64_t s = 0;
            for (int64_t h = 0; h < H; h++) {
                const double *u = NAMED(numbers)(&dice, e, h);
                if (!h) s = NAMED(pick)(c->start + g * S, S - 1, u[0]);
                const int64_t at = (g * H + h) * S + s;
                double *p = c->policy + at * many, *average = c->average + at * many, *loss = c->loss + at * many;
                const double *prior = c->prior + at * many;
                const int64_t j = NAMED(play)(c->actions, N, p, u + 1, taken);
                const int64_t kernel = (c->steps == 1 ? 0 : h) * c->kinds + c->index[g];
                const int64_t next = h + 1 < H ? NAMED(pick)(c->onward + ((kernel * S + s) * J + j) * S, S - 1, u[1 + N]) : 0;
                const double n = c->count[at] += 1.0, alpha = (double)(H + 1) / ((double)H + n);
                if (c->measure) NAMED(certify_visit)(c, g, h, s, alpha, p, weight);
                for (int64_t a = 0; a < many; a++) average[a] += alpha * (p[a] - average[a]);
                const double fading = (n - 1.0) / ((double)H + n - 1.0);
                for (int64_t i = 0; i < N; i++) {
                    const int64_t A = c->actions[i], a = taken[i];
                    double *value = c->value + at * N + i;
                    double target = c->reward[(((g * N + i) * H + h) * S + s) * J + j];
                    if (h + 1 < H) {
                        const double ahead = c->value[(at - s + S + next) * N + i];
                        target += ahead < (double)(H - h - 1) ? ahead : (double)(H - h - 1);
                    }
                    const double bonus = c->bonus * sqrt((double)(H * H * H * A) / n);
                    *value += alpha * (target + bonus - *value);
                    const double rate = c->rate[g] * sqrt((double)H * (A > 1 ? log((double)A) : 1.0) / ((double)A * n));
                    for (int64_t b = 0; b < A; b++) loss[b] *= fading;
                    loss[a] += ((double)H - target) / (double)H / (p[a] + rate);
                    NAMED(soften_alone)(A, prior, -rate, loss, p);
                    p += A, loss += A, prior += A;
                }
                s = next;
            }
        }
    }
    free(weight);
    return 0;
}

/* ---- Algorithms 1 and 2 ------------------------------------------------------------------------ */

/* Work of one game, each [horizon or 1][states][...]. */
struct NAMED(estimates) {
    double *played;  /* chances with exploration [columns] */
    double *sum;     /* weighted payoffs less the baseline [columns] */
    double *total;   /* what was got [players] */
    double *met;     /* visits */
};

/* Work for the estimates of so many pairs (h, s), and `more` numbers behind them; to be freed by `played`. */
static int NAMED(lay_out_estimates)(struct NAMED(estimates) *w, int64_t pairs, int64_t columns, int64_t players,
                                    int64_t more, double **rest) {
    w->played = malloc((size_t)(pairs * (2 * columns + players + 1) + more) * sizeof(double));
    if (!w->played) return 0;
    w->sum = w->played + pairs * columns, w->total = w->sum + pairs * columns, w->met = w->total + pairs * players;
    *rest = w->met + pairs;
    return 1;
}

static inline void NAMED(begin_estimates)(struct NAMED(estimates) *w, int64_t pairs, const int64_t *actions, int64_t columns,
                                          int64_t players, double exploration, const double *policy) {
    for (int64_t k = 0; k < pairs; k++)
        NAMED(explore)(actions, players, exploration, policy + k * columns, w->played + k * columns);
    memset(w->sum, 0, (size_t)(pairs * (columns + players + 1)) * sizeof(double)); /* total and met lie behind sum */
}

/* A player got `target` for its action `a` at the pair k. `from` is where its actions begin. */
static inline void NAMED(note)(struct NAMED(estimates) *w, int64_t k, int64_t columns, int64_t players, int64_t i,
                               int64_t from, int64_t a, double target, double baseline) {
    const int64_t place = k * columns + from + a;
    w->sum[place] += (target - baseline) / w->played[place];
    w->total[k * players + i] += target;
}

/* A batch of episodes of game g under the last iterates: `payoff` becomes the estimates, which have no baseline, and the
 * baseline the mean of what was got. Sums of the stage are added to if `counted`. */
static void NAMED(sample_stage)(const struct sampled_mirror_call *c, int64_t g, int64_t from, int counted,
                                struct NAMED(dice) *dice, struct NAMED(estimates) *w) {
    const int64_t S = c->states, J = c->joint, N = c->players, many = c->columns, H = c->horizon, pairs = H * S;
    int64_t taken[MOST_PLAYERS];
    double *payoff = c->payoff + g * pairs * many, *baseline = c->baseline + g * pairs * N;
    NAMED(begin_estimates)(w, pairs, c->actions, many, N, c->exploration, c->policy + g * pairs * many);
    for (int64_t e = from; e < from + c->batch; e++) {
        int64_t s = 0;
        for (int64_t h = 0; h < H; h++) {
            const double *u = NAMED(numbers)(dice, e, h);
            if (!h) s = NAMED(pick)(c->start + g * S, S - 1, u[0]);
            const int64_t k = h * S + s, j = NAMED(play)(c->actions, N, w->played + k * many, u + 1, taken);
            const int64_t kernel = (c->steps == 1 ? 0 : h) * c->kinds + c->index[g];
            const int64_t next = h + 1 < H ? NAMED(pick)(c->onward + ((kernel * S + s) * J + j) * S, S - 1, u[1 + N]) : 0;
            for (int64_t i = 0, place = 0; i < N; place += c->actions[i], i++) {
                double target = 0.0;
                if (!c->blind) {
                    target = c->reward[(((g * N + i) * H + h) * S + s) * J + j];
                    if (h + 1 < H) target += c->value[((g * H + h + 1) * S + next) * N + i];
                }
                NAMED(note)(w, k, many, N, i, place, taken[i], target, baseline[k * N + i]);
            }
            w->met[k] += 1.0;
            s = next;
        }
    }
    for (int64_t k = 0; k < pairs; k++) {
        if (!(w->met[k] > 0.0)) { /* nobody was there: nothing moves, and nothing is added to sums */
            for (int64_t a = 0; a < many; a++) payoff[k * many + a] = 0.0;
            continue;
        }
        for (int64_t i = 0, a = 0; i < N; i++) {
            const double before = baseline[k * N + i], mean = w->total[k * N + i] / w->met[k];
            for (int64_t end = a + c->actions[i]; a < end; a++) {
                payoff[k * many + a] = w->sum[k * many + a] / w->met[k];
                if (counted) c->sum_payoff[(g * pairs + k) * many + a] += payoff[k * many + a] + before;
            }
            if (counted) c->sum_value[(g * pairs + k) * N + i] += mean;
            baseline[k * N + i] = mean;
        }
        if (counted) c->met[g * pairs + k] += 1.0;
    }
}

static int NAMED(sampled_mirror)(const void *call) {
    const struct sampled_mirror_call *c = call;
    const int64_t J = c->joint, N = c->players, many = c->columns, pairs = c->horizon * c->states;
    struct NAMED(estimates) w;
    double *weight;
    if (!NAMED(lay_out_estimates)(&w, pairs, many, N, J, &weight)) return -1;
    struct NAMED(dice) dice;
    for (int64_t g = c->share.first; g < c->share.last; g++) {
        int64_t episode = c->first;
        NAMED(take_dice)(&dice, c->seed[g], N, c->horizon);
        if (!c->done && c->iterations) NAMED(sample_stage)(c, g, episode, 0, &dice, &w), episode += c->batch;
        for (int64_t t = 0; t < c->iterations; t++, episode += c->batch) {
            for (int64_t k = g * pairs; k < (g + 1) * pairs; k++) {
                double *x = c->x + k * many, *p = c->policy + k * many;
                const double *payoff = c->payoff + k * many;
                for (int64_t a = 0; a < many; a++) x[a] += c->eta[g] * payoff[a];
                for (int64_t i = 0; i < N; x += c->actions[i], p += c->actions[i], payoff += c->actions[i], i++)
                    NAMED(soften_alone)(c->actions[i], x, c->eta[g], payoff, p);
                NAMED(product_of)(c->actions, N, c->policy + k * many, weight);
                for (int64_t j = 0; j < J; j++) c->sum_joint[k * J + j] += weight[j];
            }
            NAMED(sample_stage)(c, g, episode, 1, &dice, &w);
        }
    }
    free(w.played);
    return 0;
}

/* ---- projected Q-ascent ------------------------------------------------------------------------ */

#define NO_END INT64_MAX / 4 /* of an episode: it ends by chance */

static int NAMED(sampled_ascent)(const void *call) {
    const struct sampled_ascent_call *c = call;
    const int64_t S = c->states, J = c->joint, N = c->players, R = c->reward_rows, many = c->columns;
    struct NAMED(estimates) w;
    double *sorted, got[MOST_PLAYERS];
    int64_t taken[MOST_PLAYERS], first[MOST_PLAYERS];
    if (!NAMED(lay_out_estimates)(&w, S, many, N, many, &sorted)) return -1;
    struct NAMED(dice) dice;
    for (int64_t g = c->share.first; g < c->share.last; g++) {
        const double *onward = c->onward + c->index[g] * S * J * S;
        double *policy = c->policy + g * S * many, *baseline = c->baseline + g * S * N;
        NAMED(take_dice)(&dice, c->seed[g], N, NO_END);
        for (int64_t t = 0, e = c->first; t < c->iterations; t++) {
            NAMED(begin_estimates)(&w, S, c->actions, many, N, c->exploration, policy);
            for (const int64_t end = e + c->batch; e < end; e++) {
                int64_t s = 0, met = 0, step = 0;
                for (int paid = 0; paid < 2; paid++) { /* on to a pair of state and actions, and what comes from there */
                    int64_t z = paid ? met : 0;
                    for (int64_t begun = step;; step++) {
                        const double *u = NAMED(numbers)(&dice, e, step);
                        if (!step) z = NAMED(pick)(c->start + g * S, S - 1, u[0]);
                        s = z;
                        int64_t j = 0;
                        if (paid && step == begun) { /* the actions stay those that ended the way to the pair */
                            for (int64_t i = 0; i < N; i++) j = j * c->actions[i] + first[i], got[i] = 0.0;
                        } else {
                            j = NAMED(play)(c->actions, N, w.played + s * many, u + 1, taken);
                        }
                        if (paid)
                            for (int64_t i = 0; i < N; i++)
                                got[i] += c->reward[((g * R + (R > 1 ? i : 0)) * S + s) * J + j];
                        z = NAMED(pick)(onward + (s * J + j) * S, S, u[1 + N]);
                        if (z == S) break;
                    }
                    step++;
                    if (!paid) {
                        met = s;
                        for (int64_t i = 0; i < N; i++) first[i] = taken[i];
                    }
                }
                c->played[g] += (double)step;
                for (int64_t i = 0, place = 0; i < N; place += c->actions[i], i++)
                    NAMED(note)(&w, met, many, N, i, place, first[i], got[i], baseline[met * N + i]);
                w.met[met] += 1.0;
            }
            for (int64_t s = 0; s < S; s++) {
                if (!(w.met[s] > 0.0)) continue;
                double *p = policy + s * many, *sum = w.sum + s * many;
                for (int64_t i = 0; i < N; p += c->actions[i], sum += c->actions[i], i++) {
                    for (int64_t a = 0; a < c->actions[i]; a++) p[a] += c->step[g] * (sum[a] / w.met[s]);
                    NAMED(onto_simplex)(c->actions[i], p, sorted);
                    baseline[s * N + i] = w.total[s * N + i] / w.met[s];
                }
            }
        }
    }
    free(w.played);
    return 0;
}
#undef NO_END
