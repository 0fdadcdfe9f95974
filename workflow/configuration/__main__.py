"""Look at configuration files before Snakemake reads them: ``python -m workflow.configuration [snakemake arguments]``.

Returns 1, with a line for each fault, if one is not to be read; ``./do reproduce`` and ``./do smoke`` ask first.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.configuration import refused_files, verdict

DEFAULT = "config/config.yaml"


def main(arguments: Sequence[str]) -> int:
    """Judge the files among the arguments of Snakemake, and the default one."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", action="extend", default=[])
    found = refused_files(map(Path, [DEFAULT, *parser.parse_known_args(arguments)[0].configfile]))
    if found:
        print(verdict(found), file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
