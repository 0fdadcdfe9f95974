"""Build the documentation site and look through it: ``./do site`` runs this.

Sphinx takes warnings for errors, references that lead nowhere among them. What it made is then read once more as a
browser would read it (``check.py``).
"""

import argparse
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

from docs.site.check import faults
from docs.site.stage import ROOT, lay_out

HERE = Path(__file__).resolve().parent


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="./do site", description="The documentation as pages, in a folder.")
    parser.add_argument("--output", type=Path, default=ROOT / "site", help="folder of the pages; default site")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "site", help="what is kept for the next time")
    parser.add_argument("--jobs", "-j", default="auto", help="processes; default as many as cores")
    options = parser.parse_args(arguments)
    source = options.work.resolve() / "source"
    source.mkdir(parents=True, exist_ok=True)
    try:
        lay_out(source)
    except RuntimeError as error:
        print(f"site: {error}", file=sys.stderr)
        return 1
    flags = ["-b", "html", "-q", "-W", "--keep-going", "-n", "-j", options.jobs, "-c", str(HERE)]
    code = build_main([*flags, "-d", str(options.work / "doctrees"), str(source), str(options.output)])
    if code:
        return code
    found = faults(options.output)
    for fault in found:
        print(f"site: {fault}", file=sys.stderr)
    if not found:
        print(f"ready: {options.output / 'index.html'}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
