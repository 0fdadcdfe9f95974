"""The same work as one writes it first: NumPy for the vectors of one state, Python loops for all the rest."""

import numpy as np


def plain_mirror(q, eta, x, y, mu, nu, sum_mu, sum_nu, sum_value, lanes, rows, columns, done, iterations) -> None:
    """Arguments of :func:`metanash.kernels.twin.mirror`."""
    del rows, columns, done
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


def plain_ascent(
    reward, transition, index, step, actions, column, policy, discount, lanes, players, states, joint, reward_rows,
    columns, kinds, iterations,
) -> None:  # fmt: skip
    """Arguments of :func:`metanash.kernels.twin.ascent`."""
    del kinds
    policy = policy.reshape(lanes, states, columns)
    reward = reward.reshape(lanes, reward_rows, states, joint)
    offsets = np.cumsum(actions) - actions
    for _ in range(iterations):
        for lane in range(lanes):
            chance = transition.reshape(-1, states, joint, states)[index[lane]]
            weight = np.array([[np.prod(policy[lane, s, column[j]]) for j in range(joint)] for s in range(states)])
            chain = np.array([weight[s] @ chance[s] for s in range(states)])
            moved = policy[lane].copy()
            for i in range(players):
                payoff = reward[lane, i if reward_rows > 1 else 0]
                value = np.linalg.solve(np.eye(states) - discount * chain, (weight * payoff).sum(axis=1))
                for s in range(states):
                    q = payoff[s] + discount * chance[s] @ value
                    averaged = np.zeros(actions[i])
                    for j in range(joint):
                        others = np.prod([policy[lane, s, column[j, k]] for k in range(players) if k != i])
                        averaged[column[j, i] - offsets[i]] += others * q[j]
                    own = slice(offsets[i], offsets[i] + actions[i])
                    moved[s, own] = project(policy[lane, s, own] + step[lane] * averaged)
            policy[lane] = moved
