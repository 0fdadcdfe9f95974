"""Figures as a page stores them: few colours, at the width of a screen, as a link that holds the pixels."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from metanash_replication.ledger.cited import plain

__all__ = ["Picture", "picture"]

WIDTH, COLOURS = 1300, 64
"""Pixels and colours of an embedded figure."""


@dataclass(frozen=True)
class Picture:
    """A figure for the page: its pixels, which are stored once, its size, and what it shows in words."""

    data: str
    width: int
    height: int
    alternative: str
    caption: str


def picture(path: Path, caption: str) -> Picture:
    """A figure in a palette and at a width that suits a screen; the first sentence of the caption stands for it."""
    with Image.open(path) as figure:
        flat = figure.convert("RGB")
    if flat.width > WIDTH:
        flat = flat.resize((WIDTH, round(flat.height * WIDTH / flat.width)), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    flat.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(stream, "png", compress_level=7)
    data = base64.b64encode(stream.getvalue()).decode()
    alternative = plain(caption).split(". ", maxsplit=1)[0].rstrip(".")
    return Picture(f"data:image/png;base64,{data}", flat.width, flat.height, alternative, caption)
