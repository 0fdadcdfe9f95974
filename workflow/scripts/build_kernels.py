"""Rule ``kernels``: compile the C sources in place if they have changed, and say which kernels are in use."""

import json
import subprocess
import sys
from pathlib import Path

KERNELS = Path("src/metanash/kernels")
REPORT = """
import json
from metanash import kernels
print(json.dumps({"backend": kernels.backend, "instruction_set": kernels.instruction_set,
                  "sources": kernels.source_digest()}, sort_keys=True, indent=1))
"""


def report() -> "subprocess.CompletedProcess[str]":
    # a process of its own: this one may have the old kernels loaded
    return subprocess.run([sys.executable, "-c", REPORT], capture_output=True, text=True, check=False)


def up_to_date(sources: list[Path]) -> bool:
    # setuptools builds anew wherever its own folder is missing, as it is after an installation
    built = [path.stat().st_mtime for path in KERNELS.glob("compiled*.so")]
    found = report() if built and max(source.stat().st_mtime for source in sources) < min(built) else None
    return found is not None and found.returncode == 0 and json.loads(found.stdout)["backend"] == "c"


def main(sources: list[Path], output: Path, log: Path) -> None:
    with log.open("w") as messages:
        if not up_to_date(sources):
            build = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
            subprocess.run(build, stdout=messages, stderr=messages, check=True)
        found = report()
        messages.write(found.stderr)
    sys.stderr.write(found.stderr)  # a missing compiler must not go unseen
    found.check_returncode()
    output.write_text(found.stdout)


if __name__ == "__main__":
    main(list(map(Path, snakemake.input)), Path(snakemake.output[0]), Path(snakemake.log[0]))
