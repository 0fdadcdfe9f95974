"""Tables and figures of the searches show what was found, and nothing else."""

import itertools
import json
import math

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from drawings import reads_what_its_plan_says
from matplotlib.text import Text

from metanash_replication import plotting
from metanash_replication.falsification import FALSIFIABLE, Settings, Size, replay, search
from metanash_replication.falsification.files import SavedInstance, read_instance
from metanash_replication.falsification.runs import RESULT, VIOLATED
from metanash_replication.plans import read_plan
from metanash_replication.topics.falsification.figures import FIGURES, _caption
from metanash_replication.topics.falsification.tables import (
    curve_table,
    drawn_rows,
    falsification_table,
    instance_table,
    kind_of_form,
)

WIDTH = 5.5
SEARCHED = {
    "proposition_1": [Size((2, 2)), Size((2, 2), n_states=2, discount=0.5)],
    "theorem_5": [Size((2, 2), iterations=4), Size((2, 2), n_states=2, horizon=2, iterations=4)],
    "hessian": [Size((3, 2))],
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Folder of results with three searches."""
    folder = tmp_path_factory.mktemp("results")
    for name, sizes in SEARCHED.items():
        search(name, Settings(1500, 5), sizes=sizes, folder=folder / "falsify" / name)
    return folder


@pytest.fixture(scope="module")
def searches(results):
    return [json.loads((results / "falsify" / name / RESULT).read_text()) for name in SEARCHED]


@pytest.fixture(scope="module")
def tables(results, searches):
    table = falsification_table(searches)
    drawn = drawn_rows(table)
    instances = {file: read_instance(results / file) for file in drawn["file"]}
    return {
        "falsification": table,
        "falsification_curves": curve_table(searches),
        "worst_instances": instance_table(drawn, instances),
    }


@pytest.fixture(autouse=True)
def style():
    mpl.use("Agg")
    with mpl.rc_context():
        plotting.use_style()
        yield
    plt.close("all")


def test_a_row_for_each_form_and_size(tables, results):
    table = tables["falsification"]
    wanted = [(n, f, s.name) for n, sizes in SEARCHED.items() for s in sizes for f in FALSIFIABLE[n].forms]
    assert list(zip(table["claim"], table["form"], table["size"], strict=True)) == wanted
    assert (table["budget"] == 1500).all()
    assert (table["evaluations"] <= 1500).all()
    for row in table.to_dict("records"):
        assert row["replay"] == f"metanash falsify --replay {row['file']}"
        again = replay(results / row["file"])
        assert (again.ratio, again.verified, again.iterations) == (
            row["worst_ratio"], row["verified_ratio"], row["iteration"]
        )  # fmt: skip
        assert (row["verdict"] == VIOLATED) == (row["verified_ratio"] > 1.0) == (row["left"] > row["right"])
        assert row["structure"].startswith(f"T = {row['iteration']}")
    assert not pd.read_csv(results_as_text(table)).isna()["file"].any()


def results_as_text(table):
    import io  # noqa: PLC0415

    return io.StringIO(table.to_csv(index=False))


def test_curves_grow_to_the_worst_ratio(tables):
    curves, table = tables["falsification_curves"], tables["falsification"]
    for (claim, form), part in curves.groupby(["claim", "form"]):
        own = table[(table["claim"] == claim) & (table["form"] == form)]
        assert (np.diff(part["ratio"]) >= 0).all()
        assert (np.diff(part["evaluations"]) >= 0).all()
        assert part["evaluations"].iloc[-1] == own["evaluations"].iloc[0]
        assert part["ratio"].iloc[-1] == pytest.approx(own["worst_ratio"].max(), rel=1e-9)


@pytest.mark.parametrize(
    ("form", "kind"),
    [("printed", "printed"), ("printed, worst best response", "partly repaired"), ("with 2 kappa", "partly repaired"),
     ("repaired: learning rate", "repaired"), ("proven: third power of eta", "repaired"), ("derived", "repaired"),
     ("sharper: ascent lemma", "repaired")],
)  # fmt: skip
def test_kinds_of_forms(form, kind):
    assert kind_of_form(form) == kind


def test_every_form_that_is_searched_has_a_kind():
    forms = {form for claim in FALSIFIABLE.values() for form in claim.forms}
    assert {kind_of_form(form) for form in forms} == {"printed", "partly repaired", "repaired"}
    with pytest.raises(ValueError, match=r"form 'printed, twice' has no kind; add it to FORMS of .*bound_rows"):
        kind_of_form("printed, twice")


def test_the_worst_size_and_the_largest_discount_are_drawn():
    rows = [
        ("p", "printed", "2x2", VIOLATED, 1.4), ("p", "printed", "2x2-g0.5", VIOLATED, 1.2),
        ("p", "printed", "2x2-g0.9", VIOLATED, 1.3), ("p", "repaired", "2x2", "no violation in 5 evaluations", 0.9),
        ("q", "printed", "2x2", VIOLATED, 2.0), ("q", "printed", "3x2", VIOLATED, 3.0),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["claim", "form", "size", "verdict", "verified_ratio"])
    assert drawn_rows(table).index.tolist() == [0, 2, 5]


def test_instances_are_told_entry_by_entry(tables, results):
    table = tables["worst_instances"]
    part = table[(table["claim"] == "proposition_1") & (table["form"] == "printed") & (table["size"] == "2x2")]
    saved = read_instance(results / "falsify/proposition_1/instances/2x2-printed.npz")
    reward = part[part["quantity"] == "reward"].pivot_table(index="row", columns="column", values="value")
    np.testing.assert_array_equal(reward.to_numpy(), saved.arrays["reward"][0, 0, 0])
    policy = part[part["quantity"] == "policy"].set_index("row")["value"]
    np.testing.assert_array_equal(policy[["a1", "a2"]], saved.arrays["policy_0"][0])
    np.testing.assert_array_equal(policy[["b1", "b2"]], saved.arrays["policy_1"][0])


def test_transitions_and_stages_have_names():
    arrays = {
        "reward": np.arange(32.0).reshape(1, 2, 2, 2, 2, 2) / 32.0,
        "transition": np.full((1, 2, 2, 2, 2, 2), 0.5),
        "start": np.array([1.0, 0.0]),
        "policy_0": np.full((3, 2, 2, 2), 0.5),
        "policy_1": np.full((3, 2, 2, 2), 0.5),
    }
    size = Size((2, 2), n_states=2, horizon=2)
    row = {"claim": "c", "title": "C", "form": "printed", "size": size.name, "structure": "", "verified_ratio": 2.0,
           "file": "f"}  # fmt: skip
    table = instance_table(pd.DataFrame([row]), {"f": SavedInstance("c", "printed", size, 1, arrays)})
    labels = table.groupby("quantity", sort=False)["label"].unique()
    assert labels["reward"][:3].tolist() == ["player 1, step 1, state 1", "player 1, step 1, state 2",
                                             "player 1, step 2, state 1"]  # fmt: skip
    assert labels["transition"].tolist() == ["state 1 to 2", "state 2 to 2"]
    columns = table[table["quantity"] == "policy"]["column"].unique().tolist()
    assert (columns[0], columns[-1], len(columns)) == ("1 h1 s1", "3+ h2 s2", 12)


def test_curves_are_drawn_as_they_are(tables):
    figure = FIGURES["falsification"](tables, WIDTH)
    figure.canvas.draw()
    assert figure.get_size_inches()[0] == WIDTH
    curves = tables["falsification_curves"]
    visible = [ax for ax in figure.axes if ax.get_visible()]
    assert len(visible) == len(SEARCHED)
    for ax, (_, part) in zip(visible, curves.groupby("title", sort=False), strict=True):
        assert ax.get_xscale() == ax.get_yscale() == "log"
        drawn = sorted(
            tuple(line.get_ydata()) for line in ax.lines if len(line.get_xdata()) != 2 or line.get_xdata()[1] > 1
        )
        wanted = sorted(tuple(own["ratio"]) for _, own in part.groupby("form"))
        assert drawn == wanted
        low, high = ax.get_ylim()
        assert low < part["ratio"].min() <= part["ratio"].max() < high
        said = [float(text.get_text()) for text in ax.texts]  # beside the ends of the lines, each once
        for ratio in part.groupby("form")["ratio"].max():
            assert any(math.isclose(ratio, number, rel_tol=0.006) for number in said)
        places = sorted(text.get_position()[1] for text in ax.texts)
        assert all(after - before > 0.1 for before, after in itertools.pairwise(places))
    assert len({ax.get_ylim() for ax in visible}) == 1  # one scale for all


def test_every_matrix_of_the_instances_is_drawn(tables):
    figure = FIGURES["worst_instances"](tables, WIDTH)
    figure.canvas.draw()
    table = tables["worst_instances"]
    matrices = table.groupby(["claim", "form", "size", "quantity", "label"], dropna=False, sort=False)
    images = [ax for ax in figure.axes if ax.images]
    assert len(images) == matrices.ngroups
    assert sorted(ax.images[0].get_array().size for ax in images) == sorted(len(part) for _, part in matrices)
    captions = [text.get_text() for text in figure.findobj(Text) if ": " in text.get_text()]
    for form, ratio in table[["form", "ratio"]].drop_duplicates().itertuples(index=False):
        (caption,) = (words for words in captions if words.splitlines()[0].endswith(f"{form}: {ratio:.6g}"))
        assert len(caption.splitlines()) > 1  # and why


@pytest.mark.parametrize(
    ("claim", "structure", "said"),
    [
        ("theorem_1", "T = 1; small learning rate: 1.0e-03 of the largest; initial policies of stage 1 within 8.3e-07 "
         "of vertices", "T = 1: it starts sure of bad actions"),
        ("theorem_1", "T = 8; small learning rate: 1.0e-06 of the largest; initial policies of stages from 2 on within "
         "8.3e-07 of a face", "T = 8: at so small a learning rate nothing moves"),
        ("equation_4", "T = 8; small learning rate: 1.0e-06 of the largest", "T = 8: at so small a learning rate"),
        ("theorem_2", "T = 9; small learning rate: 1.0e-06 of the largest; 16 of 20 rewards are 0 or 1", "T = 9: at"),
        ("proposition_1", "T = 1; the largest step size; initial policies deterministic", "T = 1: it starts in"),
        ("theorem_4", "T = 1; rewards of 0 and 1 only", "T = 1; rewards of 0 and 1 only"),
    ],
)  # fmt: skip
def test_captions_say_why_an_instance_is_bad(claim, structure, said):
    """By its claim and what is special about it; what is special, where no reason is known."""
    group = pd.DataFrame([{"claim": claim, "title": "A", "form": "f", "ratio": 2.0, "structure": structure}])
    first, *why = _caption(group, 2).splitlines()
    assert first == "A, f: 2"
    assert " ".join(why).startswith(said)


def test_figures_are_drawn_of_the_tables_that_the_plan_says(tables):
    reads_what_its_plan_says("falsification", FIGURES, tables)
    assert set(tables) == {table.name for table in read_plan("falsification").tables}


def test_no_violation_draws_an_empty_page(tables):
    """Where short searches found nothing, the table is empty but has its columns, and the figure is still a file."""
    none = instance_table(drawn_rows(tables["falsification"].iloc[:0]), {})
    assert list(none) == list(tables["worst_instances"])
    FIGURES["worst_instances"]({"worst_instances": none}, WIDTH).canvas.draw()
