"""A new measurement with tables, figure, claim and part of a section, in the files that docs/extending.md lists.

The measurement is small: how large the NE-gap of uniform play is, which the claim bounds by 1 / (1 - discount).
"""

import json
import re

import pytest
from conftest import ROOT, files_of

TOPIC = "src/metanash_replication/topics/maml"
ADDED = {
    f"{TOPIC}/measure.py": [
        ('__all__ = ["constant_ratios", ', '__all__ = ["constant_ratios", "uniform_play", '),
        ("# The inner loop ---", '''def uniform_play(
    base_kind: str,
    seeds: Sequence[int],
    root_seed: int,
    *,
    discounts: Sequence[float],
    n_states: int,
    n_actions: Sequence[int],
) -> Arrays:
    """NE-gaps of uniform policies: ``ne_gap`` (discounts, seeds)."""
    gaps = []
    for discount in discounts:
        games = [
            game
            for seed in seeds
            for game in _games(base_kind, discount, (root_seed, "uniform", seed), 1, n_states, n_actions)
        ]
        gaps.append(ne_gaps(GameBatch.of(games), [np.full((len(games), n_states, n), 1.0 / n) for n in n_actions]))
    return {"seeds": np.array(seeds, dtype=np.int64), "ne_gap": np.stack(gaps)}


# The inner loop ---'''),
        ("from metanash.games import", "from metanash.gaps import ne_gaps\nfrom metanash.games import"),
    ],
    f"{TOPIC}/tables.py": [
        ("def make(\n", '''def uniform_play_table(measured: Iterable[Measurement]) -> pd.DataFrame:
    """Largest NE-gap of uniform play beside the largest possible one: columns base_kind, discount, left, right."""
    rows = [
        {
            "base_kind": spec["base_kind"],
            "discount": discount,
            "left": gaps.max(),
            "right": 1.0 / (1.0 - discount),
        }
        for spec, arrays in measured
        for discount, gaps in zip(spec["discounts"], arrays["ne_gap"], strict=True)
    ]
    return pd.DataFrame(rows)


def make(
'''),
        ('        "inner_loop": inner_loop,\n', '''        "inner_loop": inner_loop,
        "uniform_play": uniform_play_table(measured["uniform_play"]),
'''),
    ],
    f"{TOPIC}/figures.py": [
        ("FIGURES: dict[", '''def uniform_play(tables: Tables, width: float) -> Figure:
    """NE-gap of uniform play and its bound against the discount."""
    figure, ax = plt.subplots(figsize=(width, 0.4 * width))
    for kind, own in tables["uniform_play"].groupby("base_kind"):
        ax.plot(own["discount"], own["left"], "o", label=KIND_LABELS[str(kind)], **KIND_STYLE[str(kind)])
        ax.plot(own["discount"], own["right"], "_", **BOUND)
    ax.set(xlabel="discount", ylabel="NE-gap (reward units)")
    legend_below(figure, ax, 2)
    return figure


FIGURES: dict['''),
        ('    "maml_inner_loop": inner_loop,\n', '''    "maml_inner_loop": inner_loop,
    "maml_uniform_play": uniform_play,
'''),
    ],
    f"{TOPIC}/claims.py": [
        ("    never_exceeded,\n)", "    never_exceeded,  # and one more\n)"),
        ("    Claim(\n        id=\"equation-10\",", '''    Claim(
        id="uniform-play",
        kind=THEOREM,
        place="Section 4.2",
        statement=r"Uniform play has an NE-gap of at most $1 / (1 - \\gamma)$.",
        tested="Exact gaps of uniform policies in random games.",
        judge=comparison(
            "uniform_play", lambda tables: tables["uniform_play"], ("base_kind",), "{left} of {right} ({where})"
        ),
        plain={"holds": "Uniform play is no worse than that: {left} of {right}."},
        figures=("maml_uniform_play",),
        tables=("uniform_play",),
        runs=("theory/meta_gradient/uniform_play/*",),
    ),
    Claim(
        id="equation-10",'''),
    ],
    f"{TOPIC}/section.py": [
        ("def theorem_4(", '''def _uniform_play(table: pd.DataFrame) -> Part:
    cells = Cells("uniform_play")
    rows = [(KIND_LABELS[row["base_kind"]], cells(row["left"], ".3f")) for _, row in table.iterrows()]
    return Part("Uniform play", "Largest gap.", ("games", "NE-gap"), tuple(rows))


def theorem_4('''),
        ('        _inner_loop(tables["inner_loop_slopes"]),\n', '''        _inner_loop(tables["inner_loop_slopes"]),
        _uniform_play(tables["uniform_play"]),
'''),
    ],
    f"{TOPIC}/plan.py": [
        ('"inner_loop", "random_games")', '"inner_loop", "random_games", "uniform_play")'),
        ("    tables=(\n", '    tables=(\n        Table("uniform_play", "NE-gap of uniform play.", judged=True),\n'),
        ("    figures=(\n        Figure(\n            \"theorem4",
         '    figures=(\n        Figure("maml_uniform_play", "Uniform play, and its bound.", ("uniform_play",)),\n'
         '        Figure(\n            "theorem4'),
        ('claims=("inner-loop", ', 'claims=("inner-loop", "uniform-play", '),
        ('"maml_adaptation", "maml_inner_loop"),', '"maml_adaptation", "maml_inner_loop", "maml_uniform_play"),'),
    ],
    "config/config.yaml": [
        ("    gap_level: 0.05", '''    uniform_play:
      base_kinds: [team, action_independent]
      discounts: [0.5, 0.9]
      n_states: 2
      n_actions: [2, 2]
      seeds: 24
    gap_level: 0.05'''),
    ],
    "config/smoke.yaml": [
        ("    inner_loop: {base_kinds: [team],", "    uniform_play: {seeds: 3}\n    inner_loop: {base_kinds: [team],"),
    ],
    "workflow/schemas/config.schema.yaml": [
        ("random_games, meta_training, inner_loop, gap_level, gap_levels]",
         "random_games, meta_training, inner_loop, uniform_play, gap_level, gap_levels]"),
        ("          inner_loop:\n", '''          uniform_play:
            type: object
            additionalProperties: false
            required: [base_kinds, discounts, n_states, n_actions, seeds]
            properties:
              base_kinds: {$ref: "#/$defs/potential_kinds"}
              discounts: {$ref: "#/$defs/discounts"}
              n_states: {$ref: "#/$defs/states"}
              n_actions: {$ref: "#/$defs/size"}
              seeds: {$ref: "#/$defs/seeds"}
          inner_loop:
'''),
    ],
}  # fmt: skip
"""File -> what is found in it and what takes its place."""
CHECK = """
import dataclasses, json, sys
import pandas as pd
from metanash_replication.ledger import judge_all
from metanash_replication.paper import CLAIMS, OUTLINES
from metanash_replication.plotting import save, use_style
from metanash_replication.topics.maml import figures, measure, section, tables

(claim,) = (one for one in CLAIMS if one.id == "uniform-play")
(outline,) = (plan for plan, _ in OUTLINES if "uniform-play" in plan.claims)
spec = {"base_kind": "team", "seeds": [0, 1, 2], "discounts": [0.5, 0.9], "n_states": 2, "n_actions": [2, 2]}
arrays = measure.uniform_play(root_seed=7, **spec)
table = tables.uniform_play_table([(spec, arrays)])
files = {"theory/meta_gradient/uniform_play/team.npz": {"base_kind": "team"}}
(entry,) = judge_all({"uniform_play": table}, files, [claim])
use_style()
drawn = figures.FIGURES["maml_uniform_play"]({"uniform_play": table}, 5.5)
drawn.canvas.draw()
shown = section._uniform_play(table).rows
print(json.dumps({
    "section": claim.section, "outline": outline.id, "figures": outline.figures, "gaps": arrays["ne_gap"].tolist(),
    "table": table["left"].tolist(), "verdict": entry.word, "worst": entry.worst_runs, "rows": len(shown),
    "drawn": drawn.axes[0].get_lines()[0].get_ydata().tolist(),
}))
"""


@pytest.fixture(scope="module")
def extended(bare, tmp_path_factory):
    """A copy of the project with the measurement."""
    project = bare.copied_to(tmp_path_factory.mktemp("extended") / "project")
    for name, edits in ADDED.items():
        for old, new in edits:
            project.edit(name, new, old=old)
    return project


def test_only_files_of_the_extending_page_are_touched(bare, extended):
    before, after = (
        {name: (project.folder / name).read_bytes() for name in files_of(project.folder)}
        for project in (bare, extended)
    )
    changed = {name for name in after if after[name] != before.get(name)}
    assert {*before} <= {*after}
    assert changed == {*ADDED}
    text = (ROOT / "docs/extending.md").read_text().split("## A new measurement, ")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE))
    assert listed == {*ADDED}


def test_a_run_makes_all_of_it(extended):
    """The measurement of each kind of games, the table, the figure; and what is made of them waits for them."""
    answer = extended.dry_run()
    assert answer.jobs()["maml_uniform_play"] == 2
    jobs = re.findall(
        r"^Job \d+: (.*)\nReason: Missing output files: (.*?)(?:; Input files updated by another job: (.*))?$",
        answer.text,
        flags=re.MULTILINE,
    )
    made = {message: {*outputs.split(", ")} for message, outputs, _ in jobs}
    read = {message: {*inputs.split(", ")} for message, _, inputs in jobs}
    measured = set()
    for kind in ("team", "action_independent"):
        file = f"results/smoke/theory/meta_gradient/uniform_play/{kind}.npz"
        assert file in made[f"Softmax policies: uniform_play, {kind}"]
        measured.add(file)
    tables, table = "Theorem 4 beside the measurements", "results/smoke/uniform_play.csv"
    assert table in made[tables]
    assert measured <= read[tables]
    drawn = {f"results/smoke/paper_figures/maml_uniform_play.{kind}" for kind in ("pdf", "png")}
    (drawing,) = (message for message, outputs in made.items() if outputs & drawn)
    assert drawn <= made[drawing]
    assert table in read[drawing]
    report = "Report: results/smoke/report.html"
    for message in ("Claims of the paper: verdicts from the tables", "Summary: the report for terminals", report):
        assert table in read[message]
    assert "results/smoke/paper_figures/maml_uniform_play.png" in read[report]


def test_a_caption_that_is_missing_is_named(extended, tmp_path):
    """Before anything is run."""
    project = extended.copied_to(tmp_path / "project")
    project.edit(f"{TOPIC}/plan.py", '""', old='"Uniform play, and its bound."')
    answer = project.snakemake("--dry-run", "--cores", "1")
    assert answer.code != 0
    assert "figure maml_uniform_play: its caption is ''" in answer.text


def test_nothing_else_is_made_that_was_not_before(bare, extended):
    before, after = (project.dry_run().jobs() for project in (bare, extended))
    assert {rule: count for rule, count in after.items() if before.get(rule) != count} == {"maml_uniform_play": 2}


def test_claim_figure_and_part_are_in_the_report(extended):
    answer = extended.command("-c", CHECK)
    assert answer.code == 0, answer.text
    found = json.loads(answer.text)
    assert (found["section"], found["outline"]) == ("theorem-4", "theorem-4")
    assert "maml_uniform_play" in found["figures"]
    assert found["table"] == found["drawn"] == [max(row) for row in found["gaps"]]
    assert (found["verdict"], found["rows"]) == ("holds", 2)
    assert found["worst"] == ["theory/meta_gradient/uniform_play/team.npz"]
    assert all(0 < gap <= 10 for row in found["gaps"] for gap in row)
