"""The contract of a learner, and the one loop that runs it.

A learner is frozen parameters, a state of named arrays, and a pure step:

``start(games, initial)``
    the state before the first iteration;
``advance(games, state, iterations)``
    the state after that many more iterations, the old one untouched: cutting a run into calls changes no bit;
``output(state)``
    the policy that its theorem speaks of;
``measure(games, state)``
    what that policy is worth: named (G,) arrays, exact, such as ``ne_gap``.

A new learner is one file in this folder with such a class; :func:`learn` runs it. More methods, which it need not
have, make runs of small games quicker; a subclass that redefines the plain ones only (or the ``average`` that the
output of Algorithm 1 is) is taken at its word:

``advance_own(games, state, iterations)``
    as ``advance``, in place: the state is nobody else's;
``set_aside(state)`` and ``measure_together(games, aside)``
    arrays that tell the output, and what ``measure`` says of a list of them, the same to the bit: named (n, G) arrays;
``advance_and_measure(games, state, pieces)``
    as ``advance_own`` by each of the pieces, numbers of iterations of at least 1, and ``measure`` after each: the last
    state and named (n, G) arrays. Where it cannot, :func:`step_by_step` does the same with the methods before it, if
    there are.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from metanash._inner.checks import distributions, integer, name_entry, policy_array, within_floats
from metanash._inner.runs import PureStartWarning, checkpoints, checkpoints_to
from metanash._inner.views import View, Viewed
from metanash.games import Game, GameBatch
from metanash.typing import Floats, Integers, Policies

__all__ = ["Learner", "Policies", "Probe", "PureStartWarning", "Run", "checkpoints", "learn"]
__all__ += ["checked_policies", "has_quick", "learning_rates", "step_by_step"]
__all__ += ["warn_of_zeros", "watched_step_by_step"]

State = TypeVar("State")
_ENTRIES_TOGETHER, _LEAST_TOGETHER = 1 << 18, 8
"""Rewards, at most, of all games for all checkpoints that are gone through in one call: it has a price, which few
checkpoints of large games do not pay for."""
_WORK_TOGETHER, _LEAST_REWARDS = 1 << 32, 1 << 8
"""Iterations times rewards of all games, at most, between several checkpoints that are gone through in one call, which
nothing interrupts: a second or two. Few rewards count as so many."""

_MEASURING = ("measure", "output", "average")
"""Methods, of which learners have the first two at least, that say what is worth how much at a checkpoint."""


class Learner(Protocol[State]):
    """See the module.

    Examples
    --------
    >>> import metanash as mn
    >>> [name for name in ("start", "advance", "output", "measure") if callable(getattr(mn.RegretMatching(), name))]
    ['start', 'advance', 'output', 'measure']
    """

    def start(self, games: GameBatch[Any], initial: Policies | None = None) -> State:
        """Return the state before the first iteration, from initial policies or from the default ones."""

    def advance(self, games: GameBatch[Any], state: State, iterations: int) -> State:
        """Return the state after more iterations."""

    def output(self, state: State) -> Any:
        """Return the output at this state: for most learners, one array of policies (game, ...) per player."""

    def measure(self, games: GameBatch[Any], state: State) -> Mapping[str, Floats]:
        """Return the gap of the output, and what else belongs to every checkpoint, by name: (G,) arrays."""


@dataclass(frozen=True, eq=False)
class Run(Viewed, Generic[State]):
    """A finished run of a learner on a batch of games.

    Attributes
    ----------
    checkpoints : (C,) array of int64
        Iterations at which the output was measured.
    measures : dict from str to (G, C) array
        What the learner's ``measure`` returned there: for most learners ``ne_gap``, the exact NE-gap.
    state : State
        Final state of the learner.
    policy : tuple of arrays, for most learners
        Final output.
    probes : dict from str to (G, C) array
        What the probe of :func:`learn` returned at the checkpoints.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> run = mn.learn(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still), mn.RegretMatching(), 100, at=[10, 100])
    >>> run.checkpoints.tolist(), run.ne_gap.shape, run.policy[0].shape
    ([10, 100], (1, 2), (1, 1, 1, 2))
    """

    checkpoints: Integers
    measures: Mapping[str, Floats]
    state: State
    policy: Any
    probes: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def ne_gap(self) -> Floats:
        """(G, C) NE-gaps. Raises ValueError if the output of the learner has another gap."""
        if "ne_gap" not in self.measures:
            raise ValueError(f"this learner's output has no NE-gap; it was measured for {sorted(self.measures)}")
        return self.measures["ne_gap"]

    def _view(self) -> View:
        twice = sorted(self.measures.keys() & self.probes.keys())
        if twice:
            raise ValueError(
                f"a probe and a measure of the learner have one name, {twice[0]!r}; call the probe otherwise"
            )
        return View(("game",), self.checkpoints, {**self.measures, **self.probes}, profiles_of(self.policy))


def profiles_of(policy: Any) -> dict[str, tuple[tuple[str, ...], Policies]]:
    """Policies (game, ...) by the names of their other axes; nothing for an output that is no array for each player."""
    axes: dict[int, tuple[str, ...]] = {4: ("step", "state", "action"), 3: ("state", "action")}
    dimensions = {getattr(part, "ndim", 0) for part in policy} if type(policy) in {tuple, list} else {0}
    wanted = axes.get(dimensions.pop()) if len(dimensions) == 1 else None
    return {"policy": (wanted, policy)} if wanted else {}


Probe = Callable[[Any, Any], Mapping[str, Floats]]
"""Called with learner and state at every checkpoint, in order; returns named (G,) arrays."""


def learning_rates(value: npt.ArrayLike, games: int, name: str = "learning_rate") -> Floats:
    """Rates of the games, (G,), from one for all or one per game. ValueError unless all are in [1e-100, 1e100].

    Examples
    --------
    >>> learning_rates(0.1, 3).tolist(), learning_rates([0.1, 0.2], 2).tolist()
    ([0.1, 0.1, 0.1], [0.1, 0.2])
    """
    rates = within_floats(name, value)
    if rates.shape not in {(), (games,)}:
        raise ValueError(f"{name} must be one number or one per game ({games}), got shape {rates.shape}")
    each = np.empty(games)
    each[...] = rates
    return each


def checked_policies(initial: Sequence[npt.ArrayLike], shapes: Sequence[tuple[int, ...]]) -> Policies:
    """Validated copies of initial policies.

    A first axis of length 1 stands for the same policy in every game. Raises ValueError if a shape is wrong or
    a row is no distribution.

    Examples
    --------
    >>> [part.shape for part in checked_policies([[[0.5, 0.5]], [[1.0, 0.0]]], [(3, 2), (3, 2)])]
    [(3, 2), (3, 2)]
    >>> checked_policies([[[0.5, 0.4]]], [(1, 2)])
    Traceback (most recent call last):
    ValueError: initial policy of player 0 rows must be distributions; at (game, ..., s) = 0 the mass is 0.9
    """
    if len(initial) != len(shapes):
        raise ValueError(f"initial policies: one array per player, {len(shapes)} in all; got {len(initial)}")
    checked = []
    for player, (policy, shape) in enumerate(zip(initial, shapes, strict=True)):
        array = policy_array(f"initial policy of player {player}", policy)
        if array.ndim != len(shape) or array.shape[1:] != shape[1:] or array.shape[0] not in {1, shape[0]}:
            raise ValueError(f"initial policy of player {player} must have shape {shape}, got {array.shape}")
        array = distributions(f"initial policy of player {player}", array, "(game, ..., s)")
        each = np.empty(shape)
        each[...] = array
        checked.append(each)
    return tuple(checked)


def warn_of_zeros(policies: Policies, axes: str, learner: str, above: int) -> None:
    """Warn of the first initial probability of 0, for learners that only ever multiply probabilities.

    Parameters
    ----------
    policies : tuple of arrays
        Validated initial policies.
    axes : str
        Of their rows, such as ``(game, s)``.
    learner : str
        Who cannot leave it, for the message.
    above : int
        Calls between this one and that of :func:`learn`.

    Warns
    -----
    PureStartWarning

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_of_zeros((np.array([[1.0, 0.0]]),), "(game)", "this learner", 0)
    >>> str(caught[0].message)[:70]
    'initial policy of player 0: at (game) = 0 action 1 has probability 0, '
    """
    for player, policy in enumerate(policies):
        is_zero = policy == 0.0
        if is_zero.any():
            *row, action = np.argwhere(is_zero)[0]
            warnings.warn(
                f"initial policy of player {player}: at {name_entry(axes, row)} action {action} has probability 0, and "
                f"{learner} never raises a probability of 0, however well the action pays; if that is not meant, "
                "mix in a little of the uniform policy (metanash.simplex.alpha_greedy)",
                PureStartWarning,
                stacklevel=above + 2,
            )
            return


def _check_finite(measures: Mapping[str, Floats], times: Sequence[int]) -> None:
    """Raise ArithmeticError unless measures (n, G) are finite; ``times`` are the iterations that they are of."""
    for name, values in measures.items():
        finite = np.isfinite(values)
        if np.count_nonzero(finite) < finite.size:
            first, game = (int(k) for k in np.argwhere(~finite)[0])
            raise ArithmeticError(
                f"{name} of game {game} is {values[first, game]} after {times[first]} iterations; a smaller learning "
                "rate may help"
            )


def learn(
    games: "Game | Sequence[Game] | GameBatch[Any]",
    learner: Learner[State],
    iterations: int,
    *,
    at: Sequence[int] | Integers | None = None,
    initial: Policies | None = None,
    probe: Probe | None = None,
) -> Run[State]:
    """Run a learner and measure its output at checkpoints.

    Parameters
    ----------
    games : game, list of games, or GameBatch
        All learn at once, independently of each other. Of the class that the learner takes: ZeroSumGame (Algorithm 1,
        regret matching), MarkovGame (Algorithm 2) or DiscountedGame (Q-ascent, softmax ascent).
    learner : Learner
    iterations : int
        T.
    at : increasing ints, optional
        Checkpoints, the last of which is T. Default: 60 log-spaced ones.
    initial : tuple of arrays, optional
        Initial policies, axes as the learner wants them. Default: uniform. Algorithms 1 and 2 and softmax policy
        gradient never play what has an initial probability of 0: from pure policies they do not move at all. Projected
        Q-ascent and regret matching do.
    probe : function of learner and state, optional
        What else to measure at the checkpoints: a mapping from names to (G,) arrays.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If an argument is out of range, or the games are no games or of another class than the learner takes.
    ArithmeticError
        If a measure is not finite.

    Warns
    -----
    PureStartWarning
        If an initial policy has a probability of 0 that the learner can never raise.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> game = mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still)  # the first action is for 2/3
    >>> run = learn(game, mn.RegretMatching(), 1000)
    >>> bool(run.ne_gap[0, -1] < 1e-3), run.policy[0].round(2).ravel().tolist()
    (True, [0.67, 0.33])
    """
    batch: GameBatch[Any] = GameBatch.of(games)
    integer("iterations", iterations, 1)
    grid = checkpoints_to(iterations, checkpoints(iterations) if at is None else np.asarray(at))
    state = learner.start(batch, initial)
    if probe is None:
        state, measures = _unobserved(batch, learner, state, grid)
        return Run(checkpoints=grid, measures=measures, state=state, policy=learner.output(state))
    found: dict[str, list[Floats]] = {}
    probes: dict[str, list[Floats]] = {}
    quick: Any = learner
    is_quick = has_quick(learner, "advance_and_watch", "advance", "advance_own", *_MEASURING)
    through = quick.advance_and_watch if is_quick else partial(watched_step_by_step, learner)
    room = _ENTRIES_TOGETHER // batch.reward.size
    for times, pieces in _blocks(batch, grid, room if is_quick and room >= _LEAST_TOGETHER else 1):
        states, block = through(batch, state, pieces)
        for k, (t, state) in enumerate(zip(times, states, strict=True)):
            measured = {name: values[k] for name, values in block.items()}
            _check_finite({name: value[np.newaxis] for name, value in measured.items()}, [t])
            _append(found, measured)
            _append(probes, probe(learner, state))
    return Run(
        checkpoints=grid,
        measures=_by_checkpoint(found),
        state=state,
        policy=learner.output(state),
        probes=_by_checkpoint(probes),
    )


def step_by_step(
    learner: Any, games: GameBatch[Any], state: State, pieces: Sequence[int]
) -> tuple[State, Mapping[str, Floats]]:
    """``advance_and_measure`` of a learner that has the other quick methods, or ``advance_own`` at least.

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = mn.GameBatch.of(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still))
    >>> learner = mn.RegretMatching()
    >>> state, measures = step_by_step(learner, games, learner.start(games), [1, 9])
    >>> state.iteration, measures["ne_gap"].shape
    (10, (2, 1))
    """
    aside, found = [], dict[str, list[Floats]]()
    is_together = has_quick(learner, "measure_together", *_MEASURING)
    for iterations in pieces:
        state = learner.advance_own(games, state, iterations)
        if is_together:
            aside.append(learner.set_aside(state))
        else:
            _append(found, learner.measure(games, state))
    if is_together:
        return state, learner.measure_together(games, aside)
    return state, {name: np.stack(values) for name, values in found.items()}


def watched_step_by_step(
    learner: Any, games: GameBatch[Any], state: State, pieces: Sequence[int]
) -> tuple[list[State], Mapping[str, Floats]]:
    """``advance_and_watch`` by ``advance`` and ``measure``: the states after each piece, and measures, (n, G).

    Examples
    --------
    >>> import metanash as mn
    >>> still = mn.Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> games = mn.GameBatch.of(mn.ZeroSumGame([[[[0.5, 0.0], [0.0, 1.0]]]], still))
    >>> learner = mn.RegretMatching()
    >>> states, measures = watched_step_by_step(learner, games, learner.start(games), [1, 9])
    >>> [state.iteration for state in states], measures["ne_gap"].shape
    ([1, 10], (2, 1))
    """
    states, found = [], dict[str, list[Floats]]()
    for iterations in pieces:
        state = learner.advance(games, state, iterations)
        states.append(state)
        _append(found, learner.measure(games, state))
    return states, {name: np.stack(values) for name, values in found.items()}


def _unobserved(
    batch: GameBatch[Any], learner: Learner[State], state: State, grid: Integers
) -> tuple[State, dict[str, Floats]]:
    """The loop of :func:`learn` where nobody looks at states in between, so that they need not stay as they are."""
    quick: Any = learner
    advance = quick.advance_own if has_quick(learner, "advance_own", "advance") else learner.advance
    is_own = advance != learner.advance
    others = ("advance", "advance_own", "set_aside", "measure_together", *_MEASURING)
    is_whole = has_quick(learner, "advance_and_measure", *others)
    is_quick = is_whole or (is_own and has_quick(learner, "measure_together", *_MEASURING))
    through = quick.advance_and_measure if is_whole else partial(step_by_step, learner)
    room = _ENTRIES_TOGETHER // batch.reward.size
    together = room if is_quick and room >= _LEAST_TOGETHER else 0
    found: dict[str, list[Floats]] = {}
    for times, pieces in _blocks(batch, grid, together):
        block: Mapping[str, Floats]
        if together < 2:
            state = advance(batch, state, pieces[0])
            block = {name: np.asarray(value)[np.newaxis] for name, value in learner.measure(batch, state).items()}
        else:
            state, block = through(batch, state, pieces)
        _check_finite(block, times)
        _append(found, block)
    return state, {name: np.concatenate(blocks).T.copy() for name, blocks in found.items()}


def _blocks(batch: GameBatch[Any], grid: Integers, together: int) -> Iterator[tuple[list[int], list[int]]]:
    """Checkpoints in blocks of at most ``together``, each within an amount of work unless it is one checkpoint.

    With them the iterations before each of them, since the one before it.
    """
    begin = last = 0
    most = _WORK_TOGETHER // max(batch.reward.size, _LEAST_REWARDS)
    block: list[int] = []
    pieces: list[int] = []
    for t in grid.tolist():
        if block and (len(block) >= together or t - begin > most):
            yield block, pieces
            begin, block, pieces = last, [], []
        block.append(t)
        pieces.append(t - last)
        last = t
    if block:
        yield block, pieces


def has_quick(learner: Any, quick: str, *plain: str) -> bool:
    """Whether a learner has a quick method that does as its plain ones: a subclass that redefines these means them.

    Examples
    --------
    >>> import metanash as mn
    >>> class Uniform(mn.RegretMatching):
    ...     def output(self, state):
    ...         return tuple(np.full(part.shape, 1 / part.shape[-1]) for part in state.iterate)
    >>> [has_quick(learner(), "measure_together", "measure", "output") for learner in (mn.RegretMatching, Uniform)]
    [True, False]
    """
    cls: Any = type(learner)
    return _is_before(cls, quick, *plain)


@lru_cache(maxsize=512)
def _is_before(cls: Any, quick: str, *plain: str) -> bool:
    order = cls.__mro__
    first = {
        name: next((k for k, base in enumerate(order) if name in vars(base)), len(order)) for name in (quick, *plain)
    }
    return first[quick] < len(order) and all(first[quick] <= first[name] for name in plain)


def _append(found: dict[str, list[Floats]], values: Mapping[str, Floats]) -> None:
    for name, value in values.items():
        found.setdefault(name, []).append(value)


def _by_checkpoint(found: Mapping[str, Sequence[Floats]]) -> dict[str, Floats]:
    """(G, C) arrays from one (G,) array per checkpoint."""
    return {name: np.stack(values, axis=1) for name, values in found.items()}
