"""Kernel calls whose instructions are counted; a script for ``benchmarks.instructions``.

``python -I -S kernel_calls.py compiled.so`` makes two calls a case, the second with twice the iterations (for
``expect``, values, ``equilibria`` and ``maml``: twice the games or inner steps, of sparse kernels twice the
rows). It imports nothing but the standard library and the extension: under callgrind every import costs seconds.
"""

import math
import sys
from array import array
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from random import Random
from types import ModuleType
from typing import NamedTuple

ISA = "avx2"  # the best that valgrind knows
WIDTH = 4  # lanes of a vector

Call = Callable[[ModuleType, int], None]


class Case(NamedTuple):
    """A kernel call of so many lanes, made with ``once`` iterations and with twice as many."""

    function: str
    lanes: int
    once: int
    call: Call

    @property
    def work(self) -> int:
        """Lane-iterations by which the two calls differ."""
        return self.lanes * self.once


def uniform(count: int, low: float = 0.0, high: float = 1.0) -> array:
    """Random numbers, the same ones every time."""
    random = Random(0)
    return array("d", (random.uniform(low, high) for _ in range(count)))


def same(value: float, count: int) -> array:
    """One number so many times."""
    return array("d", [value]) * count


def simplex(rows: int, columns: int) -> array:
    """Rows that are distributions."""
    weights = uniform(rows * columns)
    totals = [sum(weights[row * columns : (row + 1) * columns]) for row in range(rows)]
    return array("d", (weight / totals[k // columns] for k, weight in enumerate(weights)))


def mirror(lanes: int, actions: int) -> Call:
    """Algorithm 1 from uniform policies."""

    def call(compiled: ModuleType, iterations: int) -> None:
        size = lanes * actions
        compiled.mirror(
            q=uniform(size * actions),
            eta=same(0.1, lanes),
            x=same(0.0, size),
            y=same(0.0, size),
            mu=same(1 / actions, size),
            nu=same(1 / actions, size),
            sum_mu=same(0.0, 2 * size),
            sum_nu=same(0.0, 2 * size),
            sum_value=same(0.0, 2 * lanes),
            lanes=lanes,
            rows=actions,
            columns=actions,
            done=0,
            iterations=iterations,
            predicts=1,
        )

    return call


def joint_mirror(lanes: int, actions: tuple[int, ...]) -> Call:
    """Algorithm 2 from uniform policies."""
    players, joint, columns = len(actions), math.prod(actions), sum(actions)

    def call(compiled: ModuleType, iterations: int) -> None:
        compiled.joint_mirror(
            q=uniform(lanes * players * joint),
            eta=same(0.1, lanes),
            x=same(0.0, lanes * columns),
            policy=array("d", [1 / n for n in actions for _ in range(n)]) * lanes,
            sum_joint=same(0.0, 2 * lanes * joint),
            actions=array("q", actions),
            lanes=lanes,
            players=players,
            joint=joint,
            columns=columns,
            done=0,
            iterations=iterations,
        )

    return call


def in_stages(iterations: int) -> dict[str, array | int]:
    """What calls over ends of stages take: a run from the first stage of games of one step on, looked at once."""
    pieces, length = [], 1
    while iterations:
        pieces.append(min(length, iterations))
        iterations, length = iterations - pieces[-1], 2 * length
    later = len(pieces) - 1
    return {
        "pieces": array("q", pieces),
        "fresh": array("q", [0] + [1] * later),
        "looks": array("q", [0] * later + [1]),
        **{"count": len(pieces), "longest": max(pieces), "seen": 1, "watched": 0, "states_seen": array("d")},
        **{"horizon": 1, "states": 1, "kinds": 1, "steps": 1, "given": 1, "stage": 1, "done": 0, "kept": 0, "slots": 2},
    }


def mirror_run(games: int, actions: int) -> Call:
    """Algorithm 1 on matrix games, from uniform policies."""

    def call(compiled: ModuleType, iterations: int) -> None:
        size = games * actions
        policies, nothing = ("mu", "nu", "start_mu", "start_nu"), ("x", "y", "start_x", "start_y")
        compiled.mirror_run(
            reward=uniform(size * actions),
            transition=same(1.0, actions * actions),
            index=array("q", [0] * games),
            eta=same(0.1, games),
            q=same(0.0, 2 * size * actions),
            **{name: same(1 / actions, size) for name in policies},
            **{name: same(0.0, size) for name in (*nothing, "finished_mu", "finished_nu", "seen_mu", "seen_nu")},
            **{name: same(0.0, 2 * size) for name in ("sum_mu", "sum_nu")},
            sum_value=same(0.0, 2 * games),
            **{name: array("d") for name in ("stage_mu", "stage_nu", "stage_value")},
            games=games,
            rows=actions,
            columns=actions,
            predicts=1,
            **in_stages(iterations),
        )

    return call


def joint_run(games: int, actions: tuple[int, ...]) -> Call:
    """Algorithm 2 on games of one step and state, from uniform policies."""
    players, joint, columns = len(actions), math.prod(actions), sum(actions)

    def call(compiled: ModuleType, iterations: int) -> None:
        start = array("d", [1 / n for n in actions for _ in range(n)]) * games
        compiled.joint_run(
            reward=uniform(games * players * joint),
            transition=same(1.0, joint),
            index=array("q", [0] * games),
            actions=array("q", actions),
            eta=same(0.1, games),
            **{name: same(0.0, games * columns) for name in ("x", "start_x")},
            policy=start[:],
            start_policy=start,
            sum_joint=same(0.0, 2 * games * joint),
            **{name: same(0.0, games * joint) for name in ("finished", "seen_joint")},
            lane_q=same(0.0, games * players * joint),
            q=same(0.0, 2 * games * players * joint),
            values=same(0.0, 2 * games * 2 * players),
            stage_joint=array("d"),
            games=games,
            players=players,
            joint=joint,
            columns=columns,
            room=2,
            **in_stages(iterations),
        )

    return call


def smooth(games: int, actions: int, states: int, horizon: int, rule: int) -> Call:
    """Learners with incremental values, from uniform policies."""

    def call(compiled: ModuleType, iterations: int) -> None:
        rows, uniform_policy = games * horizon * states, 1 / actions
        anchor = uniform_policy if rule == 1 else 0.0
        zeros = ("sum_x", "sum_y", "last_x", "last_y")
        compiled.smooth(
            reward=uniform(rows * actions * actions),
            transition=simplex(states * actions * actions, states) if horizon > 1 else array("d"),
            index=array("q", [0] * games),
            eta=same(0.1, games),
            **{name: same(anchor, rows * actions) for name in ("x", "y")},
            **{name: same(0.0, rows * actions) for name in zeros},
            **{name: same(uniform_policy, rows * actions) for name in ("mu", "nu", "mean_mu", "mean_nu")},
            value=same(0.0, rows),
            temperature=0.01 if rule > 1 else 0.0,
            games=games,
            horizon=horizon,
            states=states,
            rows=actions,
            columns=actions,
            kinds=1,
            steps=1,
            rule=rule,
            done=0,
            iterations=iterations,
        )

    return call


def swap_ftrl(games: int, actions: tuple[int, ...], horizon: int) -> Call:
    """The log barrier against swap deviations, with two states, from uniform policies."""
    players, joint, columns, squares = len(actions), math.prod(actions), sum(actions), sum(n * n for n in actions)

    def call(compiled: ModuleType, iterations: int) -> None:
        rows = games * horizon * 2
        policies = array("d", [1 / n for n in actions for _ in range(n)]) * rows
        compiled.swap_ftrl(
            reward=uniform(rows * players * joint),
            transition=simplex(2 * joint, 2) if horizon > 1 else array("d"),
            index=array("q", [0] * games),
            eta=same(1.0, games),
            prior=policies,
            iterate=policies[:],
            mean_joint=same(1 / joint, rows * joint),
            value=same(0.0, rows * players),
            **{name: same(0.0, rows * squares) for name in ("sums", "last", "answers")},
            fixed=same(0.0, rows * columns),
            deviated=same(0.0, games * 4 * players),
            actions=array("q", actions),
            games=games,
            players=players,
            horizon=horizon,
            states=2,
            joint=joint,
            columns=columns,
            squares=squares,
            kinds=1,
            steps=1,
            done=0,
            iterations=iterations,
        )

    return call


def cautious(lanes: int, actions: tuple[int, ...]) -> Call:
    """Multiplicative weights with dynamic rates, none of which falls below 1."""
    players, joint, columns = len(actions), math.prod(actions), sum(actions)

    def call(compiled: ModuleType, iterations: int) -> None:
        compiled.cautious(
            q=uniform(lanes * players * joint),
            eta=same(0.1, lanes),
            prior=array("d", [-math.log(n) for n in actions for _ in range(n)]) * lanes,
            regret=same(0.0, lanes * columns),
            last=same(0.0, lanes * columns),
            policy=array("d", [1 / n for n in actions for _ in range(n)]) * lanes,
            paces=same(1.0, lanes * players),
            sum_joint=same(0.0, 2 * lanes * joint),
            actions=array("q", actions),
            caution=70.0,
            lanes=lanes,
            players=players,
            joint=joint,
            columns=columns,
            done=0,
            iterations=iterations,
        )

    return call


def regret_matching(lanes: int, actions: int) -> Call:
    """Predictive regret matching+ from uniform policies."""

    def call(compiled: ModuleType, iterations: int) -> None:
        size = lanes * actions
        compiled.regret_matching(
            q=uniform(size * actions),
            x=same(0.1 / actions, size),
            y=same(0.1 / actions, size),
            mu=same(1 / actions, size),
            nu=same(1 / actions, size),
            sum_mu=same(0.0, 2 * size),
            sum_nu=same(0.0, 2 * size),
            value=same(0.0, lanes),
            lanes=lanes,
            rows=actions,
            columns=actions,
            done=0,
            iterations=iterations,
        )

    return call


def ascent(softmax: int, gaps: int, natural: int = 0) -> Call:
    """A vector of Markov teams of two players with two actions, S = 2."""
    lanes, states, actions = WIDTH, 2, (2, 2)
    players, joint, columns = len(actions), math.prod(actions), sum(actions)

    def call(compiled: ModuleType, iterations: int) -> None:
        compiled.ascent(
            reward=uniform(lanes * states * joint),
            transition=simplex(states * joint, states),
            index=array("q", [0] * lanes),
            step=same(0.01, lanes),
            initial=same(1 / states, lanes * states),
            actions=array("q", actions),
            policy=same(0.0 if softmax else 0.5, lanes * states * columns),
            response=same(0.0, lanes * states * players),
            sum_gap=same(0.0, 2 * lanes),
            least=same(1.0, lanes),
            discount=0.9,
            lanes=lanes,
            players=players,
            states=states,
            joint=joint,
            reward_rows=1,
            columns=columns,
            kinds=1,
            softmax=softmax,
            natural=natural,
            measure=gaps,
            done=0,
            iterations=iterations,
        )

    return call


def maml(compiled: ModuleType, count: int, inner_steps: int) -> None:
    """One meta-gradient of exact MAML on so many of these teams."""
    states, actions = 2, (2, 2)
    players, joint, columns = len(actions), math.prod(actions), sum(actions)
    compiled.maml(
        reward=uniform(count * states * joint),
        transition=simplex(states * joint, states),
        kind=array("q", [0] * count),
        initial=same(1 / states, count * states),
        actions=array("q", actions),
        game=array("q", range(count)),
        probability=same(1 / count, count),
        logits=uniform(states * columns),
        gradient=same(0.0, states * columns),
        objective=same(0.0, 1),
        norm=same(0.0, 1),
        least=same(0.0, 1),
        discount=0.9,
        inner_step=0.01,
        step=0.0,
        rows=1,
        count=count,
        games=count,
        players=players,
        states=states,
        joint=joint,
        columns=columns,
        kinds=1,
        inner_steps=inner_steps,
        first_order=0,
        draws=1,
        iterations=1,
    )


def maml_steps(compiled: ModuleType, inner_steps: int) -> None:
    """Inner steps and their way back; these are what is doubled."""
    maml(compiled, WIDTH, inner_steps)


def maml_games(compiled: ModuleType, games: int) -> None:
    """Whole games with one inner step; what is doubled is their number."""
    maml(compiled, games, 1)


def expect(rows: int, states: int, vectors: int) -> Call:
    """Expected next values; what is doubled is the number of games."""

    def call(compiled: ModuleType, games: int) -> None:
        compiled.expect(
            transition=simplex(rows, states),
            index=array("q", [0] * games),
            values=uniform(games * vectors * states),
            out=same(0.0, games * vectors * rows),
            games=games,
            rows=rows,
            states=states,
            vectors=vectors,
            kinds=1,
        )

    return call


def csr(rows: int, states: int, entries: int) -> dict[str, array]:
    """A sparse kernel whose rows have so many entries each."""
    random = Random(1)
    return {
        "data": same(1.0 / entries, rows * entries),
        "places": array("i", (random.randrange(states) for _ in range(rows * entries))),
        "starts": array("i", range(0, rows * entries + 1, entries)),
    }


def sparse_backup(steps: int) -> Call:
    """Rewards plus expected next values under a sparse kernel of 50 states; what is doubled is the number of rows."""

    def call(compiled: ModuleType, rows: int) -> None:
        compiled.sparse_backup(
            reward=uniform(steps * rows),
            **csr(rows, 50, 4),
            values=uniform(steps * 50),
            out=same(0.0, steps * rows),
            steps=steps,
            rows=rows,
            states=50,
            entries=4 * rows,
            first=0,
            last=steps,
        )

    return call


def sparse_values(actions: int) -> Call:
    """A step of best responses in a zero-sum game with a sparse kernel; what is doubled is the number of states."""

    def call(compiled: ModuleType, states: int) -> None:
        rows = states * actions * actions
        compiled.sparse_values(
            reward=uniform(2 * rows),
            **csr(rows, states, 4),
            policy=(same(1 / actions, 2 * states * actions), same(1 / actions, 2 * states * actions)),
            actions=array("q", [actions] * 2),
            wanted=array("q", [2, 3]),
            value=uniform(4 * states),
            players=2,
            horizon=2,
            states=states,
            joint=actions * actions,
            reward_rows=1,
            entries=4 * rows,
            vectors=2,
            step=0,
        )

    return call


def equilibria(actions: int, columns: int = 0) -> Call:
    """Matrix games, solved; what is doubled is their number, the first games being the same ones.

    The function in C has a name of its own: of two that begin with the same letter callgrind would count only one.
    """

    def call(compiled: ModuleType, games: int) -> None:
        others = columns or actions
        payoff, solution = uniform(games * actions * others), same(0.0, games * (2 + actions + others))
        compiled.equilibria(payoff, solution, games, actions, others)

    return call


def backup(rows: int, states: int, steps: int) -> Call:
    """Rewards plus expected next values; what is doubled is the number of games."""

    def call(compiled: ModuleType, games: int) -> None:
        compiled.backup(
            reward=uniform(games * steps * rows),
            transition=simplex(rows, states),
            index=array("q", [0] * games),
            values=uniform(games * steps * states),
            out=same(0.0, games * steps * rows),
            games=games,
            steps=steps,
            rows=rows,
            states=states,
            kinds=1,
            first=0,
            last=steps,
        )

    return call


def finite_values(horizon: int, states: int, actions: int) -> Call:
    """Best responses in zero-sum games; what is doubled is the number of games."""

    def call(compiled: ModuleType, games: int) -> None:
        joint, rows = actions * actions, games * horizon * states
        compiled.finite_values(
            reward=uniform(rows * joint),
            transition=simplex(horizon * states * joint, states),
            index=array("q", [0] * games),
            initial=same(1 / states, games * states),
            policy=(same(1 / actions, rows * actions), same(1 / actions, rows * actions)),
            actions=array("q", [actions] * 2),
            wanted=array("q", [2, 3]),
            value=same(0.0, 2 * rows),
            start=same(0.0, 2 * games),
            games=games,
            players=2,
            horizon=horizon,
            states=states,
            joint=joint,
            reward_rows=1,
            kinds=1,
            steps=horizon,
            vectors=2,
            step=0,
        )

    return call


def correlated_values(horizon: int, states: int, actions: tuple[int, ...]) -> Call:
    """The values of a stage of Algorithm 2; what is doubled is the number of games."""
    players, joint = len(actions), math.prod(actions)

    def call(compiled: ModuleType, games: int) -> None:
        rows = games * horizon * states
        compiled.correlated_values(
            reward=uniform(rows * players * joint),
            transition=simplex(states * joint, states),
            index=array("q", [0] * games),
            weights=same(1 / joint, rows * joint),
            actions=array("q", actions),
            before=uniform(2 * players * rows),
            after=same(0.0, 2 * players * rows),
            games=games,
            players=players,
            horizon=horizon,
            states=states,
            joint=joint,
            kinds=1,
            steps=1,
            step=0,
        )

    return call


def discounted_values(states: int, actions: int) -> Call:
    """Values and best responses in Markov teams; what is doubled is the number of games."""

    def call(compiled: ModuleType, games: int) -> None:
        joint = actions * actions
        compiled.discounted_values(
            reward=uniform(games * states * joint),
            transition=simplex(states * joint, states),
            index=array("q", [0] * games),
            initial=same(1 / states, games * states),
            policy=(same(1 / actions, games * states * actions), same(1 / actions, games * states * actions)),
            actions=array("q", [actions] * 2),
            wanted=array("q", [0, 1, 2, 3]),
            value=same(0.0, 4 * games * states),
            start=same(0.0, 4 * games),
            discount=0.9,
            games=games,
            players=2,
            states=states,
            joint=joint,
            reward_rows=1,
            kinds=1,
            vectors=4,
        )

    return call


def two_trees(games: int) -> dict[str, array | int]:
    """A tree of two players with six information sets of two actions each, all pairs of sequences being terminals."""
    sequences = 13
    parent = [player * sequences + above for player in (0, 1) for above in (0, 0, 0, 1, 3, 5)]
    first = [player * sequences + 1 + 2 * j for player in (0, 1) for j in range(6)]
    met = [*(sequences + k for _ in range(sequences) for k in range(sequences)), *list(range(sequences)) * sequences]
    return {
        "payoff": uniform(games * 2 * sequences**2, -1.0),
        "start": array("q", (sequences * k for k in range(2 * sequences + 1))),
        "met": array("q", met),
        "parent": array("q", parent),
        "first": array("q", first),
        "last": array("q", (low + 2 for low in first)),
        "seat": array("q", [0, sequences, 2 * sequences]),
        "place": array("q", [0, 6, 12]),
        "strategy": array("d", [1.0, *[0.5] * 12]) * (2 * games),
        "games": games,
        "players": 2,
        "terminals": sequences**2,
        "columns": 2 * sequences,
        "sets": 12,
    }


def learn_trees(games: int, entropy: int) -> Call:
    """A learner of extensive games whose players move in turns."""

    def call(compiled: ModuleType, iterations: int) -> None:
        columns = 26 * games
        compiled.learn_trees(
            **two_trees(games),
            rate=same(0.1, 2 * games),
            alpha=same(1.0, 12),
            memory=same(math.log(0.5) if entropy else 0.1, columns),
            plan_sum=same(0.0, columns),
            gradient=array("d"),
            gradient_sum=array("d"),
            value_sum=same(0.0, 2 * games),
            looks=array("q"),
            seen_plan=array("d"),
            seen_strategy=array("d"),
            seen_gradient=array("d"),
            seen_value=array("d"),
            power=2,
            done=0,
            iterations=iterations,
            seen=0,
            entropy=entropy,
            alternating=1,
        )

    return call


def gains_in_trees(compiled: ModuleType, games: int) -> None:
    """Gains of best responses in extensive games; what is doubled is their number."""
    compiled.gains_in_trees(**two_trees(games), index=array("q", range(games)), gain=same(0.0, 2 * games), kinds=games)


def two_states(games: int) -> dict[str, array | int]:
    """What kernels that sample take of games of two steps, states and actions of two players."""
    return {
        "onward": array("d", [0.5, 1.0]) * 8,
        "index": array("q", [0]) * games,
        "start": array("d", [0.5, 1.0]) * games,
        "actions": array("q", [2, 2]),
        "seed": array("q", range(games)),
        "games": games,
        "players": 2,
        "states": 2,
        "joint": 4,
        "columns": 4,
        "kinds": 1,
    }


def simulate(compiled: ModuleType, episodes: int) -> None:
    """Play of uniform policies for two steps."""
    compiled.simulate(
        **two_states(1),
        reward=uniform(16),
        ends=array("d", [0.5, 1.0]) * 8,
        visits=same(0.0, 16),
        returns=same(0.0, 2),
        state=array("d"),
        action=array("d"),
        parts=1,
        reward_rows=1,
        steps=2,
        onward_steps=1,
        horizon=2,
        first=0,
        episodes=episodes,
        ending=0,
        kept=0,
    )


def v_learning(measure: int) -> Call:
    """V-learning for two steps, with exact values of its certified policy or without."""

    def call(compiled: ModuleType, episodes: int) -> None:
        compiled.v_learning(
            **two_states(1),
            reward=uniform(32),
            transition=same(0.5, 16),
            rate=same(1.0, 1),
            prior=same(0.0, 16),
            policy=same(0.5, 16),
            loss=same(0.0, 16),
            average=same(0.5, 16),
            count=same(0.0, 4),
            value=same(0.0, 8),
            followed=same(0.0, 8),
            deviated=same(0.0, 16),
            reply=same(0.0, 8),
            bonus=0.0,
            horizon=2,
            steps=1,
            first=0,
            episodes=episodes,
            measure=measure,
        )

    return call


def sampled_mirror(compiled: ModuleType, iterations: int) -> None:
    """Algorithm 1 on ten episodes of two steps an iteration."""
    compiled.sampled_mirror(
        **two_states(1),
        reward=uniform(32),
        eta=same(0.1, 1),
        value=same(0.0, 8),
        x=same(0.0, 16),
        policy=same(0.5, 16),
        payoff=same(0.0, 16),
        baseline=same(0.0, 8),
        sum_joint=same(0.0, 16),
        sum_payoff=same(0.0, 16),
        sum_value=same(0.0, 8),
        met=same(0.0, 4),
        exploration=0.1,
        horizon=2,
        steps=1,
        batch=10,
        done=1,
        first=0,
        iterations=iterations,
        blind=0,
    )


def sampled_ascent(compiled: ModuleType, iterations: int) -> None:
    """Projected Q-ascent on ten episodes an iteration, with a chance of the end of 1/5 in each step."""
    game = two_states(1) | {"onward": array("d", [0.4, 0.8]) * 8}
    compiled.sampled_ascent(
        **game,
        reward=uniform(8),
        step=same(0.001, 1),
        policy=same(0.5, 8),
        baseline=same(0.0, 4),
        played=same(0.0, 1),
        exploration=0.1,
        reward_rows=1,
        batch=10,
        first=0,
        iterations=iterations,
    )


CASES = {
    "mirror 2x2, 1 game": Case("mirror", 4, 2_000, mirror(4, 2)),  # H = S = 2
    "mirror 2x2, 1000 lanes": Case("mirror", 1_000, 20, mirror(1_000, 2)),
    "mirror 10x10": Case("mirror", 4, 200, mirror(4, 10)),
    "joint_mirror 2x2": Case("joint_mirror", 4, 1_000, joint_mirror(4, (2, 2))),
    "joint_mirror 2x2x2": Case("joint_mirror", 4, 1_000, joint_mirror(4, (2, 2, 2))),
    "joint_mirror 3x3": Case("joint_mirror", 4, 500, joint_mirror(4, (3, 3))),
    "mirror_run 2x2, 64 games": Case("mirror_run", 64, 1_023, mirror_run(64, 2)),  # a stage repeats the one before it
    "joint_run 2x2, 64 games": Case("joint_run", 64, 1_023, joint_run(64, (2, 2))),
    "FTRL 2x2, 1 game": Case("smooth", 4, 1_000, smooth(1, 2, 2, 2, 0)),  # H = S = 2
    "FTRL 2x2, 4 games": Case("smooth", 16, 500, smooth(4, 2, 2, 2, 0)),
    "FTRL 10x10, 4 games": Case("smooth", 16, 100, smooth(4, 10, 2, 2, 0)),
    "optimistic gradient 10x10": Case("smooth", 4, 100, smooth(4, 10, 1, 1, 1)),
    "extragradient 3x3": Case("smooth", 16, 200, smooth(4, 3, 2, 2, 2)),
    "entropy OMWU 2x2": Case("smooth", 16, 500, smooth(4, 2, 2, 2, 3)),
    "log barrier 2x2": Case("swap_ftrl", 8, 100, swap_ftrl(4, (2, 2), 1)),
    "log barrier 3x3, two steps": Case("swap_ftrl", 16, 50, swap_ftrl(4, (3, 3), 2)),
    "cautious 2x2": Case("cautious", 4, 500, cautious(4, (2, 2))),
    "cautious 3x3": Case("cautious", 4, 500, cautious(4, (3, 3))),
    "regret_matching 2x2": Case("regret_matching", 4, 1_000, regret_matching(4, 2)),
    "regret_matching 10x10, 1 game": Case("regret_matching", 1, 200, regret_matching(1, 10)),
    "regret_matching 10x10, 4 games": Case("regret_matching", 4, 200, regret_matching(4, 10)),
    "Q-ascent": Case("ascent", WIDTH, 500, ascent(0, 0)),
    "Q-ascent with gaps": Case("ascent", WIDTH, 500, ascent(0, 1)),
    "softmax": Case("ascent", WIDTH, 500, ascent(1, 0)),
    "softmax with gaps": Case("ascent", WIDTH, 500, ascent(1, 1)),
    "natural gradient": Case("ascent", WIDTH, 500, ascent(1, 0, 1)),
    "MAML, an inner step": Case("through_ascent", WIDTH, 200, maml_steps),
    "MAML, a game": Case("through_ascent", 1, 400, maml_games),
    "expect": Case("expect", 1, 20, expect(50, 10, 3)),
    "backup, 2 steps": Case("backup", 1, 20, backup(50, 10, 2)),
    "backup, 5 steps": Case("backup", 1, 20, backup(50, 10, 5)),
    "finite_values 2x2": Case("finite_values", 1, 64, finite_values(2, 2, 2)),
    "finite_values 10x10": Case("finite_values", 1, 8, finite_values(2, 5, 10)),
    "finite_values 20x20": Case("finite_values", 1, 8, finite_values(1, 1, 20)),
    "correlated_values 2x2x2": Case("correlated_values", 1, 64, correlated_values(2, 2, (2, 2, 2))),
    "discounted_values 2x2": Case("discounted_values", 1, 64, discounted_values(2, 2)),
    "discounted_values 10x10": Case("discounted_values", 1, 2, discounted_values(10, 10)),
    "equilibria 2x2": Case("solve_games", 1, 500, equilibria(2)),
    "equilibria 10x10": Case("solve_games", 1, 50, equilibria(10)),
    "equilibria 50x50": Case("solve_games", 1, 2, equilibria(50)),
    "equilibria 64x840": Case("solve_games", 1, 1, equilibria(64, 840)),  # as large games are solved
    "sparse_backup, 2 steps": Case("product_of_rows", 1, 2_000, sparse_backup(2)),
    "sparse_backup, 5 steps": Case("product_of_rows", 1, 2_000, sparse_backup(5)),
    "sparse_values 2x2": Case("values_by_rows", 1, 400, sparse_values(2)),
    "sparse_values 8x8": Case("values_by_rows", 1, 64, sparse_values(8)),
    "sparse_values 20x20": Case("values_by_rows", 1, 16, sparse_values(20)),
    "tree regrets, 1 game": Case("learn_trees", 1, 200, learn_trees(1, 0)),
    "tree regrets, 4 games": Case("learn_trees", 4, 200, learn_trees(4, 0)),
    "tree entropy, 1 game": Case("learn_trees", 1, 200, learn_trees(1, 1)),
    "tree gains": Case("gains_in_trees", 1, 50, gains_in_trees),
    "simulate 2x2": Case("simulate", 2, 2_000, simulate),  # two steps an episode
    "V-learning 2x2": Case("v_learning", 2, 500, v_learning(0)),
    "V-learning 2x2, measured": Case("v_learning", 2, 500, v_learning(1)),
    "Algorithm 1, sampled 2x2": Case("sampled_mirror", 20, 100, sampled_mirror),
    "Q-ascent, sampled 2x2": Case("sampled_ascent", 100, 20, sampled_ascent),  # ten steps on average
}


def main(path: str, *functions: str) -> None:
    """Make the calls of these functions, or all, in order."""
    name = "metanash.kernels.compiled"
    loader = ExtensionFileLoader(name, path)
    compiled = module_from_spec(spec_from_loader(name, loader))
    loader.exec_module(compiled)
    for case in CASES.values():
        for times in (1, 2) if not functions or case.function in functions else ():
            case.call(compiled, times * case.once)


if __name__ == "__main__":
    main(*sys.argv[1:])
