"""Inner loops: one compiled, one in NumPy, the same arguments and the same result.

``mirror`` and ``joint_mirror`` advance Algorithms 1 and 2 inside one stage, ``smooth`` learners whose values move in
every iteration, ``cautious`` those whose rate follows the regrets, ``swap_ftrl`` those with the log barrier against
swap deviations, ``regret_matching`` predictive regret matching+ on fixed Q-estimates; ``mirror_run``, ``joint_run`` and
``regret_run`` go through stages or value updates and leave what there was on the way. ``ascent`` advances independent
gradient play, ``maml`` differentiates values through inner softmax ascent. ``expect`` averages next-state values,
``backup`` adds them to rewards, ``fold`` empties two-level sums. ``finite_values``, ``discounted_values`` and
``correlated_values`` work out what policies and best responses are worth, ``equilibria`` solves matrix games,
``off_simplex`` finds what is no distribution, ``resample`` draws the counts of a bootstrap,
``uniform`` uniform numbers of many generators.
``sparse_expect``, ``sparse_backup`` and ``sparse_values`` do for sparse transitions what ``expect``, ``backup`` and
``finite_values`` do for dense ones.
``learn_trees`` advances learners of extensive games, ``behaviours`` makes strategies of plans, ``gains_in_trees``
measures them. ``simulate`` plays fixed policies, ``v_learning``, ``sampled_mirror`` and ``sampled_ascent`` learn from
sampled episodes. The compiled versions (``compiled.c``) are used where they were built. Otherwise the NumPy versions
(:mod:`metanash.kernels.twin`, with :mod:`~metanash.kernels.points`, :mod:`~metanash.kernels.matrix`,
:mod:`~metanash.kernels.sparse`, :mod:`~metanash.kernels.barrier`, :mod:`~metanash.kernels.caution`,
:mod:`~metanash.kernels.incremental`, :mod:`~metanash.kernels.iterates`, :mod:`~metanash.kernels.joint_runs`,
:mod:`~metanash.kernels.schedules`, :mod:`~metanash.kernels.trees`, :mod:`~metanash.kernels.tree_steps`,
:mod:`~metanash.kernels.sampling`, :mod:`~metanash.kernels.resampling`, :mod:`~metanash.kernels.streams`,
:mod:`~metanash.kernels.bandit` and
:mod:`~metanash.kernels.episodes`) are, and one line on standard error says so: results are the same up to rounding, but
long runs take one to two orders of magnitude longer.
:mod:`~metanash.kernels.extension` finds the file of the compiled ones and says whether it is whole.

The environment decides, once, when the package is imported:

``METANASH_KERNELS``
    ``c`` insists on the compiled versions, ``numpy`` forces the others; unset or ``auto`` selects.
``METANASH_ISA``
    ``avx512``, ``avx2`` or ``portable`` instead of the best instruction set of the processor.
"""

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from metanash.kernels.extension import find_extension, is_cut_short, source_digest

if TYPE_CHECKING:  # the kernels that are used take these places below; these are slow to import
    from metanash.kernels.twin import (
        ascent,
        backup,
        behaviours,
        cautious,
        correlated_values,
        discounted_values,
        equilibria,
        expect,
        finite_values,
        fold,
        gains_in_trees,
        joint_mirror,
        joint_run,
        learn_trees,
        maml,
        mirror,
        mirror_run,
        off_simplex,
        regret_matching,
        regret_run,
        resample,
        sampled_ascent,
        sampled_mirror,
        simulate,
        smooth,
        sparse_backup,
        sparse_expect,
        sparse_values,
        swap_ftrl,
        uniform,
        v_learning,
    )

__all__ = [
    "ascent",
    "backend",
    "backup",
    "behaviours",
    "cautious",
    "correlated_values",
    "discounted_values",
    "equilibria",
    "expect",
    "finite_values",
    "fold",
    "gains_in_trees",
    "instruction_set",
    "joint_mirror",
    "joint_run",
    "learn_trees",
    "maml",
    "mirror",
    "mirror_run",
    "off_simplex",
    "regret_matching",
    "regret_run",
    "resample",
    "sampled_ascent",
    "sampled_mirror",
    "simulate",
    "smooth",
    "source_digest",
    "sparse_backup",
    "sparse_expect",
    "sparse_values",
    "swap_ftrl",
    "uniform",
    "use_threads",
    "v_learning",
]


_REMEDY = (
    "rebuild them: ./do setup in a clone, else reinstall metanash "
    "(pip install --no-build-isolation --no-deps -e .); METANASH_KERNELS=numpy does without them, slowly"
)


def _load(wanted: str) -> ModuleType:
    if wanted not in {"auto", "c", "numpy"}:
        raise ImportError(f"METANASH_KERNELS={wanted} is unknown; use c, numpy or auto")
    if wanted == "numpy":
        return importlib.import_module("metanash.kernels.twin")
    path = find_extension()
    if path is None:
        if wanted == "c":
            raise ImportError(
                "METANASH_KERNELS=c, but the compiled kernels were not built; "
                "install a C compiler and reinstall metanash"
            )
        print(
            "metanash: compiled kernels not found, using NumPy (10 to 1000 times slower); "
            "install a C compiler and reinstall metanash",
            file=sys.stderr,
        )
        return importlib.import_module("metanash.kernels.twin")
    if is_cut_short(path):  # before it is loaded, which would end the process
        raise ImportError(f"the compiled kernels are damaged: {path} is cut short; {_REMEDY}")
    try:
        compiled = importlib.import_module("metanash.kernels.compiled")
    except ImportError as error:
        if error.path is None:  # an objection of the kernels themselves: METANASH_ISA
            raise
        raise ImportError(
            f"the compiled kernels cannot be loaded ({error}): damaged, or of another system; {_REMEDY}"
        ) from error
    digest = source_digest()
    if digest and digest != compiled.source_digest:
        raise ImportError(
            f"the compiled kernels are those of sources {compiled.source_digest}, the sources beside them "
            f"are {digest}; {_REMEDY}"
        )
    return compiled


_chosen = _load(os.environ.get("METANASH_KERNELS") or "auto")

backend = "c" if hasattr(_chosen, "isa") else "numpy"
"""Which of the two is in use: ``"c"`` or ``"numpy"``."""
instruction_set: str = _chosen.isa if backend == "c" else "numpy"
"""Instruction set in use: ``"avx512"``, ``"avx2"``, ``"portable"`` or ``"numpy"``."""

for _name in _chosen.signatures if backend == "c" else _chosen.__all__:
    globals()[_name] = getattr(_chosen, _name)


def use_threads(count: int) -> None:
    """Split the lanes of every later call over so many threads; 1 at first.

    Lanes never mix, so results are the same bits. A thread gets 16 lanes at least, a short call none. The NumPy
    versions know no threads.

    Raises
    ------
    ValueError
        If there would be no thread or more than 256.

    Examples
    --------
    >>> use_threads(2)
    >>> use_threads(1)
    >>> use_threads(0)
    Traceback (most recent call last):
    ValueError: threads must be between 1 and 256, got 0
    """
    if not 1 <= count <= 256:
        raise ValueError(f"threads must be between 1 and 256, got {count}")
    if backend == "c":
        _chosen.set_threads(count)
