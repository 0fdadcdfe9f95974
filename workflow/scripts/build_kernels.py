"""Rule ``kernels``: compile the C sources in place if they have changed, and say which kernels are in use."""

import subprocess
import sys
from pathlib import Path

REPORT = """
import json
from metanash import kernels
print(json.dumps({"backend": kernels.backend, "instruction_set": kernels.instruction_set,
                  "sources": kernels.source_digest()}, sort_keys=True, indent=1))
"""


def main(output: Path, log: Path) -> None:
    # a process of its own: this one may have the old kernels loaded
    build = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    with log.open("w") as messages:
        subprocess.run(build, stdout=messages, stderr=messages, check=True)
        found = subprocess.run([sys.executable, "-c", REPORT], capture_output=True, text=True, check=False)
        messages.write(found.stderr)
    sys.stderr.write(found.stderr)  # a missing compiler must not go unseen
    found.check_returncode()
    output.write_text(found.stdout)


if __name__ == "__main__":
    main(Path(snakemake.output[0]), Path(snakemake.log[0]))
