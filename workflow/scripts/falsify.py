"""Rule ``falsify``: one claim searched for counterexamples; a search that was cut off goes on where it was."""

from metanash_workflow import job

import logging
from pathlib import Path

from metanash_replication.falsification import Settings, Size, search


def main(claim: str, settings: dict[str, int], sizes: list[str] | None, folder: Path) -> None:
    wanted = [Size.parse(name) for name in sizes] if sizes else None
    result = search(claim, Settings(**settings), sizes=wanted, folder=folder, resume=True, anew=True)
    for found in result.findings:
        logging.info("%s, %s: %.6g, %s", found.form, found.size, found.ratio, found.verdict)


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(snakemake.wildcards.claim, snakemake.params.settings, snakemake.params.sizes, outputs["search"].parent)
