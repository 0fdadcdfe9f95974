/* Optimistic multiplicative weights whose rate is controlled by the regrets, included by lanes.h for each instruction set.
 *
 * A lane is a game of any number of players, as for Algorithm 2, whose products and gradients these are.
 */

/* The largest of (alpha - 1) log(rate) + log sum exp(prior + rate lean) over rates in (0, 1], in lanes where `slow`; 1 in others.
 * Newton's method for the zero of slack + rate E[lean], bisection where it leaves the bracket. Lanes that have ended stay. */
static __attribute__((noinline)) vec NAMED(slow_pace)(int64_t actions, const vec *prior, const vec *lean, vec slack, ivec slow) {
    vec least = lean[0], rate = splat(1.0), high = rate;
    for (int64_t a = 1; a < actions; a++) least = smaller(least, lean[a]);
    vec low = NAMED(either)(slow, slack / -least, rate); /* it rises up to here */
    for (int round = 0; round < MOST_PACES && NAMED(any)(slow); round++) {
        vec top = splat(-INFINITY), total = splat(0.0), first = total, second = total;
        for (int64_t a = 0; a < actions; a++) top = larger(top, prior[a] + rate * lean[a]);
        for (int64_t a = 0; a < actions; a++) {
            const vec weight = NAMED(exp_of_negative)(prior[a] + rate * lean[a] - top);
            total += weight, first += weight * lean[a], second += weight * lean[a] * lean[a];
        }
        const vec mean = first / total, slope = mean + rate * (second / total - mean * mean), rises = slack + rate * mean;
        const ivec up = rises >= splat(0.0);
        low = NAMED(either)(slow & up, rate, low), high = NAMED(either)(slow & ~up, rate, high);
        vec next = rate - rises / slope;
        slow &= larger(next - rate, rate - next) > splat(0x1p-50) * rate;
        next = NAMED(either)((next > low) & (next < high), next, splat(0.5) * (low + high));
        rate = NAMED(either)(slow, next, rate);
    }
    return rate;
}

/* Where a player's numbers begin, and the part of the objective that its prior decides: alpha - 1. */
struct NAMED(careful) {
    const vec *prior;
    vec *regret, *last, *lean, *pace, slack;
};

static void NAMED(cautious_step)(const struct NAMED(seat) *seat, const struct NAMED(careful) *own, vec eta) {
    const int64_t n = seat->own;
    vec *policy = seat->policy, mean = splat(0.0);
    const vec zero = splat(0.0), one = splat(1.0);
    for (int64_t a = 0; a < n; a++) { /* an action that is never played regrets nothing */
        own->lean[a] = keep_from(own->prior[a], splat(-1e300), eta * (own->regret[a] + own->last[a]));
        policy[a] = own->prior[a] + own->lean[a];
    }
    if (n == 2) {
        policy[0] = NAMED(falling_sigmoid)(policy[1] - policy[0]);
        policy[1] = one - policy[0];
    } else {
        NAMED(soften_any)(n, policy, NULL);
    }
    for (int64_t a = 0; a < n; a++) mean += policy[a] * own->lean[a];
    *own->pace = one;
    const ivec slow = own->slack + mean < zero;
    if (!NAMED(any)(slow)) return;
    const vec pace = *own->pace = NAMED(slow_pace)(n, own->prior, own->lean, own->slack, slow);
    vec *slower = own->lean; /* lanes of pace 1 keep what they have */
    for (int64_t a = 0; a < n; a++) slower[a] = own->prior[a] + pace * own->lean[a];
    if (n == 2) {
        slower[0] = NAMED(falling_sigmoid)(slower[1] - slower[0]);
        slower[1] = one - slower[0];
    } else {
        NAMED(soften_any)(n, slower, NULL);
    }
    for (int64_t a = 0; a < n; a++) policy[a] = NAMED(either)(slow, slower[a], policy[a]);
}

static int NAMED(cautious)(const void *call) {
    const struct cautious_call *c = call;
    const int64_t N = c->players, J = c->joint, C = c->columns;
    const struct joint_mirror_call shape = {.players = N, .joint = J, .actions = c->actions};
    const int64_t sizes[] = {N * J, C, C, C, C, C, C, N, J, J, (2 * N + 1) * J + 1};
    enum { Q, PRIOR, REGRET, LAST, POLICY, LEAN, GAIN, PACE, TOTAL, PART, PRODUCTS, COUNT };
    void *whole = NULL;
    vec *part[COUNT], eta = splat(0.0);
    struct NAMED(seat) *seats = malloc((size_t)N * sizeof *seats);
    if (!NAMED(lay_out)(sizes, COUNT, part, &whole) || !seats) {
        free(whole), free(seats);
        return -1;
    }
    vec *one = part[PRODUCTS];
    *one = splat(1.0);
    const vec *product = NAMED(seat_all)(&shape, seats, one, part[Q], part[LEAN], part[POLICY], part[GAIN], one + 1);
    for (int64_t lane = c->share.first; lane < c->share.last; lane += WIDTH) {
        gather(c->q, N * J, lane, c->lanes, part[Q]), gather(c->eta, 1, lane, c->lanes, &eta);
        gather(c->prior, C, lane, c->lanes, part[PRIOR]), gather(c->regret, C, lane, c->lanes, part[REGRET]);
        gather(c->last, C, lane, c->lanes, part[LAST]), gather(c->policy, C, lane, c->lanes, part[POLICY]);
        gather(c->paces, N, lane, c->lanes, part[PACE]);
        gather(c->sum_joint, J, lane, c->lanes, part[TOTAL]);
        gather(c->sum_joint + c->lanes * J, J, lane, c->lanes, part[PART]);
        vec slack[MOST_PLAYERS];
        for (int64_t i = 0; i < N; i++) {
            vec least = splat(0.0); /* the smallest logit above -infinity */
            for (int64_t a = 0, o = seats[i].x - part[LEAN]; a < seats[i].own; a++) {
                const vec logit = part[PRIOR][o + a];
                least = smaller(least, keep_from(logit, splat(-1e300), logit));
            }
            slack[i] = splat(c->caution) * least * least - splat(2.0) * least + splat(1.0);
        }
        for (int64_t t = c->done + 1; t <= c->done + c->iterations; t++) {
            for (int64_t i = 0; i < N; i++) {
                const int64_t o = seats[i].x - part[LEAN];
                const struct NAMED(careful) own = {part[PRIOR] + o, part[REGRET] + o, part[LAST] + o, part[LEAN] + o, part[PACE] + i, slack[i]};
                NAMED(cautious_step)(&seats[i], &own, eta);
            }
            NAMED(joint_gradients)(seats, N);
            for (int64_t i = 0; i < N; i++) {
                const int64_t o = seats[i].x - part[LEAN];
                vec worth = splat(0.0);
                for (int64_t a = 0; a < seats[i].own; a++) worth += seats[i].policy[a] * seats[i].g[a];
                for (int64_t a = 0; a < seats[i].own; a++) {
                    part[LAST][o + a] = seats[i].g[a] - worth;
                    part[REGRET][o + a] += part[LAST][o + a];
                }
            }
            for (int64_t j = 0; j < J; j++) part[PART][j] += product[j];
            if (t % CHUNK == 0)
                for (int64_t j = 0; j < J; j++) part[TOTAL][j] += part[PART][j], part[PART][j] = splat(0.0);
        }
        scatter(part[REGRET], C, lane, c->lanes, c->regret), scatter(part[LAST], C, lane, c->lanes, c->last);
        scatter(part[POLICY], C, lane, c->lanes, c->policy), scatter(part[PACE], N, lane, c->lanes, c->paces);
        scatter(part[TOTAL], J, lane, c->lanes, c->sum_joint);
        scatter(part[PART], J, lane, c->lanes, c->sum_joint + c->lanes * J);
    }
    free(whole), free(seats);
    return 0;
}
