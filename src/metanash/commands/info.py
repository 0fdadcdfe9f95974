"""Print versions, kernels and machine, for a bug report."""

import argparse
import os
import platform
from importlib.metadata import PackageNotFoundError, version

from metanash import kernels

__all__ = ["add_arguments", "information", "run"]

_PACKAGES = ("metanash", "numpy", "scipy", "pandas", "matplotlib", "seaborn", "snakemake")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return ""


def information() -> dict[str, str]:
    """Versions of Python and packages, backend and instruction set of the kernels, system, processor and cores.

    Examples
    --------
    >>> sorted(information())[:4]
    ['cores', 'kernels', 'matplotlib', 'metanash']
    """
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
        "kernels": f"{kernels.backend} ({kernels.instruction_set})",
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor() or platform.processor() or "unknown",
        "cores": str(os.cpu_count()),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> vars(parser.parse_args([]))
    {}
    """
    del parser


def run(options: argparse.Namespace) -> int:
    """Print :func:`information`.

    Examples
    --------
    >>> run(argparse.Namespace())  # doctest: +ELLIPSIS
    python       3...
    metanash     ...
    ...
    0
    """
    del options
    for name, value in information().items():
        print(f"{name:12s} {value}")
    return 0
