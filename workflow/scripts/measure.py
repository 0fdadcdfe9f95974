"""Rules that measure for a theorem: a function of ``metanash.theory``, as ``module.function``, and a file of arrays."""

from metanash_workflow import job

import importlib
import logging
from pathlib import Path
from typing import Any

from metanash import kernels
from metanash_replication.records import write_measurement


def main(
    function: str,
    spec: dict[str, Any],
    seeds: int | None,
    root_seed: int | None,
    threads: int,
    measured: Path,
) -> None:
    kernels.use_threads(threads)
    arguments = dict(spec)
    if seeds is not None:
        arguments["seeds"] = list(range(seeds))
    if root_seed is not None:
        arguments["root_seed"] = root_seed
    module, name = function.split(".")
    arrays = getattr(importlib.import_module(f"metanash.theory.{module}"), name)(**arguments)
    write_measurement(measured, {"function": function, **arguments}, arrays)
    logging.info("%s: %s", function, {name: array.shape for name, array in arrays.items()})


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(
            snakemake.params.function,
            snakemake.params.spec,
            snakemake.params.seeds,
            snakemake.params.root_seed,
            snakemake.threads,
            outputs["measured"],
        )
