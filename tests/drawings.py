"""Figures as numbers: lines, bands, error bars and legends of what Matplotlib has drawn."""

import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.text import Text
from pages import Watched

from metanash_replication import plotting
from metanash_replication.plans import read_plan

__all__ = [
    "WIDTH",
    "band_of",
    "bands",
    "corners",
    "drawn",
    "ends_of",
    "in_style",
    "is_readable",
    "labelled",
    "legend_of",
    "points",
    "reads_what_its_plan_says",
    "shows",
    "ticks_of",
]

WIDTH = 5.5
"""Inches."""


def in_style():
    """For a fixture: the style of the figures, without a display, and no setting outlives the test."""
    mpl.use("Agg")
    with mpl.rc_context():
        plotting.use_style()
        yield
    plt.close("all")


def drawn(figure):
    """Draw, so that what only rendering finds is found; panels."""
    assert figure.get_size_inches()[0] == WIDTH
    is_readable(figure)
    return figure.axes


def is_readable(figure):
    """All letters are of the least size at least, exponents and indices apart, and none is cut off at an edge."""
    figure.canvas.draw()
    words = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    small = {text.get_text(): text.get_fontsize() for text in words if text.get_fontsize() < plotting.LETTERS}
    assert not small
    edges = figure.bbox.padded(2.0)  # pixels
    boxes = {text.get_text(): text.get_window_extent() for text in words if not _is_of_a_tick(text, figure)}
    cut = {word: box for word, box in boxes.items() if not (edges.contains(*box.min) and edges.contains(*box.max))}
    assert not cut


def _is_of_a_tick(text, figure):
    """Of ticks there are more than are drawn: some are beyond the limits of their axis, or their panel is hidden."""
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    ticks = {id(label) for axis in axes for which in ("major", "minor") for label in axis.get_ticklabels(which=which)}
    hidden = text.axes is not None and not text.axes.get_visible()
    return hidden or id(text) in ticks


def reads_what_its_plan_says(topic, figures, tables):
    """Each figure of a topic, drawn, has read the tables that the plan names for it, and no others.

    Where its caption says left and right, or above and below, panels stand like that.
    """
    for figure in read_plan(topic).figures:
        watched = Watched(tables)
        axes = drawn(figures[figure.name](watched, WIDTH))
        assert axes, figure.name
        assert watched.read == set(figure.tables), figure.name
        boxes = [ax.get_position() for ax in axes]
        assert len({box.x0 for box in boxes}) > 1 or " on the left" not in figure.caption, figure.name
        assert len({box.y0 for box in boxes}) > 1 or not re.search("below at|; below,", figure.caption), figure.name


def points(line):
    return np.column_stack([np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)])


def labelled(axes):
    """Lines with a label of their own."""
    return {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}


def shows(line, table, x, y):
    np.testing.assert_array_equal(points(line), table[[x, y]].to_numpy(dtype=float))


def legend_of(figure):
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def bands(axes):
    """Areas between two curves."""
    return [artist for artist in axes.collections if isinstance(artist, PolyCollection)]


def corners(band):
    (path,) = band.get_paths()
    return {(round(x, 12), round(y, 12)) for x, y in path.vertices}


def band_of(table, x):
    """Corners of the area between the columns ``low`` and ``high``."""
    return {
        (float(t), round(y, 12)) for column in ("low", "high") for t, y in zip(table[x], table[column], strict=True)
    }


def ends_of(bars):
    """Lower and upper ends of error bars, in the order of their points."""
    (lines,) = bars.lines[2]
    return np.array([segment[:, 1] for segment in lines.get_segments()])


def ticks_of(axis):
    return [label.get_text() for label in axis.get_ticklabels()]
