"""Rule ``simulation_figures``: the panels of Figure 1, and the gaps of meta-updates over the grid of a sweep."""

from metanash_workflow import job

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from metanash_replication import plotting
from metanash_replication.topics.simulations.tables import curves, distinct_equilibria, equilibrium_ranges

Sweep = tuple[list[str], str]


def draw(
    tables: dict[str, pd.DataFrame], scales: dict[str, str], sweeps: dict[str, Sweep], width: float
) -> dict[str, Figure]:
    gaps = tables["figure1"]
    figures = {
        name: plotting.gap_figure(curves(gaps[gaps["figure"] == name.removeprefix("figure")]), width, scale=scale)
        for name, scale in scales.items()
    }
    equilibria = tables["equilibria"]
    figures["figure1c"] = plotting.equilibrium_figure(
        distinct_equilibria(equilibria), equilibrium_ranges(equilibria), width
    )
    for name, (base_kinds, learner) in sweeps.items():
        figures[name] = plotting.sensitivity_figure(tables["sensitivity"], base_kinds, learner, width)
    return figures


def main(
    tables: dict[str, Path], scales: dict[str, str], sweeps: dict[str, Sweep], width: float, files: list[Path]
) -> None:
    plotting.use_style()
    read = {name: pd.read_csv(path) for name, path in tables.items()}
    for name, figure in draw(read, scales, sweeps, width).items():
        plotting.save(figure, {path.suffix.removeprefix("."): path for path in files if path.stem == name})


if __name__ == "__main__":
    tables = {name: Path(snakemake.input[name]) for name in ("figure1", "equilibria", "sensitivity")}
    parameters = snakemake.params
    with job(snakemake) as outputs:
        main(tables, parameters.scales, parameters.sweeps, parameters.width, list(outputs.values()))
