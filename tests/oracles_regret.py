"""Oracle of predictive regret matching+: the published pseudo-code, in plain Python, for any kind of number.

Farina, Kroer and Sandholm (2021), algorithm 3: a decision maker is asked for the next strategy with a predicted loss,
and shown the loss. It shares nothing with the package, which thinks in payoffs and never forms a loss.
"""

import itertools

import oracles


class PredictiveRegretMatchingPlus:
    """Algorithm 3 of the source; ``z`` are its clipped regrets, ``x`` what it played last."""

    def __init__(self, z, x):
        self.z, self.x = list(z), list(x)

    def _moved(self, loss):
        met = sum(x * entry for x, entry in zip(self.x, loss, strict=True))
        return [max(z + met - entry, 0 * z) for z, entry in zip(self.z, loss, strict=True)]

    def observe_loss(self, loss):
        self.z = self._moved(loss)

    def next_strategy(self, prediction):
        theta = self._moved(prediction)
        total = sum(theta)
        self.x = [entry / total for entry in theta] if total else [(1 + total) / len(theta)] * len(theta)
        return self.x


class Table:
    """Both players on one matrix, in turns, and the sums of their strategies with weights t^2."""

    def __init__(self, payoff, regrets, policies):
        self.payoff = payoff
        self.players = [PredictiveRegretMatchingPlus(z, x) for z, x in zip(regrets, policies, strict=True)]
        self.sums = [[0 * entry for entry in x] for x in policies]

    def play(self, t):
        row, column = self.players
        for player, policy_sum, loss_of in (
            (row, self.sums[0], lambda: [-g for g in oracles.row_payoffs(self.payoff, column.x)]),
            (column, self.sums[1], lambda: oracles.column_payoffs(self.payoff, row.x)),
        ):
            loss = loss_of()
            player.observe_loss(loss)
            for a, chance in enumerate(player.next_strategy(loss)):  # the last loss predicts the next
                policy_sum[a] += t * t * chance

    def averages(self):
        return [[entry / sum(total) for entry in total] for total in self.sums]

    def value(self):
        mu, nu = self.averages()
        return (max(oracles.row_payoffs(self.payoff, nu)) + min(oracles.column_payoffs(self.payoff, mu))) / 2


def markov_averages(reward, kernel, rate, iterations, mu, nu):
    """Tables [h][s] after so many iterations of a Markov game; values are handed down at t = 4, 8, 16, ..."""
    horizon, states = len(reward), len(reward[0])
    tables = [
        [
            Table(reward[h][s], [[p / rate for p in x[h][s]] for x in (mu, nu)], (mu[h][s], nu[h][s]))
            for s in range(states)
        ]
        for h in range(horizon)
    ]
    for t in range(1, iterations + 1):
        for table in itertools.chain(*tables):
            table.play(t)
        if t in {2**k for k in range(2, 40)}:
            values = [[table.value() for table in step] for step in tables]
            for h, s in itertools.product(range(horizon - 1), range(states)):
                tables[h][s].payoff = [
                    [
                        r + sum(p * v for p, v in zip(kernel[h][s][a][b], values[h + 1], strict=True))
                        for b, r in enumerate(row)
                    ]
                    for a, row in enumerate(reward[h][s])
                ]
    return tables
