"""Files that are none of metanash: their kind in words, and the remedy.

Only the first bytes are read, and of a pipe or device none: it might never answer.
"""

import stat
import zipfile
from pathlib import Path

__all__ = ["READABLE", "kind_of", "unreadable"]

READABLE = (
    "what can be read: .npz of metanash, .nfg and .efg of Gambit, .gam of GameTracer; numbers become a game by "
    "metanash.gambit.from_bimatrix and from_payoffs (docs/game-file.md)"
)

_ODD = {
    stat.S_ISDIR: ("a folder", "name a file in it"),
    stat.S_ISFIFO: ("a pipe", "write it to a file first"),
    stat.S_ISSOCK: ("a socket", "name a file"),
    stat.S_ISCHR: ("a device", "name a file"),
    stat.S_ISBLK: ("a device", "name a file"),
}
_MAGIC = (
    (b"\x1f\x8b", "compressed with gzip", "unpack it: gunzip {name}"),
    (b"BZh", "compressed with bzip2", "unpack it: bunzip2 {name}"),
    (b"\xfd7zXZ\x00", "compressed with xz", "unpack it: unxz {name}"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it: unzstd {name}"),
    (b"\x93NUMPY", "a single array of NumPy", "numpy.load reads it"),
    (b"\x89HDF", "an HDF5 file", "h5py reads it"),
    (b"\x89PNG", "a picture", "any viewer opens it"),
    (b"%PDF", "a PDF document", "any viewer opens it"),
    (b"\x80\x02", "a pickle of Python", "metanash reads no pickles"),
    (b"\x80\x03", "a pickle of Python", "metanash reads no pickles"),
    (b"\x80\x04", "a pickle of Python", "metanash reads no pickles"),
    (b"\x80\x05", "a pickle of Python", "metanash reads no pickles"),
)
_GAMBIT = "Gambit's pygambit turns it into one that can be read: pygambit.{reader}('{name}').to_nfg('{stem}.nfg')"
_TEXTS = {".csv": "a table", ".tsv": "a table", ".json": "a JSON text"}
_FIRST = 4096


def unreadable(path: Path) -> tuple[str, str] | None:
    """Why a path is no file that can be opened, and the remedy; None if it can.

    Raises
    ------
    OSError
        If the path cannot even be looked at.
    """
    if not path.exists():
        return (
            "no such file",
            "look at the name" if path.parent.is_dir() else f"there is no folder {path.parent} either",
        )
    mode = path.stat().st_mode
    return next((words for is_kind, words in _ODD.items() if is_kind(mode)), None)


def kind_of(path: Path) -> tuple[str, str]:
    """Kind of a file, and remedy; both may be empty if there is nothing to say.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        first = file.read(_FIRST)
    places = {"name": path.name, "stem": path.stem}
    if not first or b"PK\x03\x04".startswith(first):  # nothing, or the beginning of a zip
        return "", ""
    for magic, words, remedy in _MAGIC:
        if first.startswith(magic):
            return words, remedy.format(**places)
    if first.startswith(b"PK"):
        return _zip(path)
    text = _text(first)
    return ("", "") if text is None else _text_kind(path, text, places)


def _zip(path: Path) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception:  # a damaged zip fails in any way
        return "", ""
    if names and all(name.endswith(".npy") for name in names):
        found = [name.removesuffix(".npy") for name in names]
        if "header" in found:
            return "", ""
        shown = ", ".join(found[:8]) + ", ..." * (len(found) > 8)
        return f"an .npz of NumPy with the arrays {shown}", "numpy.load reads it; metanash writes a header too"
    return "a zip of other files", f"unpack it: unzip {path.name}"


def _text(first: bytes) -> str | None:
    """The first bytes as text, or None; a character may be cut at the end."""
    if b"\x00" in first:
        return None
    for end in range(min(4, len(first))):
        try:
            return first[: len(first) - end].decode("utf-8-sig")
        except UnicodeDecodeError:
            continue
    return None


def _text_kind(path: Path, text: str, places: dict[str, str]) -> tuple[str, str]:
    start = text.lstrip()
    for magic, suffix, words in (("NFG ", ".nfg", "a strategic game"), ("EFG ", ".efg", "an extensive game")):
        if start.startswith(magic):
            remedy = f"give it a name that ends in {suffix}"
            return f"{words} of Gambit", remedy if path.suffix.lower() != suffix else ""
    for magic, suffix, reader in (("#AGG", ".agg", "read_agg"), ("#BAGG", ".bagg", "read_bagg")):
        if start.startswith(magic) or path.suffix.lower() == suffix:
            return "an action-graph game of Gambit", _GAMBIT.format(reader=reader, **places)
    words = _TEXTS.get(path.suffix.lower(), _TEXTS[".json"] if start[:1] in {"{", "["} else "a text")
    return words, ""
