"""Run records: the measurements of one arm of an experiment on one block of seeds.

Format ``metanash-run``, schema 1, an archive (:mod:`metanash.archive`) with a header (``spec``, ``provenance``) and
arrays. Axes come in the order learning rate, perturbation, seed, game, then those of the quantity.

``seeds`` (seeds,), ``learning_rates`` (rates,), ``perturbations`` (sizes,), ``checkpoints`` (C,)
    the axes;
``ne_gap`` (rates, sizes, seeds, K, C)
    exact NE-gap of the output policies; for correlated ones (:mod:`metanash.correlated`) ``cce_gap``, exact too, or
    ``cce_gap_bound`` instead where the exact one takes too much in any game, for any player or at any checkpoint;
``policy_{i}`` (rates, sizes, seeds, K, ...)
    final output policy of player i, or its part of a correlated one;
``stage_*``
    per-stage statistics, where the experiment keeps them: see :meth:`metanash.learners.Stage`.

Format ``metanash-measurement``, schema 1, is the same without fixed axes: the arrays of a function of
the module ``measure`` of a topic, and in the header what it was called with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from metanash.archive import ArchiveError, read_archive, write_archive
from metanash.typing import Array, Floats

__all__ = [
    "FORMAT",
    "GAPS",
    "MEASUREMENT",
    "SCHEMA",
    "RunRecord",
    "read_measurement",
    "read_record",
    "write_measurement",
    "write_record",
]

FORMAT, SCHEMA = "metanash-run", 1
MEASUREMENT = "metanash-measurement"
_REQUIRED = ("seeds", "learning_rates", "perturbations", "checkpoints")
GAPS = ("ne_gap", "cce_gap", "cce_gap_bound")
"""Names of the gaps that a record may have; of several the first counts."""


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One arm on one block of seeds; axes as in the module.

    Attributes
    ----------
    spec : dict
        Of the run: experiment, base kind, arm and all parameters.
    provenance : dict
        Versions and kernels that ran it.
    arrays : dict from str to array
        See the module; a gap and the axes are always there.
    """

    spec: Mapping[str, Any]
    provenance: Mapping[str, Any]
    arrays: Mapping[str, Array] = field(repr=False)

    def __post_init__(self) -> None:
        for name in _REQUIRED:
            if name not in self.arrays:
                raise ValueError(f"a run record needs the array {name}")
        axes = tuple(len(self.arrays[name]) for name in ("learning_rates", "perturbations", "seeds"))
        if not any(name in self.arrays for name in GAPS):
            raise ValueError(f"a run record needs one of the arrays {', '.join(GAPS)}")
        shape = self.gap.shape
        if len(shape) != 5 or shape[:3] != axes or shape[4] != len(self.arrays["checkpoints"]):
            raise ValueError(
                f"{self.measure} must have axes (learning rate, perturbation, seed, game, checkpoint), "
                f"{(*axes, 'K', len(self.arrays['checkpoints']))}; got {shape}"
            )
        if not np.isfinite(self.gap).all():
            raise ValueError(f"{self.measure} must be finite: the run has failed")

    @property
    def measure(self) -> str:
        """Name of the gap, one of ``GAPS``."""
        return next(name for name in GAPS if name in self.arrays)

    @property
    def gap(self) -> Floats:
        """(rates, sizes, seeds, K, C) gaps."""
        return self.arrays[self.measure]

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]


def write_record(path: Path | str, record: RunRecord) -> None:
    """Write a record atomically."""
    header = {"spec": dict(record.spec), "provenance": dict(record.provenance)}
    write_archive(path, FORMAT, SCHEMA, header, record.arrays)


def read_record(path: Path | str) -> RunRecord:
    """Read a record.

    Raises
    ------
    ArchiveError
        If the file is missing, damaged, no run record or incomplete; the message names the file.
    """
    header, arrays = read_archive(path, FORMAT, SCHEMA)
    try:
        return RunRecord(header["spec"], header["provenance"], arrays)
    except KeyError as error:
        raise ArchiveError(f"{path}: entry {error} is missing") from error
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error


def write_measurement(path: Path | str, spec: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write named arrays with what they were made from, atomically."""
    write_archive(path, MEASUREMENT, SCHEMA, {"spec": dict(spec)}, arrays)


def read_measurement(path: Path | str) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what :func:`write_measurement` wrote: spec and arrays. Raises ArchiveError as :func:`read_record` does."""
    header, arrays = read_archive(path, MEASUREMENT, SCHEMA)
    return dict(header.get("spec", {})), arrays
