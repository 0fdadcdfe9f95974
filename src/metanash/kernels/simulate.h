/* Play of fixed policies, see sampling.h. A lane is a part of the episodes of a game: what is counted, and sums over
 * episodes in order, of part p are those of episodes first + p episodes / parts and on, whoever plays the other parts. */

static int NAMED(simulate)(const void *call) {
    const struct simulate_call *c = call;
    const int64_t S = c->states, J = c->joint, N = c->players, R = c->reward_rows, many = c->columns;
    double *paid = malloc((size_t)R * sizeof *paid);
    if (!paid) return -1;
    struct NAMED(dice) dice;
    for (int64_t lane = c->share.first; lane < c->share.last; lane++) {
        const int64_t g = lane / c->parts, part = lane % c->parts;
        const int64_t from = c->episodes / c->parts * part + (c->episodes % c->parts < part ? c->episodes % c->parts : part);
        const int64_t to = from + c->episodes / c->parts + (part < c->episodes % c->parts);
        double *visits = c->visits + lane * c->steps * S * J, *returns = c->returns + lane * 2 * R;
        NAMED(take_dice)(&dice, c->seed[g], N, c->horizon);
        for (int64_t e = from; e < to; e++) {
            int64_t s = 0;
            for (int64_t i = 0; i < R; i++) paid[i] = 0.0;
            for (int64_t t = 0; t < c->horizon; t++) {
                const double *u = NAMED(numbers)(&dice, c->first + e, t);
                if (!t) s = NAMED(pick)(c->start + g * S, S - 1, u[0]);
                const int64_t h = c->steps == 1 ? 0 : t;
                const double *ends = c->ends + ((g * c->steps + h) * S + s) * many;
                int64_t j = 0;
                for (int64_t i = 0; i < N; ends += c->actions[i], i++)
                    j = j * c->actions[i] + NAMED(pick)(ends, c->actions[i] - 1, u[1 + i]);
                visits[(h * S + s) * J + j] += 1.0;
                const double *reward = c->reward + ((g * R * c->steps + h) * S + s) * J + j;
                for (int64_t i = 0; i < R; i++) paid[i] += reward[i * c->steps * S * J];
                if (c->kept) {
                    c->state[(g * c->episodes + e) * c->horizon + t] = (double)s;
                    c->action[(g * c->episodes + e) * c->horizon + t] = (double)j;
                }
                if (t + 1 == c->horizon) break;
                const int64_t kernel = (c->onward_steps == 1 ? 0 : t) * c->kinds + c->index[g];
                s = NAMED(pick)(c->onward + ((kernel * S + s) * J + j) * S, S - !c->ending, u[1 + N]);
                if (s == S) break; /* the end of a discounted game */
            }
            for (int64_t i = 0; i < R; i++) returns[i] += paid[i], returns[R + i] += paid[i] * paid[i];
        }
    }
    free(paid);
    return 0;
}
