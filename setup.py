"""The one compiled module. Everything else about the package is in pyproject.toml."""

import hashlib
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNELS = Path("src/metanash/kernels")
SOURCES = [KERNELS / "compiled.c", *sorted(KERNELS.glob("*.h"))]
DIGEST = hashlib.sha256(b"".join(source.read_bytes() for source in SOURCES)).hexdigest()[:16]

WARNING = """
*********************************************************************************************
metanash: the compiled kernels could not be built. The package is installed and does all the
same through NumPy, many times slower. To build them, install a C compiler (gcc or clang)
and the headers of this Python (Debian: build-essential, python3-dev), then install again.
*********************************************************************************************
"""


class LoudBuild(build_ext):
    """An optional extension may fail to build, but not in silence."""

    def build_extension(self, ext):
        try:
            super().build_extension(ext)
        except Exception:
            print(WARNING, file=sys.stderr)
            raise  # swallowed by setuptools, since the extension is optional


if __name__ == "__main__":
    setup(
        ext_modules=[
            Extension(
                "metanash.kernels.compiled",
                sources=[SOURCES[0].as_posix()],
                depends=[*(source.as_posix() for source in SOURCES[1:]), "setup.py"],
                define_macros=[("SOURCE_DIGEST", f'"{DIGEST}"')],
                # Sums may be fused (each kernel is tested against NumPy within a stated tolerance). Not
                # -ffast-math: it would assume that no infinity and no NaN occurs, and change the processor's
                # treatment of subnormal numbers for the whole process.
                extra_compile_args=[
                    "-std=gnu11",
                    "-O3",
                    "-funroll-loops",
                    "-ffp-contract=fast",
                    "-fno-math-errno",
                    "-fno-trapping-math",
                    "-pthread",
                ],
                extra_link_args=["-pthread"],
                py_limited_api=True,
                optional=True,
            )
        ],
        cmdclass={"build_ext": LoudBuild},
        options={"bdist_wheel": {"py_limited_api": "cp311"}},
    )
