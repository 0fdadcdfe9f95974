"""A whole search: rounds, the state on disk, the second look at what was found, and the files that it leaves."""

import json
import logging
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metanash.archive import ArchiveError, write_text
from metanash_replication.falsification.falsifiable import Emphasis, Falsifiable, Instances, Size, ratios
from metanash_replication.falsification.files import (
    Address,
    SavedInstance,
    read_instance,
    read_state,
    write_instance,
    write_state,
)
from metanash_replication.falsification.precise.arithmetic import enough_digits
from metanash_replication.falsification.registry import FALSIFIABLE
from metanash_replication.falsification.rounds import (
    Progress,
    Settings,
    Worst,
    advance,
    alone,
    rounds,
    simplified,
    start,
)
from metanash_replication.falsification.sizes import check_informative, check_size
from metanash_replication.falsification.sources import library
from metanash_replication.falsification.structure import describe

__all__ = ["INSTANCES", "RESULT", "STATE", "VIOLATED", "Finding", "Result", "known_claim", "replay", "search"]

STATE, RESULT, INSTANCES = "state.npz", "search.json", "instances"
"""Files and folder in the folder of a search."""
_SECONDS_BETWEEN_STATES = 3.0
"""What a search that is killed outright may lose; one that is interrupted loses the round under way only."""
VIOLATED, NOT_VERIFIED = "violated (verified)", "not verified"
"""Verdicts; the third one is how many evaluations found no violation."""

logger = logging.getLogger(__name__)

Watch = Callable[[int], None]
"""Told after every round how many evaluations there have been."""


@dataclass(frozen=True, eq=False)
class Finding:
    """The worst instance of one form at one size.

    Attributes
    ----------
    form, size : str
    ratio : float
        Left over right side in double precision.
    left, right, verified : float, optional
        Both sides and their ratio with 50 digits; none if there is no independent evaluation.
    iterations : int
        T.
    found_at : int
        Evaluations until then.
    verdict : str
    structure : list of str
        What is special about the instance.
    file : str
        Name of the game file in the folder ``instances``; empty if the ratio was 0 throughout.
    """

    form: str
    size: str
    ratio: float
    left: float | None
    right: float | None
    verified: float | None
    iterations: int
    found_at: int
    verdict: str
    structure: list[str]
    file: str


@dataclass(frozen=True, eq=False)
class Result:
    """A finished search.

    Attributes
    ----------
    claim : str
        Key of the registry.
    evaluations : int
    findings : list of Finding
        One for each form and size.
    curve : dict from form to list of (evaluations, ratio)
        The largest ratio of all sizes, whenever it grew.
    instances : dict from file to SavedInstance
    """

    claim: str
    evaluations: int
    findings: list[Finding]
    curve: Mapping[str, Sequence[tuple[int, float]]]
    instances: Mapping[str, SavedInstance]

    def worst(self, form: str) -> Finding:
        """The finding of the largest ratio of a form, a verified violation before any other."""
        own = [finding for finding in self.findings if finding.form == form]
        return max(own, key=lambda finding: (finding.verdict == VIOLATED, finding.ratio))


def known_claim(name: str) -> Falsifiable:
    """The claim of a name. Raises ValueError, with the known names, if there is none."""
    if name not in FALSIFIABLE:
        raise ValueError(f"claim must be one of {', '.join(FALSIFIABLE)}; got {name!r}")
    return FALSIFIABLE[name]


def _sides(claim: Falsifiable, arrays: Instances, size: Size, iterations: int, form: str) -> tuple[Any, Any] | None:
    """Left and right side with 50 digits; none if the claim has no independent evaluation."""
    if claim.verify is None:
        return None
    with enough_digits():
        left, right = claim.verify(arrays, size, iterations)
        return left, right[form]


def _verdict(ratio: float, sides: tuple[Any, Any] | None, evaluations: int) -> str:
    """In words. Where both sides are known with 50 digits, what doubles say does not count."""
    if sides is not None and sides[0] > sides[1]:
        return VIOLATED
    return NOT_VERIFIED if sides is None and ratio > 1.0 else f"no violation in {evaluations} evaluations"


def _file(form: str, size: Size) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", form.lower()).strip("-")
    return f"{size.name}-{words}.npz"


def _finding(
    claim: Falsifiable, name: str, form: str, size: Size, worst: Worst, evaluations: int
) -> tuple[Finding, SavedInstance | None]:
    if worst.ratio == 0.0:
        verdict = _verdict(0.0, None, evaluations)
        return Finding(form, size.name, 0.0, None, None, None, 0, 0, verdict, [], ""), None
    worst = (simplified if worst.ratio > 1.0 else alone)(claim, size, form, worst)
    arrays = {key: value[0] for key, value in claim.instances(worst.vector[np.newaxis], size).items()}
    wanted = worst.ratio >= claim.emphasis.get(size, Emphasis()).second_look
    sides = _sides(claim, arrays, size, worst.iterations, form) if wanted else None
    left, right = (None, None) if sides is None else map(float, sides)
    verified = None if sides is None else float(sides[0] / sides[1]) if sides[1] else float("inf")
    verdict, structure = _verdict(worst.ratio, sides, evaluations), describe(arrays, worst.iterations)
    finding = Finding(
        form, size.name, worst.ratio, left, right, verified, worst.iterations, worst.found_at, verdict, structure,
        _file(form, size),
    )  # fmt: skip
    return finding, SavedInstance(name, form, size, worst.iterations, arrays)


def _chosen_forms(claim: Falsifiable, forms: Sequence[str] | None) -> list[str]:
    for form in forms or ():
        if form not in claim.forms:
            raise ValueError(f"form of {claim.title} must be one of {list(claim.forms)}; got {form!r}")
    return list(forms or claim.forms)


def _fitting(claim: Falsifiable, sizes: Sequence[Size] | None) -> list[Size]:
    """The sizes to search. Raises ValueError if one does not fit the claim, or shows nothing."""
    for size in sizes or ():
        check_size(claim, size)
        check_informative(claim, size)
    return list(sizes or claim.sizes)


def _begun(state: Path, address: Address, resume: bool, anew: bool) -> Progress:
    """Where to go on, with an unfinished search in the folder."""
    remedy = f"to begin anew, say so (--anew, anew=True) or delete {state}"
    try:
        if resume:
            return read_state(state, address)
        if not anew:
            raise ArchiveError(f"{state}: an unfinished search; to go on with it, resume it (--resume, resume=True)")
    except ArchiveError as error:
        if not anew:
            raise ArchiveError(f"{error}; {remedy}") from error
        logger.warning("%s: the search begins anew", error)
    return start(address.forms)


def search(
    name: str,
    settings: Settings,
    *,
    forms: Sequence[str] | None = None,
    sizes: Sequence[Size] | None = None,
    folder: Path | None = None,
    resume: bool = False,
    anew: bool = False,
    watch: Watch | None = None,
) -> Result:
    """Search one claim, look at the worst instances again with 50 digits, and save them.

    Parameters
    ----------
    name : str
        Key of :data:`metanash_replication.falsification.FALSIFIABLE`.
    settings : Settings
    forms, sizes : optional
        Default: all of the claim's.
    folder : path, optional
        Where ``search.json`` and the folder ``instances`` go, and while the search runs its state: after the first
        round, then every three seconds, and where it is interrupted. Default: no files.
    resume : bool
        Go on where a search in this folder was cut off, if there is one. It must have been the same search, by the same
        library.
    anew : bool
        Begin anew where the search that was cut off cannot be resumed, or is not to be.
    watch : function, optional
        Told after every round how many evaluations there have been.

    Raises
    ------
    ValueError
        If the claim or a form is unknown, or there is another unfinished search in the folder and not ``anew``.
    """
    claim = known_claim(name)
    chosen, spaces = _chosen_forms(claim, forms), _fitting(claim, sizes)
    labels = [size.name for size in spaces]
    address = Address(name, labels, chosen, asdict(settings), library(claim))
    state = folder / STATE if folder else None
    progress = _begun(state, address, resume, anew) if state and state.exists() else start(chosen)
    improved = chosen[:1] if claim.proportional else chosen
    written, saved_at = progress.done, -math.inf
    try:
        for turn in list(rounds(settings, spaces, improved, claim.emphasis, claim.responsive))[progress.done :]:
            progress = advance(claim, name, spaces, settings, progress, turn)
            if state and time.monotonic() - saved_at >= _SECONDS_BETWEEN_STATES:
                write_state(state, address, progress)
                written, saved_at = progress.done, time.monotonic()
            if watch:
                watch(progress.evaluations)
    except BaseException:  # whatever cuts a search off, Ctrl-C too
        if state and progress.done > written:
            write_state(state, address, progress)
        raise
    result = _judged(claim, name, spaces, progress)
    if folder and state:
        _write(folder, claim, settings, result)
        state.unlink(missing_ok=True)
    return result


def _judged(claim: Falsifiable, name: str, sizes: Sequence[Size], progress: Progress) -> Result:
    findings: list[Finding] = []
    instances, curve = {}, {form: list(points) for form, points in progress.curve.items()}
    places = [(n, size, form) for n, size in enumerate(sizes) for form in claim.forms_at(size, list(progress.curve))]
    for number, size, form in places:
        worst = progress.worst.get((form, number), Worst())  # a tiny budget does not reach every size
        finding, instance = _finding(claim, name, form, size, worst, progress.evaluations)
        findings.append(finding)
        if instance:
            instances[finding.file] = instance
    for form, points in curve.items():  # simplification may raise a ratio
        largest = max((finding.ratio for finding in findings if finding.form == form), default=0.0)
        if points and largest > points[-1][1]:
            points.append((progress.evaluations, largest))
    return Result(name, progress.evaluations, findings, curve, instances)


def _write(folder: Path, claim: Falsifiable, settings: Settings, result: Result) -> None:
    for file, instance in result.instances.items():
        write_instance(folder / INSTANCES / file, claim, instance)
    content = {
        "claim": result.claim,
        "title": claim.title,
        "settings": asdict(settings),
        "evaluations": result.evaluations,
        "findings": [asdict(finding) for finding in result.findings],
        "curve": result.curve,
    }
    write_text(folder / RESULT, json.dumps(content, indent=1, sort_keys=True) + "\n")


def _fitting_instance(path: Path, claim: Falsifiable, saved: SavedInstance) -> None:
    """Raise ArchiveError if the games or arrays of a saved instance are not those of its claim and size."""
    if saved.game is not claim.game:
        found = saved.game.__name__ if saved.game else "no games"
        raise ArchiveError(f"{path}: {claim.title} is about a {claim.game.__name__}, the file has a {found}")
    try:
        check_size(claim, saved.size)
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error
    wanted = claim.instances(np.full((1, claim.dimension(saved.size)), 0.5), saved.size)
    for name in wanted.keys() - saved.arrays.keys():
        raise ArchiveError(f"{path}: the array {name} of the instance is missing")
    for name in saved.arrays.keys() - wanted.keys():
        raise ArchiveError(f"{path}: {claim.title} has no array {name}")
    for name, array in saved.arrays.items():
        if array.shape != wanted[name].shape[1:]:
            shapes = f"{wanted[name].shape[1:]}, there is {array.shape}"
            raise ArchiveError(f"{path}: {name} of size {saved.size.name} must have shape {shapes}")
        if not np.isfinite(array).all():
            raise ArchiveError(f"{path}: {name} must be finite")


def replay(path: Path) -> Finding:
    """Evaluate a saved instance again, in double precision and with 50 digits.

    Raises
    ------
    ValueError
        If the file holds no instance, or its claim, form or size is unknown, or its games or arrays are not those of
        such an instance; the message names the file.
    """
    saved = read_instance(path)
    try:
        claim = known_claim(saved.claim)
        (form,) = _chosen_forms(claim, [saved.form])
    except ValueError as error:
        raise ArchiveError(f"{path}: {error}") from error
    _fitting_instance(path, claim, saved)
    try:
        return _evaluated(path, claim, saved, form)
    except (ValueError, ArithmeticError) as error:
        raise ArchiveError(f"{path}: the instance cannot be evaluated: {str(error) or type(error).__name__}") from error


def _evaluated(path: Path, claim: Falsifiable, saved: SavedInstance, form: str) -> Finding:
    sides = claim.evaluate({name: array[np.newaxis] for name, array in saved.arrays.items()}, saved.size)
    at = sides.iterations == saved.iterations
    if not at.any():
        raise ValueError(f"T = {saved.iterations} is none of {sides.iterations.tolist()}, at which it is looked at")
    only = {form: sides.right[form][:, at]}
    found = ratios(type(sides)(sides.iterations[at], sides.left[:, at], only))[form][0]
    exact = _sides(claim, saved.arrays, saved.size, saved.iterations, form)
    left, right = (None, None) if exact is None else map(float, exact)
    return Finding(
        form=form,
        size=saved.size.name,
        ratio=float(found[0]),
        left=left,
        right=right,
        verified=None if exact is None else float(exact[0] / exact[1]) if exact[1] else float("inf"),
        iterations=saved.iterations,
        found_at=1,
        verdict=_verdict(float(found[0]), exact, 1),
        structure=describe(saved.arrays, saved.iterations),
        file=path.name,
    )
