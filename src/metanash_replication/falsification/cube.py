"""From vectors in the unit cube, which any optimiser can move, to rewards, transitions, policies and step sizes.

A :class:`Cube` is read from the front. The decoders reach extreme values on sets of positive measure: rewards of 0 and
1, deterministic transitions and policies, the ends of a range; so a vector that is drawn at random has many of them,
and a population that has found them stays there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from metanash import simplex
from metanash.typing import Floats

__all__ = ["Cube", "dimension", "interior", "with_pure"]


_END = 0.2
"""Share of the range of a coordinate that is cut to either end."""
_LOGIT = 14.0
"""Largest difference of the logits of :meth:`Cube.interior`: probabilities from 8e-7."""
_ON_A_FACE = 1e-6


def _extremes(units: Floats) -> Floats:
    return np.asarray(np.clip((units - _END) / (1.0 - 2.0 * _END), 0.0, 1.0))


def interior(units: Floats) -> Floats:
    """Distributions from coordinates, one fewer in the last axis, as :meth:`Cube.interior` makes them."""
    free = _LOGIT * (2.0 * _extremes(units) - 1.0)
    return simplex.softmax(np.concatenate([np.zeros((*free.shape[:-1], 1)), free], axis=-1))


def with_pure(units: Floats) -> Floats:
    """As :func:`interior`, but within 1e-6 of a face stands for on it."""
    inner = interior(units)
    kept = np.where(inner < _ON_A_FACE, 0.0, inner)
    return np.asarray(kept / kept.sum(axis=-1, keepdims=True))


class Cube:
    """Vectors in the unit cube, (n, d), and how many of their coordinates have been read."""

    def __init__(self, units: Floats) -> None:
        self._units, self.used = units, 0

    def __len__(self) -> int:
        return len(self._units)

    def take(self, *shape: int) -> Floats:
        """Read the next coordinates as they are: (n, *shape)."""
        size = int(np.prod(shape))
        part = self._units[:, self.used : self.used + size]
        self.used += size
        return part.reshape(len(self._units), *shape)

    def extremes(self, *shape: int) -> Floats:
        """Numbers in [0, 1] that are 0 or 1 with probability 0.2 each: (n, *shape)."""
        return _extremes(self.take(*shape))

    def logarithmic(self, low: float, high: float, *shape: int) -> Floats:
        """Numbers from ``low`` to ``high``, both ends included, uniform in the logarithm between: (n, *shape)."""
        share = self.extremes(*shape)
        return np.asarray(np.where(share == 1.0, high, low * (high / low) ** share))

    def distributions(self, *shape: int) -> Floats:
        """Distributions over the last axis, vertices among them: (n, *shape). One entry takes no coordinate."""
        if shape[-1] == 1:
            return np.ones((len(self), *shape))
        weight = self.extremes(*shape)
        total = weight.sum(axis=-1, keepdims=True)
        return np.asarray(np.where(total > 0.0, weight / np.where(total > 0.0, total, 1.0), 1.0 / shape[-1]))

    def interior(self, *shape: int) -> Floats:
        """Distributions without zeros, uniform in the logits, those nearest to a vertex (8e-7) too: (n, *shape)."""
        return interior(self.take(*shape[:-1], shape[-1] - 1))

    def with_pure(self, *shape: int) -> Floats:
        """As :meth:`interior`, but within 1e-6 of a face stands for on it: (n, *shape)."""
        return with_pure(self.take(*shape[:-1], shape[-1] - 1))


class _Counter(Cube):
    """A cube of one vector as long as it takes."""

    def __init__(self) -> None:
        super().__init__(np.empty((1, 0)))

    def take(self, *shape: int) -> Floats:
        self.used += int(np.prod(shape))
        return np.full((1, *shape), 0.5)


def dimension(decode: Callable[[Cube], Any]) -> int:
    """Number of coordinates that ``decode`` reads of a cube."""
    counter = _Counter()
    decode(counter)
    return counter.used
