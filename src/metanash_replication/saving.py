"""Figures as files: equal figures give equal files, and none is laid out, measured or drawn more often than need be.

``savefig`` draws a figure with a layout engine twice for each file, the first time without a mark on the page, only to
have it laid out. Here it is laid out by itself. What is measured and what is drawn comes from the same code of
Matplotlib's, and the files are the same, byte by byte (``tests/replication/test_saving.py``).
"""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

__all__ = ["COMPARED", "measured_once", "prepare", "save"]

COMPARED = (3, 11)
"""Version of Matplotlib whose files were compared, and of which functions that are not public are replaced."""
if mpl.__version_info__[:2] == COMPARED:
    from metanash_replication.embedding import fonts_cut_in_two_steps
    from metanash_replication.measuring import forget_formulas, measured_once
else:  # all as Matplotlib does it, which takes longer
    fonts_cut_in_two_steps = measured_once = nullcontext  # type: ignore[assignment]

    def forget_formulas() -> None:
        """Nothing is remembered."""


_DOTS = 300
"""Dots an inch of a PNG, and of what a PDF has as an image."""
_CANVASES: dict[str, Any] = {"pdf": FigureCanvasPdf, "png": FigureCanvasAgg}
_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
    "png": {"Software": None},
}


def save(figure: Figure, paths: Mapping[str, Path]) -> None:
    """Write a figure as PDF and PNG without times and versions, so that equal figures are equal files.

    Parameters
    ----------
    figure : Figure
    paths : dict from {"pdf", "png"} to path
        Folders are made.
    """
    engine, dots, shown_on = figure.get_layout_engine(), figure.dpi, figure.canvas
    with measured_once(), fonts_cut_in_two_steps():
        for kind, path in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            canvas = _CANVASES[kind](figure)  # the canvas of a figure measures its letters
            if engine is not None and figure.axes:
                figure.dpi = canvas.fixed_dpi or _DOTS
                engine.execute(figure)
            figure.set_layout_engine("none")
            figure.dpi = _DOTS
            getattr(canvas, f"print_{kind}")(path, metadata=_METADATA[kind])
            if engine is not None:
                figure.set_layout_engine(engine)
            figure.dpi = dots
    figure.set_canvas(shown_on)


def prepare() -> None:
    """Do what the first figure of a process takes time for, before processes that draw are forked from this one."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "pdf.fonttype": 42}), TemporaryDirectory() as folder:
        figure = Figure()
        figure.text(0.5, 0.5, "a figure and its $T$, $10^{0}$")
        save(figure, {kind: Path(folder, f"figure.{kind}") for kind in _CANVASES})
    forget_formulas()
