"""The search: random vectors first, then an evolution from the best of them, with restarts.

It is SciPy's differential evolution, or for a claim that says how policies respond that of
:mod:`metanash_replication.falsification.evolution`.

A fifth of the evaluations of each size are random. The rest is shared by the forms and their restarts: restart r of a
form starts from the best of the random vectors whose number is r modulo the number of restarts. Many generations of a
small population find more than few of a large one, so a small budget has fewer restarts. Whatever is evaluated counts
for all forms. What round n does depends on the seed, on its address and on the rounds before only, so a search that is
cut off and resumed ends as if it had not been.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy

from metanash._inner.checks import integer
from metanash.streams import stream
from metanash.typing import Floats
from metanash_replication.falsification.evolution import Respond, evolved, seeds
from metanash_replication.falsification.falsifiable import Emphasis, Falsifiable, Size, ratios

__all__ = ["Pools", "Progress", "Round", "Settings", "Worst", "advance", "alone", "rounds", "simplified", "start"]

Pools = dict[tuple[str, int], tuple[Floats, Floats]]
"""Vectors (m, d) and their ratios (m,) for each form and restart, the largest ratio first."""

_LARGEST = 1e300
"""Stands for an infinite ratio in the optimiser."""
_RANDOM_SHARE = 0.2
_BATCH = 1000
_SMALLEST_POPULATION = 5
"""The fewest that differential evolution takes."""
_EVALUATIONS_PER_MEMBER = 25
_EVALUATIONS_OF_A_RESTART = 6000
_LARGER, _LONGER = 5, 2
"""A population whose policies respond is larger, as plateaus want variety, and lives longer."""
_PLAIN = (0.5, 0.0, 1.0)
"""Coordinates that stand for something plain, what does not matter first: uniform policies, and extremes."""
_NO_LOSS = 1e-9
_GENERATIONS = 20
"""Of a round; the population is evaluated once more at the start of each."""


@dataclass(frozen=True)
class Settings:
    """How a claim is searched.

    Parameters
    ----------
    budget : int
        Evaluations of instances, all sizes and forms together; they may be exceeded by less than a generation.
    seed : int
        Root of the address of all streams.
    restarts : int
        The most restarts of the local search of each form.
    population : int
        The largest population.

    Raises
    ------
    ValueError
        If a number is too small.
    """

    budget: int
    seed: int
    restarts: int = 8
    population: int = 24

    def __post_init__(self) -> None:
        integer("budget", self.budget, 1)
        integer("restarts", self.restarts, 1)
        integer("population", self.population, _SMALLEST_POPULATION)


@dataclass(frozen=True)
class Round:
    """A part of a search that is done at one go.

    Attributes
    ----------
    size : int
        Number of the size among the claim's that are searched.
    evaluations : int
        Planned.
    members : int
        Of the population that the random vectors are for, or that is improved.
    restarts : int
        Of each form.
    form : str, optional
        Whose ratio is improved; none for random vectors.
    restart, number : int
        The restart; number of the round within the restart, or of the batch.
    """

    size: int
    evaluations: int
    members: int
    restarts: int
    form: str | None = None
    restart: int = 0
    number: int = 0


@dataclass(frozen=True, eq=False)
class Worst:
    """The largest ratio of a form at a size so far.

    Attributes
    ----------
    ratio : float
    vector : (d,) array
        In the unit cube.
    iterations : int
        T.
    found_at : int
        Evaluations until then, all forms together.
    """

    ratio: float = 0.0
    vector: Floats = field(default_factory=lambda: np.empty(0))
    iterations: int = 0
    found_at: int = 0


@dataclass(frozen=True, eq=False)
class Progress:
    """A search up to some round.

    Attributes
    ----------
    done : int
        Rounds.
    evaluations : int
    worst : dict from (form, number of the size) to Worst
        Of the sizes that have been begun.
    curve : dict from form to list of (evaluations, ratio)
        Whenever the largest ratio of all sizes grew.
    pools : dict from (form, restart) to two arrays, (m, d) and (m,)
        The best random vectors of the size that is searched, and their ratios.
    population : (m, d) array
        Of the restart that is running.
    """

    done: int
    evaluations: int
    worst: dict[tuple[str, int], Worst]
    curve: dict[str, list[tuple[int, float]]]
    pools: Pools
    population: Floats


def start(forms: Sequence[str]) -> Progress:
    """A search of which nothing is done."""
    return Progress(0, 0, {}, {form: [] for form in forms}, {}, np.empty((0, 0)))


def rounds(
    settings: Settings,
    sizes: Sequence[Size],
    forms: Sequence[str],
    emphasis: Mapping[Size, Emphasis] | None = None,
    responsive: Sequence[str] = (),
) -> Iterator[Round]:
    """All rounds of a search that improves these forms, in order.

    Parameters
    ----------
    emphasis : mapping, optional
        Sizes that are not searched like the others: the budget is shared by weights, 1 for those that it does not name.
    responsive : sequence of str
        Forms whose populations respond, and are larger.
    """
    emphases = [(emphasis or {}).get(size, Emphasis()) for size in sizes]
    until = np.cumsum([0, *(some.weight for some in emphases)]).tolist()
    ends = [settings.budget * part // until[-1] for part in until]
    for number, (some, begin, end) in enumerate(zip(emphases, ends[:-1], ends[1:], strict=True)):
        yield from _rounds_of_size(settings, number, end - begin, some.among(forms), responsive)


def _rounds_of_size(
    settings: Settings, number: int, share: int, forms: Sequence[str], responsive: Sequence[str]
) -> Iterator[Round]:
    form_share = int((1.0 - _RANDOM_SHARE) * share) // len(forms)
    restarts = int(np.clip(form_share // _EVALUATIONS_OF_A_RESTART, 1, settings.restarts))
    local = form_share // restarts
    members = {form: _members(settings, local, form in responsive) for form in forms}
    generations = {form: local // members[form] for form in forms}
    most = max(members.values())
    if share - local * len(forms) * restarts < most * restarts:
        generations = dict.fromkeys(forms, 0)  # too few random vectors to begin from: all are random
    random = share - (local * len(forms) * restarts if min(generations.values()) > 1 else 0)
    for batch, first in enumerate(range(0, random, _BATCH)):
        yield Round(number, min(_BATCH, random - first), most, restarts, number=batch)
    for form, restart in itertools.product(forms, range(restarts)):
        left, place = generations[form], 0
        while left > 1:  # one generation alone would be the population itself
            now = min(left, _GENERATIONS)
            yield Round(number, now * members[form], members[form], restarts, form, restart, place)
            left, place = left - now, place + 1


def _members(settings: Settings, evaluations: int, responds: bool) -> int:
    """Size of a population that has so many evaluations."""
    each, most = _EVALUATIONS_PER_MEMBER, settings.population
    if responds:
        each, most = _LONGER * each, _LARGER * most
    return int(np.clip(evaluations // each, _SMALLEST_POPULATION, most))


class _Recorder:
    """Evaluates vectors and remembers the worst for every form."""

    def __init__(self, claim: Falsifiable, size: Size, number: int, progress: Progress) -> None:
        self._claim, self._size, self._number = claim, size, number
        self.evaluations = progress.evaluations
        self.curve = {form: list(points) for form, points in progress.curve.items()}
        self._forms = claim.forms_at(size, list(self.curve))
        self.worst = dict(progress.worst) | {
            (form, number): progress.worst.get((form, number), Worst()) for form in self._forms
        }

    def __call__(self, units: Floats) -> dict[str, Floats]:
        """Ratios of each form that is looked at at this size, (n,)."""
        found = ratios(self._claim.evaluate(self._claim.instances(units, self._size), self._size))
        before, self.evaluations = self.evaluations, self.evaluations + len(units)
        for form in self._forms:
            points = self.curve[form]
            ratio, iterations = found[form]
            best = int(ratio.argmax())
            value, place = float(ratio[best]), before + best + 1
            if value > self.worst[form, self._number].ratio:
                self.worst[form, self._number] = Worst(value, units[best].copy(), int(iterations[best]), place)
            if value > (points[-1][1] if points else 0.0):
                points.append((place, value))
        return {form: found[form][0] for form in self._forms}


def _kept(pools: Pools, units: Floats, found: dict[str, Floats], turn: Round) -> Pools:
    """Pools with the best of more random vectors, which go to the restarts in turns."""
    owner = (turn.number * _BATCH + np.arange(len(units))) % turn.restarts
    kept = {}
    for form, restart in itertools.product(found, range(turn.restarts)):
        vectors, ratio = pools.get((form, restart), (units[:0], np.empty(0)))
        some = owner == restart
        vectors, ratio = np.concatenate([vectors, units[some]]), np.concatenate([ratio, found[form][some]])
        best = np.argsort(-ratio, kind="stable")[: turn.members]
        kept[form, restart] = vectors[best], ratio[best]
    return kept


def _responding(claim: Falsifiable, size: Size) -> Respond:
    respond = claim.respond
    if respond is None:
        raise ValueError(f"{claim.title} has responsive forms, but no response")
    return lambda units: respond(units, size)


def _improve(
    claim: Falsifiable, size: Size, recorder: _Recorder, form: str, population: Floats, generations: int,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Some generations of either evolution: the population after them. The first one is the population itself."""
    if form in claim.responsive:
        respond = _responding(claim, size)
        return evolved(lambda units: recorder(units)[form], population, generations - 1, rng, respond)

    def objective(columns: Floats) -> Floats:
        return -np.minimum(recorder(np.ascontiguousarray(columns.T))[form], _LARGEST)

    result = scipy.optimize.differential_evolution(
        objective, [(0.0, 1.0)] * population.shape[1], init=population, maxiter=generations - 1, rng=rng, tol=0.0,
        vectorized=True, updating="deferred", polish=False, recombination=0.8,
    )  # fmt: skip
    return np.asarray(result.population)


def advance(
    claim: Falsifiable, name: str, sizes: Sequence[Size], settings: Settings, progress: Progress, turn: Round
) -> Progress:
    """Progress after one more round.

    Parameters
    ----------
    name : str
        Of the claim, for the address of its streams.
    sizes : sequence of Size
        Those that are searched.
    turn : Round
        Number ``progress.done`` of :func:`rounds`.
    """
    size = sizes[turn.size]
    recorder = _Recorder(claim, size, turn.size, progress)
    address: tuple[int | str, ...] = (settings.seed, "falsify", name, size.name)
    population, pools = progress.population, progress.pools
    if turn.form is None:
        units = stream(*address, "random", turn.number).random((turn.evaluations, claim.dimension(size)))
        if claim.responsive:
            units = seeds(units, _responding(claim, size))
        old = pools if turn.number else {}  # those of another size are of no use
        pools = _kept(old, units, recorder(units), turn)
    else:
        if turn.number == 0:
            population = pools[turn.form, turn.restart][0][: turn.members]
        rng = stream(*address, turn.form, turn.restart, turn.number)
        population = _improve(claim, size, recorder, turn.form, population, turn.evaluations // turn.members, rng)
    return Progress(progress.done + 1, recorder.evaluations, recorder.worst, recorder.curve, pools, population)


def simplified(claim: Falsifiable, size: Size, form: str, worst: Worst) -> Worst:
    """The worst instance with every coordinate made plain that can be without loss, one after another.

    What does not matter for the ratio then shows. These evaluations are not counted.
    """
    vector, ratio = worst.vector.copy(), worst.ratio
    for place in range(len(vector)):
        tried = np.tile(vector, (len(_PLAIN), 1))
        tried[:, place] = _PLAIN
        found, _ = ratios(claim.evaluate(claim.instances(tried, size), size))[form]
        good = np.flatnonzero(found >= ratio * (1.0 - _NO_LOSS))
        if good.size:
            vector, ratio = tried[good[0]], max(ratio, float(found[good[0]]))
    return alone(claim, size, form, replace(worst, vector=vector))


def alone(claim: Falsifiable, size: Size, form: str, worst: Worst) -> Worst:
    """The worst instance evaluated by itself: some kernels round otherwise in a batch."""
    (ratio,), (iterations,) = ratios(claim.evaluate(claim.instances(worst.vector[np.newaxis], size), size))[form]
    return replace(worst, ratio=float(ratio), iterations=int(iterations))
