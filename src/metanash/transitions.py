"""Transition kernels P_h(s' | s, a): one per step, one shared by all steps, or sparse.

Index order everywhere: step h, state s, actions in player order, next state s'. All indices from 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from metanash import kernels
from metanash._inner.checks import distributions, float_array, integer
from metanash._inner.compressed import Rows, kernel_rows, matrix_of, matrix_of_parts
from metanash._inner.frozen import Frozen, sealed, sealed_again, sealed_stack
from metanash._inner.late import scipy
from metanash.typing import Floats, Integers

__all__ = ["MOST_PLAYERS", "Transition", "TransitionBatch", "enough_axes"]


MOST_PLAYERS = 60
"""NumPy's arrays have at most 64 axes: one for each player's actions, and four more in a batch of games."""


def enough_axes(players: int) -> None:
    """Raise ValueError if there are more players than arrays have axes for.

    Examples
    --------
    >>> enough_axes(60)
    """
    if players > MOST_PLAYERS:
        raise ValueError(
            f"games have at most {MOST_PLAYERS} players, since arrays have at most 64 axes and batches of games need "
            f"four beside the players' actions; got {players} players"
        )


@dataclass(frozen=True, eq=False)
class Transition(Frozen):
    """A validated transition kernel: :meth:`per_step`, :meth:`shared` or :meth:`sparse`.

    Frozen like a game (:mod:`metanash.games`), with one exception: arrays that :meth:`sparse` takes over without a copy
    are read-only, but remain those of whoever made them.

    Attributes
    ----------
    parts : (steps, S, A_1, ..., A_N, S) array, or tuple of ``steps`` :class:`Rows`
        ``steps`` is H, or 1 for a kernel shared by all steps; :attr:`kernel` has sparse ones as matrices.
    n_states : int
        S.
    n_actions : tuple of int
        A_1, ..., A_N.

    Examples
    --------
    >>> shared = Transition.shared([[[[0.5, 0.5]]], [[[0.0, 1.0]]]])  # two states, one joint action
    >>> shared.steps, shared.n_states, shared.n_actions, shared.is_sparse
    (1, 2, (1, 1), False)
    >>> Transition.shared([[[[0.5, 0.4]]], [[[0.0, 1.0]]]])
    Traceback (most recent call last):
    ValueError: transition rows must be distributions; at (h, s, a) = (0, 0, 0, 0) the mass is 0.9
    """

    parts: "Floats | tuple[Rows, ...]"
    n_states: int
    n_actions: tuple[int, ...]

    def __post_init__(self) -> None:
        if isinstance(self.parts, tuple):
            shape = (self.n_states * math.prod(self.n_actions), self.n_states)
            listed = [matrix_of_parts(f"step {h}", Rows(*rows), shape) for h, rows in enumerate(self.parts)]
            checked = Transition.sparse(listed, self.n_actions)
        else:
            checked = Transition.per_step(self.parts)
        if (checked.n_states, *checked.n_actions) != (self.n_states, *self.n_actions):
            raise ValueError(
                f"transition of {self.n_states} states and {tuple(self.n_actions)} actions has a kernel for "
                f"{checked.n_states} and {checked.n_actions}"
            )
        self.__dict__.update(vars(checked))

    @classmethod
    def trusted(cls, parts: "Floats | tuple[Rows, ...]", n_states: int, n_actions: tuple[int, ...]) -> "Transition":
        """A kernel of parts that were checked, and sealed, elsewhere."""
        made = object.__new__(cls)
        made.__dict__.update(parts=parts, n_states=n_states, n_actions=n_actions)
        return made

    @classmethod
    def per_step(cls, probabilities: npt.ArrayLike) -> "Transition":
        """One kernel per step: (H, S, A_1, ..., A_N, S).

        Raises
        ------
        ValueError
            If the shape is wrong, an entry is not finite or below 0 by more than rounding
            (:func:`metanash._inner.checks.distributions`), a row's mass is not one, or there are more than 60 players.
        """
        kernel = float_array("transition", probabilities)
        if kernel.ndim < 4 or kernel.shape[1] != kernel.shape[-1]:
            raise ValueError(
                "transition must have axes (step, state, action of each player, next state), "
                f"as many next states as states; got {kernel.shape}"
            )
        enough_axes(kernel.ndim - 3)
        kernel = sealed(distributions("transition", kernel, "(h, s, a)"))
        return cls.trusted(kernel, kernel.shape[1], kernel.shape[2:-1])

    @classmethod
    def shared(cls, probabilities: npt.ArrayLike) -> "Transition":
        """One kernel for all steps: (S, A_1, ..., A_N, S). Errors as in :meth:`per_step`."""
        kernel = float_array("transition", probabilities)
        enough_axes(kernel.ndim - 2)
        return cls.per_step(kernel[np.newaxis])

    @classmethod
    def sparse(cls, matrices: Sequence[Any], n_actions: Sequence[int], *, copy: bool = True) -> "Transition":
        """Sparse kernels, one per step or a single one for all.

        Parameters
        ----------
        matrices : sequence of (S A_1 ... A_N, S) sparse arrays
            Rows are (state, joint action) in C order.
        n_actions : sequence of int
            A_1, ..., A_N.
        copy : bool
            Without a copy, CSR arrays of float64 are taken over: duplicates in them are summed in place, and nobody
            may write to them any more.

        Raises
        ------
        ValueError
            As in :meth:`per_step`; or if the parts of a matrix do not fit together: SciPy believes column numbers and
            row pointers, and reads memory of others where they are wrong.
        """
        listed = () if scipy.sparse.issparse(matrices) else tuple(matrices)
        if not listed:
            raise ValueError("a sparse transition needs a sequence of at least one matrix")
        actions = tuple(integer("n_actions", n, 1) for n in n_actions)
        if not actions:
            raise ValueError("a sparse transition needs the actions of at least one player")
        enough_axes(len(actions))
        states = int(listed[0].shape[-1])
        steps = [kernel_rows(h, matrix, states, actions, copy=copy) for h, matrix in enumerate(listed)]
        return cls.trusted(tuple(steps), states, actions)

    @property
    def kernel(self) -> "Floats | tuple[Any, ...]":
        """The dense array, or sparse (S A_1 ... A_N, S) matrices: one per step, built anew around the frozen parts."""
        return self._matrices() if isinstance(self.parts, tuple) else self.parts

    @property
    def steps(self) -> int:
        """Number of distinct kernels: H, or 1 if shared."""
        return len(self.parts)

    @property
    def is_sparse(self) -> bool:
        """Whether the kernels are sparse matrices."""
        return isinstance(self.parts, tuple)

    def _matrices(self) -> tuple[Any, ...]:
        shape = (self.n_states * math.prod(self.n_actions), self.n_states)
        return tuple(matrix_of(rows, shape) for rows in self.parts if isinstance(rows, Rows))

    @cached_property
    def _own_matrices(self) -> tuple[Any, ...]:
        return self._matrices()

    def rows(self, step: int) -> Rows | None:
        """Parts of a sparse kernel as kernels in C read them; None of a dense one, and as of 2^31 entries."""
        parts = self.parts[step if self.steps > 1 else 0]
        return parts if isinstance(parts, Rows) and parts.indices.dtype == parts.indptr.dtype == np.int32 else None

    def times(self, step: int, values: Floats, out: Floats) -> None:
        """Put expected next values P_h V, (n, S A_1 ... A_N), of values (n, S) under a sparse kernel into ``out``."""
        found, (count, states) = self.rows(step), values.shape
        if found is None:  # places of 64 bits are read by SciPy alone
            for value, target in zip(values, out, strict=True):
                target[...] = self._own_matrices[step] @ value
            return
        kernels.sparse_expect(
            data=found.data,
            places=found.indices,
            starts=found.indptr,
            values=values,
            out=out,
            rows=len(found.indptr) - 1,
            states=states,
            vectors=count,
            entries=len(found.data),
        )

    def at(self, step: int) -> Floats:
        """Dense kernel of a step, (S, A_1, ..., A_N, S); built anew if sparse."""
        number = step if self.steps > 1 else 0
        rows = self.parts[number] if not self.is_sparse else self._own_matrices[number].toarray()
        return np.asarray(rows).reshape(self.n_states, *self.n_actions, self.n_states)

    def _reached(self, step: int, states: Integers) -> Integers:
        """Next states that some action leads to from some of these, under a sparse kernel. Repeats are possible."""
        matrix, joint = self._own_matrices[step], math.prod(self.n_actions)
        parts = [slice(matrix.indptr[s * joint], matrix.indptr[(s + 1) * joint]) for s in states]  # copies no matrix
        return np.concatenate([matrix.indices[part][matrix.data[part] > 0.0] for part in parts])

    def _between(self, step: int, states: Integers, onto: Integers) -> Floats:
        """Dense part of a sparse kernel, (s, A_1, ..., A_N, s')."""
        joint = math.prod(self.n_actions)
        rows = (states[:, np.newaxis] * joint + np.arange(joint)).ravel()
        part = self._own_matrices[step][rows][:, onto].toarray()
        return np.asarray(part).reshape(len(states), *self.n_actions, len(onto))


@dataclass(frozen=True, eq=False)
class TransitionBatch(Frozen):
    """The kernels of a batch of games; games that share a :class:`Transition` share its memory.

    Attributes
    ----------
    transitions : tuple of Transition
        That of each game.
    kinds : tuple of Transition
        The distinct kernels.
    index : (G,) array of int64
        Number of the kernel of each game.
    stacked : (steps, kinds, S, A_1, ..., A_N, S) array or None
        The distinct kernels of all steps; None if they are sparse.

    Examples
    --------
    >>> one, other = Transition.shared([[[[1.0]]]]), Transition.shared([[[[1.0]]]])
    >>> batch = TransitionBatch((one, other, one))
    >>> len(batch.kinds), batch.index.tolist()
    (2, [0, 1, 0])
    """

    transitions: tuple[Transition, ...]
    kinds: tuple[Transition, ...] = field(init=False, repr=False)
    index: Integers = field(init=False, repr=False)
    stacked: Floats | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kinds = list({id(t): t for t in self.transitions}.values())
        number = {id(t): k for k, t in enumerate(kinds)}
        first = kinds[0]
        if any((t.steps, t.is_sparse) != (first.steps, first.is_sparse) for t in kinds):
            raise ValueError(
                "the games of a batch must hold their transitions the same way: all one per step, all shared, "
                "or all sparse"
            )
        parts = [kind.parts for kind in kinds if isinstance(kind.parts, np.ndarray)]
        stacked = parts[0][:, np.newaxis] if len(parts) == 1 else None
        if len(parts) > 1:
            stacked = sealed_stack([part[h] for h in range(first.steps) for part in parts], first.steps, len(parts))
        self.__dict__.update(
            transitions=tuple(self.transitions),
            kinds=tuple(kinds),
            index=sealed(np.array([number[id(t)] for t in self.transitions], dtype=np.int64)),
            stacked=stacked,
        )

    @classmethod
    def trusted(cls, transitions: tuple[Transition, ...], rows: Floats) -> "TransitionBatch":
        """Distinct kernels, parts of one sealed array (G, steps, S, A_1, ..., A_N, S) that were checked elsewhere."""
        made = cls.__new__(cls)
        made.__dict__.update(
            transitions=transitions,
            kinds=transitions,
            index=sealed(np.arange(len(rows), dtype=np.int64)),
            stacked=sealed(np.moveaxis(rows, 0, 1)),
        )
        return made

    def repeated(self, count: int) -> "TransitionBatch":
        """The kernels of these games so many times, one round after the other."""
        again = TransitionBatch.__new__(TransitionBatch)
        again.__dict__.update(
            transitions=self.transitions * count,
            kinds=self.kinds,
            index=sealed_again(self.index, count),
            stacked=self.stacked,
        )
        return again

    @property
    def steps(self) -> int:
        """Number of distinct kernels of each game: H, or 1 if shared."""
        return self.kinds[0].steps

    @property
    def n_states(self) -> int:
        """S."""
        return self.kinds[0].n_states

    @property
    def n_actions(self) -> tuple[int, ...]:
        """A_1, ..., A_N."""
        return self.kinds[0].n_actions

    @property
    def rows(self) -> int:
        """Number of states and joint actions, S A_1 ... A_N."""
        return self.n_states * math.prod(self.n_actions)

    def dense(self, step: int) -> Floats:
        """Distinct kernels of a step, (kinds, S, A_1, ..., A_N, S); game g has number ``index[g]``."""
        if self.stacked is not None:
            return np.asarray(self.stacked[step if self.steps > 1 else 0])
        return np.stack([kind.at(step) for kind in self.kinds])

    def reached(self, step: int, states: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Which states some actions at a step lead to from some of the states (G, S) of each game, (G, S)."""
        if self.stacked is not None:
            leads = np.asarray((self.dense(step) > 0.0).any(axis=tuple(range(2, 2 + len(self.n_actions)))))
            return np.asarray((leads[self.index] & states[:, :, np.newaxis]).any(axis=1))
        met = np.zeros_like(states)
        for row, onward, kind in zip(states, met, self.transitions, strict=True):
            onward[kind._reached(step if self.steps > 1 else 0, np.flatnonzero(row))] = True
        return met

    def between(self, step: int, games: Integers, states: Integers, onto: Integers) -> Floats:
        """Dense parts of the kernels of a step: of some games, from some states to some states.

        Returns
        -------
        (g, s, A_1, ..., A_N, s') array
        """
        kinds = self.index[games]
        if self.stacked is not None:
            return np.asarray(self.dense(step)[kinds[:, np.newaxis], states][..., onto])
        own = {k: self.kinds[k]._between(step if self.steps > 1 else 0, states, onto) for k in set(kinds.tolist())}
        return np.stack([own[k] for k in kinds.tolist()])

    def expect(self, values: Floats, step: int) -> Floats:
        """P_h V for several vectors at one step of every game.

        Parameters
        ----------
        values : (G, n, S)
        step : int
            h, from 0.

        Returns
        -------
        (G, n, S, A_1, ..., A_N) array
            The bits of a game do not depend on the rest of the batch.
        """
        games, count, states = values.shape
        step = step if self.steps > 1 else 0
        shape = (games, count, self.n_states, *self.n_actions)
        values = np.ascontiguousarray(values)
        out = np.empty((games, count, self.rows))
        if self.stacked is not None:
            stacked = self.stacked[step]
            kernels.expect(
                transition=stacked,
                index=self.index,
                values=values,
                out=out,
                games=games,
                rows=self.rows,
                states=states,
                vectors=count,
                kinds=len(stacked),
            )
            return out.reshape(shape)
        for kind, value, target in zip(self.transitions, values, out, strict=True):
            kind.times(step, value, target)
        return out.reshape(shape)

    def backup(self, reward: Floats, values: Floats, out: Floats | None = None) -> Floats:
        """r_h + P_h V_{h+1} at every step of every game; nothing comes after the last.

        Parameters
        ----------
        reward : (G, H, S, A_1, ..., A_N)
        values : (G, H, S)
            ``values[:, 0]`` is not read.
        out : (G, H, S, A_1, ..., A_N), optional
            Where to put it. Default: a new array.

        Returns
        -------
        (G, H, S, A_1, ..., A_N) array
            The bits of a game do not depend on the rest of the batch.
        """
        games, horizon, states = values.shape
        reward, values = np.ascontiguousarray(reward), np.ascontiguousarray(values)
        q = np.empty_like(reward) if out is None else out
        if self.stacked is None:
            for parts in zip(self.transitions, reward, values, q, strict=True):
                self._sparse_backup(*parts)
            return q
        runs = [(0, horizon)] if self.steps == 1 else [(h, h + 1) for h in range(horizon)]
        for (first, last), chance in zip(runs, self.stacked, strict=True):
            kernels.backup(
                reward=reward,
                transition=chance,
                index=self.index,
                values=values,
                out=q,
                games=games,
                steps=horizon,
                rows=self.rows,
                states=states,
                kinds=len(chance),
                first=first,
                last=last,
            )
        return q

    def _sparse_backup(self, kind: Transition, reward: Floats, values: Floats, q: Floats) -> None:
        """:meth:`backup` of one game; steps that share a kernel read it once."""
        horizon, states = values.shape
        runs = [(0, horizon)] if self.steps == 1 else [(h, h + 1) for h in range(horizon)]
        for first, last in runs:
            found = kind.rows(first)
            if found is None:
                q[first:last] = reward[first:last]
                ahead = np.empty((1, self.rows))
                for h in range(first, min(last, horizon - 1)):
                    kind.times(h if self.steps > 1 else 0, values[h + 1 : h + 2], ahead)
                    q[h] += ahead.reshape(q[h].shape)
                continue
            kernels.sparse_backup(
                reward=reward,
                data=found.data,
                places=found.indices,
                starts=found.indptr,
                values=values,
                out=q,
                steps=horizon,
                rows=self.rows,
                states=states,
                entries=len(found.data),
                first=first,
                last=last,
            )
