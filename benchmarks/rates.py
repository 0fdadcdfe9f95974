"""Which rate, really: the learners after the paper at the long horizons of ``config/deep.yaml``: ``./do deep-rates``.

The pipeline makes tables of the same numbers without times, whose bytes are the same everywhere; here a learner runs at
a time, on one thread, and what an iteration took is written down. ``docs/deep/rates.csv`` has a row for each setting
and learner, and ``docs/successors.md`` a table of them.
"""

import argparse
import csv
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from snakemake.utils import update_config

from benchmarks.marks import put
from metanash_replication.labels import LEARNER_LABELS
from metanash_replication.topics.successors.measure import successors
from metanash_replication.topics.successors.tables import NO_POWER, ROUNDED, rate_rows

ROOT = Path(__file__).resolve().parents[1]
TABLE, PAGE = ROOT / "docs/deep/rates.csv", ROOT / "docs/successors.md"
BEGIN, END = "<!-- rates: written by ./do deep-rates -->", "<!-- end of rates -->"
_OWN = ("concept", "base_kind", "n_states", "n_actions", "perturbation", "rates", "iterations")


def configuration() -> dict[str, Any]:
    """The deep configuration over the default one, as Snakemake lays them."""
    found, upper = (
        yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8")) for name in ("config.yaml", "deep.yaml")
    )
    update_config(found, upper)
    return dict(found)


def specs(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Arguments of each setting."""
    section = config["successors"]["comparisons"]
    common = {key: value for key, value in section.items() if key != "settings"}
    return {name: common | setting for name, setting in section["settings"].items()}


def rows_of(name: str, spec: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row of the pipeline's table for each learner, and nanoseconds an iteration of one game."""
    seeds, root = range(spec["seeds"]), config["root_seed"]
    sizes = {key: spec[key] for key in ("horizon", "discount") if key in spec}
    for learner, rate in spec["rates"].items():
        own = {**{key: spec[key] for key in _OWN}, "rates": {learner: rate}}
        start = time.process_time()
        arrays = successors(seeds=seeds, root_seed=root, n_checkpoints=spec["checkpoints"], **own, **sizes)
        seconds = time.process_time() - start
        slopes = config["successors"]["slopes"]["margin"], config["speed_up"]["resamples"], root
        for row in rate_rows(own | sizes, arrays, *slopes):
            took = seconds / (spec["iterations"] * len(seeds)) * 1e9
            yield {"setting": name, **row, "nanoseconds": f"{took:.1f}", "seconds": f"{seconds:.1f}"}


def lines(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """The table of the page."""
    found = [
        "| case | learner | T | T times gap | promised | slope of it | measured | verdict | ns |",
        "|---|---|---:|---:|---|---:|---:|---|---:|",
    ]
    for row in rows:
        number = {key: float(row[key]) for key in ("iterations", "held", "promised_slope", "slope", "low", "high")}
        judged, fallen = row["promise"] != NO_POWER, row["verdict"] == ROUNDED
        cells = [
            row["case"],
            LEARNER_LABELS[row["learner"]],
            f"{number['iterations']:.0e}".replace("e+0", "e"),
            f"{number['held']:.3g}",
            row["promise"] if judged else "",
            f"{number['promised_slope']:.2f}" if judged else "",
            "" if fallen else f"{number['slope']:.2f} [{number['low']:.2f}, {number['high']:.2f}]",
            row["verdict"],
            f"{float(row['nanoseconds']):.3g}",
        ]
        found.append(f"| {' | '.join(cells)} |")
    return found


def written() -> list[dict[str, str]]:
    """The rows that are there."""
    if not TABLE.exists():
        return []
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main(arguments: list[str]) -> int:
    """Run settings, all unless some are named, and renew their rows, the others kept. Returns 2 for a wrong name."""
    parser = argparse.ArgumentParser(prog="./do deep-rates", description=__doc__.splitlines()[0])
    parser.add_argument("settings", nargs="*", help="of successors.comparisons in config/deep.yaml; all if none")
    config = configuration()
    known, asked = specs(config), parser.parse_args(arguments).settings
    if unknown := [name for name in asked if name not in known]:
        print(f"no settings: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    for name in asked or known:
        new = [{key: str(value) for key, value in row.items()} for row in rows_of(name, known[name], config)]
        rows = [row for row in written() if row["setting"] != name] + new
        rows.sort(key=lambda row: list(known).index(row["setting"]))
        with TABLE.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), lines(rows), BEGIN, END), encoding="utf-8")
        print("\n".join(lines(new)[2:]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
