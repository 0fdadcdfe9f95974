"""Rules that measure: a function of a topic's module ``measure``, and a file of arrays."""

from metanash_workflow import job

import importlib
import logging
from pathlib import Path
from typing import Any

from metanash import kernels
from metanash_replication.records import write_measurement


def main(topic: str, function: str, arguments: dict[str, Any], recorded_as: str, threads: int, measured: Path) -> None:
    kernels.use_threads(threads)
    module = importlib.import_module(f"metanash_replication.topics.{topic}.measure")
    arrays = getattr(module, function)(**arguments)
    write_measurement(measured, {"function": f"{recorded_as}.{function}", **arguments}, arrays)
    logging.info("%s.%s: %s", topic, function, {name: array.shape for name, array in arrays.items()})


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            snakemake.params.topic,
            snakemake.params.function,
            snakemake.params.arguments,
            snakemake.params.recorded_as,
            snakemake.threads,
            outputs["measured"],
        )
