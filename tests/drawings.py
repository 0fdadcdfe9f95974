"""Figures as numbers: lines, bands, error bars and legends of what Matplotlib has drawn."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PolyCollection

from metanash_replication import plotting

__all__ = [
    "WIDTH",
    "band_of",
    "bands",
    "corners",
    "drawn",
    "ends_of",
    "in_style",
    "labelled",
    "legend_of",
    "points",
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
    figure.canvas.draw()
    return figure.axes


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
