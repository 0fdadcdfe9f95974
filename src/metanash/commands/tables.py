"""Tables of text, read without pandas, and the fault of one that cannot be read."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metanash._inner.foreign import kind_of, unreadable

__all__ = ["Row", "Table", "read_table"]

Row = dict[str, str]


@dataclass(frozen=True)
class Table:
    """Names of columns, and rows by them.

    Examples
    --------
    >>> Table(["game", "gap"], [{"game": "0", "gap": "0.5"}]).rows[0]["gap"]
    '0.5'
    """

    columns: list[str]
    rows: list[Row]


def read_table(
    path: Path, columns: Sequence[str] = (), *, delimiter: str = ",", remedy: str = "make it again", rows: bool = False
) -> Table:
    r"""Read a table.

    Parameters
    ----------
    path : path
    columns : sequence of str
        Those that must be there.
    delimiter : str
    remedy : str
        What to do if it cannot be read.
    rows : bool
        Whether there must be rows.

    Raises
    ------
    ValueError
        If the file is missing, no text, no table, or lacks columns or rows: the message names file, line and remedy.

    Examples
    --------
    >>> _ = Path("table.csv").write_text("game,gap\n0,0.5\n1,0.25\n")
    >>> [row["gap"] for row in read_table(Path("table.csv"), ["gap"]).rows]
    ['0.5', '0.25']
    >>> read_table(Path("table.csv"), ["value"])
    Traceback (most recent call last):
    ValueError: table.csv: the columns value are missing; make it again
    """
    try:
        odd = unreadable(path)
        if odd:
            raise ValueError(f"{path}: {odd[0]}; {remedy if odd[0] == 'no such file' else odd[1]}")
        with path.open("rb") as file:
            binary = b"\x00" in file.read(4096)
        lines = [] if binary else _lines(path, delimiter)
    except UnicodeDecodeError:
        binary = True
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror or error}); look at its permissions") from error
    if binary:
        raise ValueError(f"{path}: {kind_of(path)[0] or 'no text'}, no table; {remedy}")
    if not lines:
        raise ValueError(f"{path}: empty; {remedy}")
    (_, head), *rest = lines
    _check_head(path, head, columns, remedy)
    for number, fields in rest:
        if len(fields) != len(head):
            raise ValueError(f"{path}:{number}: {len(fields)} fields, the table has {len(head)} columns; {remedy}")
    if rows and not rest:
        raise ValueError(f"{path}: a table without rows; {remedy}")
    return Table(head, [dict(zip(head, fields, strict=True)) for _, fields in rest])


def _lines(path: Path, delimiter: str) -> list[tuple[int, list[str]]]:
    """Number and fields of each line that is not blank."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        found: list[tuple[int, list[str]]] = []
        try:
            found.extend((reader.line_num, fields) for fields in reader if fields)
        except csv.Error as error:
            begun = found[-1][0] + 1 if found else 1
            raise ValueError(
                f"{path}:{begun}: no table from here on ({error}); look for a quote without a partner"
            ) from error
    return found


def _check_head(path: Path, head: Sequence[str], columns: Sequence[str], remedy: str) -> None:
    missing = [name for name in columns if name not in head]
    if missing and len(head) == 1:
        raise ValueError(
            f"{path}: its first line is {head[0][:60]!r}, which are no columns separated by commas; {remedy}"
        )
    if missing:
        raise ValueError(f"{path}: the columns {', '.join(missing)} are missing; {remedy}")
    if len(set(head)) < len(head):
        twice = next(name for name in head if list(head).count(name) > 1)
        raise ValueError(f"{path}: the column {twice!r} is there twice; {remedy}")
