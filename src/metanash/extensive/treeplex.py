r"""The decisions of one player with perfect recall: a treeplex, and the strategies on it.

A *sequence* is the list of a player's own moves on a path of the tree: the empty one, number 0, or an information set
reached by a sequence and one of its actions. With perfect recall each information set is reached by one sequence of its
player, its parent. The sequences of information set j are contiguous: first_j, first_j + 1, ...

Strategies are flat arrays over sequences, (..., S), so that leading axes are a batch:

- a *behaviour strategy* b has at each sequence the probability of its action, and 1 at the empty one;
- a *realisation plan* r has at each sequence the probability that its player plays all its moves,

.. math:: r_0 = 1, \qquad r_{(j, a)} = r_{\text{parent}(j)} \, b_{(j, a)}

(von Stengel 1996, "Efficient computation of behavior strategies", section 3). Plans are what payoffs are linear in.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from metanash import kernels
from metanash._inner.checks import ROUNDING, SUM_TOLERANCE, name_entry, policy_array
from metanash._inner.frozen import Frozen, sealed
from metanash.kernels.tree_steps import Level, levels_of
from metanash.typing import Booleans, Floats, Integers

__all__ = ["Treeplex", "integers"]


def integers(name: str, value: npt.ArrayLike, ndim: int) -> Integers:
    """A sealed int64 copy. Raises ValueError unless it is an array of integers with so many axes.

    Examples
    --------
    >>> integers("places", [1, 2], 1).tolist()
    [1, 2]
    >>> integers("places", [0.5], 1)
    Traceback (most recent call last):
    ValueError: places must be an array of integers with 1 axes, got float64 of shape (1,)
    """
    try:
        raw = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array: {error}") from error
    if raw.ndim != ndim or (raw.size and raw.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be an array of integers with {ndim} axes, got {raw.dtype} of shape {raw.shape}")
    return sealed(np.ascontiguousarray(raw, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Treeplex(Frozen):
    """Information sets of one player, in an order in which each comes after the set of its parent sequence.

    Parameters
    ----------
    parent : (I,) array of int
        Sequence that leads to each information set; 0 is the empty one.
    n_actions : (I,) array of int
        Numbers of actions, at least 1.
    name : str
        Of the player.
    labels : sequence of str, optional
        Of the information sets. Default: their numbers, from 1.
    actions : sequence of sequences of str, optional
        Of the actions of each information set. Default: their numbers, from 1.

    Raises
    ------
    ValueError
        If an information set comes before the set that leads to it, lacks an action, or names are too many or too few.

    Examples
    --------
    Two information sets, the second reached by the first action of the first:

    >>> plex = Treeplex(parent=[0, 1], n_actions=[2, 3])
    >>> plex.first.tolist(), plex.n_sequences
    ([1, 3], 6)
    >>> plex.plan(plex.uniform()).round(3).tolist()
    [1.0, 0.5, 0.5, 0.167, 0.167, 0.167]
    """

    parent: Integers
    n_actions: Integers
    name: str = ""
    labels: tuple[str, ...] = ()
    actions: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        parent, sizes = integers("parent", self.parent, 1), integers("n_actions", self.n_actions, 1)
        if parent.shape != sizes.shape:
            raise ValueError(
                f"an information set has a parent and a number of actions; got {len(parent)} parents, "
                f"{len(sizes)} numbers of actions"
            )
        if (sizes < 1).any():
            raise ValueError(
                f"n_actions must be at least 1; that of information set {int((sizes < 1).argmax())} is not"
            )
        first = np.cumsum([1, *sizes[:-1]]) if len(sizes) else sizes
        bad = (parent < 0) | (parent >= first)
        if bad.any():
            j = int(bad.argmax())
            raise ValueError(
                f"the parent of information set {j} must be a sequence of a set before it, 0 to {first[j] - 1}; "
                f"it is {parent[j]}"
            )
        labels = tuple(self.labels) or tuple(str(j + 1) for j in range(len(sizes)))
        actions = tuple(map(tuple, self.actions)) or tuple(tuple(str(a + 1) for a in range(n)) for n in sizes)
        if len(labels) != len(sizes) or [*map(len, actions)] != sizes.tolist():
            raise ValueError(
                "labels must name each information set, and actions each action of it; "
                f"got {len(labels)} labels for {len(sizes)} sets, and actions {[*map(len, actions)]} for "
                f"{sizes.tolist()}"
            )
        for name, value in {"parent": parent, "n_actions": sizes, "labels": labels, "actions": actions}.items():
            object.__setattr__(self, name, value)

    # Sizes and order ------------------------------------------------------------------------------------

    @property
    def n_sets(self) -> int:
        """I, the number of information sets."""
        return len(self.parent)

    @cached_property
    def n_sequences(self) -> int:
        """S, the number of sequences, the empty one among them."""
        return 1 + int(self.n_actions.sum())

    @cached_property
    def first(self) -> Integers:
        """(I,) the first sequence of each information set."""
        return sealed(np.cumsum(np.append(1, self.n_actions)).astype(np.int64)[:-1])

    @cached_property
    def owner(self) -> Integers:
        """(S,) the information set of each sequence; -1 for the empty one."""
        return sealed(np.append(-1, np.repeat(np.arange(self.n_sets), self.n_actions)).astype(np.int64))

    @cached_property
    def above(self) -> Integers:
        """(S,) the sequence before the last move of each sequence; -1 for the empty one."""
        return sealed(np.append(-1, np.repeat(self.parent, self.n_actions)).astype(np.int64))

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Information sets by depth, those that are reached first at first."""
        return levels_of(self.parent, self.n_actions)

    # Strategies -----------------------------------------------------------------------------------------

    def uniform(self) -> Floats:
        """Behaviour strategy (S,) that plays all actions of a set alike."""
        return self._uniform.copy()

    @cached_property
    def _uniform(self) -> Floats:
        return np.append(1.0, np.repeat(1.0 / self.n_actions, self.n_actions))

    def plan(self, behaviour: Floats) -> Floats:
        """Realisation plan (..., S) of a behaviour strategy (..., S), unchecked."""
        plan = np.ones(behaviour.shape)
        for level in self.levels:
            plan[..., level.sequences] = behaviour[..., level.sequences] * plan[..., level.above]
        return plan

    def behaviour(self, plan: Floats) -> Floats:
        """Behaviour strategy (..., S) of a realisation plan (..., S), unchecked; uniform at sets that it never reaches.

        Rows are divided by their own sum, so that they are distributions whatever the plan lost by rounding.
        """
        plans = np.ascontiguousarray(plan, dtype=np.float64)
        behaviour, rows = np.empty(plans.shape), math.prod(plans.shape[:-1])
        kernels.behaviours(
            plans, self.first, self.first + self.n_actions, behaviour, rows, self.n_sequences, self.n_sets
        )
        return behaviour

    def checked_behaviour(self, value: npt.ArrayLike) -> Floats:
        """A behaviour strategy (..., S) as floats.

        Raises
        ------
        ValueError
            If its last axis is not that of the sequences, the empty sequence has another probability than 1, or an
            information set no distribution (up to 1e-9 of its sum, and entries down to -1e-12, which count as 0).
        """
        array = self._checked_shape("behaviour strategy", value)
        self._check_sums(f"behaviour strategy of {self._named()}", array, np.ones(array.shape[:-1])[..., np.newaxis])
        return np.maximum(array, 0.0)

    def checked_plan(self, value: npt.ArrayLike) -> Floats:
        """A realisation plan (..., S) as floats. Raises ValueError as :meth:`checked_behaviour`, by sums of plans."""
        array = self._checked_shape("realisation plan", value)
        self._check_sums(f"realisation plan of {self._named()}", array, array[..., self.parent])
        return np.maximum(array, 0.0)

    def _named(self) -> str:
        return f"player {self.name!r}" if self.name else "a player"

    def _checked_shape(self, kind: str, value: npt.ArrayLike) -> Floats:
        array = policy_array(f"{kind} of {self._named()}", value)
        if array.shape[-1:] != (self.n_sequences,):
            raise ValueError(
                f"{kind} of {self._named()} must have a last axis of {self.n_sequences} sequences, got {array.shape}"
            )
        if not (np.abs(array[..., 0] - 1.0) <= SUM_TOLERANCE).all():
            raise ValueError(f"{kind} of {self._named()} must have a 1 at the empty sequence, number 0")
        return array

    def _check_sums(self, name: str, array: Floats, wanted: Floats) -> None:
        """Raise ValueError unless sequences of each set are at least 0 and sum to what is wanted (..., I or 1)."""
        bad: Booleans = ~(array >= -ROUNDING)
        if bad.any():
            *lead, s = (int(i) for i in np.argwhere(bad)[0])
            raise ValueError(f"{name} must be at least 0; {self._place(lead, s)} it is {array[(*lead, s)]:.6g}")
        if self.n_sets:
            total = np.add.reduceat(array, self.first, axis=-1)
            off = ~(np.abs(total - wanted) <= SUM_TOLERANCE)
            if off.any():
                *lead, j = (int(i) for i in np.argwhere(off)[0])
                here = np.broadcast_to(wanted, total.shape)[(*lead, j)]
                raise ValueError(
                    f"{name} must sum to {here:.6g} {self._place(lead, int(self.first[j]), action=False)}; "
                    f"the sum is {total[(*lead, j)]:.10g}"
                )

    def _place(self, lead: Sequence[int], sequence: int, action: bool = True) -> str:
        j = int(self.owner[sequence])
        where = f"at information set {j} {self.labels[j]!r}" if j >= 0 else "at the empty sequence"
        what = f", action {self.actions[j][sequence - int(self.first[j])]!r}" if action and j >= 0 else ""
        return where + what + (f", {name_entry('(game)', lead)}," if lead else "")
