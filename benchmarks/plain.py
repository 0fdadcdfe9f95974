"""The same work as one writes it first: NumPy for the vectors of one state, Python loops for all the rest."""

import numpy as np


def plain_mirror(
    q, eta, x, y, mu, nu, sum_mu, sum_nu, sum_value, lanes, rows, columns, done, iterations, predicts
) -> None:
    """Arguments of :func:`metanash.kernels.twin.mirror`; it predicts."""
    del rows, columns, done, predicts
    for _ in range(iterations):
        for lane in range(lanes):
            gradient_x, gradient_y = q[lane] @ nu[lane], mu[lane] @ q[lane]
            x[lane] += eta[lane] * gradient_x
            y[lane] -= eta[lane] * gradient_y
            for logits, policy in ((x[lane] + eta[lane] * gradient_x, mu), (y[lane] - eta[lane] * gradient_y, nu)):
                weight = np.exp(logits - logits.max())
                policy[lane] = weight / weight.sum()
            sum_mu[1, lane] += mu[lane]
            sum_nu[1, lane] += nu[lane]
            sum_value[1, lane] += mu[lane] @ q[lane] @ nu[lane]


def plain_regret_matching(q, x, y, mu, nu, sum_mu, sum_nu, value, lanes, rows, columns, done, iterations) -> None:
    """Arguments of :func:`metanash.kernels.twin.regret_matching`, whose values are left out."""
    del value, rows, columns
    for t in range(done + 1, done + iterations + 1):
        for lane in range(lanes):
            for regret, policy, total in ((x[lane], mu, sum_mu), (y[lane], nu, sum_nu)):
                payoff = q[lane] @ nu[lane] if policy is mu else -(mu[lane] @ q[lane])
                met = payoff - policy[lane] @ payoff
                regret[:] = np.maximum(regret + met, 0.0)
                weight = np.maximum(regret + met, 0.0)
                policy[lane] = weight / weight.sum() if weight.any() else 1 / len(weight)
                total[1, lane] += t * t * policy[lane]


def plain_joint_mirror(
    q, eta, x, policy, sum_joint, actions, lanes, players, joint, columns, done, iterations
) -> None:  # fmt: skip
    """Algorithm 2 inside a stage, lane by lane; arguments as in ``metanash.kernels``."""
    del columns, done
    ends = np.cumsum(actions)[:-1]
    for lane in range(lanes):
        tables = q[lane].reshape(players, *actions)
        anchors, iterates = np.split(x[lane], ends), np.split(policy[lane], ends)
        for _ in range(iterations):
            moved = []
            for i in range(players):
                gradient = tables[i]
                for j in reversed(range(players)):
                    if j != i:
                        gradient = np.tensordot(gradient, iterates[j], axes=([j], [0]))
                anchors[i] += eta[lane] * gradient
                logits = anchors[i] + eta[lane] * gradient
                weights = np.exp(logits - logits.max())
                moved.append(weights / weights.sum())
            iterates = moved
            product = iterates[0]
            for other in iterates[1:]:
                product = np.multiply.outer(product, other)
            sum_joint[0, lane] += product.reshape(joint)
        policy[lane] = np.concatenate(iterates)


def project(x):
    """Projection onto the simplex by sorting."""
    descending = np.sort(x)[::-1]
    thresholds = (np.cumsum(descending) - 1) / np.arange(1, len(x) + 1)
    return np.maximum(x - thresholds[np.nonzero(descending > thresholds)[0][-1]], 0)


def softened(logits):
    """Softmax of each row."""
    policy = np.empty_like(logits)
    for s in range(len(logits)):
        weight = np.exp(logits[s] - logits[s].max())
        policy[s] = weight / weight.sum()
    return policy


def chances(played, choices, without=None):
    """Probabilities (S, J) of joint actions, or of what all but one player do in them."""
    chance = np.ones((len(played[0]), len(choices)))
    for s in range(len(chance)):
        for j, choice in enumerate(choices):
            for i, policy in enumerate(played):
                if i != without:
                    chance[s, j] *= policy[s, choice[i]]
    return chance


def decision(played, choices, player, payoff, transition):
    """Rewards (S, A) and transitions (S, A, S) that the others leave to a player."""
    states, actions = played[player].shape
    earned, onward = np.zeros((states, actions)), np.zeros((states, actions, states))
    others = chances(played, choices, player)
    for s in range(states):
        for j, choice in enumerate(choices):
            earned[s, choice[player]] += others[s, j] * payoff[s, j]
            onward[s, choice[player]] += others[s, j] * transition[s, j]
    return earned, onward


def best_value(reward, transition, discount, action):
    """Optimal values by policy iteration from the actions given, which are advanced."""
    states = np.arange(len(reward))
    while True:
        chosen = action.astype(int)
        chain = np.eye(len(reward)) - discount * transition[states, chosen]
        value = np.linalg.solve(chain, reward[states, chosen])
        q = reward + discount * transition @ value
        better = q.max(axis=1) > value + 1e-13 / (1 - discount)
        if not better.any():
            return value
        action[better] = q.argmax(axis=1)[better]


def plain_ascent(
    reward, transition, index, step, initial, actions, policy, response, sum_gap, least, discount, lanes, players,
    states, joint, reward_rows, columns, kinds, softmax, natural, measure, done, iterations,
) -> None:  # fmt: skip
    """Arguments of :func:`metanash.kernels.twin.ascent` without ``natural``; sums have no chunks."""
    del columns, done, natural
    reward = reward.reshape(lanes, reward_rows, states, joint)
    transition = transition.reshape(kinds, states, joint, states)
    choices = list(np.ndindex(*actions))
    bounds = np.cumsum(actions)[:-1]
    for _ in range(iterations):
        for lane in range(lanes):
            parts = np.split(policy[lane], bounds, axis=-1)  # views
            played = [softened(part) if softmax else part.copy() for part in parts]
            weight, chance, gap = chances(played, choices), transition[index[lane]], 0.0
            matrix = np.eye(states) - discount * np.array([weight[s] @ chance[s] for s in range(states)])
            visits = np.linalg.solve(matrix.T, initial[lane]) if softmax else None
            for i in range(players):
                payoff = reward[lane, i if reward_rows > 1 else 0]
                value = np.linalg.solve(matrix, (weight * payoff).sum(axis=1))
                earned, onward = decision(played, choices, i, payoff, chance)
                q = earned + discount * onward @ value
                if measure:
                    best = best_value(earned, onward, discount, response[lane, :, i])
                    gap = max(gap, initial[lane] @ (best - value))
                    for s in range(states):
                        least[lane] = min(least[lane], played[i][s, q[s] >= q[s].max() - 1e-12].sum())
                for s in range(states):
                    if softmax:
                        parts[i][s] += step[lane] * visits[s] * played[i][s] * (q[s] - value[s])
                    else:
                        parts[i][s] = project(played[i][s] + step[lane] * q[s])
            if measure:
                sum_gap[1, lane] += gap
