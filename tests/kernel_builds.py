"""Quick builds of changed kernels: not optimised, in a few seconds."""

import importlib.machinery
import runpy
import shlex
import shutil
import subprocess
import sysconfig

import pytest


def build(folder):
    """Compile the kernels in a folder, beside their sources; skip the test if there is no compiler."""
    command = shlex.split(sysconfig.get_config_var("CC") or "cc")
    if shutil.which(command[0]) is None:
        pytest.skip("no C compiler")
    digest = runpy.run_path(str(folder / "extension.py"))["source_digest"](folder)
    target = folder / f"compiled{importlib.machinery.EXTENSION_SUFFIXES[0]}"
    options = ["-std=gnu11", "-O0", "-shared", "-fPIC", "-pthread", f'-DSOURCE_DIGEST="{digest}"']
    include = f"-I{sysconfig.get_path('include')}"
    subprocess.run([*command, *options, include, *map(str, folder.glob("*.c")), "-o", str(target)], check=True)
    return target
