"""Fonts of PDF files, cut to the glyphs of a figure in a fraction of the time, with the same bytes.

For each font of each file Matplotlib has fontTools read the whole font, with the rules of all scripts that it knows,
and leave out all but the few glyphs that the figure has. Here a font is cut in two steps: once in a process to
``COMMON``, which figures are made of, and that to the glyphs of a figure. A part of a part is what it would be if it
were cut from the whole, as long as the first part was asked for all of its glyphs; otherwise the whole font is cut.
"""

import functools
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from matplotlib.backends import _backend_pdf_ps

from metanash_replication.replacing import replaced

__all__ = ["COMMON", "fonts_cut_in_two_steps", "subset_of"]

COMMON = frozenset(
    [
        *range(0x20, 0x7F),  # Latin
        *range(0xA0, 0x100),
        *range(0x391, 0x3CA),  # Greek
        *range(0x2010, 0x2027),  # dashes, quotation marks, dots
        *range(0x2190, 0x2194),  # arrows
        *range(0x2200, 0x2266),  # mathematics, with the minus of numbers on axes
        *range(0xFB00, 0xFB07),  # fi and the like, which are put in the place of f and i
    ]
)
"""Characters of the first part."""

_whole = _backend_pdf_ps.get_glyphs_subset


class Part(NamedTuple):
    """Part of a font.

    Attributes
    ----------
    content : bytes
        As a file.
    glyphs : dict from int to int
        Numbers of its glyphs in the font and in the part.
    """

    content: bytes
    glyphs: dict[int, int]


def subset_of(path: Any, glyphs: Iterable[int]) -> Part:
    """Part of a font with these glyphs, by their numbers, and those that fontTools puts beside them.

    Parameters
    ----------
    path : FontPath
        As Matplotlib names the font: a path, and the number of the font in the file.
    """
    return _cut(path, frozenset(glyphs))


class _File(io.BytesIO):
    """A font in memory, with what Matplotlib asks of the name of one."""

    face_index = 0


def _cut_directly(font: Any, glyphs: Iterable[int]) -> Part:
    with _whole(font, set(glyphs)) as subset:
        file = _backend_pdf_ps.font_as_file(subset.font)  # type: ignore[no-untyped-call]
        return Part(file.getvalue(), dict(subset.glyph_index_map))


@functools.cache
def _common(path: Any) -> Part:
    """Part with ``COMMON``. Its glyphs are those that it was asked for: no other can be asked of it."""
    with TTFont(path, fontNumber=path.face_index, lazy=True) as font:
        numbers, characters = font.getReverseGlyphMap(), font.getBestCmap()
        asked = {numbers[characters[character]] for character in COMMON if character in characters}
    part = _cut_directly(path, asked)
    return part._replace(glyphs={glyph: part.glyphs[glyph] for glyph in asked})


@functools.lru_cache(256)
def _cut(path: Any, glyphs: frozenset[int]) -> Part:
    common = _common(path)
    if not glyphs <= common.glyphs.keys():
        return _cut_directly(path, glyphs)
    content, second = _cut_directly(_File(common.content), [common.glyphs[glyph] for glyph in glyphs])
    return Part(content, {glyph: second[common.glyphs[glyph]] for glyph in glyphs})


class _Written:
    """A font that has been written: what Matplotlib does with one of fontTools."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def save(self, file: Any, **_: Any) -> None:
        file.write(self._content)


class _Subset(NamedTuple):
    """What Matplotlib's own function gives."""

    font: _Written
    glyph_index_map: dict[int, int]


@contextmanager
def _subset(fontfile: Any, glyphs: Iterable[int]) -> Iterator[_Subset]:
    content, numbers = subset_of(fontfile, glyphs)
    yield _Subset(_Written(content), numbers)


def fonts_cut_in_two_steps() -> Any:
    """Context in which Matplotlib embeds fonts so."""
    return replaced(_backend_pdf_ps, "get_glyphs_subset", _subset)
