"""The one compiled module. Everything else about the package is in pyproject.toml."""

import os
import runpy
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNELS = Path("src/metanash/kernels")
EXTENSION = runpy.run_path(str(KERNELS / "extension.py"))
SOURCES = EXTENSION["kernel_sources"](KERNELS)
DIGEST = EXTENSION["source_digest"]()
load_error = EXTENSION["load_error"]

WARNING = """
*********************************************************************************************
metanash: the compiled kernels could not be built. The package is installed and does all the
same through NumPy, many times slower. To build them, install a C compiler (gcc or clang)
and the headers of this Python (Debian: build-essential, python3-dev), then install again.
*********************************************************************************************
"""


UNLOADABLE = """
*********************************************************************************************
metanash: the kernels were compiled, but %s.
Those that were there before, if any, are left in place.
*********************************************************************************************
"""


def compile_side_by_side(compile_files, sources, **options):
    """Each source by a call of its own, as many at once as there are processors: they take about the same time."""
    Path(options["output_dir"], KERNELS).mkdir(parents=True, exist_ok=True)  # by one, before all look for it
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [
            name for names in pool.map(lambda source: compile_files([source], **options), sources) for name in names
        ]


class LoudBuild(build_ext):
    """An optional extension may fail to build, but not in silence; what is in place is whole and can be loaded."""

    def build_extension(self, ext):
        product = Path(self.get_ext_fullpath(ext.name))
        if product.exists() and load_error(product, DIGEST):  # a link that was interrupted is newer than its sources
            product.unlink()
        self.compiler.compile = partial(compile_side_by_side, self.compiler.compile)
        try:
            super().build_extension(ext)
        except Exception:
            print(WARNING, file=sys.stderr)
            raise  # swallowed by setuptools, since the extension is optional

    def copy_file(self, infile, outfile, *_args, **_options):
        """Into the sources (``--inplace``): under another name, which is taken away only if it loads."""
        folder, name = Path(outfile).parent, Path(outfile).name
        for left in folder.glob(f".{name}.*"):  # by a build that was killed
            left.unlink()
        unproven = folder / f".{name}.{os.getpid()}"
        try:
            shutil.copy2(infile, unproven)
            with unproven.open("rb+") as file:
                os.fsync(file.fileno())
            error = load_error(unproven, DIGEST)
            if error:
                print(UNLOADABLE % error, file=sys.stderr)
            else:
                os.replace(unproven, outfile)
        finally:
            unproven.unlink(missing_ok=True)
        return outfile, not error


if __name__ == "__main__":
    setup(
        ext_modules=[
            Extension(
                "metanash.kernels.compiled",
                sources=[source.as_posix() for source in SOURCES if source.suffix == ".c"],
                depends=[*(source.as_posix() for source in SOURCES if source.suffix == ".h"), "setup.py"],
                define_macros=[("SOURCE_DIGEST", f'"{DIGEST}"')],
                # Sums may be fused (each kernel is tested against NumPy within a stated tolerance). Not
                # -ffast-math: it would assume that no infinity and no NaN occurs, and change the processor's
                # treatment of subnormal numbers for the whole process.
                extra_compile_args=[
                    "-std=gnu11",
                    "-O3",
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
