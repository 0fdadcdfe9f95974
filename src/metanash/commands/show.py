"""Print what a file of games, runs or measurements holds: what it was made from, and its arrays."""

import argparse
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the file, and an array to print whole."""
    parser.add_argument("file", type=Path, help="an .npz file that the pipeline has made")
    parser.add_argument("array", nargs="?", help="print this array whole")


def _arrays(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return json.loads(str(arrays.pop("header"))), arrays
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: damaged, or no file of metanash") from error


def _line(name: str, array: np.ndarray[Any, Any]) -> str:
    span = f"{array.min():.6g} to {array.max():.6g}" if array.size and array.dtype.kind in "fiu" else ""
    return f"{name:24s} {array.dtype!s:8s} {array.shape!s:28s} {span}".rstrip()


def run(options: argparse.Namespace) -> int:
    """Print header and arrays, or one array; ValueError names the arrays there are if this one is not."""
    header, arrays = _arrays(options.file)
    if options.array is None:
        print(json.dumps(header, indent=1))
        for name, array in arrays.items():
            print(_line(name, array))
        return 0
    if options.array not in arrays:
        raise ValueError(f"{options.file} has no array {options.array!r}; there are {', '.join(arrays)}")
    with np.printoptions(threshold=100_000, linewidth=120):
        print(arrays[options.array])
    return 0
