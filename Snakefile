# metanash: snakemake --cores 8 reproduces everything. What holds in config/ is all there is to set.
from snakemake.utils import min_version, validate

min_version("9.0")


configfile: "config/config.yaml"


validate(config, "workflow/schemas/config.schema.yaml")


include: "workflow/rules/common.smk"
include: "workflow/rules/settings.smk"
include: "workflow/rules/games.smk"
include: "workflow/rules/learn.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/zero_sum.smk"
include: "workflow/rules/potential.smk"
include: "workflow/rules/general_sum.smk"
include: "workflow/rules/falsify.smk"
include: "workflow/rules/theory.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/notebooks.smk"


rule all:
    default_target: True
    input:
        figures("figure1a", "figure1b", "figure1b_theory", "figure1c", "sensitivity_zero_sum", "sensitivity_potential"),
        figures(*(name for _, names in THEORY_FIGURES.values() for name in names)),
        f"{RESULTS}/figure1.csv",
        f"{RESULTS}/speed_up.csv",
        f"{RESULTS}/sensitivity.csv",
        f"{RESULTS}/theory.csv",
        f"{RESULTS}/falsification.csv",
        f"{RESULTS}/summary.md",
        f"{RESULTS}/notebooks/figure1.ipynb",


onsuccess:
    print(f"Done. Figures: {FIGURES}/  Numbers: {RESULTS}/summary.md  Notebook: {RESULTS}/notebooks/figure1.ipynb")
