/* The arguments of every kernel: one table each, and the only place in C where they stand.
 *
 * compiled.c and lanes.h include this file again and again, each time with another meaning of some of these words, the
 * rest meaning nothing. So come of it, with no second list: the struct that a call fills (`struct NAME_call`), what
 * `parse` knows of each argument, the checks, the functions that Python calls and `compiled.signatures`, which tests
 * hold against the NumPy version and its docstring. Names of arguments are those of Python, and their order too.
 *
 *   KERNEL(name, lanes, reads, text)   a kernel whose loop of this name is run over so many lanes; how many numbers it
 *                                      reads decides whether threads are worth it; what it does, for its docstring
 *   CALL(name, text)                   a kernel whose call is written out in compiled.c
 *   LOOP(name)                         a loop that such a call runs
 *   END(name)
 *
 *   READ(name, shape)                  float64 array that is only read
 *   WRITE(name, shape)                 float64 array that is advanced or overwritten
 *   INDEX(name, bound, shape)          int64 array of numbers from 0 on below the product of `bound`
 *   PLACES(name, shape)                int32 array that nobody has looked at: the loop checks each number before it reads
 *                                      what that points to, and ends with OUTSIDE
 *   ACTIONS(name, shape)               int64 array: numbers of actions, of product `joint` and sum `columns`, and if
 *                                      there is a size `squares`, with squares of that sum
 *   POLICIES(name, shape)              tuple of one float64 array per player, whose last axis, not named, is its actions
 *   SIZE(name, least)                  integer, at least so large
 *   NUMBER(name)                       float
 *   FLAG(name)                         integer that is 0 or not
 *
 *   RULE(condition, text)              of the sizes of the call `c`, checked in order before any array is looked at
 *   DERIVED(name, value)               a size that follows from the others, after all arguments; -1 is too large
 *   KEPT(type, name)                   for the call's own use
 *
 * Shapes are sizes and numbers in parentheses. An array is C-contiguous and has so many entries, on whatever axes.
 */

#ifndef KERNEL
#define KERNEL(name, lanes, reads, text)
#endif
#ifndef CALL
#define CALL(name, text)
#endif
#ifndef LOOP
#define LOOP(name)
#endif
#ifndef END
#define END(name)
#endif
#ifndef READ
#define READ(name, shape)
#endif
#ifndef WRITE
#define WRITE(name, shape)
#endif
#ifndef INDEX
#define INDEX(name, bound, shape)
#endif
#ifndef PLACES
#define PLACES(name, shape)
#endif
#ifndef ACTIONS
#define ACTIONS(name, shape)
#endif
#ifndef POLICIES
#define POLICIES(name, shape)
#endif
#ifndef SIZE
#define SIZE(name, least)
#endif
#ifndef NUMBER
#define NUMBER(name)
#endif
#ifndef FLAG
#define FLAG(name)
#endif
#ifndef RULE
#define RULE(condition, text)
#endif
#ifndef DERIVED
#define DERIVED(name, value)
#endif
#ifndef KEPT
#define KEPT(type, name)
#endif

KERNEL(mirror, c->lanes, 1.0 * c->lanes * c->rows * c->columns * c->iterations, "Advance Algorithm 1 inside one stage")
    READ(q, (lanes, rows, columns))
    READ(eta, (lanes))
    WRITE(x, (lanes, rows)) /* logits of the anchors */
    WRITE(y, (lanes, columns))
    WRITE(mu, (lanes, rows)) /* last iterates */
    WRITE(nu, (lanes, columns))
    WRITE(sum_mu, (2, lanes, rows)) /* totals, running chunk */
    WRITE(sum_nu, (2, lanes, columns))
    WRITE(sum_value, (2, lanes))
    SIZE(lanes, 0)
    SIZE(rows, 1)
    SIZE(columns, 1)
    SIZE(done, 0) /* iterations of this stage before the call */
    SIZE(iterations, 0)
    FLAG(predicts) /* line 6; without it the anchors are played */
END(mirror)

KERNEL(joint_mirror, c->lanes, 1.0 * c->lanes * c->players * c->joint * c->iterations, "Advance Algorithm 2 inside one stage")
    READ(q, (lanes, players, joint))
    READ(eta, (lanes))
    WRITE(x, (lanes, columns)) /* logits of the anchors */
    WRITE(policy, (lanes, columns)) /* last iterates */
    WRITE(sum_joint, (2, lanes, joint)) /* totals, running chunk */
    ACTIONS(actions, (players))
    SIZE(lanes, 0)
    SIZE(players, 1)
    SIZE(joint, 1)
    SIZE(columns, 1)
    SIZE(done, 0)
    SIZE(iterations, 0)
END(joint_mirror)

KERNEL(cautious, c->lanes, 1.0 * c->lanes * c->players * c->joint * c->iterations,
       "Advance optimistic multiplicative weights with dynamic learning rates")
    READ(q, (lanes, players, joint))
    READ(eta, (lanes))
    READ(prior, (lanes, columns)) /* logits */
    WRITE(regret, (lanes, columns))
    WRITE(last, (lanes, columns)) /* regrets of the last iteration */
    WRITE(policy, (lanes, columns)) /* last iterates */
    WRITE(paces, (lanes, players))
    WRITE(sum_joint, (2, lanes, joint)) /* totals, running chunk */
    ACTIONS(actions, (players))
    NUMBER(caution)
    SIZE(lanes, 0)
    SIZE(players, 1)
    SIZE(joint, 1)
    SIZE(columns, 1)
    SIZE(done, 0)
    SIZE(iterations, 0)
    RULE(c->players <= MOST_PLAYERS, "players are too many for this machine")
END(cautious)

KERNEL(regret_matching, c->lanes, 1.0 * c->lanes * c->rows * c->columns * c->iterations,
       "Advance predictive regret matching+ on fixed matrices")
    READ(q, (lanes, rows, columns))
    WRITE(x, (lanes, rows)) /* regrets */
    WRITE(y, (lanes, columns))
    WRITE(mu, (lanes, rows)) /* last iterates */
    WRITE(nu, (lanes, columns))
    WRITE(sum_mu, (2, lanes, rows)) /* totals, running chunk */
    WRITE(sum_nu, (2, lanes, columns))
    WRITE(value, (lanes))
    SIZE(lanes, 0)
    SIZE(rows, 1)
    SIZE(columns, 1)
    SIZE(done, 0) /* iterations of the run before the call */
    SIZE(iterations, 0)
END(regret_matching)

KERNEL(smooth, c->games, 1.0 * c->games * c->horizon * c->states * c->rows * c->columns * (c->horizon > 1 ? c->states : 1) * c->iterations,
       "Advance learners with incremental values")
    READ(reward, (games, horizon, states, rows, columns))
    READ(transition, (chances)) /* (steps, kinds, states, rows, columns, states), or nothing if the horizon is 1 */
    INDEX(index, (kinds), (games))
    READ(eta, (games))
    WRITE(x, (games, horizon, states, rows)) /* logits of priors or of anchors, or anchors */
    WRITE(y, (games, horizon, states, columns))
    WRITE(sum_x, (games, horizon, states, rows)) /* of payoffs */
    WRITE(sum_y, (games, horizon, states, columns))
    WRITE(last_x, (games, horizon, states, rows)) /* payoffs */
    WRITE(last_y, (games, horizon, states, columns))
    WRITE(mu, (games, horizon, states, rows)) /* last iterates */
    WRITE(nu, (games, horizon, states, columns))
    WRITE(mean_mu, (games, horizon, states, rows)) /* weighted averages */
    WRITE(mean_nu, (games, horizon, states, columns))
    WRITE(value, (games, horizon, states))
    NUMBER(temperature)
    SIZE(games, 0)
    SIZE(horizon, 1)
    SIZE(states, 1)
    SIZE(rows, 1)
    SIZE(columns, 1)
    SIZE(kinds, 1)
    SIZE(steps, 1) /* of transition: the horizon, or 1 for all steps */
    SIZE(rule, 0)
    SIZE(done, 0)
    SIZE(iterations, 0)
    RULE(c->steps == 1 || c->steps == c->horizon, "steps must be 1 or horizon")
    RULE(c->rule <= 3, "rule must be 0, 1, 2 or 3")
    DERIVED(chances, c->horizon > 1 ? PRODUCT(c->steps, c->kinds, c->states, c->rows, c->columns, c->states) : 0)
END(smooth)

KERNEL(swap_ftrl, c->games, 1.0 * c->games * c->horizon * c->states * (c->squares + c->players * c->joint * (c->horizon > 1 ? c->states : 1)) * c->iterations,
       "Advance optimistic FTRL with the log barrier against swap deviations")
    READ(reward, (games, players, horizon, states, joint))
    READ(transition, (chances)) /* (steps, kinds, states, joint, states), or nothing if the horizon is 1 */
    INDEX(index, (kinds), (games))
    READ(eta, (games))
    READ(prior, (games, horizon, states, columns))
    WRITE(sums, (games, horizon, states, squares)) /* of what experts are paid */
    WRITE(last, (games, horizon, states, squares))
    WRITE(iterate, (games, horizon, states, columns)) /* last iterates */
    WRITE(mean_joint, (games, horizon, states, joint)) /* weighted averages of products */
    WRITE(value, (games, players, horizon, states))
    WRITE(answers, (games, horizon, states, squares))
    WRITE(fixed, (games, horizon, states, columns))
    WRITE(deviated, (games, 2, players, states))
    ACTIONS(actions, (players))
    SIZE(games, 0)
    SIZE(players, 1)
    SIZE(horizon, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(columns, 1)
    SIZE(squares, 1)
    SIZE(kinds, 1)
    SIZE(steps, 1) /* of transition: the horizon, or 1 for all steps */
    SIZE(done, 0)
    SIZE(iterations, 0)
    RULE(c->steps == 1 || c->steps == c->horizon, "steps must be 1 or horizon")
    DERIVED(chances, c->horizon > 1 ? PRODUCT(c->steps, c->kinds, c->states, c->joint, c->states) : 0)
END(swap_ftrl)

CALL(mirror_run, "Advance Algorithm 1 over ends of stages")
    READ(reward, (lanes, rows, columns)) /* lanes are games, steps and states */
    READ(transition, (steps, kinds, states, rows, columns, states))
    INDEX(index, (kinds), (games))
    READ(eta, (lanes))
    READ(start_x, (games, given, cells, rows)) /* logits of the initial policies of each stage, and these */
    READ(start_y, (games, given, cells, columns))
    READ(start_mu, (games, given, cells, rows))
    READ(start_nu, (games, given, cells, columns))
    WRITE(x, (lanes, rows)) /* as in mirror, down to sum_value */
    WRITE(y, (lanes, columns))
    WRITE(mu, (lanes, rows))
    WRITE(nu, (lanes, columns))
    WRITE(sum_mu, (2, lanes, rows))
    WRITE(sum_nu, (2, lanes, columns))
    WRITE(sum_value, (2, lanes))
    WRITE(finished_mu, (lanes, rows)) /* sums over finished stages */
    WRITE(finished_nu, (lanes, columns))
    WRITE(q, (slots, lanes, rows, columns)) /* of the running stage, then of those that begin here, round and round */
    WRITE(seen_mu, (seen, lanes, rows)) /* sums over all iterations at each look */
    WRITE(seen_nu, (seen, lanes, columns))
    WRITE(stage_mu, (kept, lanes, rows)) /* sums over the stages that end here */
    WRITE(stage_nu, (kept, lanes, columns))
    WRITE(stage_value, (kept, lanes))
    WRITE(states_seen, (watched, lanes, width)) /* at each look, one after another: x, y, mu, nu, both levels of sums, finished */
    INDEX(pieces, (beyond), (count)) /* iterations of each */
    INDEX(fresh, (2), (count)) /* whether a stage ends before it */
    INDEX(looks, (2), (count)) /* whether somebody looks after it */
    SIZE(games, 0)
    SIZE(horizon, 1)
    SIZE(states, 1)
    SIZE(rows, 1)
    SIZE(columns, 1)
    SIZE(kinds, 1)
    SIZE(steps, 1) /* of transition: the horizon, or 1 for all steps */
    SIZE(given, 1) /* stages that have an initial policy of their own; the last of these is that of later ones too */
    SIZE(stage, 1)
    SIZE(done, 0) /* iterations of this stage before the call */
    SIZE(slots, 1)
    SIZE(seen, 0)
    SIZE(watched, 0) /* looks of which more is kept than sums: seen, or 0 */
    SIZE(kept, 0)
    SIZE(count, 0)
    SIZE(longest, 0)
    FLAG(predicts)
    RULE(c->steps == 1 || c->steps == c->horizon, "steps must be 1 or horizon")
    RULE(c->longest < INT64_MAX / 64 && c->done < INT64_MAX / 64 && PRODUCT(c->count, c->longest) >= 0,
         "count, longest and done are too large for this machine")
    RULE(c->watched == 0 || c->watched == c->seen, "watched must be 0 or seen")
    DERIVED(cells, PRODUCT(c->horizon, c->states))
    DERIVED(lanes, PRODUCT(c->games, c->horizon, c->states))
    DERIVED(width, c->rows < INT64_MAX / 64 && c->columns < INT64_MAX / 64 ? 5 * (c->rows + c->columns) + 2 : -1)
    DERIVED(beyond, c->longest + 1)
END(mirror_run)

CALL(regret_run, "Advance predictive regret matching+ over value updates")
    READ(reward, (lanes, rows, columns)) /* lanes are games, steps and states */
    READ(transition, (steps, kinds, states, rows, columns, states))
    INDEX(index, (kinds), (games))
    WRITE(q, (lanes, rows, columns))
    WRITE(x, (lanes, rows)) /* as in regret_matching, down to value */
    WRITE(y, (lanes, columns))
    WRITE(mu, (lanes, rows))
    WRITE(nu, (lanes, columns))
    WRITE(sum_mu, (2, lanes, rows))
    WRITE(sum_nu, (2, lanes, columns))
    WRITE(value, (lanes))
    WRITE(seen_mu, (seen, lanes, rows)) /* sums at each look */
    WRITE(seen_nu, (seen, lanes, columns))
    INDEX(pieces, (beyond), (count)) /* iterations of each */
    INDEX(updates, (2), (count)) /* whether values are updated after it */
    INDEX(looks, (2), (count)) /* whether somebody looks after it */
    SIZE(games, 0)
    SIZE(horizon, 1)
    SIZE(states, 1)
    SIZE(rows, 1)
    SIZE(columns, 1)
    SIZE(kinds, 1)
    SIZE(steps, 1) /* of transition: the horizon, or 1 for all steps */
    SIZE(done, 0) /* iterations of the run before the call */
    SIZE(seen, 0)
    SIZE(count, 0)
    SIZE(longest, 0)
    RULE(c->steps == 1 || c->steps == c->horizon, "steps must be 1 or horizon")
    RULE(c->longest < INT64_MAX / 64 && c->done < INT64_MAX / 64 && PRODUCT(c->count, c->longest) >= 0,
         "count, longest and done are too large for this machine")
    DERIVED(lanes, PRODUCT(c->games, c->horizon, c->states))
    DERIVED(beyond, c->longest + 1)
END(regret_run)

CALL(joint_run, "Advance Algorithm 2 over ends of stages")
    READ(reward, (games, players, cells, joint))
    READ(transition, (steps, kinds, states, joint, states))
    INDEX(index, (kinds), (games))
    ACTIONS(actions, (players))
    READ(eta, (lanes)) /* lanes are games, steps and states */
    READ(start_x, (games, given, cells, columns)) /* logits of the initial policies of each stage, and these */
    READ(start_policy, (games, given, cells, columns))
    WRITE(x, (lanes, columns)) /* as in joint_mirror, down to sum_joint */
    WRITE(policy, (lanes, columns))
    WRITE(sum_joint, (2, lanes, joint))
    WRITE(finished, (lanes, joint)) /* sums over finished stages */
    WRITE(lane_q, (lanes, players, joint)) /* the running stage's Q-estimates */
    WRITE(q, (slots, games, players, cells, joint)) /* the same, then of stages that begin here, round and round */
    WRITE(values, (room, games, 2, players, cells)) /* of the stage before the running one, then of those that end here */
    WRITE(stage_joint, (kept, lanes, joint)) /* averages of the products of the iterates, of stages that end here */
    WRITE(seen_joint, (seen, lanes, joint)) /* of the running stage, at each look */
    WRITE(states_seen, (watched, lanes, width)) /* at each look, one after another: x, policy, both levels of sums, finished */
    INDEX(pieces, (beyond), (count)) /* iterations of each */
    INDEX(fresh, (2), (count)) /* whether a stage ends before it */
    INDEX(looks, (2), (count)) /* whether somebody looks after it */
    SIZE(games, 0)
    SIZE(players, 1)
    SIZE(horizon, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(columns, 1)
    SIZE(kinds, 1)
    SIZE(steps, 1) /* of transition: the horizon, or 1 for all steps */
    SIZE(given, 1) /* stages that have an initial policy of their own; the last of these is that of later ones too */
    SIZE(stage, 1)
    SIZE(done, 0) /* iterations of this stage before the call */
    SIZE(slots, 1)
    SIZE(room, 1)
    SIZE(kept, 0)
    SIZE(seen, 0)
    SIZE(watched, 0) /* looks of which more is kept than averages: seen, or 0 */
    SIZE(count, 0)
    SIZE(longest, 0)
    RULE(c->steps == 1 || c->steps == c->horizon, "steps must be 1 or horizon")
    RULE(c->longest < INT64_MAX / 64 && c->done < INT64_MAX / 64 && PRODUCT(c->count, c->longest) >= 0,
         "count, longest and done are too large for this machine")
    RULE(c->watched == 0 || c->watched == c->seen, "watched must be 0 or seen")
    DERIVED(cells, PRODUCT(c->horizon, c->states))
    DERIVED(lanes, PRODUCT(c->games, c->horizon, c->states))
    DERIVED(width, c->columns < INT64_MAX / 64 && c->joint < INT64_MAX / 64 ? 2 * c->columns + 3 * c->joint : -1)
    DERIVED(beyond, c->longest + 1)
END(joint_run)

KERNEL(ascent, c->lanes, 1.0 * c->lanes * c->states * c->states * c->joint * c->iterations,
       "Advance independent gradient play")
    READ(reward, (lanes, reward_rows, states, joint))
    READ(transition, (kinds, states, joint, states))
    INDEX(index, (kinds), (lanes))
    READ(step, (lanes))
    READ(initial, (lanes, states))
    ACTIONS(actions, (players))
    WRITE(policy, (lanes, states, columns)) /* logits if softmax */
    WRITE(response, (lanes, states, players)) /* best responses, as numbers of actions */
    WRITE(sum_gap, (2, lanes)) /* total, running chunk */
    WRITE(least, (lanes))
    NUMBER(discount)
    SIZE(lanes, 0)
    SIZE(players, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(reward_rows, 1)
    SIZE(columns, 1)
    SIZE(kinds, 1)
    FLAG(softmax)
    FLAG(natural) /* with softmax */
    FLAG(measure)
    SIZE(done, 0)
    SIZE(iterations, 0)
    RULE(c->softmax || !c->natural, "natural needs softmax")
    RULE(c->reward_rows == 1 || c->reward_rows == c->players, "reward_rows must be 1, for a common reward, or players")
END(ascent)

CALL(maml, "Advance exact MAML")
    READ(reward, (games, states, joint))
    READ(transition, (kinds, states, joint, states))
    INDEX(kind, (kinds), (games))
    READ(initial, (games, states))
    ACTIONS(actions, (players))
    INDEX(game, (games), (draws, rows, count))
    READ(probability, (rows, count))
    WRITE(logits, (rows, states, columns))
    WRITE(gradient, (rows, states, columns))
    WRITE(objective, (rows))
    WRITE(norm, (rows))
    WRITE(least, (rows))
    NUMBER(discount)
    NUMBER(inner_step)
    NUMBER(step)
    SIZE(rows, 1)
    SIZE(count, 1)
    SIZE(games, 1)
    SIZE(players, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(columns, 1)
    SIZE(kinds, 1)
    SIZE(inner_steps, 0)
    FLAG(first_order)
    SIZE(draws, 0)
    SIZE(iterations, 0)
    RULE(c->draws == 1 || c->draws == c->iterations, "draws must be 1 or iterations")
    KEPT(int64_t, lanes)              /* rows * count: a game of a row */
    KEPT(const int64_t *, drawn)      /* game, of this iteration */
    KEPT(double *, lane_value)        /* [lanes] */
    KEPT(double *, lane_gradient)     /* [lanes][states][columns] */
END(maml)
LOOP(through_ascent)

KERNEL(expect, c->games, 1.0 * c->games * c->vectors * c->rows * c->states, "Expected next values")
    READ(transition, (kinds, rows, states))
    INDEX(index, (kinds), (games))
    READ(values, (games, vectors, states))
    WRITE(out, (games, vectors, rows))
    SIZE(games, 0)
    SIZE(rows, 1)
    SIZE(states, 1)
    SIZE(vectors, 0)
    SIZE(kinds, 1)
END(expect)

KERNEL(backup, c->games * c->rows, 1.0 * c->games * (c->last - c->first) * c->rows * c->states,
       "Reward plus expected next values")
    READ(reward, (games, steps, rows))
    READ(transition, (kinds, rows, states))
    INDEX(index, (kinds), (games))
    READ(values, (games, steps, states))
    WRITE(out, (games, steps, rows))
    SIZE(games, 0)
    SIZE(steps, 1)
    SIZE(rows, 1)
    SIZE(states, 1)
    SIZE(kinds, 1)
    SIZE(first, 0)
    SIZE(last, 0)
    RULE(c->first <= c->last && c->last <= c->steps, "first must be at most last, and last at most steps")
END(backup)

CALL(fold, "Empty two-level sums into a total")
    WRITE(sums, (2, entries))
    WRITE(total, (entries))
    SIZE(entries, 0)
END(fold)

KERNEL(finite_values, c->games, 1.0 * c->games * c->vectors * c->horizon * c->states * c->joint * c->states,
       "Values of policies and best responses")
    READ(reward, (games, reward_rows, horizon, states, joint))
    READ(transition, (chances)) /* (steps, kinds, states, joint, states), or (games, vectors, states, joint) */
    INDEX(index, (kinds), (games))
    READ(initial, (games, states))
    POLICIES(policy, (games, horizon, states))
    ACTIONS(actions, (players))
    INDEX(wanted, (2, players), (vectors))
    WRITE(value, (games, vectors, horizon, states))
    WRITE(start, (games, vectors))
    SIZE(games, 0)
    SIZE(players, 1)
    SIZE(horizon, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(reward_rows, 1)
    SIZE(kinds, 1)
    SIZE(steps, 0) /* of transition: the horizon, or 1 for all steps; 0 if expected values of `step` are given */
    SIZE(vectors, 1)
    SIZE(step, 0)
    RULE(c->step < c->horizon, "step must be below horizon")
    RULE(c->steps <= 1 || c->steps == c->horizon, "steps must be 0, 1 or horizon")
    RULE(c->reward_rows == c->players || (c->reward_rows == 1 && c->players == 2),
         "reward_rows must be players, or 1 for two players of a zero-sum game")
    DERIVED(chances, c->steps ? PRODUCT(c->steps, c->kinds, c->states, c->joint, c->states)
                     : c->step == c->horizon - 1 ? 0
                                                 : PRODUCT(c->games, c->vectors, c->states, c->joint))
    DERIVED(columns, 0) /* of actions */
    DERIVED(near, -1)   /* see sparse_values: `transition` is (states from this one on, vectors, joint), expected values */
END(finite_values)

KERNEL(discounted_values, c->games, 1.0 * c->games * c->states * c->states * c->joint * c->players,
       "The same for discounted games")
    READ(reward, (games, reward_rows, states, joint))
    READ(transition, (kinds, states, joint, states))
    INDEX(index, (kinds), (games))
    READ(initial, (games, states))
    POLICIES(policy, (games, states))
    ACTIONS(actions, (players))
    INDEX(wanted, (2, players), (vectors))
    WRITE(value, (games, vectors, states))
    WRITE(start, (games, vectors))
    NUMBER(discount)
    SIZE(games, 0)
    SIZE(players, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(reward_rows, 1)
    SIZE(kinds, 1)
    SIZE(vectors, 1)
    RULE(c->reward_rows == 1 || c->reward_rows == c->players, "reward_rows must be 1, for a common reward, or players")
    DERIVED(columns, 0) /* of actions */
END(discounted_values)

KERNEL(correlated_values, c->games, 2.0 * c->games * c->players * c->horizon * c->states * c->joint * c->states,
       "Values of a stage of Algorithm 2")
    READ(reward, (games, players, horizon, states, joint))
    READ(transition, (chances)) /* as in finite_values, with 2 players vectors */
    INDEX(index, (kinds), (games))
    READ(weights, (games, horizon, states, joint))
    ACTIONS(actions, (players))
    READ(before, (games, 2, players, horizon, states))
    WRITE(after, (games, 2, players, horizon, states))
    SIZE(games, 0)
    SIZE(players, 1)
    SIZE(horizon, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(kinds, 1)
    SIZE(steps, 0)
    SIZE(step, 0)
    RULE(c->step < c->horizon, "step must be below horizon")
    RULE(c->steps <= 1 || c->steps == c->horizon, "steps must be 0, 1 or horizon")
    DERIVED(chances, c->steps ? PRODUCT(c->steps, c->kinds, c->states, c->joint, c->states)
                     : c->step == c->horizon - 1 ? 0
                                                 : PRODUCT(c->games, 2, c->players, c->states, c->joint))
    DERIVED(columns, 0) /* of actions */
END(correlated_values)

KERNEL(learn_trees, c->games, 1.0 * c->games * c->players * (c->terminals + c->columns) * c->iterations,
       "Advance learners of extensive games")
    READ(payoff, (games, players, terminals)) /* a player's by its own sequences */
    INDEX(start, (beyond), (edges))
    INDEX(met, (columns), (players, terminals, others))
    INDEX(parent, (columns), (sets))
    INDEX(first, (edges), (sets))
    INDEX(last, (edges), (sets))
    INDEX(seat, (edges), (seats))
    INDEX(place, (marks), (seats))
    READ(rate, (games, players)) /* of mirror descent, as is alpha */
    READ(alpha, (sets))
    WRITE(memory, (games, columns)) /* clipped regrets, or logits of the anchors */
    WRITE(strategy, (games, columns))
    WRITE(plan_sum, (games, columns))
    WRITE(gradient, (games, kept))
    WRITE(gradient_sum, (games, kept))
    WRITE(value_sum, (games, players))
    INDEX(looks, (within), (seen)) /* iterations of this call after which somebody looks, increasing */
    WRITE(seen_plan, (seen, games, columns)) /* plan_sum at each look, and so on */
    WRITE(seen_strategy, (seen, games, columns))
    WRITE(seen_gradient, (seen, games, kept))
    WRITE(seen_value, (seen, games, players))
    SIZE(games, 0)
    SIZE(players, 1)
    SIZE(terminals, 0)
    SIZE(columns, 1) /* sequences of all players */
    SIZE(sets, 0)    /* information sets of all players */
    SIZE(power, 0) /* of t in the weights */
    SIZE(done, 0)
    SIZE(iterations, 0)
    SIZE(seen, 0)
    FLAG(entropy) /* mirror descent with dilated entropy, not predictive regret matching+ */
    FLAG(alternating)
    RULE(c->power <= 2, "power must be 0, 1 or 2")
    RULE(PRODUCT(c->players, c->terminals, c->players) >= 0, "players and terminals are too large for this machine")
    DERIVED(others, c->players - 1)
    DERIVED(seats, c->players + 1)
    DERIVED(edges, c->columns + 1)
    DERIVED(marks, c->sets + 1)
    DERIVED(beyond, c->players * c->terminals + 1)
    DERIVED(kept, c->alternating ? 0 : c->columns)
    DERIVED(within, c->iterations + (c->iterations < INT64_MAX))
END(learn_trees)

KERNEL(behaviours, c->rows, 2.0 * c->rows * c->columns, "Behaviour strategies of realisation plans")
    READ(plan, (rows, columns)) /* of all players, or sums of plans */
    INDEX(first, (edges), (sets))
    INDEX(last, (edges), (sets))
    WRITE(strategy, (rows, columns))
    SIZE(rows, 0)
    SIZE(columns, 1)
    SIZE(sets, 0)
    DERIVED(edges, c->columns + 1)
END(behaviours)

KERNEL(gains_in_trees, c->games, 1.0 * c->games * c->players * (c->terminals + c->columns),
       "Gains of best responses in extensive games")
    READ(payoff, (kinds, players, terminals)) /* a player's by its own sequences */
    INDEX(start, (beyond), (edges))
    INDEX(met, (columns), (players, terminals, others))
    INDEX(parent, (columns), (sets))
    INDEX(first, (edges), (sets))
    INDEX(last, (edges), (sets))
    INDEX(seat, (edges), (seats))
    INDEX(place, (marks), (seats))
    INDEX(index, (kinds), (games))
    READ(strategy, (games, columns))
    WRITE(gain, (games, players))
    SIZE(games, 0)
    SIZE(kinds, 0)
    SIZE(players, 1)
    SIZE(terminals, 0)
    SIZE(columns, 1) /* sequences of all players */
    SIZE(sets, 0)    /* information sets of all players */
    RULE(PRODUCT(c->players, c->terminals, c->players) >= 0, "players and terminals are too large for this machine")
    DERIVED(others, c->players - 1)
    DERIVED(seats, c->players + 1)
    DERIVED(edges, c->columns + 1)
    DERIVED(marks, c->sets + 1)
    DERIVED(beyond, c->players * c->terminals + 1)
END(gains_in_trees)

KERNEL(simulate, c->games * c->parts, 20.0 * c->games * c->episodes * c->steps, "Play fixed policies")
    READ(reward, (games, reward_rows, steps, states, joint))
    READ(onward, (onward_steps, kinds, states, joint, states)) /* cumulative chances of next states */
    INDEX(index, (kinds), (games))
    READ(start, (games, states)) /* cumulative chances of the initial state */
    READ(ends, (games, steps, states, columns)) /* cumulative chances of the actions of each player */
    ACTIONS(actions, (players))
    INDEX(seed, (65536, 65536, 65536), (games))
    WRITE(visits, (games, parts, steps, states, joint))
    WRITE(returns, (games, parts, 2, reward_rows)) /* sums, sums of squares */
    WRITE(state, (trail)) /* (games, episodes, horizon) if kept, as is action, which is joint */
    WRITE(action, (trail))
    SIZE(games, 0)
    SIZE(parts, 1)
    SIZE(players, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(columns, 1)
    SIZE(reward_rows, 1)
    SIZE(kinds, 1)
    SIZE(steps, 1)
    SIZE(onward_steps, 1)
    SIZE(horizon, 1) /* steps of an episode at most */
    SIZE(first, 0) /* episode */
    SIZE(episodes, 0)
    FLAG(ending) /* chances may add up to less than 1, and then the episode ends */
    FLAG(kept)
    RULE(c->steps == 1 || c->steps == c->horizon, "steps must be 1 or horizon")
    RULE(c->onward_steps == 1 || c->onward_steps == c->horizon, "onward_steps must be 1 or horizon")
    RULE(c->players <= MOST_PLAYERS, "players must be at most 64")
    RULE(c->first < INT64_MAX / 8 && c->episodes < INT64_MAX / 8 && c->horizon < INT64_MAX / 8, "numbers of episodes and steps are too large")
    DERIVED(trail, c->kept ? PRODUCT(c->games, c->episodes, c->horizon) : 0)
END(simulate)

KERNEL(v_learning, c->games, 100.0 * c->games * c->episodes * c->horizon * c->players, "Advance V-learning")
    READ(reward, (games, players, horizon, states, joint))
    READ(transition, (steps, kinds, states, joint, states))
    READ(onward, (steps, kinds, states, joint, states)) /* its cumulative sums */
    INDEX(index, (kinds), (games))
    READ(start, (games, states)) /* cumulative chances of the initial state */
    ACTIONS(actions, (players))
    INDEX(seed, (65536, 65536, 65536), (games))
    READ(rate, (games))
    READ(prior, (games, horizon, states, columns)) /* logits of the initial policies */
    WRITE(policy, (games, horizon, states, columns))
    WRITE(loss, (games, horizon, states, columns))
    WRITE(average, (games, horizon, states, columns))
    WRITE(count, (games, horizon, states))
    WRITE(value, (games, horizon, states, players)) /* estimates */
    WRITE(followed, (games, horizon, states, players)) /* exact values of the certified policy */
    WRITE(deviated, (games, horizon, states, columns)) /* of actions against it */
    WRITE(reply, (games, horizon, states, players)) /* the best of these */
    NUMBER(bonus)
    SIZE(games, 0)
    SIZE(players, 1)
    SIZE(horizon, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(columns, 1)
    SIZE(kinds, 1)
    SIZE(steps, 1) /* of transition */
    SIZE(first, 0) /* episode */
    SIZE(episodes, 0)
    FLAG(measure)
    RULE(c->steps == 1 || c->steps == c->horizon, "steps must be 1 or horizon")
    RULE(c->players <= MOST_PLAYERS, "players must be at most 64")
    RULE(c->first < INT64_MAX / 8 && c->episodes < INT64_MAX / 8, "numbers of episodes are too large")
END(v_learning)

KERNEL(sampled_mirror, c->games, 50.0 * c->games * c->iterations * c->batch * c->horizon * c->players,
       "Advance Algorithms 1 and 2 inside one stage, with bandit feedback")
    READ(reward, (games, players, horizon, states, joint))
    READ(onward, (steps, kinds, states, joint, states)) /* cumulative chances of next states */
    INDEX(index, (kinds), (games))
    READ(start, (games, states)) /* cumulative chances of the initial state */
    ACTIONS(actions, (players))
    INDEX(seed, (65536, 65536, 65536), (games))
    READ(eta, (games))
    READ(value, (games, horizon, states, players)) /* estimates of the stage before */
    WRITE(x, (games, horizon, states, columns)) /* logits of the anchors */
    WRITE(policy, (games, horizon, states, columns)) /* last iterates */
    WRITE(payoff, (games, horizon, states, columns)) /* last estimates, less the baseline */
    WRITE(baseline, (games, horizon, states, players))
    WRITE(sum_joint, (games, horizon, states, joint))
    WRITE(sum_payoff, (games, horizon, states, columns))
    WRITE(sum_value, (games, horizon, states, players))
    WRITE(met, (games, horizon, states)) /* iterations with a visit */
    NUMBER(exploration)
    SIZE(games, 0)
    SIZE(players, 1)
    SIZE(horizon, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(columns, 1)
    SIZE(kinds, 1)
    SIZE(steps, 1)
    SIZE(batch, 1) /* episodes of an iteration */
    SIZE(done, 0)
    SIZE(first, 0) /* episode */
    SIZE(iterations, 0)
    FLAG(blind) /* all that is got counts as 0 */
    RULE(c->steps == 1 || c->steps == c->horizon, "steps must be 1 or horizon")
    RULE(c->players <= MOST_PLAYERS, "players must be at most 64")
    RULE(c->first < INT64_MAX / 8 && c->iterations < INT64_MAX / 8 && PRODUCT(c->iterations + 1, c->batch) >= 0,
         "numbers of episodes are too large")
END(sampled_mirror)

KERNEL(sampled_ascent, c->games, 200.0 * c->games * c->iterations * c->batch * c->players,
       "Advance projected Q-ascent with sampled values")
    READ(reward, (games, reward_rows, states, joint))
    READ(onward, (kinds, states, joint, states)) /* cumulative chances of next states; the rest is the end */
    INDEX(index, (kinds), (games))
    READ(start, (games, states)) /* cumulative chances of the initial state */
    ACTIONS(actions, (players))
    INDEX(seed, (65536, 65536, 65536), (games))
    READ(step, (games))
    WRITE(policy, (games, states, columns))
    WRITE(baseline, (games, states, players))
    WRITE(played, (games)) /* steps */
    NUMBER(exploration)
    SIZE(games, 0)
    SIZE(players, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(columns, 1)
    SIZE(kinds, 1)
    SIZE(reward_rows, 1)
    SIZE(batch, 1)
    SIZE(first, 0)
    SIZE(iterations, 0)
    RULE(c->reward_rows == 1 || c->reward_rows == c->players, "reward_rows must be 1, for a common reward, or players")
    RULE(c->players <= MOST_PLAYERS, "players must be at most 64")
    RULE(c->first < INT64_MAX / 8 && c->iterations < INT64_MAX / 8 && PRODUCT(c->iterations + 1, c->batch) >= 0,
         "numbers of episodes are too large")
END(sampled_ascent)

/* A sparse kernel in compressed rows: row r has the numbers data[starts[r]], ..., data[starts[r + 1] - 1] in the columns
 * `places`, next states. */
KERNEL(sparse_expect, c->rows, 1.0 * c->entries * c->vectors, "Expected next values under a sparse kernel")
    READ(data, (entries))
    PLACES(places, (entries))
    PLACES(starts, (edges))
    READ(values, (vectors, states))
    WRITE(out, (vectors, rows))
    SIZE(rows, 1)
    SIZE(states, 1)
    SIZE(vectors, 0)
    SIZE(entries, 0)
    DERIVED(edges, c->rows == INT64_MAX ? -1 : c->rows + 1)
END(sparse_expect)

KERNEL(sparse_backup, c->rows, 1.0 * c->entries * (c->last - c->first), "Reward plus expected next values under a sparse kernel")
    READ(reward, (steps, rows))
    READ(data, (entries))
    PLACES(places, (entries))
    PLACES(starts, (edges))
    READ(values, (steps, states))
    WRITE(out, (steps, rows))
    SIZE(steps, 1)
    SIZE(rows, 1)
    SIZE(states, 1)
    SIZE(entries, 0)
    SIZE(first, 0)
    SIZE(last, 0)
    RULE(c->first <= c->last && c->last <= c->steps, "first must be at most last, and last at most steps")
    DERIVED(edges, c->rows == INT64_MAX ? -1 : c->rows + 1)
END(sparse_backup)

KERNEL(sparse_values, c->states, 1.0 * c->entries * c->vectors, "Values of policies and best responses at a step, sparse")
    READ(reward, (reward_rows, horizon, states, joint))
    READ(data, (entries))
    PLACES(places, (entries))
    PLACES(starts, (edges))
    POLICIES(policy, (horizon, states))
    ACTIONS(actions, (players))
    INDEX(wanted, (2, players), (vectors))
    WRITE(value, (vectors, horizon, states))
    SIZE(players, 1)
    SIZE(horizon, 1)
    SIZE(states, 1)
    SIZE(joint, 1)
    SIZE(reward_rows, 1)
    SIZE(entries, 0)
    SIZE(vectors, 1)
    SIZE(step, 0)
    RULE(c->step < c->horizon, "step must be below horizon")
    RULE(c->reward_rows == c->players || (c->reward_rows == 1 && c->players == 2),
         "reward_rows must be players, or 1 for two players of a zero-sum game")
    RULE(PRODUCT(c->states, c->joint) >= 0, "states and joint are too large for this machine")
    DERIVED(edges, c->states * c->joint + 1)
    DERIVED(columns, 0) /* of actions */
END(sparse_values)

CALL(off_simplex, "First row that is no distribution")
    READ(array, (rows, columns))
    SIZE(rows, 0)
    SIZE(columns, 1)
    NUMBER(tolerance)
    KEPT(int64_t *, found)
END(off_simplex)
LOOP(off_simplex)

CALL(resample, "Draw how often each of some seeds is drawn")
    READ(uniform, (numbers))
    WRITE(counts, (resamples, seeds))
    SIZE(numbers, 0)
    SIZE(resamples, 0)
    SIZE(seeds, 1)
    RULE(PRODUCT(c->seeds, c->seeds + 1, 32) >= 0, "seeds is too large for this machine")
END(resample)

CALL(uniform, "Draw uniform numbers of many generators")
    INDEX(words, (4294967296), (streams, 8))
    WRITE(out, (streams, numbers))
    SIZE(streams, 0)
    SIZE(numbers, 0)
END(uniform)

CALL(equilibria, "Solve matrix games")
    READ(payoff, (games, rows, columns))
    WRITE(solution, (games, numbers))
    SIZE(games, 0)
    SIZE(rows, 1)
    SIZE(columns, 1)
    RULE(PRODUCT(c->rows, c->columns, 64) >= 0, "rows and columns are too large for this machine")
    DERIVED(numbers, 2 + c->rows + c->columns) /* value, gap, mu, nu */
END(equilibria)
LOOP(solve_games)

#undef KERNEL
#undef CALL
#undef LOOP
#undef END
#undef READ
#undef WRITE
#undef INDEX
#undef PLACES
#undef ACTIONS
#undef POLICIES
#undef SIZE
#undef NUMBER
#undef FLAG
#undef RULE
#undef DERIVED
#undef KEPT
