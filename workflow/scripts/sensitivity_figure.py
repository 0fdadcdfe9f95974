"""Rule ``sensitivity_figure``: gap of each meta-update over individual learning, on the grid of a sweep."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from metanash import plotting

RATES = {"optimistic_mirror_descent": r"learning rate $\eta$", "projected_q_ascent": r"step size $\alpha$"}


def main(table: Path, base_kinds: list[str], learner: str, width: float, pdf: Path, png: Path) -> None:
    gaps = pd.read_csv(table)
    gaps = gaps[gaps["base_kind"].isin(base_kinds) & (gaps["arm"] != "individual")]
    arms = [arm for arm in plotting.ARM_LABELS if arm in set(gaps["arm"])]
    rows, columns = (base_kinds, arms) if len(arms) > 1 else (arms, base_kinds)
    plotting.use_style()
    figure, axes = plt.subplots(
        len(rows), len(columns), figsize=(width, 0.32 * width * len(rows)), squeeze=False, sharex=True, sharey=True
    )
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            kind, arm = (row, column) if len(arms) > 1 else (column, row)
            cell = gaps[(gaps["base_kind"] == kind) & (gaps["arm"] == arm)]
            image = plotting.ratio_panel(axes[i, j], cell, x="learning_rate", y="perturbation")
            axes[i, j].set_title(f"{plotting.ARM_LABELS[arm]}\n{plotting.KIND_LABELS[kind]}")
    figure.supxlabel(RATES[learner], fontsize=7)
    figure.supylabel("perturbation size", fontsize=7)
    plotting.ratio_bar(figure, image, axes)
    plotting.save(figure, {"pdf": pdf, "png": png})


if __name__ == "__main__":
    main(
        Path(snakemake.input.table),
        snakemake.params.base_kinds,
        snakemake.params.rate,
        snakemake.params.width,
        Path(snakemake.output.pdf),
        Path(snakemake.output.png),
    )
