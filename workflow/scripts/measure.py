"""Rules that measure for a theorem: one function of ``metanash.theory`` and its arrays as a file."""

import logging
from pathlib import Path
from typing import Any

from metanash import theory
from metanash.records import write_measurement


def main(
    function: str, spec: dict[str, Any], seeds: int | None, root_seed: int | None, measured: Path, log: Path
) -> None:
    logging.basicConfig(filename=log, filemode="w", level=logging.INFO)
    arguments = dict(spec)
    if seeds is not None:
        arguments["seeds"] = list(range(seeds))
    if root_seed is not None:
        arguments["root_seed"] = root_seed
    arrays = getattr(theory, function)(**arguments)
    write_measurement(measured, {"function": function, **arguments}, arrays)
    logging.info("%s: %s", function, {name: array.shape for name, array in arrays.items()})


if __name__ == "__main__":
    main(
        snakemake.params.function,
        snakemake.params.spec,
        snakemake.params.seeds,
        snakemake.params.root_seed,
        Path(snakemake.output.measured),
        Path(snakemake.log[0]),
    )
