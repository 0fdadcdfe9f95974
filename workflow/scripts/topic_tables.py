"""Rules ``*_tables``: the tables of a topic from all its measurements, by ``make`` of its module ``tables``."""

from metanash_workflow import job

import importlib
from pathlib import Path
from typing import Any

from metanash.archive import write_text
from metanash_replication.records import read_measurement


def main(
    topic: str, measured: dict[str, list[Path]], results: Path, settings: dict[str, Any], out: dict[str, Path]
) -> None:
    found = {}
    for name, paths in measured.items():
        read = [(path.relative_to(results).as_posix(), *read_measurement(path)) for path in paths]
        found[name] = [(spec | {"file": file}, arrays) for file, spec, arrays in read]
    made = importlib.import_module(f"metanash_replication.topics.{topic}.tables").make(found, **settings)
    if missing := [name for name in out if name not in made]:
        raise ValueError(
            f"src/metanash_replication/topics/{topic}/tables.py: make does not return {', '.join(missing)}, which the "
            f"plan names; it returns {', '.join(made)}"
        )
    for name, target in out.items():
        write_text(target, made[name].to_csv(index=False))


if __name__ == "__main__":
    parameters = snakemake.params
    with job(snakemake) as outputs:
        main(
            parameters.topic,
            {name: list(map(Path, snakemake.input[name])) for name in parameters.measurements},
            Path(snakemake.config["results"]),
            parameters.settings,
            outputs,
        )
