"""Sampled play and learning with bandit feedback in plain Python: no NumPy in the loops, nothing of ``metanash``.

Games are nested lists: ``reward[i][h][s][j]`` with j the joint action, ``move[h][s][j][z]``, ``begin[s]``.
"""

import itertools
import math

MASK = 0xFFFFFFFF


def philox(counter, key):
    """Philox4x32-10 on words of 32 bits, after the listing of Salmon et al. (2011)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(second >> 32) ^ c[1] ^ k[0], second & MASK, (first >> 32) ^ c[3] ^ k[1], first & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def numbers(key, episode, step, players):
    """Initial state, actions, next state: two numbers of 52 bits a block, ceil((players + 2) / 2) blocks a step."""
    wide, found = math.ceil((players + 2) / 2), []
    for b in range(step * wide, (step + 1) * wide):
        words = philox((b & MASK, b >> 32, episode & MASK, episode >> 32), (key & MASK, key >> 32))
        found += [((words[0] | words[1] << 32) >> 12) / 2**52, ((words[2] | words[3] << 32) >> 12) / 2**52]
    return found


def draw(chances, u):
    """The outcome whose share of [0, 1) has u; len(chances) if u lies behind all."""
    end = 0.0
    for k, chance in enumerate(chances):
        end += chance
        if u < end:
            return k
    return len(chances)


def softmax(logits):
    top = max(logits)
    weights = [math.exp(x - top) for x in logits]
    return [w / sum(weights) for w in weights]


def explored(policy, chance):
    return [(1 - chance) * p + chance / len(policy) for p in policy]


def joint_of(actions, sizes):
    j = 0
    for a, n in zip(actions, sizes, strict=True):
        j = j * n + a
    return j


class VLearner:
    """V-learning, and its certified policy worked out from the history of all visits, without increments."""

    def __init__(self, reward, move, begin, sizes, key, factor, bonus=0.0, prior=None):
        self.reward, self.move, self.begin, self.sizes, self.key = reward, move, begin, sizes, key
        self.factor, self.bonus, self.episodes = factor, bonus, 0
        self.horizon, self.states, self.players = len(reward[0]), len(begin), len(sizes)
        places = list(itertools.product(range(self.horizon), range(self.states)))
        uniform = {at: [[1 / n] * n for n in sizes] for at in places}
        self.first = prior or uniform
        self.history = {at: [] for at in places}  # what was played, losses of each player, visits of others then
        self.policy = {at: [list(p) for p in self.first[at]] for at in places}
        self.value = {at: [0.0] * self.players for at in places}

    def play(self):
        s, h_all = None, self.horizon
        for h in range(h_all):
            u = numbers(self.key, self.episodes, h, self.players)
            if h == 0:
                s = draw(self.begin, u[0])
            at = (h, s)
            played = [list(p) for p in self.policy[at]]
            actions = [draw(p, u[1 + i]) for i, p in enumerate(played)]
            j = joint_of(actions, self.sizes)
            z = draw(self.move[h][s][j], u[1 + self.players])
            n = len(self.history[at]) + 1
            alpha, losses = (h_all + 1) / (h_all + n), []
            for i, size in enumerate(self.sizes):
                ahead = min(self.value[h + 1, z][i], h_all - h - 1) if h + 1 < h_all else 0.0
                got = self.reward[i][h][s][j] + ahead
                bonus = self.bonus * math.sqrt(h_all**3 * size / n)
                self.value[at][i] = (1 - alpha) * self.value[at][i] + alpha * (got + bonus)
                step = self.step(size, n)
                loss = [0.0] * size
                loss[actions[i]] = (h_all - got) / h_all / (played[i][actions[i]] + step)
                losses.append(loss)
            met = {(h + 1, x): len(self.history[h + 1, x]) for x in range(self.states)} if h + 1 < h_all else {}
            self.history[at].append((played, losses, met))
            weights = self.weights(n)
            for i, size in enumerate(self.sizes):
                self.policy[at][i] = self.next(at, i, size, [w / weights[-1] for w in weights])
            s = z
        self.episodes += 1

    def step(self, size, n):
        return self.factor * math.sqrt(self.horizon * math.log(size) / (size * n))

    def leader(self, at, i, losses, step):
        """FTRL: the first policy times exponentials of the sums of losses, given visit by visit."""
        total = [math.fsum(column) for column in zip(*losses, strict=True)]
        return softmax([math.log(p) - step * x for p, x in zip(self.first[at][i], total, strict=True)])

    def next(self, at, i, size, weights):
        losses = [[w * x for x in visit[1][i]] for w, visit in zip(weights, self.history[at], strict=True)]
        return self.leader(at, i, losses, self.step(size, len(weights)))

    def weights(self, n):
        """alpha_n^i of i = 1, ..., n."""
        rates = [(self.horizon + 1) / (self.horizon + i) for i in range(1, n + 1)]
        return [rates[i] * math.prod(1 - r for r in rates[i + 1 :]) for i in range(n)]

    def average(self, at, i):
        visits = self.history[at]
        if not visits:
            return self.first[at][i]
        weights = self.weights(len(visits))
        size = range(self.sizes[i])
        return [sum(w * visit[0][i][a] for w, visit in zip(weights, visits, strict=True)) for a in size]

    def worth(self, at, n, i, *, told):
        """Value to player i of the certified policy at its n-th visit; of its best reply if it is told the visits."""
        h, s = at
        visits = self.history[at][:n] if n else [(self.first[at], None, None)]
        weights = self.weights(n) if n else [1.0]
        mean, replies = 0.0, [0.0] * self.sizes[i]
        for w, (played, _, met) in zip(weights, visits, strict=True):
            ahead = [0.0] * self.states
            if h + 1 < self.horizon:
                ahead = [
                    self.worth((h + 1, z), 0 if met is None else met[h + 1, z], i, told=told)
                    for z in range(self.states)
                ]
            for actions in itertools.product(*map(range, self.sizes)):
                j = joint_of(actions, self.sizes)
                pay = self.reward[i][h][s][j] + sum(p * v for p, v in zip(self.move[h][s][j], ahead, strict=True))
                others = math.prod(played[k][a] for k, a in enumerate(actions) if k != i)
                mean += w * others * played[i][actions[i]] * pay
                replies[actions[i]] += w * others * pay
        return max(replies) if told else mean

    def gains(self):
        """What a player gains who is told the visits, of each player."""
        found = []
        for i in range(self.players):
            told, not_told = (
                sum(
                    p * self.worth((0, s), len(self.history[0, s]), i, told=told) for s, p in enumerate(self.begin) if p
                )
                for told in (True, False)
            )
            found.append(told - not_told)
        return found


class SwapVLearner(VLearner):
    """V-learning for correlated equilibria: an expert for each action, and what they keep."""

    def step(self, size, n):
        return self.factor * math.sqrt(self.horizon * math.log(size) / n)

    def next(self, at, i, size, weights):
        rows = []
        for b in range(size):
            losses = [
                [w * visit[0][i][b] * x for x in visit[1][i]]
                for w, visit in zip(weights, self.history[at], strict=True)
            ]
            rows.append(self.leader(at, i, losses, self.step(size, len(weights))))
        found = [1 / size] * size
        for _ in range(5000):  # powers of the chain of which the experts are the rows
            before = found
            found = [sum(p * row[a] for p, row in zip(found, rows, strict=True)) for a in range(size)]
            if max(abs(x - y) for x, y in zip(before, found, strict=True)) < 1e-16:
                break
        return found

    def swapped(self, at, n, i):
        """Value to player i of the best answers to advice, told the visits of steps before."""
        h, s = at
        visits = self.history[at][:n] if n else [(self.first[at], None, None)]
        weights = self.weights(n) if n else [1.0]
        size = self.sizes[i]
        worth = [[0.0] * size for _ in range(size)]  # [advice][answer]
        for w, (played, _, met) in zip(weights, visits, strict=True):
            ahead = [0.0] * self.states
            if h + 1 < self.horizon:
                ahead = [self.swapped((h + 1, z), 0 if met is None else met[h + 1, z], i) for z in range(self.states)]
            for actions in itertools.product(*map(range, self.sizes)):
                j = joint_of(actions, self.sizes)
                pay = self.reward[i][h][s][j] + sum(p * v for p, v in zip(self.move[h][s][j], ahead, strict=True))
                others = math.prod(played[k][a] for k, a in enumerate(actions) if k != i)
                for advice in range(size):
                    worth[advice][actions[i]] += w * played[i][advice] * others * pay
        return sum(map(max, worth))

    def swap_gains(self):
        return [
            sum(
                p * (self.swapped((0, s), n, i) - self.worth((0, s), n, i, told=False))
                for s, p in enumerate(self.begin)
                if p and (n := len(self.history[0, s])) is not None
            )
            for i in range(self.players)
        ]


def stage_batch(reward, move, begin, sizes, key, first, batch, policy, chance, ahead, baseline, *, blind):
    """Estimates on one batch at every (h, s): payoffs with their baselines, means of what was got; None unvisited."""
    horizon, states, players = len(reward[0]), len(begin), len(sizes)
    seen = {at: [] for at in itertools.product(range(horizon), range(states))}
    laws = {at: [explored(p, chance) for p in policy[at]] for at in seen}
    for e in range(first, first + batch):
        s = None
        for h in range(horizon):
            u = numbers(key, e, h, players)
            s = draw(begin, u[0]) if h == 0 else s
            actions = [draw(p, u[1 + i]) for i, p in enumerate(laws[h, s])]
            j = joint_of(actions, sizes)
            z = draw(move[h][s][j], u[1 + players])
            got = [
                0.0 if blind else reward[i][h][s][j] + (ahead[h + 1, z][i] if h + 1 < horizon else 0.0)
                for i in range(players)
            ]
            seen[h, s].append((actions, got))
            s = z
    found = {}
    for at, visits in seen.items():
        if not visits:
            found[at] = None
            continue
        estimates = []
        for i, n in enumerate(sizes):
            b = baseline[at][i]
            each = [b] * n
            for actions, got in visits:
                each[actions[i]] += (got[i] - b) / laws[at][i][actions[i]] / len(visits)
            estimates.append(each)
        found[at] = estimates, [sum(got[i] for _, got in visits) / len(visits) for i in range(players)]
    return found


def sampled_mirror(reward, move, begin, sizes, key, eta, batch, chance, iterations, initial=None, told=None):
    """Averages of the iterates of Algorithms 1 and 2 on sampled episodes, and the values of the last finished stage.

    ``initial`` is a function from stages, from 1 on, to policies at every (h, s); the list ``told`` gets for each stage
    the mean estimates of payoffs at every (h, s), 0 where nobody came.
    """
    horizon, states, players = len(reward[0]), len(begin), len(sizes)
    places = list(itertools.product(range(horizon), range(states)))
    ahead = {at: [0.0] * players for at in places}
    baseline = {at: [0.0] * players for at in places}
    total = {at: [[0.0] * n for n in sizes] for at in places}
    episode, done, length, stage = 0, 0, horizon, 1
    while done < iterations:
        policy = initial(stage) if initial else {at: [[1 / n] * n for n in sizes] for at in places}
        anchor = {at: [[math.log(x) for x in p] for p in policy[at]] for at in places}
        means, estimates = {at: [] for at in places}, {at: [] for at in places}

        def look(policy, ahead, stage):
            nonlocal episode
            found = stage_batch(
                reward, move, begin, sizes, key, episode, batch, policy, chance, ahead, baseline, blind=stage == 1
            )
            episode += batch
            for at, one in found.items():
                if one:
                    baseline[at] = one[1]
            return found

        last = look(policy, ahead, stage)
        for _ in range(min(length, iterations - done)):
            for at in places:
                for i in range(players):
                    g = last[at][0][i] if last[at] else [0.0] * sizes[i]
                    anchor[at][i] = [x + eta * v for x, v in zip(anchor[at][i], g, strict=True)]
                    policy[at][i] = softmax([x + eta * v for x, v in zip(anchor[at][i], g, strict=True)])
                    total[at][i] = [x + p for x, p in zip(total[at][i], policy[at][i], strict=True)]
            last = look(policy, ahead, stage)
            for at in places:
                if last[at]:
                    means[at].append(last[at][1])
                    estimates[at].append(last[at][0])
            done += 1
        if told is not None:
            told.append(
                {
                    at: [
                        [sum(e[i][a] for e in seen) / max(len(seen), 1) for a in range(n)] for i, n in enumerate(sizes)
                    ]
                    for at, seen in estimates.items()
                }
            )
        if done < iterations:
            ahead = {
                at: [sum(m[i] for m in means[at]) / len(means[at]) for i in range(players)] if means[at] else ahead[at]
                for at in places
            }
            length, stage = length * (horizon + 1) // horizon, stage + 1
    return {at: [[x / iterations for x in p] for p in total[at]] for at in places}, ahead, episode


def nearest(y):
    """Euclidean projection onto the simplex, by bisection."""
    low, high = min(y) - 1.0, max(y)
    for _ in range(200):
        level = (low + high) / 2
        low, high = (level, high) if sum(max(v - level, 0.0) for v in y) > 1.0 else (low, level)
    return [max(v - low, 0.0) for v in y]


def sampled_ascent(reward, move, begin, sizes, discount, key, step, batch, chance, iterations):
    """Projected Q-ascent on sampled episodes: ``reward[i][s][j]``, ``move[s][j][z]``. Policies and steps played."""
    states, players = len(begin), len(sizes)
    policy = [[[1 / n] * n for n in sizes] for _ in range(states)]
    baseline, steps, episode = [[0.0] * players for _ in range(states)], 0, 0
    for _ in range(iterations):
        seen = [[] for _ in range(states)]
        laws = [[explored(p, chance) for p in policy[s]] for s in range(states)]
        for _ in range(batch):
            t, s, held, got, met = 0, None, None, [0.0] * players, None
            while True:
                u = numbers(key, episode, t, players)
                s = draw(begin, u[0]) if t == 0 else s
                actions = held or [draw(p, u[1 + i]) for i, p in enumerate(laws[s])]
                held, t = None, t + 1
                j = joint_of(actions, sizes)
                if met:
                    got = [x + reward[i][s][j] for i, x in enumerate(got)]
                z = draw([discount * p for p in move[s][j]], u[1 + players])
                if z < states:
                    s = z
                elif met:
                    break
                else:
                    met, held = (s, actions), actions
            episode, steps = episode + 1, steps + t
            seen[met[0]].append((met[1], got))
        for s, visits in enumerate(seen):
            for i, n in enumerate(sizes if visits else ()):
                b = baseline[s][i]
                each = [0.0] * n
                for actions, got in visits:
                    each[actions[i]] += (got[i] - b) / laws[s][i][actions[i]] / len(visits)
                policy[s][i] = nearest([p + step * v for p, v in zip(policy[s][i], each, strict=True)])
                baseline[s][i] = sum(got[i] for _, got in visits) / len(visits)
    return policy, steps
