"""Bandit feedback in the small configuration: arrays against learners, tables by hand, verdicts, report and figures."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from drawings import WIDTH, drawn, in_style, labelled, legend_of, reads_what_its_plan_says, shows
from pages import citations_in, stands_in, tables_read

from metanash import GameBatch, families, learn, learn_sequence
from metanash.learners import OptimisticMirrorDescent, SampledMirrorDescent, VLearning
from metanash.meta import META_UPDATES
from metanash_replication.labels import ARM_LABELS, LEARNER_LABELS
from metanash_replication.ledger import judge_all
from metanash_replication.plans import read_plan, setting
from metanash_replication.topics.bandit import claims, figures, measure, section
from metanash_replication.topics.bandit.tables import NO_PROMISE, make, meta_rows, rate_rows

ROOT = Path(__file__).parents[3]
PLAN = read_plan("bandit")
style = pytest.fixture(in_style)


def configuration():
    def merged(base, top):
        both = isinstance(base, dict) and isinstance(top, dict)
        return {**base, **{key: merged(base.get(key), value) for key, value in top.items()}} if both else top

    read = [yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()) for name in ("config", "smoke")]
    return merged(*read)


@pytest.fixture(scope="module")
def measured():
    config, found = configuration(), {}
    for one in PLAN.measurements:
        for job in one.jobs(config):
            arguments = one.arguments(config, job)
            arrays = getattr(measure, one.function)(**arguments)
            found.setdefault(one.name, []).append((arguments | {"file": f"{one.file.format(**job)}.npz"}, arrays))
    return found


@pytest.fixture(scope="module")
def tables(measured):
    return make(measured, **{name: setting(configuration(), path) for name, path in PLAN.tabulated.settings.items()})


def test_tables_are_those_of_the_plan(tables):
    assert set(tables) == {table.name for table in PLAN.tables}
    keys = {
        "bandit": ["case", "learner"], "bandit_curves": ["case", "learner", "episode"],
        "bandit_meta": ["case", "feedback", "arm"], "bandit_meta_curves": ["case", "feedback", "arm", "episode"],
    }  # fmt: skip
    for name, key in keys.items():
        assert not tables[name].isna().any().any()
        assert not tables[name].duplicated(key).any()
    assert set(tables["bandit"]["concept"]) == set(measure.CONCEPTS)


def test_arrays_are_those_of_the_learners_game_by_game(measured):
    spec, arrays = next(one for one in measured["bandit"] if one[0]["concept"] == "nash")
    kinds = {
        "v_learning": lambda rate, seed: VLearning(rate, seed=[seed]),
        "sampled_mirror_descent": lambda rate, seed: SampledMirrorDescent(
            rate, batch=20, exploration=0.05, seed=[seed]
        ),
        "optimistic_mirror_descent": lambda rate, seed: OptimisticMirrorDescent(rate),  # noqa: ARG005
    }
    for k, seed in enumerate(spec["seeds"]):
        game = families.zero_sum_sequence(
            "mixed", spec["root_seed"], "bandit", seed, n_games=1, perturbation=0.1, n_states=2, n_actions=[2, 2],
            horizon=2,
        )  # fmt: skip
        for name, rate in spec["rates"].items():
            at = arrays["episodes"] // (1 if name == "v_learning" else 20)
            run = learn(game, kinds[name](rate, seed), int(at[-1]), at=at)
            np.testing.assert_array_equal(arrays[name][k], run.measures[measure.CONCEPTS["nash"][1][name]][0])


def test_sequences_are_learned_one_game_after_another(measured):
    spec, arrays = measured["bandit_sequences"][0]
    (seed, *_), games = spec["seeds"], spec["games"]
    drawn_ = families.zero_sum_sequence(
        spec["base_kind"], spec["root_seed"], "bandit sequences", seed, n_games=games, perturbation=0.1, n_states=2,
        n_actions=[2, 2], horizon=2,
    )  # fmt: skip
    learner = SampledMirrorDescent(0.2, batch=20, exploration=0.05, seed=[seed])
    for arm in spec["arms"]:
        batches = [GameBatch.of(game) for game in drawn_]
        run = learn_sequence(batches, learner, META_UPDATES[arm](games), 60, at=arrays["iterations"])
        np.testing.assert_allclose(arrays[f"sampled_{arm}"][0], run.ne_gap[0, 1:].mean(axis=0), rtol=1e-13)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rates": {"q": 1.0}}, r"learners of the concept cce are \['correlated_mirror_descent', .*, got \['q'\]"),
        ({"episodes": 3}, "episodes must be at least those of an iteration, 10; got 3"),
    ],
)
def test_bad_settings(changed, message):
    given = {
        "concept": "cce", "base_kind": "random", "seeds": [0], "root_seed": 1, "n_actions": [2, 2], "n_states": 1,
        "perturbation": 0.0, "rates": {"v_learning": 1.0}, "episodes": 100, "batch": 10, "exploration": 0.1,
        "n_checkpoints": 3, "horizon": 1,
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        measure.bandit(**given | changed)


T = np.unique(np.rint(np.geomspace(1, 10000, 60)).astype(np.int64))


@pytest.mark.parametrize(
    ("learner", "power", "verdict"),
    [
        ("v_learning", -0.5, "consistent"), ("v_learning", -1.0, "consistent"), ("v_learning", -0.35, "violated"),
        ("sampled_mirror_descent", -0.1, NO_PROMISE),
    ],
)  # fmt: skip
def test_slopes_of_powers(learner, power, verdict):
    spec = {"concept": "nash", "base_kind": "mixed", "horizon": 2, "n_actions": [2, 2], "rates": {learner: 1.0},
            "episodes": 10000}  # fmt: skip
    arrays = {"seeds": np.arange(3), "episodes": T, learner: np.outer([1.0, 2.0, 3.0], T**power)}
    (found,) = rate_rows(spec, arrays, 0.03, 200, 1)
    assert [found[name] for name in ("slope", "low", "high")] == pytest.approx([power] * 3)
    assert found["verdict"] == verdict
    assert found["gap"] == pytest.approx(2.0 * 10000**power)
    assert found["promised_slope"] == pytest.approx(-0.5 + 0.5 / np.log(3162), abs=0.01)  # d log(log T) / d log T


def test_ratios_are_paired():
    spec = {"base_kind": "pure", "games": 3, "horizon": 2, "perturbation": 0.1, "batch": 5,
            "arms": ["individual", "best_response"]}  # fmt: skip
    alone = np.outer([1.0, 5.0, 9.0], [1.0, 0.5])
    arrays = {"seeds": np.arange(3), "iterations": np.array([1, 10])}
    for feedback, share in (("sampled", 0.5), ("full", 0.25)):
        arrays |= {f"{feedback}_individual": alone, f"{feedback}_best_response": share * alone}
    rows = {(row["feedback"], row["arm"]): row for row in meta_rows(spec, arrays, 200, 1)}
    for feedback, share in (("sampled", 0.5), ("full", 0.25)):
        found = rows[feedback, "best_response"]
        assert [found[name] for name in ("ratio", "ratio_low", "ratio_high")] == pytest.approx([share] * 3)
        assert found["gap"] == pytest.approx(2.5 * share)
        assert rows[feedback, "individual"]["ratio_high"] == 1.0


def test_every_claim_and_section_can_be_made(tables):
    config = configuration()
    runs = {name: about for one in PLAN.measurements for name, about in one.files(config).items()}
    entries = judge_all(tables, runs, claims.CLAIMS)
    assert [entry.claim.id for entry in entries] == PLAN.claims
    for entry in entries:
        (file,) = entry.worst_runs  # the one that the deciding row is of
        for name in ("concept", "base_kind", "horizon", "games", "episodes"):
            assert name not in runs[file] or runs[file][name] == entry.verdict.place[name]
    assert tables_read([*(claim.judge for claim in claims.CLAIMS), *section.PARTS.values()], tables) == set(PLAN.judged)
    learning, meta = section.PARTS["bandit"](tables)
    for part, name in ((learning, "bandit"), (meta, "bandit_meta")):
        wrong = [text for text, source in citations_in(part.rows) if source != f"{name}.csv"]
        assert wrong == [text for text, _ in citations_in(part.rows) if not stands_in(text, tables[name])] == []
    assert len(learning.rows) == len(tables["bandit"])
    assert len(meta.rows) == len(tables["bandit_meta"])
    assert all(len(row) == len(part.header) for part in (learning, meta) for row in part.rows)


@pytest.mark.usefixtures("style")
@pytest.mark.parametrize("name", figures.FIGURES)
def test_figures_show_what_the_tables_have(tables, name):
    reads_what_its_plan_says("bandit", figures.FIGURES, tables)
    figure = figures.FIGURES[name](tables, WIDTH)
    table = tables["bandit_curves" if name == "bandit_learning" else "bandit_meta_curves"]
    cases = list(dict.fromkeys(table["case"]))
    assert len(drawn(figure)) == len(cases)
    wanted = set()
    for ax, case in zip(drawn(figure), cases, strict=True):
        part, lines = table[table["case"] == case], labelled(ax)
        if name == "bandit_learning":
            own = {LEARNER_LABELS[one]: rows for one, rows in part.groupby("learner")}
        else:
            words = {"sampled": "sampled", "full": "full information"}
            groups = part.groupby(["feedback", "arm"])
            own = {f"{ARM_LABELS[arm]}, {words[feedback]}": rows for (feedback, arm), rows in groups}
        assert set(lines) == set(own)
        for label, rows in own.items():
            shows(lines[label], rows[rows["mean"] > 0.0], "episode", "mean")
        wanted |= set(own)
    assert set(legend_of(figure)) == wanted
