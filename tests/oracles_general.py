"""Slow references for general-sum games: loops and enumeration, nothing from ``metanash``, nothing from NumPy.

Tables are nested lists or anything else that can be indexed; see :mod:`oracles`.
"""

import itertools
import math
from dataclasses import dataclass, field

from oracles import at, deterministic_policies, joint_actions, multiplied


def action_payoffs(q, policies, player):
    """Payoff of each own action against the others' policies, joint action by joint action."""
    actions = [len(policy) for policy in policies]
    found = [0.0] * actions[player]
    for joint in joint_actions(actions):
        weight = math.prod(policies[j][a] for j, a in enumerate(joint) if j != player)
        found[joint[player]] += weight * at(q, joint)
    return found


def play(q, policies):
    """Payoff of a product of policies."""
    actions = [len(policy) for policy in policies]
    return sum(
        math.prod(policies[j][a] for j, a in enumerate(joint)) * at(q, joint) for joint in joint_actions(actions)
    )


@dataclass
class JointTrace:
    """What Algorithm 2 does in one stage: estimates q[player][h][s] and iterates[iteration][player][h][s]."""

    index: int
    q: list
    iterates: list = field(default_factory=list)

    @property
    def iterations(self):
        return len(self.iterates)

    def mean(self, read, h, s):
        """Mean over the iterations of a function of the players' policies at (h, s)."""
        return math.fsum(read([policy[h][s] for policy in now]) for now in self.iterates) / self.iterations

    def joint(self, h, s, action):
        return self.mean(lambda policies: math.prod(p[a] for p, a in zip(policies, action, strict=True)), h, s)

    def average(self, player, h, s):
        count = len(self.iterates[0][player][h][s])
        return [self.mean(lambda policies, a=a: policies[player][a], h, s) for a in range(count)]

    def payoff(self, player, h, s):
        q, count = self.q[player][h][s], len(self.iterates[0][player][h][s])
        return [self.mean(lambda p, a=a: action_payoffs(q, p, player)[a], h, s) for a in range(count)]

    def value(self, player, h, s):
        return self.mean(lambda policies: play(self.q[player][h][s], policies), h, s)

    def regret(self, player, h, s):
        return max(self.payoff(player, h, s)) - self.value(player, h, s)


def filled(actions, value):
    """A table of joint actions made by a function of the joint action."""

    def build(prefix, rest):
        return [build((*prefix, a), rest[1:]) for a in range(rest[0])] if rest else value(prefix)

    return build((), tuple(actions))


def algorithm_2(rewards, kernel, eta, iterations, tildes):
    """Algorithm 2: for every player the listing of Algorithm 1 with a plus sign, each with estimates of its own.

    ``rewards[player][h][s][a_1]...[a_N]``, ``kernel[h][s][a_1]...[a_N][z]`` and ``tildes[player][tau][h][s]``, a single
    tau standing for all. Returns the stages.
    """
    players, horizon, states = len(rewards), len(kernel), len(kernel[0])
    actions = [len(tildes[i][0][0][0]) for i in range(players)]

    def initial(tau):
        return [[[list(row) for row in step] for step in tilde[min(tau, len(tilde)) - 1]] for tilde in tildes]

    def table(value):
        return [
            [
                [filled(actions, lambda a, i=i, h=h, s=s: value(i, h, s, a)) for s in range(states)]
                for h in range(horizon)
            ]
            for i in range(players)
        ]

    tau, started, length = 1, 1, horizon
    policies, anchors = initial(1), initial(1)
    stage = JointTrace(1, table(lambda *_: 0.0))
    stages = [stage]
    for t in range(1, iterations + 1):
        moved, moved_anchors = [], []
        for i in range(players):
            own, anchor = [], []
            for h in range(horizon):
                own.append([]), anchor.append([])
                for s in range(states):
                    up = action_payoffs(stage.q[i][h][s], [policy[h][s] for policy in policies], i)
                    anchor[h].append(multiplied(anchors[i][h][s], up, eta))
                    own[h].append(multiplied(anchor[h][s], up, eta))
            moved.append(own), moved_anchors.append(anchor)
        policies, anchors = moved, moved_anchors
        stage.iterates.append(policies)
        if t - started + 1 >= length:
            started, length, tau = t + 1, length + length // horizon, tau + 1
            ended = stage

            def onward(i, h, s, action, ended=ended):
                if h + 1 == horizon:
                    return at(rewards[i][h][s], action)
                chance = at(kernel[h][s], action)
                return at(rewards[i][h][s], action) + sum(chance[z] * ended.value(i, h + 1, z) for z in range(states))

            if t < iterations:
                policies, anchors = initial(tau), initial(tau)
                stage = JointTrace(tau, table(onward))
                stages.append(stage)
    return stages


# The output policy --------------------------------------------------------------------------------------


def stage_play(stages, tildes, tau):
    """For h = 0, 1, ...: the list of equally likely policies [player][s] that an iteration of stage tau plays there.

    Drawing an iteration of stage tau - h anew at each step; the initial policies where there is no such stage.
    """
    horizon = len(tildes[0][0])
    plays = []
    for h in range(horizon):
        if tau - h >= 1:
            plays.append([[policy[h] for policy in now] for now in stages[tau - h - 1].iterates])
        else:
            plays.append([[tilde[0][h] for tilde in tildes]])
    return plays


def correlated_value(rewards, kernel, start, plays, player, own=None):
    """Value to a player of what is played, step by step; of its deterministic policy ``own[h][s]`` where given."""
    horizon, states = len(kernel), len(kernel[0])
    value = [0.0] * states
    for h in reversed(range(horizon)):
        now = []
        for s in range(states):
            total = []
            for policies in plays[h]:
                mixed = [policy[s] for policy in policies]
                if own is not None:
                    mixed[player] = own[h][s]
                for joint in joint_actions([len(policy) for policy in mixed]):
                    weight = math.prod(policy[a] for policy, a in zip(mixed, joint, strict=True))
                    if weight:
                        chance = at(kernel[h][s], joint)
                        onward = sum(p * v for p, v in zip(chance, value, strict=True))
                        total.append(weight * (at(rewards[player][h][s], joint) + onward))
            now.append(math.fsum(total) / len(plays[h]))
        value = now
    return sum(p * v for p, v in zip(start, value, strict=True))


def output_values(rewards, kernel, start, stages, tildes, player):
    """Value of the output policy, and of the best deviations from it by a player who is told the stage."""
    horizon, states, actions = len(kernel), len(kernel[0]), len(tildes[player][0][0][0])
    total = sum(stage.iterations for stage in stages)
    followed = deviated = 0.0
    for stage in stages:
        plays = stage_play(stages, tildes, stage.index)
        followed += stage.iterations / total * correlated_value(rewards, kernel, start, plays, player)
        deviated += stage.iterations / total * max(
            correlated_value(rewards, kernel, start, plays, player, own)
            for own in deterministic_policies(horizon, states, actions)
        )  # fmt: skip
    return followed, deviated


def markov_deviation(rewards, kernel, start, stages, tildes, player):
    """Value of the best deterministic Markov deviation of a player who is *not* told the stage."""
    horizon, states, actions = len(kernel), len(kernel[0]), len(tildes[player][0][0][0])
    total = sum(stage.iterations for stage in stages)
    plays = [(stage.iterations / total, stage_play(stages, tildes, stage.index)) for stage in stages]
    return max(
        sum(share * correlated_value(rewards, kernel, start, each, player, own) for share, each in plays)
        for own in deterministic_policies(horizon, states, actions)
    )


# The deviator who is not told the stage -----------------------------------------------------------------


def played_tables(joints, initial):
    """What is played if t lies in stage 1, 2, ...: tables [stage][h][s], joint action to probability.

    ``joints[stage][h][s][a_1]...[a_N]``; ``initial[player][h][s][a]`` where there is no stage tau - h + 1.
    """
    actions = [len(own[0][0]) for own in initial]
    tables = []
    for tau in range(1, len(joints) + 1):
        steps = []
        for h in range(1, len(joints[0]) + 1):
            rows = []
            for s in range(len(joints[0][0])):
                stage = tau - h + 1
                rows.append(
                    {
                        a: at(joints[stage - 1][h - 1][s], a)
                        if stage >= 1
                        else math.prod(own[h - 1][s][a_i] for own, a_i in zip(initial, a, strict=True))
                        for a in joint_actions(actions)
                    }
                )
            steps.append(rows)
        tables.append(steps)
    return tables


def value_of_play(rewards, kernel, start, tables, player, answer=None):
    """Expected reward of a player in one stage, play by play.

    ``answer(history)``, where given, is the action that the player takes instead of the advice; a history is
    (state, actions of the others, state, ..., state).
    """
    horizon, total = len(kernel), []

    def go(h, s, history, chance, earned):
        if h == horizon:
            total.append(chance * earned)
            return
        history = (*history, s)
        for advised, weight in tables[h][s].items():
            if not weight:
                continue
            others = advised[:player] + advised[player + 1 :]
            played = advised if answer is None else (*advised[:player], answer(history), *advised[player + 1 :])
            now = earned + at(rewards[player][h][s], played)
            for z, p in enumerate(at(kernel[h][s], played)):
                if p:
                    go(h + 1, z, (*history, others), chance * weight * p, now)

    for s, p in enumerate(start):
        if p:
            go(0, s, (), p, 0)
    return sum(total)


def histories_seen(kernel, start, actions, player):
    """All (state, others' actions, state, ..., state) of every length, whatever the player does."""
    others = list(itertools.product(*(range(n) for j, n in enumerate(actions) if j != player)))
    found = now = [(s,) for s, p in enumerate(start) if p]
    for step in kernel[:-1]:
        following = []
        for history in now:
            for seen in others:
                moves = ((*seen[:player], own, *seen[player:]) for own in range(actions[player]))
                reached = {z for move in moves for z, p in enumerate(at(step[history[-1]], move)) if p}
                following += [(*history, seen, z) for z in sorted(reached)]
        now = following
        found = found + now
    return found


def best_of_all_deviations(rewards, kernel, start, shares, tables, player):
    """Value of the best deterministic deviation that depends on the history, by trying every one of them."""
    actions = [1 + max(a[i] for a in tables[0][0][0]) for i in range(len(rewards))]
    known = histories_seen(kernel, start, actions, player)
    best = None
    for chosen in itertools.product(range(actions[player]), repeat=len(known)):
        answer = dict(zip(known, chosen, strict=True)).__getitem__
        value = sum(
            share * value_of_play(rewards, kernel, start, stage, player, answer)
            for share, stage in zip(shares, tables, strict=True)
        )
        best = value if best is None else max(best, value)
    return best


def best_by_beliefs(rewards, kernel, start, shares, tables, player):
    """The same value by Bayes' rule: the best action for the belief about the stage, history by history."""
    horizon, own = len(kernel), 1 + max(a[player] for a in tables[0][0][0])

    def value(h, s, belief):
        if h == horizon:
            return 0
        found = []
        for action in range(own):
            likely = {}  # of each action of the others, by stage
            for k, stage in enumerate(tables):
                for advised, weight in stage[h][s].items():
                    others = advised[:player] + advised[player + 1 :]
                    likely.setdefault(others, [0] * len(tables))[k] += weight
            total = 0
            for others, by_stage in likely.items():
                chance = sum(b * p for b, p in zip(belief, by_stage, strict=True))
                if not chance:
                    continue
                after = [b * p / chance for b, p in zip(belief, by_stage, strict=True)]
                played = (*others[:player], action, *others[player:])
                onward = sum(p * value(h + 1, z, after) for z, p in enumerate(at(kernel[h][s], played)) if p)
                total += chance * (at(rewards[player][h][s], played) + onward)
            found.append(total)
        return max(found)

    return sum(p * value(0, s, list(shares)) for s, p in enumerate(start) if p)


def one_shot_cce_gap(payoffs, joint):
    """Largest violation of the CCE constraints of a matrix game.

    ``joint`` maps joint actions to probabilities, ``payoffs[i]`` is the table of player i.
    """
    gains = []
    for i, table in enumerate(payoffs):
        followed = math.fsum(p * at(table, a) for a, p in joint.items())
        for own in {a[i] for a in joint}:
            deviated = math.fsum(p * at(table, (*a[:i], own, *a[i + 1 :])) for a, p in joint.items())
            gains.append(deviated - followed)
    return max(gains)


def all_joint(actions):
    return list(itertools.product(*map(range, actions)))
