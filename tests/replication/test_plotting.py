"""Figures show the numbers they were given, no others, always in the same colours; files hold no times."""

import itertools
import re
import zlib
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import to_hex, to_rgb

from metanash import META_UPDATES
from metanash.families import FAMILIES
from metanash_replication import plotting
from metanash_replication.labels import UPDATE_LABELS
from metanash_replication.styles import log_axes

ROOT = Path(__file__).parents[2]
ARMS = list(plotting.ARM_LABELS)
META = [arm for arm in ARMS if arm != "individual"]
SIDE_BY_SIDE = [["individual", "best_response", "stage_average", "output_policy"], ["individual", "carry_over"]]


@pytest.fixture(autouse=True)
def style():
    """Every test in the style of the figures, without a display, and no setting outlives it."""
    mpl.use("Agg")
    with mpl.rc_context():
        plotting.use_style()
        yield
    plt.close("all")


@pytest.fixture
def axes():
    return plt.figure(figsize=(3, 2)).add_subplot()


def curve_rows(arms, seed=0):
    rng = np.random.default_rng(seed)
    grid = [1, 2, 5, 12, 30]
    rows = [(arm, t, rng.uniform(0.3, 0.9), rng.uniform(0.01, 0.2)) for arm in arms for t in grid]
    return pd.DataFrame(rows, columns=["arm", "iteration", "mean", "std"])


def lines_of(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def bands_of(axes):
    return [artist for artist in axes.collections if isinstance(artist, PolyCollection)]


def corners(band):
    """Corners of a band as a set of points, rounded to what drawing keeps."""
    (path,) = band.get_paths()
    return {(round(x, 12), round(y, 12)) for x, y in path.vertices}


# Names --------------------------------------------------------------------------------------------------


def test_every_arm_has_a_label_and_is_drawn(axes):
    assert set(UPDATE_LABELS) == set(META_UPDATES) > set(ARMS)
    assert len(set(UPDATE_LABELS.values())) == len(UPDATE_LABELS)
    assert len(set(plotting.ARM_LABELS.values())) == len(ARMS)
    plotting.curve_panel(axes, curve_rows(ARMS))
    assert set(lines_of(axes)) == set(plotting.ARM_LABELS.values())


def kinds_in(node, name=""):
    """Every kind of base game that the schema admits anywhere."""
    if isinstance(node, dict):
        own = {*node["items"]["enum"]} if name.endswith("kinds") and "enum" in node.get("items", {}) else set()
        return own.union(*(kinds_in(part, key) for key, part in node.items()))
    return set().union(*(kinds_in(part) for part in node)) if isinstance(node, list) else set()


def test_every_kind_has_a_label():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    kinds = kinds_in(schema)
    assert kinds >= {"mixed", "pure", "random", "team", "action_independent", "separable"}
    assert kinds <= set(plotting.KIND_LABELS)
    assert set(FAMILIES) == {
        "zero_sum", "general_sum", "potential", "congestion", "tracking", "tracking_positions", "river_poker",
        "sparse_zero_sum", "moving",
    }  # fmt: skip
    assert len(set(plotting.KIND_LABELS.values())) == len(plotting.KIND_LABELS)


def test_every_kind_of_the_theorems_has_a_label():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    zero_sum = schema["properties"]["theory"]["properties"]["zero_sum"]["properties"]
    for name in ("long_runs", "sequences"):
        kinds = zero_sum[name]["properties"]["base_kinds"]
        if "$ref" in kinds:
            kinds = schema["$defs"][kinds["$ref"].rpartition("/")[2]]
        assert set(kinds["items"]["enum"]) <= set(plotting.KIND_LABELS)


# Curves -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("arms", SIDE_BY_SIDE)
def test_curves_are_the_numbers_given(axes, arms, scale):
    table = curve_rows(arms)
    assert plotting.curve_panel(axes, table, scale=scale) is axes
    lines = lines_of(axes)
    assert len(axes.get_lines()) == len(bands_of(axes)) == len(arms)
    for arm, band in zip(arms, bands_of(axes), strict=True):
        part, line = table[table["arm"] == arm], lines[plotting.ARM_LABELS[arm]]
        assert line.get_xdata().tolist() == part["iteration"].tolist()
        assert line.get_ydata().tolist() == part["mean"].tolist()
        wanted = {
            (float(t), round(mean + sign * std, 12))
            for t, mean, std in zip(part["iteration"], part["mean"], part["std"], strict=True)
            for sign in (1, -1)
        }
        assert corners(band) == wanted
        assert to_rgb(band.get_facecolor()[0]) == to_rgb(line.get_color())
        assert band.get_facecolor()[0][3] < 0.5  # lines behind a band can be seen


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_curve_axes(axes, scale):
    table = curve_rows(ARMS)
    plotting.curve_panel(axes, table, scale=scale)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", scale)
    assert axes.get_xlabel() == "iteration t"
    assert axes.get_ylabel() == "NE-gap (reward units)"
    assert axes.get_xlim() == (1.0, 30.0)
    low, high = axes.get_ylim()
    assert high >= table["mean"].max()
    assert low == 0.0 if scale == "linear" else 0.0 < low <= table["mean"].min()
    if scale == "linear":
        assert high >= (table["mean"] + table["std"]).max()


def test_arms_that_are_not_given_are_not_drawn(axes):
    plotting.curve_panel(axes, curve_rows(["output_policy"]))
    assert list(lines_of(axes)) == [plotting.ARM_LABELS["output_policy"]]
    assert axes.get_legend_handles_labels()[1] == [plotting.ARM_LABELS["output_policy"]]


def colours(arms, scale="linear"):
    axes = plt.figure().add_subplot()
    plotting.curve_panel(axes, curve_rows(arms), scale=scale)
    return {arm: to_hex(lines_of(axes)[plotting.ARM_LABELS[arm]].get_color()) for arm in arms}


def test_colours_are_the_same_in_all_figures():
    everywhere = colours(ARMS)
    for scale, arms in itertools.product(("linear", "log"), [*SIDE_BY_SIDE, *([arm] for arm in ARMS)]):
        assert colours(arms, scale) == {arm: everywhere[arm] for arm in arms}


def test_individual_has_a_colour_of_its_own_and_meta_learning_is_blue():
    shown = colours(ARMS)
    assert shown["individual"] not in {shown[arm] for arm in META}
    red, _, blue = to_rgb(shown["individual"])
    assert red > 2 * blue
    for arm in META:
        red, _, blue = to_rgb(shown[arm])
        assert blue > 1.5 * red


@pytest.mark.parametrize("arms", SIDE_BY_SIDE)
def test_arms_are_told_apart_without_colours(axes, arms):
    plotting.curve_panel(axes, curve_rows(arms))
    looks = {arm: lines_of(axes)[plotting.ARM_LABELS[arm]] for arm in arms}
    for one, two in itertools.combinations(arms, 2):
        style = looks[one].get_linestyle() != looks[two].get_linestyle()
        luminance = [np.dot([0.2126, 0.7152, 0.0722], to_rgb(looks[arm].get_color())) for arm in (one, two)]
        assert style or abs(luminance[0] - luminance[1]) > 0.05, (one, two)


# Equilibria ---------------------------------------------------------------------------------------------

POINTS = pd.DataFrame(
    {
        "state": [1, 1, 2, 2],
        "mu_a1": [0.2, 1.0, 0.7, 0.2],
        "nu_b1": [0.3, 0.0, 0.9, 0.3],
        "games": [3, 1, 1, 4],
    }
)


def test_equilibria_are_the_points_given(axes):
    assert plotting.equilibrium_panel(axes, POINTS) is axes
    clouds = [artist for artist in axes.collections if isinstance(artist, PathCollection)]
    assert [cloud.get_label() for cloud in clouds] == ["state 1", "state 2"]
    for state, cloud in enumerate(clouds, start=1):
        part = POINTS[POINTS["state"] == state]
        assert cloud.get_offsets().tolist() == part[["mu_a1", "nu_b1"]].to_numpy().tolist()
        assert not cloud.get_clip_on()  # points on the border are seen whole
    assert to_hex(clouds[0].get_facecolor()[0]) != to_hex(clouds[1].get_facecolor()[0])


def test_shared_equilibria_are_numbered(axes):
    plotting.equilibrium_panel(axes, POINTS)
    notes = [(note.get_text(), tuple(note.xy)) for note in axes.texts]
    assert notes == [("3 games", (0.2, 0.3)), ("4 games", (0.2, 0.3))]
    assert len({note.xyann for note in axes.texts}) == 2  # one above the other
    clouds = [artist for artist in axes.collections if isinstance(artist, PathCollection)]
    for note, cloud in zip(axes.texts, clouds, strict=True):
        assert to_rgb(note.get_color()) == to_rgb(cloud.get_facecolor()[0])


def test_equilibrium_axes(axes):
    plotting.equilibrium_panel(axes, POINTS)
    assert (axes.get_xlim(), axes.get_ylim()) == ((0.0, 1.0), (0.0, 1.0))
    assert (axes.get_xlabel(), axes.get_ylabel()) == (r"$\mu^*(a_1)$", r"$\nu^*(b_1)$")
    assert axes.get_aspect() == 1.0


def test_colours_of_states_are_the_same_in_all_panels():
    seen = []
    for states in ([1, 2], [2], [2, 1]):
        axes = plt.figure().add_subplot()
        plotting.equilibrium_panel(axes, POINTS[POINTS["state"].isin(states)])
        seen.append({cloud.get_label(): to_hex(cloud.get_facecolor()[0]) for cloud in axes.collections})
    assert seen[0] == seen[2]
    assert seen[1].items() <= seen[0].items()


def test_more_states_look_different(axes):
    plotting.equilibrium_panel(axes, POINTS.assign(state=[1, 2, 3, 4], games=1))
    looks = {(to_hex(cloud.get_facecolor()[0]), len(cloud.get_paths()[0].vertices)) for cloud in axes.collections}
    assert len(looks) == 4


# Ratios -------------------------------------------------------------------------------------------------

RATES, SIZES = [0.03125, 0.1, 2.0], [0.0, 0.05]
RATIOS = np.array([[0.5, 0.97, 1.5], [0.2, 2.0, 4.0]])  # by size, then by rate
INTERVALS = {0.97: (0.9, 1.1), 2.0: (0.99, 3.0)}  # the others exclude 1


def ratio_rows():
    rows = []
    for (p, size), (r, rate) in itertools.product(enumerate(SIZES), enumerate(RATES)):
        ratio = RATIOS[p, r]
        low, high = INTERVALS.get(ratio, (0.9 * ratio, 1.1 * ratio))
        rows.append((rate, size, ratio, low, high))
    table = pd.DataFrame(rows, columns=["learning_rate", "perturbation", "ratio", "ratio_low", "ratio_high"])
    return table.sample(frac=1.0, random_state=4)


@pytest.fixture
def ratio_image(axes):
    return plotting.ratio_panel(axes, ratio_rows(), x="learning_rate", y="perturbation")


def test_ratios_are_the_numbers_given(axes, ratio_image):
    np.testing.assert_allclose(ratio_image.get_array(), np.log(RATIOS))
    assert ratio_image.origin == "lower"
    shown = {tuple(text.get_position()): text.get_text() for text in axes.texts}
    assert shown == {(r, p): f"{RATIOS[p, r]:.2f}" for p in range(2) for r in range(3)}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.031", "0.1", "2"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "0.05"]
    assert axes.get_xticks().tolist() == [0, 1, 2]
    assert axes.get_yticks().tolist() == [0, 1]


def test_the_other_way_round(axes):
    image = plotting.ratio_panel(axes, ratio_rows(), x="perturbation", y="learning_rate")
    np.testing.assert_allclose(image.get_array(), np.log(RATIOS.T))


def test_what_may_be_chance_is_grey(axes, ratio_image):
    del ratio_image
    by_text = {text.get_text(): to_hex(text.get_color()) for text in axes.texts}
    assert by_text["0.97"] == by_text["2.00"] == to_hex("0.55")
    assert by_text["0.50"] == by_text["1.50"] == to_hex("black")
    assert by_text["0.20"] == by_text["4.00"] == to_hex("white")  # on a dark cell


def test_ratio_colours_are_those_of_the_arms(ratio_image):
    """Saturated blue where meta-learning is three times better, the colour of individual learning where it hurts."""
    shown, low, high = colours(ARMS), *ratio_image.get_clim()
    assert (low, high) == pytest.approx((-np.log(3), np.log(3)))
    assert to_hex(ratio_image.to_rgba(low)) == shown["best_response"]
    assert to_hex(ratio_image.to_rgba(high)) == shown["individual"]
    middle = to_rgb(to_hex(ratio_image.to_rgba(0.0)))
    assert min(middle) > 0.95  # no effect is white
    assert to_hex(ratio_image.to_rgba(np.log(0.1))) == shown["best_response"]


def test_ratio_bar_is_labelled_in_ratios(axes, ratio_image):
    plotting.ratio_bar(axes.figure, ratio_image, axes)
    bar = ratio_image.colorbar
    np.testing.assert_allclose(np.exp(bar.get_ticks()), [1 / 3, 1 / 2, 1, 2, 3])
    assert [label.get_text() for label in bar.ax.get_yticklabels()] == ["1/3", "1/2", "1", "2", "3"]
    assert bar.ax.get_ylabel() == "gap, meta / individual"


def test_a_ratio_of_zero_is_drawn(axes):
    """Where meta-learning has converged to a gap of exactly 0: the strongest blue, not a hole in the figure."""
    rows = ratio_rows().replace({"ratio": {0.2: 0.0}})
    image = plotting.ratio_panel(axes, rows, x="learning_rate", y="perturbation")
    assert to_hex(image.to_rgba(image.get_array())[1, 0]) == to_hex(image.to_rgba(image.get_clim()[0]))


# Files --------------------------------------------------------------------------------------------------


def draw(path):
    figure, axes = plt.subplots(1, 3, figsize=(5, 2))
    plotting.curve_panel(axes[0], curve_rows(ARMS))
    plotting.equilibrium_panel(axes[1], POINTS)
    image = plotting.ratio_panel(axes[2], ratio_rows(), x="learning_rate", y="perturbation")
    plotting.ratio_bar(figure, image, axes)
    plotting.save(figure, {"pdf": path / "figure.pdf", "png": path / "figure.png"})


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The same figure, drawn twice, years apart."""
    folder = tmp_path_factory.mktemp("drawn")
    with pytest.MonkeyPatch.context() as patch, mpl.rc_context():
        plotting.use_style()
        patch.delenv("SOURCE_DATE_EPOCH", raising=False)
        draw(folder / "one")
        patch.setattr("time.time", lambda: 2_000_000_000.0)
        draw(folder / "two")
    return folder


@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_equal_figures_are_equal_files(drawn, kind):
    one, two = ((drawn / name / f"figure.{kind}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert len(one) > 5000


def test_pdf_names_no_date_and_no_version(drawn):
    content = (drawn / "one" / "figure.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, flags=re.DOTALL)
    texts = [content]
    for part in streams:
        try:
            texts.append(zlib.decompress(part))
        except zlib.error:
            continue
    for text, word in itertools.product(texts, (b"CreationDate", b"ModDate", b"Producer", b"Creator", b"(D:2")):
        assert word not in text


def test_pdf_embeds_fonts_that_editors_can_read(drawn):
    content = (drawn / "one" / "figure.pdf").read_bytes()
    assert b"/Subtype /Type3" not in content
    assert b"DejaVuSans" in content


def test_png_has_no_comment(drawn):
    content, place, chunks = (drawn / "one" / "figure.png").read_bytes(), 8, []
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        chunks.append(content[place + 4 : place + 8])
        place += 12 + length
    assert set(chunks) == {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


def test_figure_has_the_size_asked_for(drawn):
    assert plt.imread(drawn / "one" / "figure.png").shape[:2] == (600, 1500)  # 2 x 5 inches at 300 dots


@pytest.mark.filterwarnings("error")
def test_a_figure_laid_out_by_hand_stays_so_in_its_second_format(tmp_path):
    figure = plt.figure(layout="none")
    figure.add_axes((0.1, 0.1, 0.5, 0.5))
    plotting.save(figure, {"png": tmp_path / "f.png", "pdf": tmp_path / "f.pdf"})
    assert figure.axes[0].get_position().bounds == pytest.approx((0.1, 0.1, 0.5, 0.5))


def test_folders_are_made(tmp_path):
    plotting.save(plt.figure(), {"png": tmp_path / "new" / "deep" / "f.png"})
    assert (tmp_path / "new" / "deep" / "f.png").exists()


# Figures of several panels ------------------------------------------------------------------------------


def own_curves():
    """Two kinds and three arms, of which one kind and two arms are a user's own."""
    return pd.DataFrame(
        [
            {"base_kind": kind, "arm": arm, "iteration": t, "mean": mean / t, "std": 0.0}
            for kind in ("my_kind", "pure")
            for arm, mean in (("mine", 1.0), ("individual", 2.0), ("my_other", 3.0))
            for t in (1, 10)
        ]
    )


def test_kinds_and_arms_of_a_user_come_last_under_their_own_names():
    figure = plotting.gap_figure(own_curves(), 4.0)
    assert [axes.get_title() for axes in figure.axes] == [plotting.KIND_LABELS["pure"], "my kind"]
    for axes in figure.axes:
        lines = axes.get_lines()
        assert [line.get_label() for line in lines] == [plotting.ARM_LABELS["individual"], "mine", "my other"]
        assert [line.get_ydata()[0] for line in lines] == [2.0, 1.0, 3.0]
        assert len({to_hex(line.get_color()) for line in lines}) == 3


@pytest.mark.parametrize(
    ("limits", "numbers"),
    [
        ((0.03, 0.6), ["0.05", "0.1", "0.2", "0.5"]),
        ((0.12, 0.9), ["0.2", "0.5"]),
        ((0.02, 3.0), [r"$\mathdefault{10^{-1}}$", r"$\mathdefault{10^{0}}$"]),
        ((2e-7, 8e-7), [r"$\mathdefault{2\times10^{-7}}$", r"$\mathdefault{5\times10^{-7}}$"]),
    ],
)
def test_logarithmic_axes_have_numbers_enough_to_be_read(axes, limits, numbers):
    """Powers of ten where two are within the limits; else 2 and 5 times them too."""
    axes.plot([1, 1000], limits)
    log_axes(axes)
    axes.set_ylim(limits)
    axes.figure.canvas.draw()
    low, high = limits
    shown = [tick.label1.get_text() for tick in axes.yaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    assert shown == numbers
    assert axes.yaxis.get_minor_ticks() == []


def test_figures_on_a_screen_are_larger_than_a_column_of_print():
    assert plt.figure().get_dpi() == mpl.rcParams["figure.dpi"] > 100
