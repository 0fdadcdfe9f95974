"""Transition kernels P_h(s' | s, a): one a step, one shared by all steps, or sparse.

Index order everywhere: step h, state s, actions in player order, next state s'. All indices from 0.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # its parts load when they are used: a third of a second that most processes save

from metanash import kernels
from metanash.checks import SUM_TOLERANCE, distributions, float_array, name_entry

__all__ = ["MOST_PLAYERS", "Transition", "TransitionBatch", "enough_axes"]

Floats = npt.NDArray[np.float64]

MOST_PLAYERS = 60
"""NumPy's arrays have at most 64 axes: one for each player's actions, and four more in a batch of games."""


def enough_axes(players: int) -> None:
    """Raise ValueError if there are more players than arrays have axes for."""
    if players > MOST_PLAYERS:
        raise ValueError(
            f"games have at most {MOST_PLAYERS} players, since arrays have at most 64 axes and batches of games need "
            f"four beside the players' actions; got {players} players"
        )


@dataclass(frozen=True, eq=False)
class Transition:
    """A validated transition kernel: :meth:`per_step`, :meth:`shared` or :meth:`sparse`.

    Attributes
    ----------
    kernel : (steps, S, A_1, ..., A_N, S) array, or tuple of ``steps`` sparse (S A_1 ... A_N, S) matrices
        ``steps`` is H, or 1 for a kernel shared by all steps.
    n_states : int
        S.
    n_actions : tuple of int
        A_1, ..., A_N.
    """

    kernel: "Floats | tuple[scipy.sparse.csr_array, ...]"
    n_states: int
    n_actions: tuple[int, ...]

    @classmethod
    def per_step(cls, probabilities: npt.ArrayLike) -> "Transition":
        """One kernel a step: (H, S, A_1, ..., A_N, S).

        Raises
        ------
        ValueError
            If the shape is wrong, an entry is negative or not finite, a row's mass is not one, or there are more than
            60 players.
        """
        kernel = float_array("transition", probabilities)
        if kernel.ndim < 4 or kernel.shape[1] != kernel.shape[-1]:
            raise ValueError(
                "transition must have axes (step, state, action of each player, next state), "
                f"as many next states as states; got {kernel.shape}"
            )
        enough_axes(kernel.ndim - 3)
        distributions("transition", kernel, "(h, s, a)")
        return cls(kernel, kernel.shape[1], kernel.shape[2:-1])

    @classmethod
    def shared(cls, probabilities: npt.ArrayLike) -> "Transition":
        """One kernel for all steps: (S, A_1, ..., A_N, S). Errors as in :meth:`per_step`."""
        kernel = float_array("transition", probabilities)
        enough_axes(kernel.ndim - 2)
        return cls.per_step(kernel[np.newaxis])

    @classmethod
    def sparse(
        cls, matrices: "Sequence[scipy.sparse.sparray]", n_actions: Sequence[int], *, copy: bool = True
    ) -> "Transition":
        """Sparse kernels, one a step or a single one for all.

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
            As in :meth:`per_step`.
        """
        if not matrices:
            raise ValueError("a sparse transition needs at least one matrix")
        actions = tuple(int(n) for n in n_actions)
        enough_axes(len(actions))
        states = matrices[0].shape[1]
        steps = [_checked_sparse(h, matrix, states, actions, copy) for h, matrix in enumerate(matrices)]
        return cls(tuple(steps), states, actions)

    @property
    def steps(self) -> int:
        """Number of distinct kernels: H, or 1 if shared."""
        return len(self.kernel)

    @property
    def is_sparse(self) -> bool:
        """Whether the kernels are sparse matrices."""
        return isinstance(self.kernel, tuple)

    def at(self, step: int) -> Floats:
        """Dense kernel of a step, (S, A_1, ..., A_N, S); built anew if sparse."""
        kernel = self.kernel[step if self.steps > 1 else 0]
        rows = kernel if isinstance(kernel, np.ndarray) else kernel.toarray()
        return np.asarray(rows).reshape(self.n_states, *self.n_actions, self.n_states)


def _checked_sparse(
    step: int, matrix: "scipy.sparse.sparray", states: int, actions: tuple[int, ...], copy: bool
) -> "scipy.sparse.csr_array":
    csr = scipy.sparse.csr_array(matrix, dtype=np.float64, copy=copy)
    csr.sum_duplicates()
    wanted = (states * math.prod(actions), states)
    if csr.shape != wanted:
        raise ValueError(
            f"sparse transition of step {step} must have a row for each (state, joint action) and a column "
            f"for each next state, {wanted}; got {csr.shape}"
        )

    def place(row: int) -> str:
        return name_entry("(h, s, a)", (step, *np.unravel_index(row, (states, *actions))))

    bad = ~(np.isfinite(csr.data) & (csr.data >= 0.0))
    if bad.any():
        entry = int(bad.argmax())
        row = int(np.searchsorted(csr.indptr, entry, side="right")) - 1
        raise ValueError(
            f"transition rows must be distributions; at {place(row)} "
            f"entry {csr.indices[entry]} is {csr.data[entry]:.6g}"
        )
    mass = np.asarray(csr @ np.ones(states))
    wrong = np.abs(mass - 1.0) > SUM_TOLERANCE
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"transition rows must be distributions; at {place(row)} the mass is {mass[row]:.10g}")
    for part in (csr.data, csr.indices, csr.indptr):
        part.setflags(write=False)
    return csr


class TransitionBatch:
    """The kernels of a batch of games; games that share a :class:`Transition` share its memory.

    Attributes
    ----------
    kinds : list of Transition
        The distinct kernels.
    index : (G,) array of int64
        Number of the kernel of each game.
    stacked : (steps, kinds, S, A_1, ..., A_N, S) array or None
        The distinct kernels of all steps; None if they are sparse.
    """

    def __init__(self, transitions: Sequence[Transition]) -> None:
        kinds = list({id(t): t for t in transitions}.values())
        number = {id(t): k for k, t in enumerate(kinds)}
        first = kinds[0]
        if any((t.steps, t.is_sparse) != (first.steps, first.is_sparse) for t in kinds):
            raise ValueError(
                "the games of a batch must hold their transitions the same way: all one a step, all shared, "
                "or all sparse"
            )
        self.n_states, self.n_actions, self.steps = first.n_states, first.n_actions, first.steps
        self.rows = first.n_states * math.prod(first.n_actions)
        self.index = np.array([number[id(t)] for t in transitions], dtype=np.int64)
        self.kinds = kinds
        self.stacked: Floats | None = None
        if not first.is_sparse:
            parts = [np.asarray(kind.kernel) for kind in kinds]
            self.stacked = np.stack(parts, axis=1) if len(parts) > 1 else parts[0][:, np.newaxis]

    def dense(self, step: int) -> Floats:
        """Distinct kernels of a step, (kinds, S, A_1, ..., A_N, S); game g has number ``index[g]``."""
        if self.stacked is not None:
            return np.asarray(self.stacked[step if self.steps > 1 else 0])
        return np.stack([kind.at(step) for kind in self.kinds])

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
        if self.stacked is None and games * count == 1:  # for large games a copy costs as much as the product
            return np.asarray(self.kinds[0].kernel[step] @ values[0, 0]).reshape(shape)
        out = np.empty((games, count, self.rows))
        if self.stacked is not None:
            stacked = self.stacked[step]
            kernels.expect(stacked, self.index, values, out, games, self.rows, states, count, len(stacked))
            return out.reshape(shape)
        for (game, kind), k in itertools.product(enumerate(self.index), range(count)):
            out[game, k] = self.kinds[kind].kernel[step] @ values[game, k]
        return out.reshape(shape)

    def backup(self, reward: Floats, values: Floats) -> Floats:
        """r_h + P_h V_{h+1} at every step of every game; nothing comes after the last.

        Parameters
        ----------
        reward : (G, H, S, A_1, ..., A_N)
        values : (G, H, S)
            ``values[:, 0]`` is not read.

        Returns
        -------
        (G, H, S, A_1, ..., A_N) array
            The bits of a game do not depend on the rest of the batch.
        """
        games, horizon, states = values.shape
        reward, values = np.ascontiguousarray(reward), np.ascontiguousarray(values)
        if self.stacked is None:
            q = reward.copy()
            for h in range(horizon - 1):
                q[:, h] += self.expect(values[:, h + 1 : h + 2], h)[:, 0]
            return q
        q = np.empty_like(reward)
        runs = [(0, horizon)] if self.steps == 1 else [(h, h + 1) for h in range(horizon)]
        for (first, last), chance in zip(runs, self.stacked, strict=True):
            sizes = (games, horizon, self.rows, states, len(chance), first, last)
            kernels.backup(reward, chance, self.index, values, q, *sizes)
        return q
