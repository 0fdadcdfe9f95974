"""A configuration's own experiments and sizes of instances, tried in small: what would fail is found before any job.

An experiment is tried on the first two games of one seed, for one iteration of every arm; a size on one instance, for
few iterations. The NumPy kernels do for that (``METANASH_KERNELS=numpy``).
"""

import difflib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from metanash.families import FAMILIES
from metanash.learners import LEARNERS
from metanash.meta import META_UPDATES
from metanash_replication.experiments import Learning, Sequences, generate_games, run_arm
from metanash_replication.falsification.falsifiable import Size
from metanash_replication.falsification.registry import FALSIFIABLE
from metanash_replication.falsification.sizes import check_informative, check_size

__all__ = ["refusals"]

_ITERATIONS = 64
Refusal = tuple[tuple[str | int, ...], str]


def refusals(question: Mapping[str, Any]) -> list[Refusal]:
    """Everything that would fail.

    Parameters
    ----------
    question : mapping
        ``sizes``, names of sizes by claim; ``experiments``, sections by name; ``root_seed``.

    Returns
    -------
    list of (path, words)
        Keys that lead to the entry, from the top of the configuration, and what is wrong with it.
    """
    found: list[Refusal] = []
    for claim, names in question["sizes"].items():
        for k, name in enumerate(names):
            try:
                _try_size(claim, name)
            except ValueError as error:
                found.append((("falsification", "sizes", claim, k), str(error)))
    for name, section in question["experiments"].items():
        place = ("experiments", name)
        unknown = [((*place, *path), words) for path, words in _unknown(section)]
        found += unknown
        if not unknown:
            try:
                _try_experiment(section, question["root_seed"])
            except MemoryError:  # the job will say so, on a machine that may have more
                continue
            except (ValueError, TypeError, ImportError, ArithmeticError) as error:
                found.append((place, str(error).splitlines()[0] if str(error) else type(error).__name__))
    return found


def _try_size(claim_name: str, name: str) -> None:
    claim, size = FALSIFIABLE[claim_name], Size.parse(name)
    check_size(claim, size)
    check_informative(claim, size)
    small = replace(size, iterations=min(size.iterations, _ITERATIONS), first=1)
    instance = claim.instances(np.full((1, claim.dimension(small)), 0.5), small)
    claim.evaluate(instance, small)


def _names(wanted: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(wanted, known, 1)
    return f"{near[0]} is the nearest" if near else f"there are {', '.join(known)}"


def _unknown(section: Mapping[str, Any]) -> Iterator[Refusal]:
    """Names that the library does not know."""
    games, learning = section["games"], section["learning"]
    family, learner = games["family"], learning["learner"]
    if family not in FAMILIES:
        yield ("games", "family"), f"there is no family {family!r}; {_names(family, list(FAMILIES))}"
    else:
        taken = inspect.signature(FAMILIES[family]).parameters.values()
        known = [
            one.name for one in taken if one.kind is one.KEYWORD_ONLY and one.name not in {"n_games", "perturbation"}
        ]
        for option in games["options"]:
            if option not in known:
                yield ("games", "options", option), f"the family {family} takes no such option; {_names(option, known)}"
    if learner not in LEARNERS:
        yield ("learning", "learner"), f"there is no learner {learner!r}; {_names(learner, list(LEARNERS))}"
    for k, arm in enumerate(section["arms"]):
        if arm not in META_UPDATES:
            yield ("arms", k), f"there is no arm {arm!r}; {_names(arm, list(META_UPDATES))}"


def _try_experiment(section: Mapping[str, Any], root_seed: int) -> None:
    """Raise what the experiment would."""
    count = min(section["games"]["count"], 2)
    for kind in section["base_kinds"]:
        spec = Sequences.from_config({**section["games"], "base_kind": kind, "count": count})
        games, provenance = generate_games(spec, [0], root_seed)
        for arm in section["arms"]:
            plan = {**section["learning"], "arm": arm, "iterations": 1, "checkpoints": 1}
            try:
                run_arm(Learning.from_config(plan), games, provenance)
            except ValueError as error:
                raise ValueError(f"{plan['learner']} with the arm {arm} on {kind} games: {error}") from error
