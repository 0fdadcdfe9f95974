"""Quick builds of changed kernels: not optimised, in a few seconds; what a change leaves as it was is compiled once."""

import importlib.machinery
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig

import pytest

OBJECTS = {}
"""Preprocessed source -> its object file."""
ALIKE = [f"-Wl,--defsym,loops_{isa}=loops_portable" for isa in ("avx2", "avx512")]
OPTIMISED = b'#pragma GCC optimize("O1")\n'  # in portable.c, where it takes longer than all else


def build(folder, *, one_set=False):
    """Compile the kernels in a folder, beside their sources; skip the test if there is no compiler.

    With ``one_set`` the loops of one instruction set are those of all, where the linker can do that.
    """
    command = shlex.split(sysconfig.get_config_var("CC") or "cc")
    if shutil.which(command[0]) is None:
        pytest.skip("no C compiler")
    digest = runpy.run_path(str(folder / "extension.py"))["source_digest"](folder)
    target = folder / f"compiled{importlib.machinery.EXTENSION_SUFFIXES[0]}"
    command += ["-std=gnu11", "-O0", "-fPIC", "-pthread"]
    read = ["-E", "-P", f'-DSOURCE_DIGEST="{digest}"', f"-I{sysconfig.get_path('include')}"]
    one_set = one_set and sys.platform.startswith("linux")
    names = ["compiled.c", "portable.c"] if one_set else sorted(path.name for path in folder.glob("*.c"))
    objects = [*ALIKE] if one_set else []
    for source in (folder / name for name in names):
        plain, compiled = source.with_suffix(".i"), source.with_suffix(".o")
        text = subprocess.run([*command, *read, str(source)], stdout=subprocess.PIPE, check=True).stdout
        text = text.replace(OPTIMISED, b"")
        if text not in OBJECTS:
            plain.write_bytes(text)
            subprocess.run([*command, "-c", str(plain), "-o", str(compiled)], check=True)
            OBJECTS[text] = compiled.read_bytes()
        compiled.write_bytes(OBJECTS[text])
        objects.append(str(compiled))
    subprocess.run([*command, "-shared", *objects, "-o", str(target)], check=True)
    return target
