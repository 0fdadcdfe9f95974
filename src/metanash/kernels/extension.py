"""The file of the compiled kernels: where it is, which sources it is of, and whether it is whole.

Standard library only, and nothing of the package: ``setup.py`` and ``./do`` run this file before there is a package.
As a command it ends with 0 if the kernels beside it are built, of the sources beside it, and can be loaded.
"""

import hashlib
import importlib.machinery
import os
import struct
import sys
from pathlib import Path

__all__ = ["find_extension", "is_cut_short", "kernel_sources", "load_error", "source_digest"]

FOLDER = Path(__file__).parent
LOADING = """
import importlib.machinery, importlib.util, sys
loader = importlib.machinery.ExtensionFileLoader("compiled", sys.argv[1])
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compiled", loader))
print(module.source_digest)
"""


def kernel_sources(folder: Path = FOLDER) -> list[Path]:
    """The C sources in a folder: files that are compiled (.c), then those that they include (.h).

    Examples
    --------
    >>> [source.name for source in kernel_sources() if source.suffix == ".c"]
    ['avx2.c', 'avx512.c', 'compiled.c', 'portable.c']
    """
    return [*sorted(folder.glob("*.c")), *sorted(folder.glob("*.h"))]


def source_digest(folder: Path = FOLDER) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the C sources in a folder; empty if there are none.

    Examples
    --------
    >>> len(source_digest()), source_digest(FOLDER.parent)
    (16, '')
    """
    sources = kernel_sources(folder)
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16] if sources else ""


def find_extension(folder: Path = FOLDER) -> Path | None:
    """The file that an import of the compiled kernels would load; None if they were not built.

    Examples
    --------
    >>> find_extension(FOLDER.parent) is None  # they are in a folder of their own
    True
    """
    candidates = (folder / f"compiled{suffix}" for suffix in importlib.machinery.EXTENSION_SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def is_cut_short(path: Path) -> bool:
    """Whether a compiled file ends before it should.

    To load such a file may end the process (SIGBUS) where an exception is expected. In an ELF file the table of
    sections comes last, and the header says where it ends. Of other formats, only an empty file is told: their
    loaders check the rest.

    Examples
    --------
    >>> _ = Path("compiled.so").write_bytes(b"")
    >>> is_cut_short(Path("compiled.so"))
    True
    """
    with path.open("rb") as file:
        header = file.read(64)
    if len(header) == 64 and header[:5] == b"\x7fELF\x02":  # 64 bits
        table, size, count = struct.unpack(f"{'<' if header[5] == 1 else '>'}40xQ10xHH2x", header)
        return bool(path.stat().st_size < table + size * count)
    return len(header) < 64


def load_error(path: Path, digest: str) -> str:
    """Why a compiled file is of no use: the reason in words, empty if it loads and is of sources with this digest.

    It is loaded in a process of its own, with the instruction set that is the best.

    Examples
    --------
    >>> _ = Path("compiled.so").write_bytes(b"")
    >>> load_error(Path("compiled.so"), "0123456789abcdef")
    'compiled.so is cut short'
    """
    if is_cut_short(path):
        return f"{path} is cut short"
    import subprocess  # noqa: PLC0415  # a hundredth of a second that only a failed import is worth

    environment = {name: value for name, value in os.environ.items() if not name.startswith("METANASH_")}
    loading = [sys.executable, "-I", "-S", "-c", LOADING, str(path.absolute())]
    done = subprocess.run(loading, capture_output=True, text=True, check=False, env=environment)
    if done.returncode < 0:
        return f"{path} ends the process that loads it (signal {-done.returncode})"
    if done.returncode:
        return f"{path} cannot be loaded: {done.stderr.strip().splitlines()[-1]}"
    found = done.stdout.strip()
    return "" if found == digest else f"{path} is of sources {found}, not of {digest}"


def main() -> None:
    path = find_extension()
    sys.exit("the compiled kernels were not built" if path is None else load_error(path, source_digest()) or None)


if __name__ == "__main__":
    main()
