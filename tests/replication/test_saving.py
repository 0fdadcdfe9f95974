"""Figures are saved in less time than by Matplotlib itself, and are the same files, byte by byte."""

import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib.axis import Axis
from matplotlib.backends import _backend_pdf_ps
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.mathtext import MathTextParser

from metanash_replication import embedding, measuring, plotting, saving
from metanash_replication.styles import legend_below, log_axes

METADATA = {"pdf": dict.fromkeys(("CreationDate", "ModDate", "Producer", "Creator")), "png": {"Software": None}}


@pytest.fixture(autouse=True)
def style():
    with mpl.rc_context():
        plotting.use_style()
        yield
        plt.close("all")


# Whole figures ------------------------------------------------------------------------------------------


def curves():
    """Logarithmic axes that are shared, formulas, titles, and a legend outside."""
    figure, axes = plt.subplots(2, 2, figsize=(4, 3), sharey=True)
    for k, ax in enumerate(axes.flat):
        ax.plot([1, 1e3, 1e6], [1, 10.0**-k, 1e-5], label=r"$T^{-1/3}$, fine")
        log_axes(ax)
        ax.set_title(f"$H$ = {k},\n$\\eta$ = {k / 7:.3f}")
    axes[0, 0].set_ylabel("NE-gap (reward units)")
    figure.align_ylabels()
    legend_below(figure, axes[0, 0], 2)
    return figure


def panels():
    """Figures in a figure, an image with a bar, ticks on top, a second axis, and an offset beside the title."""
    figure = plt.figure(figsize=(5, 4))
    above, below = figure.subfigures(2, 1, height_ratios=(1, 2))
    left, right = above.subplots(1, 2)
    bar = figure.colorbar(left.imshow(np.arange(6.0).reshape(2, 3)), ax=left)
    bar.set_label("ratio")
    right.plot([1e9, 1e9 + 3], [2e-9, 3e-9])
    right.set_title("far from 0")
    right.xaxis.tick_top()
    above.suptitle("above")
    ax = below.subplots()
    ax.plot([0, 1], [0, 100])
    ax.twinx().plot([0, 1], [1e6, 3e6])
    ax.set_title("left", loc="left")
    ax.set_title("middle")
    return figure


def by_hand():
    """No layout engine, and letters of other scripts than those that are cut first."""
    figure = plt.figure(figsize=(2, 2), layout="none")
    ax = figure.add_axes((0.2, 0.2, 0.7, 0.6))
    ax.set_title("Ж, ש, ≽ and office")
    ax.text(0.1, 0.5, "bold", fontweight="bold")
    return figure


FIGURES = [curves, panels, by_hand]


def save_plainly(figure, paths):
    """As Matplotlib does it."""
    free = figure.get_layout_engine() is None
    for kind, path in paths.items():
        if free:
            figure.set_layout_engine("none")
        figure.savefig(path, format=kind, dpi=300, metadata=METADATA[kind])


@pytest.mark.parametrize("kinds", [("pdf", "png"), ("png", "pdf")])
@pytest.mark.parametrize("draw", FIGURES)
def test_files_are_those_of_savefig(draw, kinds, tmp_path):
    own, plain = ({kind: tmp_path / f"{name}.{kind}" for kind in kinds} for name in ("own", "plain"))
    save_plainly(draw(), plain)
    saving.save(draw(), own)
    for kind in kinds:
        assert own[kind].read_bytes() == plain[kind].read_bytes()


def test_a_figure_that_changes_between_files_is_drawn_as_it_is(tmp_path):
    """Nothing measured is remembered from one file to the next."""
    contents = []
    for save in (saving.save, save_plainly):
        figure = curves()
        for k, end in enumerate((1e4, 1e8)):
            figure.axes[1].set(xlim=(1, end), title=f"to {end:g}")
            save(figure, {"png": tmp_path / f"{k}.png"})
        contents.append([(tmp_path / f"{k}.png").read_bytes() for k in range(2)])
    assert contents[0] == contents[1]
    assert contents[0][0] != contents[0][1]


def test_a_figure_is_as_before(tmp_path):
    figure = curves()
    before = figure.get_layout_engine(), figure.dpi, figure.canvas
    saving.save(figure, {"pdf": tmp_path / "f.pdf", "png": tmp_path / "f.png"})
    assert (figure.get_layout_engine(), figure.dpi, figure.canvas) == before


def test_each_file_is_drawn_once(tmp_path, monkeypatch):
    figure, drawn = curves(), []
    monkeypatch.setattr(type(figure.axes[0].title), "draw", lambda text, _: drawn.append(text))
    saving.save(figure, {"pdf": tmp_path / "f.pdf", "png": tmp_path / "f.png"})
    assert drawn.count(figure.axes[0].title) == 2


# What is remembered ---------------------------------------------------------------------------------------


def test_a_formula_is_parsed_once_for_all_figures(tmp_path, monkeypatch):
    measuring.forget_formulas()
    parsed = []
    original = measuring._parse
    monkeypatch.setattr(measuring, "_parse", lambda *given: parsed.append(given[1:3]) or original(*given))
    for _ in range(2):
        figure = plt.figure()
        figure.text(0.5, 0.5, "$x^{12}$")
        saving.save(figure, {"pdf": tmp_path / "f.pdf", "png": tmp_path / "f.png"})
    assert sorted(parsed) == [("$x^{12}$", 72), ("$x^{12}$", 300)]


def test_ticks_are_worked_out_once_to_measure_an_axes(monkeypatch):
    ax = plt.figure().subplots()
    ax.set(xlabel="t", title="title")
    counted = []
    original = measuring._update_ticks
    monkeypatch.setattr(measuring, "_update_ticks", lambda axis: counted.append(axis) or original(axis))
    with measuring.measured_once():
        first = ax.get_tightbbox()
        assert sorted(map(id, counted)) == sorted(map(id, (ax.xaxis, ax.yaxis)))
        ax.set_xlim(0, 1e5)
        assert ax.get_tightbbox().x1 > first.x1  # 100000 is wider than 1.0
    assert len(counted) == 4


def test_nothing_is_left_of_it_even_after_a_failure(tmp_path):
    def found():
        methods = Axis._update_ticks, Axis._get_ticklabel_bboxes, plt.Axes.draw, plt.Axes.get_tightbbox
        return (*methods, MathTextParser._parse_cached, _backend_pdf_ps.get_glyphs_subset)

    before, figure = found(), plt.figure()
    figure.text(0, 0, "$\\no$")
    with pytest.raises(ValueError, match=r"\\no"):
        saving.save(figure, {"pdf": tmp_path / "f.pdf"})
    assert found() == before


def test_a_process_that_is_prepared_has_forks_that_draw_the_same(tmp_path):
    """Fonts must not be used on both sides of a fork: no formula, which holds on to them, is remembered."""
    program = (
        "import os, sys, pathlib, matplotlib.pyplot as plt\n"
        "from metanash_replication import embedding, measuring, saving\n"
        "saving.prepare()\n"
        "assert measuring._parsed.cache_info().currsize == 0 and embedding._common.cache_info().currsize == 2\n"
        "kind = 'parent' if os.fork() else 'child'\n"
        "figure = plt.figure()\n"
        "figure.text(0.5, 0.5, 'a figure, $10^{0}$')\n"
        "saving.save(figure, {'pdf': pathlib.Path(sys.argv[1], f'{kind}.pdf')})\n"
        "if kind == 'parent': assert os.wait()[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True)
    assert (tmp_path / "child.pdf").read_bytes() == (tmp_path / "parent.pdf").read_bytes()


def test_with_another_matplotlib_none_of_its_functions_is_replaced_and_files_are_the_same(tmp_path):
    program = (
        "import pathlib, sys, matplotlib as mpl\n"
        "if sys.argv[2] == 'another': mpl.__version_info__ = (*mpl.__version_info__[:1], 99, 0)\n"
        "from metanash_replication import plotting, saving\n"
        "from matplotlib.figure import Figure\n"
        "parts = {'metanash_replication.embedding', 'metanash_replication.measuring'}\n"
        "assert bool(parts & sys.modules.keys()) == (sys.argv[2] == 'this'), sys.modules.keys()\n"
        "figure = Figure(layout='constrained')\n"
        "figure.subplots().loglog([1, 10], [1e-3, 1e5], label='$x^2$')\n"
        "saving.prepare()\n"
        "saving.save(figure, {kind: pathlib.Path(sys.argv[1], f'{sys.argv[2]}.{kind}') for kind in ('pdf', 'png')})\n"
    )
    for name in ("this", "another"):
        subprocess.run([sys.executable, "-c", program, tmp_path, name], check=True)
    for kind in ("pdf", "png"):
        assert (tmp_path / f"this.{kind}").read_bytes() == (tmp_path / f"another.{kind}").read_bytes()


# Fonts ----------------------------------------------------------------------------------------------------


def font(**properties):
    return fontManager.findfont(FontProperties(family=["DejaVu Sans"], **properties))


@pytest.mark.parametrize("properties", [{}, {"style": "oblique"}, {"weight": "bold"}])
def test_a_part_of_a_part_is_a_part_of_the_whole(properties, monkeypatch):
    path = font(**properties)
    with TTFont(path) as read:
        characters, numbers = read.getBestCmap(), read.getReverseGlyphMap()
    common = sorted(numbers[characters[c]] for c in embedding.COMMON if c in characters)
    generator = np.random.default_rng(5)
    asked = [generator.choice(common, size, replace=False).tolist() for size in (1, 2, 5, 20, 60)]
    asked += [[numbers[characters[ord(letter)]] for letter in text] for text in ("fi", "\N{MINUS SIGN}10", "ffl", " ")]
    expected = [embedding._cut_directly(path, glyphs) for glyphs in asked]
    embedding.subset_of(path, common[:1])
    read_whole = []
    original = embedding._whole
    monkeypatch.setattr(embedding, "_whole", lambda *given: read_whole.append(given[0] is path) or original(*given))
    for glyphs, (content, places) in zip(asked, expected, strict=True):
        found = embedding.subset_of(path, glyphs)
        assert found.content == content
        assert {glyph: found.glyphs[glyph] for glyph in glyphs} == {glyph: places[glyph] for glyph in glyphs}
    assert not any(read_whole)


def test_glyphs_beyond_the_first_part_are_cut_from_the_whole():
    path = font()
    with TTFont(path) as read:
        glyph = read.getReverseGlyphMap()[read.getBestCmap()[0x416]]  # Cyrillic
    assert embedding.subset_of(path, [glyph]) == embedding._cut_directly(path, [glyph])
