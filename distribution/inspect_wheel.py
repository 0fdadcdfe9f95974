"""What is wrong with a wheel of metanash, a line for each fault: contents, tags, and what it asks for.

Standard library only. As a command, with the path of a wheel: tells what it is, and ends with 1 if there is a fault.
Tags are those of PEP 425, metadata that of the core metadata specification.
"""

import re
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

REQUIRED = {"numpy", "scipy"}
PACKAGES = {"metanash", "metanash_replication"}
NAMED = re.compile(r"metanash-(?P<version>[\w.]+)-cp311-abi3-(?P<platform>[\w.]+)\.whl")
COMPILED = re.compile(r"metanash/kernels/compiled[\w.-]*\.(so|pyd)")
SOURCES = (
    "metanash/kernels/compiled.c",
    "metanash/kernels/lanes.h",
    "metanash/kernels/extension.py",
    "metanash/py.typed",
)


def faults(path: Path) -> list[str]:
    """Faults of the wheel at a path, in words."""
    name = NAMED.fullmatch(path.name)
    if name is None:
        return [f"{path.name}: its tag must be cp311-abi3, which serves Python 3.11 and later"]
    with zipfile.ZipFile(path) as wheel:
        files = set(wheel.namelist())
        folder = f"metanash-{name['version']}.dist-info"
        absent = {f"{folder}/METADATA", f"{folder}/WHEEL"} - files
        if absent:
            return [f"{path.name}: {', '.join(sorted(absent))} is not in it"]
        wanted = Parser().parsestr(wheel.read(f"{folder}/METADATA").decode()).get_all("Requires-Dist", [])
        tags = Parser().parsestr(wheel.read(f"{folder}/WHEEL").decode()).get_all("Tag", [])
    found = []
    if sum(map(bool, map(COMPILED.fullmatch, files))) != 1:
        found.append("it must hold one file of compiled kernels; the output of the build says why there is none")
    found += [f"{source} is not in it" for source in SOURCES if source not in files]
    strange = {file.partition("/")[0] for file in files} - PACKAGES - {folder}
    if strange:
        found.append(f"it holds {', '.join(sorted(strange))} besides the packages")
    always = {re.match(r"[\w.-]+", line)[0].lower() for line in wanted if "extra ==" not in line}
    if always != REQUIRED:
        found.append(
            f"it asks for {', '.join(sorted(always))}; the library needs {' and '.join(sorted(REQUIRED))} only"
        )
    if set(tags) != {f"cp311-abi3-{platform}" for platform in name["platform"].split(".")}:
        found.append(f"its name and its tags ({', '.join(tags)}) differ")
    return [f"{path.name}: {fault}" for fault in found]


def main(path: Path) -> None:
    found = faults(path)
    print(*(found or [f"{path.name}: {path.stat().st_size / 1e6:.1f} MB"]), sep="\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
