"""What Matplotlib measures while it lays out and draws a figure, measured once; the same numbers.

Two things it measures over and over. Formulas: each file of a figure, and each look at its layout, parses them anew,
although the same few powers of ten stand on all axes. Ticks: to measure or draw an Axes, each of its axes works out its
ticks and the boxes of their labels about ten times, for its own box, the place of its label, the title and the spines.
"""

import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.mathtext import MathTextParser

from metanash_replication.replacing import replaced

__all__ = ["forget_formulas", "measured_once"]

_parse = MathTextParser._parse_cached.__wrapped__  # type: ignore[attr-defined]
_update_ticks, _get_ticklabel_bboxes = Axis._update_ticks, Axis._get_ticklabel_bboxes  # type: ignore[attr-defined]
_OUTPUTS: dict[str, Any] = {"vector": "path", "raster": "agg"}


@functools.lru_cache(4096)
def _parsed(output: str, *arguments: Any) -> Any:
    return _parse(MathTextParser(_OUTPUTS[output]), *arguments)


def _parse_once(parser: Any, *arguments: Any) -> Any:
    """``MathTextParser._parse_cached``, whose own memory has 50 places, and is another one for each parser."""
    return _parsed(parser._output_type, *arguments)


def forget_formulas() -> None:
    """Forget all formulas: after a fork Matplotlib opens fonts anew, and they hold on to fonts."""
    _parsed.cache_clear()


class _Ticks:
    """Ticks of axes, and boxes of their labels, while an Axes is measured or drawn: nothing moves them meanwhile."""

    def __init__(self) -> None:
        self._found: dict[Any, Any] | None = None

    def update(self, axis: Any) -> list[Any]:
        """``Axis._update_ticks``."""
        if self._found is None:
            return list(_update_ticks(axis))
        if axis not in self._found:
            self._found[axis] = _update_ticks(axis)
        return list(self._found[axis])

    def boxes(self, axis: Any, ticks: list[Any], renderer: Any) -> Any:
        """``Axis._get_ticklabel_bboxes``."""
        if self._found is None:
            return _get_ticklabel_bboxes(axis, ticks, renderer)
        key = (axis, renderer, *ticks)
        if key not in self._found:
            self._found[key] = _get_ticklabel_bboxes(axis, ticks, renderer)
        return self._found[key]

    def within(self, method: Any) -> Any:
        """Remember them while this method of an Axes runs, of this Axes alone."""

        @functools.wraps(method)
        def remembering(axes: Any, *arguments: Any, **named: Any) -> Any:
            before, self._found = self._found, {}
            try:
                return method(axes, *arguments, **named)
            finally:
                self._found = before

        return remembering


@contextmanager
def measured_once() -> Iterator[None]:
    """Context in which figures may be laid out and drawn, not changed otherwise."""
    ticks = _Ticks()
    with ExitStack() as stack:
        for owner, name, function in (
            (MathTextParser, "_parse_cached", _parse_once),
            (Axis, "_update_ticks", lambda axis: ticks.update(axis)),  # noqa: PLW0108  # a method of the axis
            (Axis, "_get_ticklabel_bboxes", lambda *given: ticks.boxes(*given)),  # noqa: PLW0108
            (Axes, "get_tightbbox", ticks.within(Axes.get_tightbbox)),
            (Axes, "draw", ticks.within(Axes.draw)),
        ):
            stack.enter_context(replaced(owner, name, function))
        yield
