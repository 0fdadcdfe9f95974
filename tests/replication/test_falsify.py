"""The search for counterexamples: it finds what is known to be wrong, and calls nothing else wrong."""

import ast
import itertools
import json
import math
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import metanash
from metanash import cli
from metanash.archive import ArchiveError, read_archive, write_archive
from metanash.games import DiscountedGame
from metanash_replication.falsification import (
    FALSIFIABLE,
    Cube,
    Falsifiable,
    Settings,
    Sides,
    Size,
    as_claimed_but,
    replay,
    runs,
    search,
)
from metanash_replication.falsification.falsifiable import ratios
from metanash_replication.falsification.files import STATE_FORMAT, STATE_SCHEMA, read_instance
from metanash_replication.falsification.precise.arithmetic import decimals, enough_digits, normalised, solve
from metanash_replication.falsification.precise.stages import _Iterates
from metanash_replication.falsification.precise.teams import project
from metanash_replication.falsification.rounds import Worst, advance, rounds, simplified, start
from metanash_replication.falsification.runs import INSTANCES, NOT_VERIFIED, RESULT, STATE, VIOLATED
from metanash_replication.falsification.sizes import check_informative
from metanash_replication.falsification.sources import _imported, library, sources_digest
from metanash_replication.falsification.structure import describe

SOURCES = Path(metanash.__file__).parents[1]
CLAIM = FALSIFIABLE["gradient"]
SEED = 11  # not that of the configuration
TIGHT = {
    "theorem_1": ("repaired: worst best response", 0.028),
    "equation_4": ("repaired: learning rate", 0.0095),
    "theorem_2": ("repaired: learning rate", 0.0024),
    "proposition_1": ("repaired: 1920/959 kappa", 0.999),
    "theorem_3": ("printed", 0.7),
    "theorem_4": ("sharper: ascent lemma", 0.34),
    "gradient": ("derived", 0.999),
    "hessian": ("derived", 0.45),
    "third_derivative": ("derived", 0.32),
    "theorem_5": ("repaired: worst best response", 0.13),
    "equation_11": ("printed", 0.058),
    "theorem_6": ("repaired: worst best response", 0.085),
}
"""A form of each claim that holds, and a factor with which it does not: a little below the worst ratio known."""


def short(size, most=64):
    """The same size with fewer iterations, so that 50 digits cost little."""
    return replace(size, iterations=min(size.iterations, most), first=min(size.first, most))


def finite(claim, size):
    """Three vectors with finite divergences: plain ones, whose policies have settled at best responses."""
    units = np.random.default_rng(3).integers(3, size=(200, claim.dimension(size))) / 2.0
    for _ in range(4):
        units = claim.respond(units, size)
    found, _ = ratios(claim.evaluate(claim.instances(units, size), size))["repaired: burn-in term"]
    return units[np.argsort(-found, kind="stable")[:3]]


# Both sides, twice --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size"), [(name, short(size)) for name, claim in FALSIFIABLE.items() for size in claim.sizes],
    ids=lambda part: part if isinstance(part, str) else part.name,
)  # fmt: skip
def test_kernels_agree_with_fifty_digits(name, size):
    claim = FALSIFIABLE[name]
    units = np.random.default_rng(3).random((3, claim.dimension(size)))
    if size.first > 1:  # from pure policies, most of which are not at best responses: infinite divergences
        units = finite(claim, size)
    instances = claim.instances(units, size)
    found = ratios(claim.evaluate(instances, size))
    assert list(found) == list(claim.forms)
    compared = 0
    for k, (form, (ratio, at)) in itertools.product(range(3), found.items()):
        with enough_digits():
            left, right = claim.verify({key: array[k] for key, array in instances.items()}, size, int(at[k]))
            assert list(right) == list(claim.forms)
            exact = float(left / right[form]) if right[form] else float("inf")
        # a difference of third order, and what rounding adds to a rise of the potential
        assert ratio[k] == pytest.approx(exact, rel=1e-5, abs=1e-12)
        compared += ratio[k] > 0.0
    assert compared


def test_fifty_digits_where_the_answer_is_known():
    """One player, rewards 0 and 1, T = 1: the gap is 1, the rise alpha / 2, so the squared ratio is 2 exactly."""
    claim, size = FALSIFIABLE["proposition_1"], Size((2, 1))
    one = {
        "reward": np.array([0.0, 1.0]).reshape(1, 1, 1, 2, 1),
        "transition": np.ones((1, 1, 1, 2, 1, 1)),
        "start": np.ones(1),
        "step_factor": np.array(0.25),
        "policy_0": np.array([[1.0, 0.0]]),
        "policy_1": np.ones((1, 1)),
    }
    with enough_digits():
        left, right = claim.verify(one, size, 1)
        assert left == 1
        assert abs((left / right["printed"]) ** 2 - 2) < Decimal("1e-45")
        assert abs((left / right["repaired: 1920/959 kappa"]) ** 2 - Decimal(959) / 960) < Decimal("1e-45")


def test_iterates_of_fifty_digits_are_those_of_the_algorithm_however_far_they_went_before():
    """Three players, the middle one without a choice, as printed and from the start; asked for more, again and less."""
    rng, actions = np.random.default_rng(5), (2, 1, 3)
    q = [decimals(rng.random(actions)) for _ in actions]
    start = [normalised(decimals(rng.random(n) + 0.1)) for n in actions]

    def from_the_start(eta, iterations):
        anchor, now = list(start), list(start)
        total = decimals(np.zeros(actions))
        for _ in range(iterations):
            payoff = [np.einsum("abc,a,c->b", q[1], now[0], now[2])]
            payoff = [np.einsum("abc,b,c->a", q[0], *now[1:]), *payoff, np.einsum("abc,a,b->c", q[2], *now[:2])]
            grown = [[(eta * g).exp() for g in own] for own in payoff]
            anchor = [normalised(own * np.array(by)) for own, by in zip(anchor, grown, strict=True)]
            now = [normalised(own * np.array(by)) for own, by in zip(anchor, grown, strict=True)]
            total = total + np.einsum("a,b,c->abc", *now)
        return total

    with enough_digits():
        eta = Decimal("0.3")
        iterates = _Iterates(q, start, eta)
        assert iterates.are_of([own.copy() for own in q], [own.copy() for own in start])
        assert not iterates.are_of(q[::-1], start)
        assert not iterates.are_of(q, [start[0][::-1], *start[1:]])
        for iterations in (2, 9, 9, 5, 6):
            error = iterates.total(iterations) - from_the_start(eta, iterations)
            assert max(abs(error.ravel())) < Decimal("1e-46")


def test_projection_and_elimination_in_rational_arithmetic():
    with enough_digits():
        assert project(decimals([0.5, 1.0, -3.0])).tolist() == [Decimal("0.25"), Decimal("0.75"), 0]
        matrix = [[Fraction(2), Fraction(1, 2)], [Fraction(-1, 4), Fraction(1)]]
        right = [Fraction(1), Fraction(3)]
        found = solve(decimals(np.array(matrix, dtype=float)), decimals([1.0, 3.0]))
        det = matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0]
        exact = [(right[0] * matrix[1][1] - matrix[0][1] * right[1]) / det,
                 (matrix[0][0] * right[1] - matrix[1][0] * right[0]) / det]  # fmt: skip
        for x, y in zip(found, exact, strict=True):
            assert abs(x - Decimal(y.numerator) / Decimal(y.denominator)) < Decimal("1e-48")


def test_ratios_of_nothing_and_of_everything():
    left = np.array([[0.0, 1e-13], [0.0, 2.0], [1.0, 3.0]])
    right = np.array([[0.0, 1.0], [1.0, 0.0], [4.0, 6.0]])
    found, at = ratios(Sides(np.array([5, 7]), left, {"form": right}))["form"]
    assert found.tolist() == [0.0, np.inf, 0.5]
    assert at.tolist() == [5, 7, 7]


# What it finds ------------------------------------------------------------------------------------------


def test_both_defects_of_theorem_1_are_found_unaided():
    """Each half of the repair alone leaves the other defect: small learning rates, and the burn-in."""
    sizes = [FALSIFIABLE["theorem_1"].sizes[0]]
    result = search("theorem_1", Settings(4000, SEED), sizes=sizes)
    found = {finding.form: finding for finding in result.findings}
    assert found["printed"].verdict == VIOLATED
    assert found["printed"].verified > 100

    small_step = found["printed, worst best response"]
    assert small_step.verdict == VIOLATED
    assert small_step.verified > 1.3
    assert any("small learning rate" in phrase for phrase in small_step.structure)

    burn_in = found["printed, with the learning rate"]
    assert burn_in.verdict == VIOLATED
    assert burn_in.verified > 100
    assert burn_in.iterations == 1  # stage 1, where all actions tie

    for form in ("repaired: worst best response", "repaired: burn-in term", "proven: any best response"):
        assert found[form].verdict == f"no violation in {result.evaluations} evaluations"


@pytest.mark.parametrize(("number", "least"), [(0, 1.414), (2, 1.35)], ids=["discount 0", "discount 0.9"])
def test_the_defect_of_proposition_1_is_found_unaided(number, least):
    """sqrt 2 at discount 0 and sqrt(1 + gamma) = 1.378 on two states: docs/proposition1.md."""
    sizes = [short(FALSIFIABLE["proposition_1"].sizes[number], 4)]
    result = search("proposition_1", Settings(6000, SEED), sizes=sizes)
    assert result.worst("printed").verdict == VIOLATED
    assert least < result.worst("printed").verified < 1.4143
    assert result.worst("repaired: 1920/959 kappa").verdict != VIOLATED


def test_equation_4_and_theorem_5_as_printed_are_found_wrong():
    result = search("equation_4", Settings(150, SEED), forms=["printed"], sizes=[Size((2, 2), iterations=24000)])
    assert result.worst("printed").verdict == VIOLATED
    two_steps = FALSIFIABLE["equation_4"].sizes[1]
    assert two_steps.horizon == 2
    worst = search("equation_4", Settings(60, SEED), forms=["printed"], sizes=[two_steps]).worst("printed")
    # at most 1 is lost, half in each step, while the policy stays uniform; 24576 log 2 log T / T is 0.811
    assert worst.verdict == VIOLATED
    assert 1.1 < worst.verified <= 1 / (24576 * math.log(2) * math.log(2**18) / 2**18)
    result = search("theorem_5", Settings(2000, SEED), forms=["printed"], sizes=[Size((2, 2), iterations=16)])
    assert result.worst("printed").verdict == VIOLATED


@pytest.fixture
def weakened(monkeypatch):
    """Registers a claim with its right sides multiplied by a factor."""

    def add(name, factor):
        monkeypatch.setitem(FALSIFIABLE, "weakened", as_claimed_but(FALSIFIABLE[name], factor))
        return "weakened"

    return add


def test_the_nearest_of_tied_best_responses_by_hand():
    """Two equal rows, tied for ever: nearest 1/2 and 1, first 1/8; the two sides of the search agree on all forms."""
    size, claim = Size((3, 1), iterations=3), FALSIFIABLE["theorem_1"]
    one = {
        "reward": np.array([[[[[1.0], [1.0], [0.0]]]]])[np.newaxis],
        "transition": np.ones((1, 1, 1, 1, 3, 1, 1)),
        "start": np.ones((1, 1)),
        "learning_rate": np.array([0.125]),
        "policy_0": np.array([[[[0.125, 0.5, 0.375]]], [[[0.125, 0.5, 0.375]]]])[np.newaxis],
        "policy_1": np.ones((1, 2, 1, 1, 1)),
    }
    sides = claim.evaluate(one, size)
    nearest = (2 * math.log(2) * metanash.bounds.theorem_1_factor(1, 0.125) / 0.125 + 1) / 3  # two stages
    first = 24 / 0.125 * 2 * math.log(8) / 3
    at = list(sides.iterations).index(3)
    assert sides.right["proven: any best response"][0, at] == pytest.approx(float(nearest), rel=1e-12)
    assert sides.right["printed, with the learning rate"][0, at] == pytest.approx(first, rel=1e-12)
    with enough_digits():
        left, right = claim.verify({name: value[0] for name, value in one.items()}, size, 3)
    assert right.keys() == sides.right.keys()
    assert float(left) == pytest.approx(sides.left[0, at], rel=1e-12)
    for form, value in right.items():
        assert float(value) == pytest.approx(sides.right[form][0, at], rel=1e-12)


def test_there_is_a_factor_for_every_claim():
    assert TIGHT.keys() == FALSIFIABLE.keys()


@pytest.mark.parametrize("name", TIGHT)
def test_a_constant_made_too_small_is_reported(weakened, monkeypatch, name):
    """The same search finds no violation of the claim itself; at a T at which there is none."""
    monkeypatch.setitem(FALSIFIABLE, name, replace(FALSIFIABLE[name], ceiling=None))
    form, factor = TIGHT[name]
    sizes, settings = [short(FALSIFIABLE[name].sizes[0], 8192)], Settings(6000 if name == "hessian" else 1500, SEED)
    claimed = search(name, settings, forms=[form], sizes=sizes).worst(form)
    assert claimed.verdict.startswith("no violation in ")
    smaller = search(weakened(name, factor), settings, forms=[form], sizes=sizes).worst(form)
    assert smaller.verdict == VIOLATED
    assert 1.0 < smaller.verified < 1.2  # the factor is not absurd


def test_nothing_is_a_violation_without_a_second_look(weakened, monkeypatch):
    name = weakened("hessian", 0.1)
    monkeypatch.setitem(FALSIFIABLE, name, replace(FALSIFIABLE[name], verify=None))
    finding = search(name, Settings(200, SEED), sizes=[Size((2, 2))]).worst("derived")
    assert finding.ratio > 1
    assert (finding.verdict, finding.verified) == (NOT_VERIFIED, None)


def test_rounding_is_no_violation(monkeypatch):
    """A left side that doubles see above the right one, and 50 digits do not."""
    claim = replace(
        FALSIFIABLE["gradient"],
        evaluate=lambda instances, _: Sides(
            np.array([1]), np.full((len(instances["start"]), 1), 1.0 + 1e-15), {"derived": np.array([[1.0]])}
        ),
    )
    monkeypatch.setitem(FALSIFIABLE, "rounded", claim)
    finding = search("rounded", Settings(50, SEED), sizes=[Size((2, 2))]).worst("derived")
    assert finding.ratio > 1.0 > finding.verified
    assert finding.verdict.startswith("no violation in ")


# How it searches ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [1, 30, 99, 1000, 50_000])
def test_rounds_keep_to_the_budget(budget):
    sizes, forms = [Size((2, 2)), Size((3, 2)), Size((2,))], ["a", "b"]
    plan = list(rounds(Settings(budget, 0), sizes, forms))
    planned = sum(turn.evaluations for turn in plan)
    assert 0.75 * budget <= planned <= budget
    improved = {(turn.size, turn.form) for turn in plan if turn.form}
    if budget >= 1000:
        assert improved == set(itertools.product(range(3), forms))
    if budget == 50_000:
        assert {turn.restarts for turn in plan} == {1}
        assert {turn.restarts for turn in rounds(Settings(500_000, 0, restarts=3), sizes, forms)} == {3}


@pytest.mark.parametrize("budget", [*range(2, 40), 61, 62, 63])
def test_a_small_budget_is_random_where_that_leaves_too_few_to_improve(budget):
    """A fifth of it would be fewer vectors than differential evolution takes."""
    result = search("gradient", Settings(budget, SEED), sizes=[Size((2, 2)), Size((2, 2), discount=0.5)])
    assert 0.75 * budget <= result.evaluations <= budget


def test_a_budget_of_one_does_not_reach_every_size(tmp_path):
    result = search("gradient", Settings(1, SEED), folder=tmp_path)
    assert result.evaluations == 1
    assert [finding.found_at for finding in result.findings].count(0) == len(FALSIFIABLE["gradient"].sizes) - 1
    missed = result.findings[0]
    assert (missed.ratio, missed.verified, missed.file) == (0.0, None, "")
    assert missed.verdict == "no violation in 1 evaluations"


def test_improvement_beats_chance():
    sizes = [Size((2, 2), n_states=2, discount=0.9)]
    random = search("proposition_1", Settings(49, SEED), sizes=sizes)  # too few for anything else
    more = search("proposition_1", Settings(3000, SEED), sizes=sizes)
    curve = more.curve["printed"]
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in itertools.pairwise(curve))
    first = max(ratio for at, ratio in curve if at <= 600)  # a fifth is random
    assert more.worst("printed").ratio > 1.5 * first > random.worst("printed").ratio


def everything(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_search_that_was_cut_off_ends_as_if_it_had_not_been(tmp_path):
    settings, name = Settings(2000, SEED), "proposition_1"
    options = {"sizes": [Size((2, 2)), Size((2, 2), n_states=2, discount=0.5)]}
    search(name, settings, folder=tmp_path / "whole", **options)

    for every in (1, 3):
        folder, done = tmp_path / f"cut-{every}", itertools.count(1)

        def interrupt(_, every=every, done=done):
            if next(done) % every == 0:
                raise KeyboardInterrupt

        cuts = 0
        while True:
            try:
                search(name, settings, folder=folder, resume=True, watch=interrupt, **options)
                break
            except KeyboardInterrupt:
                cuts += 1
                assert list(everything(folder)) == [STATE]
        assert cuts >= 2
        assert everything(folder) == everything(tmp_path / "whole")
    assert STATE not in everything(folder)


def test_states_are_written_at_intervals_and_where_a_search_is_cut_off(tmp_path, monkeypatch):
    """After the first round, then by the clock; the round before an interruption is never lost."""
    now, seen, counts = itertools.count(0.0, 1.0), [], []
    monkeypatch.setattr(runs.time, "monotonic", lambda: next(now))
    real = runs.write_state
    monkeypatch.setattr(runs, "write_state", lambda *given: (seen.append(given[2].done), real(*given)))

    def watch(_):
        counts.append(1)
        if len(counts) == 9:
            raise KeyboardInterrupt

    options = {"sizes": [Size((2, 2), iterations=4)], "folder": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        search("proposition_1", Settings(20000, SEED), watch=watch, **options)
    assert seen[0] == 1
    assert 2 < len(seen) < 9  # one in three rounds or so
    assert seen[-1] == 9
    assert read_archive(tmp_path / STATE, STATE_FORMAT, STATE_SCHEMA)[0]["done"] == 9


def test_equal_seeds_agree_and_others_do_not(tmp_path):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        search("theorem_3", Settings(300, seed), sizes=[Size((2, 2), games=2, iterations=4)], folder=tmp_path / folder)
    assert everything(tmp_path / "a") == everything(tmp_path / "b")
    assert everything(tmp_path / "a")[RESULT] != everything(tmp_path / "c")[RESULT]


def test_an_unfinished_search_is_not_trampled_on(tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    settings = Settings(200, SEED)
    with pytest.raises(KeyboardInterrupt):
        search("gradient", settings, folder=tmp_path, watch=stop)
    with pytest.raises(ValueError, match="an unfinished search"):
        search("gradient", settings, folder=tmp_path)
    with pytest.raises(ArchiveError, match="an unfinished search with claim gradient, not hessian"):
        search("hessian", settings, folder=tmp_path, resume=True)


@pytest.fixture
def cut_off(tmp_path):
    """A search that was cut off after its first round; its folder."""

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search("gradient", Settings(200, SEED), folder=tmp_path, watch=stop)
    assert list(everything(tmp_path)) == [STATE]
    return tmp_path


@pytest.mark.parametrize(
    ("settings", "sizes", "reason"),
    [
        (Settings(300, SEED), None, r"budget 200, not 300; to begin anew, say so \(--anew"),
        (Settings(200, SEED + 1), None, f"seed {SEED}, not {SEED + 1}; to"),
        (Settings(200, SEED, restarts=2), None, "restarts 8, not 2"),
        (Settings(200, SEED, population=9), None, "population 24, not 9"),
        (Settings(200, SEED), [Size((2, 2), discount=0.5)], r"sizes \[.*, not \['2x2-g0.5'\]"),
    ],
)
def test_another_search_is_not_resumed_but_begun_anew_where_told(
    cut_off, tmp_path_factory, caplog, settings, sizes, reason
):
    with pytest.raises(ArchiveError, match=reason):
        search("gradient", settings, sizes=sizes, folder=cut_off, resume=True)
    assert list(everything(cut_off)) == [STATE]
    search("gradient", settings, sizes=sizes, folder=cut_off, resume=True, anew=True)
    assert re.search(reason.split("; to")[0] + ".*: the search begins anew", caplog.text)
    clean = tmp_path_factory.mktemp("clean")
    search("gradient", settings, sizes=sizes, folder=clean)
    assert everything(cut_off) == everything(clean)


def test_another_library_does_not_go_on_with_a_search(cut_off, monkeypatch):
    """Nor other kernels, NumPy or SciPy; nor one from before it was written down."""
    for key in ("sources", "kernels", "numpy", "scipy"):
        with monkeypatch.context() as other:
            other.setattr(runs, "library", lambda claim, key=key: {**library(claim), key: "another"})
            with pytest.raises(
                ArchiveError, match=f"{key} {re.escape(library(CLAIM)[key])}, not another; to begin anew"
            ):
                search("gradient", Settings(200, SEED), folder=cut_off, resume=True)
    header, arrays = read_archive(cut_off / STATE, STATE_FORMAT, STATE_SCHEMA)
    write_archive(cut_off / STATE, STATE_FORMAT, STATE_SCHEMA, {**header, "library": None}, arrays)
    with pytest.raises(ArchiveError, match="sources None, not "):
        search("gradient", Settings(200, SEED), folder=cut_off, resume=True)


@pytest.mark.parametrize("damage", ["truncated", "an array less"])
def test_a_damaged_state_is_named_and_can_be_left_behind(cut_off, damage):
    state = cut_off / STATE
    if damage == "truncated":
        state.write_bytes(state.read_bytes()[:100])
    else:
        header, arrays = read_archive(state, STATE_FORMAT, STATE_SCHEMA)
        write_archive(
            state, STATE_FORMAT, STATE_SCHEMA, header, {key: a for key, a in arrays.items() if key != "curve_0"}
        )
    with pytest.raises(ArchiveError, match=r"state.npz: .*to begin anew"):
        search("gradient", Settings(200, SEED), folder=cut_off, resume=True)
    search("gradient", Settings(200, SEED), folder=cut_off, anew=True)
    assert STATE not in everything(cut_off)


@pytest.mark.parametrize("what", ["done", "worst_0_0", "pool_0_0"])
def test_a_state_that_was_changed_is_not_resumed(cut_off, what):
    """Intact as a file, it would end in errors of NumPy and SciPy, or in numbers that nobody found."""
    state = cut_off / STATE
    header, arrays = read_archive(state, STATE_FORMAT, STATE_SCHEMA)
    if what in header:
        header = {**header, what: "text"}
    else:
        arrays = {**arrays, what: np.zeros((2, 2))}
    write_archive(state, STATE_FORMAT, STATE_SCHEMA, header, arrays)
    with pytest.raises(ArchiveError, match=r"changed since it was written; to begin anew, say so \(--anew"):
        search("gradient", Settings(200, SEED), folder=cut_off, resume=True)
    search("gradient", Settings(200, SEED), folder=cut_off, resume=True, anew=True)
    assert STATE not in everything(cut_off)


def test_the_command_begins_anew_where_told(cut_off, capsys):
    command = ["falsify", "gradient", "--budget", "150", "--seed", str(SEED), "--output", str(cut_off)]
    assert cli.main([*command, "--resume"]) != 0
    said = capsys.readouterr().err
    assert "budget 200, not 150" in said
    assert "--anew" in said
    assert cli.main([*command, "--resume", "--anew"]) == 0
    assert json.loads((cut_off / RESULT).read_text())["settings"]["budget"] == 150


def digest_of(folder, edit=None):
    """Digest of the sources of a copy of both packages, by an interpreter that imports that copy."""
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    if edit:
        with (folder / edit).open("a") as file:
            file.write("# a comment\n")
    command = (
        "import metanash; from metanash_replication.falsification.sources import *; "
        "print(metanash.__file__, sources_digest())"
    )
    environment = {**os.environ, "PYTHONPATH": str(folder), "METANASH_KERNELS": "numpy"}
    done = subprocess.run([sys.executable, "-c", command], env=environment, capture_output=True, text=True, check=True)
    file, digest = done.stdout.split()
    assert file == str(folder / "metanash/__init__.py")
    return digest


def test_sources_of_a_search_are_what_it_runs(tmp_path):
    """Wherever they are: the kernels' twins count, and what is imported by what is imported; figures do not."""
    edits = [
        None,
        "metanash_replication/topics/falsification/figures.py",
        "metanash_replication/falsification/rounds.py",
        "metanash/simplex.py",
        "metanash/kernels/twin.py",
    ]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda case: digest_of(tmp_path / str(case[0]), case[1]), enumerate(edits)))
    assert found[0] == found[1] == sources_digest()
    assert len({found[0], *found[2:]}) == 4


def test_imports_read_one_by_one_are_those_of_the_whole_file(tmp_path):
    def by_walking(file):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {
                "metanash",
                "metanash_replication",
            }:
                yield from (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names))

    awkward = tmp_path / "awkward.py"
    awkward.write_text(
        "if 1: from metanash.a import b  # (and\n"
        "from metanash_replication import (\n    c,  # the first (of two)\n    d,\n)\n"
        "import e; from metanash.f \\\n    import g as h\n"
        "def i():\n    from metanash import j; from other import k\n"
        "from metanash_other import l\n"
    )
    wanted = {"metanash.a", "metanash.a.b", "metanash_replication", "metanash_replication.c", "metanash_replication.d"}
    assert set(by_walking(awkward)) == wanted | {"metanash.f", "metanash.f.g", "metanash", "metanash.j"}
    for file in [awkward, *SOURCES.rglob("*.py")]:
        assert set(_imported(file)) == set(by_walking(file)), file


def test_functions_of_a_claim_of_the_users_own_are_part_of_its_address():
    def another(cube, size):
        return CLAIM.decode(cube, size)

    def one_more(cube, size):
        return dict(CLAIM.decode(cube, size))

    variants = [replace(CLAIM, decode=another), replace(CLAIM, decode=one_more)]
    variants += [CLAIM, as_claimed_but(CLAIM, 0.5), as_claimed_but(CLAIM, 0.25)]
    assert len({json.dumps(library(claim)) for claim in variants}) == len(variants)
    assert library(replace(CLAIM, decode=another)) == library(replace(CLAIM, decode=another))


def test_simplification_keeps_the_ratio_and_makes_plain_what_does_not_matter():
    claim, size = FALSIFIABLE["gradient"], Size((2, 2), discount=0.5)
    vector = np.random.default_rng(5).random(claim.dimension(size))
    before = ratios(claim.evaluate(claim.instances(vector[np.newaxis], size), size))["derived"][0][0]
    after = simplified(claim, size, "derived", Worst(float(before), vector, 1, 1))
    assert after.ratio >= before * (1.0 - 1e-9)
    assert np.isin(after.vector, (0.0, 0.5, 1.0)).mean() > 0.5
    assert after.vector[0] == 0.5  # the weight of the only state


# Instances ----------------------------------------------------------------------------------------------


def test_decoders_reach_the_extremes():
    cube = Cube(np.random.default_rng(0).random((4000, 30)))
    reward = cube.extremes(4)
    assert 0.15 < (reward == 0.0).mean() < 0.25
    assert 0.15 < (reward == 1.0).mean() < 0.25
    rows = cube.distributions(3)
    np.testing.assert_allclose(rows.sum(axis=-1), 1.0, atol=1e-15)
    assert (rows.max(axis=-1) == 1.0).mean() > 0.02
    near = cube.interior(2)
    assert 0.0 < near.min() < 1e-6
    rate = cube.logarithmic(1e-6, 0.125)
    assert (rate.min(), rate.max()) == (pytest.approx(1e-6), 0.125)
    assert 0.35 < (rate < np.sqrt(1e-6 * 0.125)).mean() < 0.65
    assert cube.used == 4 + 3 + 1 + 1
    assert (Cube(np.zeros((2, 3))).distributions(3) == 1.0 / 3.0).all()


@pytest.mark.parametrize("name", FALSIFIABLE)
def test_sizes_have_names_that_are_read_again(name):
    for size in FALSIFIABLE[name].sizes:
        assert Size.parse(size.name) == size


@pytest.mark.parametrize("name", ["", "2x", "2x2-T", "2x2-T5-S2", "2x2-g1.0", "0x2", "2x2-S0", "2x2-K-1"])
def test_other_names_of_sizes_are_refused(name):
    with pytest.raises(ValueError, match="got "):
        Size.parse(name)


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("theorem_1", "2x2x2", "about two players"),
        ("theorem_5", "2", "two players or more"),
        ("theorem_1", "2x2-g0.5", "knows no discount"),
    ],
)
def test_sizes_that_make_no_game_of_the_claim_are_refused(name, size, message):
    with pytest.raises(ValueError, match=message):
        search(name, Settings(10, 0), sizes=[Size.parse(size)])


@pytest.mark.parametrize("settings", [{"budget": 0}, {"restarts": 0}, {"population": 4}])
def test_settings_out_of_range_are_refused(settings):
    (name,) = settings
    with pytest.raises(ValueError, match=name):
        Settings(**({"budget": 1, "seed": 0} | settings))


@pytest.mark.parametrize("name", ["theorem_1", "theorem_2", "proposition_1", "theorem_4", "theorem_5"])
def test_instances_are_replayed_from_their_files_to_the_bit(tmp_path, monkeypatch, name):
    size = short([size for size in FALSIFIABLE[name].sizes if size.first == 1][-1], 8)
    monkeypatch.setitem(FALSIFIABLE, name, replace(FALSIFIABLE[name], ceiling=None))
    result = search(name, Settings(60, SEED), sizes=[size], folder=tmp_path)
    for found in result.findings:
        again = replay(tmp_path / INSTANCES / found.file)
        kept = ("form", "size", "ratio", "left", "right", "verified", "iterations", "structure", "file")
        assert {key: getattr(again, key) for key in kept} == {key: getattr(found, key) for key in kept}
        saved = read_instance(tmp_path / INSTANCES / found.file)
        for key, array in result.instances[found.file].arrays.items():
            np.testing.assert_array_equal(saved.arrays[key], array)
    content = json.loads((tmp_path / RESULT).read_text())
    assert content["settings"]["budget"] == 60
    assert [entry["form"] for entry in content["findings"]] == list(FALSIFIABLE[name].forms)


def test_other_game_files_are_no_instances(tmp_path):
    from metanash import MarkovGame, write_games  # noqa: PLC0415
    from metanash.transitions import Transition  # noqa: PLC0415

    game = MarkovGame(np.zeros((2, 1, 1, 2, 2)), Transition.shared(np.ones((1, 2, 2, 1))))
    write_games(tmp_path / "other.npz", [game])
    with pytest.raises(ArchiveError, match="no instance of a claim"):
        replay(tmp_path / "other.npz")


def test_structure_is_read_off_the_instance():
    arrays = {
        "reward": np.array([[0.0, 0.0], [1.0, 1.0]]).reshape(1, 1, 1, 2, 2),
        "transition": np.ones((1, 1, 1, 2, 2, 1)),
        "start": np.ones(1),
        "learning_rate": np.array(1e-7),
        "largest_rate": np.array(0.125),
        "policy_0": np.array([[1.0 - 1e-6, 1e-6], [1e-6, 1.0 - 1e-6]]).reshape(2, 1, 1, 2),
        "policy_1": np.array([[1.0, 0.0], [1.0, 0.0]]).reshape(2, 1, 1, 2),
    }
    assert describe(arrays, 3) == [
        "T = 3",
        "small learning rate: 8.0e-07 of the largest",
        "initial policies within 1.0e-06 of vertices",
        "initial policies change vertex after stage 1",
        "rewards of 0 and 1 only",
        "nothing depends on player 2",
    ]


# The command --------------------------------------------------------------------------------------------


def test_the_command_searches_and_replays(tmp_path, capsys):
    folder = tmp_path / "found"
    call = ["falsify", "proposition-1", "--size", "2x2", "--budget", "1000", "--seed", "4", "--output", str(folder)]
    assert cli.main(call) == 0
    printed = capsys.readouterr().out
    assert "printed (2x2): violated (verified)" in printed
    file = folder / INSTANCES / "2x2-printed.npz"
    assert cli.main(["falsify", "--replay", str(file)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{file}: printed, T = 1: left ")
    assert "with 50 digits" in line


def test_a_terminal_gets_a_progress_bar(tmp_path, monkeypatch, capsys):
    call = ["falsify", "gradient", "--budget", "60", "--size", "2x2", "--output", str(tmp_path / "found")]
    assert cli.main(call) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert cli.main(call) == 0
    shown = capsys.readouterr()
    assert "gradient" in shown.err
    assert "57/60" in shown.err  # 12 random vectors and nine generations of five
    assert "57/60" not in shown.out


def test_the_command_lists_every_claim(capsys):
    assert cli.main(["falsify", "--list"]) == 0
    printed = capsys.readouterr().out
    for name, claim in FALSIFIABLE.items():
        assert f"{name}: {claim.title}\n" in printed
        for size in claim.sizes:
            assert size.name in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["theorem_9"], "claim must be one of theorem_1, "),
        (["theorem_1", "--form", "x"], "form of Theorem 1 must be one of"),
        (["theorem_1", "--size", "big"], "a size is written like"),
        (["theorem_1", "--budget", "0"], "budget must be an integer of at least 1"),
        (["--replay", "nowhere.npz"], "nowhere.npz: no such file"),
    ],
)
def test_the_command_says_what_is_wrong_in_a_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["falsify", *arguments]) == 1
    assert capsys.readouterr().err.startswith(f"metanash falsify: {message}")
    assert not list(tmp_path.iterdir())


def test_a_new_entry_is_searched_like_the_others(monkeypatch, tmp_path, capsys):
    """Nothing but the entry: here that a reward is at most 1/2, with an independent evaluation."""

    def decode(cube, size):
        shape = (1, 1, size.n_states, *size.n_actions)
        return {
            "reward": cube.extremes(*shape),
            "transition": np.ones((len(cube), *shape, 1)),
            "start": np.ones((len(cube), 1)),
        }

    claim = Falsifiable(
        title="rewards at most 1/2",
        forms=("printed",),
        sizes=(Size((2,)),),
        game=DiscountedGame,
        decode=decode,
        evaluate=lambda instances, _: Sides(
            np.array([1]), instances["reward"].reshape(-1, 2).max(axis=1, keepdims=True), {"printed": np.array([[0.5]])}
        ),
        verify=lambda one, _size, _t: (Decimal(float(one["reward"].max())), {"printed": Decimal("0.5")}),
    )
    monkeypatch.setitem(FALSIFIABLE, "halves", claim)
    assert cli.main(["falsify", "halves", "--budget", "50", "--output", str(tmp_path)]) == 0
    assert "printed (2): violated (verified)\n    worst ratio 2, with 50 digits 2" in capsys.readouterr().out


# What a search does, seen from inside -------------------------------------------------------------------


def rewards_claim(left, right=1.0, actions=3, watched=None):
    """A claim about the rewards of one player: ``left`` of them (n, A) is at most ``right``."""

    def decode(cube, _size):
        shape = (1, 1, 1, actions)
        return {
            "reward": cube.extremes(*shape),
            "transition": np.ones((len(cube), *shape, 1)),
            "start": np.ones((len(cube), 1)),
        }

    def evaluate(instances, _size):
        reward = instances["reward"].reshape(-1, actions)
        if watched is not None:
            watched.append(reward.copy())
        sides = {form: np.full((1, 1), right) for form in ("a", "b")}
        return Sides(np.array([1]), left(reward)[:, np.newaxis], sides)

    return Falsifiable("rewards", ("a", "b"), (Size((actions,)),), DiscountedGame, decode, evaluate)


def test_every_restart_is_run_and_starts_from_random_vectors_of_its_own():
    """Restart r improves the best of the vectors with number r modulo the number of restarts."""
    watched = []
    claim = rewards_claim(lambda reward: reward[:, 0] - 0.1 * reward[:, 1], watched=watched)
    settings, sizes = Settings(50_000, SEED, restarts=3), list(claim.sizes)
    progress, first, drawn = start(claim.forms), {}, []
    for turn in rounds(settings, sizes, claim.forms):
        watched.clear()
        progress = advance(claim, "synthetic", sizes, settings, progress, turn)
        if turn.form is None:
            drawn += watched
        elif turn.number == 0:
            first[turn.form, turn.restart] = watched[0], turn
    assert set(first) == set(itertools.product("ab", range(3)))
    vectors = np.concatenate(drawn)
    assert 0.15 * 50_000 <= len(vectors) <= 0.25 * 50_000
    ratio = np.maximum(vectors[:, 0] - 0.1 * vectors[:, 1], 0.0)
    for (_, restart), (population, turn) in first.items():
        own = np.arange(restart, len(vectors), 3)
        best = own[np.argsort(-ratio[own], kind="stable")[: turn.members]]
        np.testing.assert_array_equal(population, vectors[best])


def test_a_search_that_finds_something_simplifies_it(monkeypatch):
    """Only the first reward matters: the others end as 1/2, the plainest. What is no violation stays as it is."""
    for right, plain in ((0.25, True), (4.0, False)):
        monkeypatch.setitem(FALSIFIABLE, "synthetic", rewards_claim(lambda reward: reward[:, 0], right))
        result = search("synthetic", Settings(300, SEED))
        for finding, instance in zip(result.findings, result.instances.values(), strict=True):
            assert finding.ratio == 1.0 / right
            rewards = instance.arrays["reward"].ravel()
            assert rewards[0] == 1.0
            assert (rewards[1:].tolist() == [0.5, 0.5]) == plain


# Sizes that show something ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size"), [(n, s) for n, claim in FALSIFIABLE.items() if claim.ceiling for s in claim.sizes]
)
def test_no_instance_exceeds_the_ceiling(name, size):
    """Random instances, extreme ones among them; and at the sizes that are searched every form can exceed 1."""
    claim, size = FALSIFIABLE[name], short(size, 512)
    units = np.random.default_rng(8).random((40, claim.dimension(size))).round(1)
    ceilings = claim.ceilings(size)
    for form, (found, _) in ratios(claim.evaluate(claim.instances(units, size), size)).items():
        assert found.max() <= ceilings[form]
    assert min(claim.ceilings(claim.sizes[0]).values()) > 1.0


@pytest.mark.parametrize(
    ("name", "size", "least"),
    [
        ("theorem_2", "2x2-K5-T256", 50_058),  # 192 (40 log 5 + 16 log T log 20) / sqrt(5) = T
        ("equation_4", "2x2-H2-T512", None),
        ("equation_11", "2x2-T256", None),
    ],
)
def test_a_size_at_which_nothing_can_be_violated_is_refused(name, size, least):
    with pytest.raises(ValueError, match=f"no instance of the size {size} can violate"):
        search(name, Settings(10, SEED), sizes=[Size.parse(size)])
    if least:
        check_informative(FALSIFIABLE[name], replace(Size.parse(size), iterations=least + 10))
        with pytest.raises(ValueError, match="look at a larger T"):
            check_informative(FALSIFIABLE[name], replace(Size.parse(size), iterations=least - 60))


def test_a_weaker_claim_has_a_lower_ceiling():
    claim = FALSIFIABLE["equation_4"]
    size = claim.sizes[0]
    for form, ceiling in as_claimed_but(claim, 4.0).ceilings(size).items():
        assert ceiling == pytest.approx(claim.ceilings(size)[form] / 4.0)


def test_late_sizes_have_names_and_only_late_iterations():
    size = Size.parse("2x3-S3-H2-T32to48")
    assert (size.first, size.iterations, size.name) == (32, 48, "2x3-S3-H2-T32to48")
    assert Size.parse(size.name) == size
    assert size.checkpoints(10).min() >= 32
    assert size.checkpoints(10).max() == 48
    with pytest.raises(ValueError, match="the first T must be from 1 to the last"):
        Size.parse("2x2-T9to8")
    with pytest.raises(ValueError, match="the first T"):
        Size.parse("2x2-T0to8")


def test_the_burn_in_of_two_steps_is_found_to_the_last_bit_of_its_bound():
    """Theorem 5 at H = 2, by search alone: T times the gap comes within 0.3 % of the 7 that the burn-in may cost."""
    form = "repaired: burn-in term"
    found = search("theorem_5", Settings(5000, SEED), forms=[form], sizes=[Size((2, 2), 2, 2, iterations=128)]).worst(
        form
    )
    assert 0.95 < found.verified <= 1.0
    assert found.ratio == pytest.approx(found.verified, rel=1e-9)


def test_two_sided_burn_in_is_in_the_space_that_is_searched():
    """The known instance of docs/theorem1.md, as a vector: 11 / T - 20 / T^2, and its policies by two responses."""
    claim, size = FALSIFIABLE["theorem_1"], Size.parse("2x3-S2-H2-T48to48")
    vector = np.full(claim.dimension(size), 0.5)
    chance = np.eye(2)[[[0, 0, 0], [1, 0, 1]]]
    first = [[1.0, 0.5, 0.0], [1.0, 1.0, 0.0]]
    second = [[[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]]
    known = np.concatenate([np.ravel(part) for part in (chance, first, second, [1.0])])
    vector[: len(known)] = known
    units = vector[np.newaxis]
    for _ in range(3):
        units = claim.respond(units, size)
    (ratio,), _ = ratios(claim.evaluate(claim.instances(units, size), size))["repaired: burn-in term"]
    assert ratio == pytest.approx((11 / 48 - 20 / 48**2) / (11 / 48), rel=1e-9)
    np.testing.assert_array_equal(claim.respond(units, size), units)


@pytest.mark.parametrize(("name", "size"), [("theorem_1", "2x3-S3-H2-T48to48"), ("theorem_5", "2x2x2-S2-H2-T16")])
def test_a_response_changes_initial_policies_only(name, size):
    claim, size = FALSIFIABLE[name], Size.parse(size)
    units = np.random.default_rng(5).random((6, claim.dimension(size)))
    before, after = claim.instances(units, size), claim.instances(claim.respond(units, size), size)
    for key, array in before.items():
        if key.startswith("policy"):
            assert (after[key].max(axis=-1) > 1.0 - 1e-5).all()
        else:
            np.testing.assert_array_equal(after[key], array)


def test_states_that_are_not_reached_at_step_1_are_like_the_first():
    claim, size = FALSIFIABLE["theorem_1"], Size((2, 3), n_states=3, horizon=2, iterations=8)
    found = claim.instances(np.random.default_rng(6).random((4, claim.dimension(size))), size)
    for array in (
        found["reward"][:, 0, 0],
        found["transition"][:, 0, 0],
        *np.moveaxis(found["policy_1"][:, :, 0], 1, 0),
    ):
        for state in (1, 2):
            np.testing.assert_array_equal(array[:, state], array[:, 0])


def test_a_form_with_a_second_look_from_some_ratio_on():
    name, size = "theorem_2", FALSIFIABLE["theorem_2"].sizes[0]
    found = search(name, Settings(3, SEED), sizes=[size])
    low = found.worst("repaired: learning rate")
    assert 0.0 < low.ratio < 0.5
    assert (low.verified, low.verdict) == (None, "no violation in 3 evaluations")


def test_forms_that_a_size_does_not_look_at_leave_no_trace():
    """Divergences of 0 make the printed right side 0 there: an infinite ratio, which no figure could draw."""
    claim = FALSIFIABLE["theorem_1"]
    (late,) = (size for size in claim.sizes if size.first > 1)
    found = search("theorem_1", Settings(400, SEED), sizes=[late])
    assert {finding.form for finding in found.findings} == {"repaired: burn-in term", "proven: any best response"}
    assert found.curve["printed"] == []
    assert all(math.isfinite(ratio) for points in found.curve.values() for _, ratio in points)
