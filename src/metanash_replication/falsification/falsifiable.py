"""What can be searched for counterexamples: a claim, its forms, the sizes of its instances, how both sides are found.

An *instance* is a mapping from names to arrays whose first axis is the instance. Every claim has ``reward``,
``transition`` and ``start``, those of the games of a sequence side by side (second axis, absent from ``start``), which
are saved as games; the rest (initial policies, step sizes) is the claim's own.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from metanash.games import Game
from metanash.learners import checkpoints
from metanash.typing import Floats, Integers
from metanash_replication.falsification.cube import Cube, dimension

__all__ = ["Emphasis", "Falsifiable", "Instances", "PreciseSides", "Sides", "Size", "as_claimed_but", "ratios"]

Instances = Mapping[str, Floats]

_ZERO = 1e-12
"""A left side of at most this is rounding and exceeds no bound."""


@dataclass(frozen=True)
class Size:
    """Size of an instance: what all instances that are searched together share.

    Attributes
    ----------
    n_actions : tuple of int
        A_1, ..., A_N.
    n_states, horizon, games : int
        S, H (finite horizon) and K.
    iterations : int
        The largest T that is looked at.
    discount : float
        gamma.
    inner_steps : int
        Inner steps of MAML.
    first : int
        The smallest T that is looked at. An instance that is bad at a late T has worse neighbours at an early one, and
        a search that may look at both stays there.
    """

    n_actions: tuple[int, ...]
    n_states: int = 1
    horizon: int = 1
    games: int = 1
    iterations: int = 1
    discount: float = 0.0
    inner_steps: int = 0
    first: int = 1

    @property
    def name(self) -> str:
        """What differs from the defaults, such as ``2x2-S2-H2-T512``."""
        parts = ["x".join(map(str, self.n_actions))]
        for letter, value, default in (
            ("S", self.n_states, 1),
            ("H", self.horizon, 1),
            ("K", self.games, 1),
            ("T", self.iterations, 1),
            ("g", self.discount, 0.0),
            ("inner", self.inner_steps, 0),
        ):
            if letter == "T" and self.first > 1:
                parts.append(f"T{self.first}to{value}")
            elif value != default:
                parts.append(f"{letter}{value:g}" if isinstance(value, float) else f"{letter}{value}")
        return "-".join(parts)

    @classmethod
    def parse(cls, name: str) -> "Size":
        """The size of a name. Raises ValueError if it is none."""
        match = re.fullmatch(
            r"(?P<n_actions>\d+(?:x\d+)*)(?:-S(?P<n_states>\d+))?(?:-H(?P<horizon>\d+))?(?:-K(?P<games>\d+))?"
            r"(?:-T(?:(?P<first>\d+)to)?(?P<iterations>\d+))?(?:-g(?P<discount>0\.\d+))?(?:-inner(?P<inner_steps>\d+))?",
            name,
        )
        if not match:
            raise ValueError(
                f"a size is written like 2x2-S2-H2-K5-T512-g0.5-inner1, all but the numbers of actions optional, and T "
                f"from 32 on like T32to512; got {name!r}"
            )
        given = {key: value for key, value in match.groupdict().items() if value is not None}
        actions = tuple(map(int, given.pop("n_actions").split("x")))
        discount = float(given.pop("discount", "0"))
        size = cls(actions, discount=discount, **{key: int(value) for key, value in given.items()})
        if min(*actions, size.n_states, size.horizon, size.games, size.iterations) < 1:
            raise ValueError(f"numbers of actions, S, H, K and T must be at least 1; got {name!r}")
        if not 1 <= size.first <= size.iterations:
            raise ValueError(f"the first T must be from 1 to the last; got {name!r}")
        return size

    def checkpoints(self, number: int, least: int = 1) -> Integers:
        """T from :attr:`first` on, about ``number`` log-spaced ones from 1 to the last; none below ``least``."""
        grid = checkpoints(self.iterations, number)
        return np.unique(np.maximum(grid[grid >= self.first], least))


@dataclass(frozen=True)
class Emphasis:
    """How a size is searched beside the others.

    Attributes
    ----------
    forms : tuple of str
        Those that are looked at there. None: all of them.
    weight : int
        Its share of the budget, over the sum of all weights.
    second_look : float
        Ratios from which on an instance is evaluated again with 50 digits. Above 0 where that takes many seconds.
    """

    forms: tuple[str, ...] = ()
    weight: int = 1
    second_look: float = 0.0

    def among(self, forms: Sequence[str]) -> list[str]:
        """Those of some forms that are looked at; all of them if none is."""
        return [form for form in forms if form in self.forms] or list(forms)


@dataclass(frozen=True)
class Sides:
    """Both sides of a claim for n instances at C iterations.

    Attributes
    ----------
    iterations : (C,) array of int
    left : (n, C) array
        0 where there is nothing to compare: outside the range of the claim, or rounding too large to tell.
    right : dict from form to (n, C) array
    """

    iterations: Integers
    left: Floats
    right: Mapping[str, Floats]


PreciseSides = tuple[Decimal, Mapping[str, Decimal]]
"""Left side and right side of each form as decimal numbers of 50 digits."""
Verify = Callable[[Instances, Size, int], PreciseSides]


@dataclass(frozen=True)
class Falsifiable:
    """A claim "left side <= right side" and the space of its instances, in which a search looks for a violation.

    The verdict on measurements is another thing: :class:`metanash_replication.ledger.claim.Claim`.

    Attributes
    ----------
    title : str
        For people, such as ``Theorem 1``.
    forms : tuple of str
        Names of the right sides; those of the paper begin with ``printed``, those with a repair with ``repaired``.
    sizes : tuple of Size
        All are searched.
    game : class
        Of the games that a worst instance is saved as.
    decode : function of Cube and Size
        Instances from vectors in the unit cube.
    evaluate : function of Instances and Size
        :class:`Sides`, in double precision, by the kernels.
    verify : function of one instance (arrays without the first axis), Size and T, optional
        :data:`PreciseSides`, by code that shares nothing with ``evaluate``. Without it nothing is called a violation.
    proportional : bool
        Whether the right sides differ by constant factors only, so that one search serves all forms.
    emphasis : mapping from Size to Emphasis
        Of the sizes that are not searched like the others.
    respond : function of vectors (n, d) and Size, optional
        The vectors with initial policies at the best responses that are measured on them.
    responsive : tuple of str
        Forms that are small where initial policies are best responses: they are searched by an evolution whose children
        respond (:mod:`metanash_replication.falsification.evolution`), the others by differential evolution.
    ceiling : function of Size, optional
        For each form a ratio that no instance exceeds, from the largest left and the least right side there can be. A
        size at which none is above 1 is refused: a search there could find nothing.
    """

    title: str
    forms: tuple[str, ...]
    sizes: tuple[Size, ...]
    game: type[Game]
    decode: Callable[[Cube, Size], Instances]
    evaluate: Callable[[Instances, Size], Sides]
    verify: Verify | None = None
    proportional: bool = False
    emphasis: Mapping[Size, Emphasis] = field(default_factory=dict)
    respond: Callable[[Floats, Size], Floats] | None = None
    responsive: tuple[str, ...] = ()
    ceiling: Callable[[Size], Mapping[str, float]] | None = None

    def dimension(self, size: Size) -> int:
        """Length of the vectors that :meth:`instances` takes."""
        return dimension(lambda cube: self.decode(cube, size))

    def forms_at(self, size: Size, forms: Sequence[str]) -> list[str]:
        """Those of the forms that are looked at there; all if none is."""
        return self.emphasis.get(size, Emphasis()).among(forms)

    def instances(self, units: Floats, size: Size) -> Instances:
        """Instances of vectors (n, d) in the unit cube."""
        return self.decode(Cube(units), size)

    def ceilings(self, size: Size) -> Mapping[str, float]:
        """The largest ratio of each form that there can be at a size; infinite where nothing is known."""
        known = self.ceiling(size) if self.ceiling else {}
        return {form: known.get(form, float("inf")) for form in self.forms}


def ratios(sides: Sides) -> dict[str, tuple[Floats, Integers]]:
    """Left over right of each form: the largest over the iterations, (n,), and the T at which it is.

    0 where the left side is 0 up to rounding; infinite where only the right one is.
    """
    found = {}
    for form, right in sides.right.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(sides.left > _ZERO, sides.left / right, 0.0)
        worst = ratio.argmax(axis=1)
        found[form] = np.take_along_axis(ratio, worst[:, np.newaxis], axis=1)[:, 0], sides.iterations[worst]
    return found


def as_claimed_but(claim: Falsifiable, factor: float) -> Falsifiable:
    """The claim with every right side multiplied by ``factor``: what it would be with another constant."""

    def evaluate(instances: Instances, size: Size) -> Sides:
        sides = claim.evaluate(instances, size)
        return replace(sides, right={form: factor * right for form, right in sides.right.items()})

    def scaled(verify: Verify) -> Verify:
        def verified(instance: Instances, size: Size, iterations: int) -> PreciseSides:
            left, right = verify(instance, size, iterations)
            return left, {form: Decimal(factor) * value for form, value in right.items()}

        return verified

    def ceiling(size: Size) -> dict[str, float]:
        return {form: ratio / factor for form, ratio in claim.ceilings(size).items()}

    return replace(claim, evaluate=evaluate, ceiling=ceiling, verify=scaled(claim.verify) if claim.verify else None)
