# Figure 1 and the sweeps: one job, since seaborn takes longer to import than any of them to draw.
GAP_SCALES = {f"figure{panel}": scale for panel, scale in config["plots"]["gap_scale"].items()}
SWEPT = ["sensitivity_zero_sum", "sensitivity_potential"]


rule simulation_figures:
    input:
        **{name: f"{RESULTS}/{name}.csv" for name in ("figure1", "equilibria", "sensitivity")},
        code=library("tables", "plotting"),
    output:
        drawn("Figure 1", *GAP_SCALES, "figure1c"),
        drawn("Sensitivity", *SWEPT),
        made=f"{RESULTS}/made/simulation_figures.json",
    log:
        f"{RESULTS}/logs/simulation_figures.log",
    conda:
        "../../environment.yml"
    params:
        width=config["plots"]["width"],
        scales=GAP_SCALES,
        sweeps={name: (EXPERIMENTS[name]["base_kinds"], EXPERIMENTS[name]["learning"]["learner"]) for name in SWEPT},
    message:
        "Figure 1, and final gaps over rates and perturbations"
    script:
        "../scripts/simulation_figures.py"


rule own_figure:
    input:
        table=f"{RESULTS}/{{panel}}.csv",
        code=library("tables", "plotting"),
    output:
        pdf=f"{FIGURES}/{{panel}}.pdf",
        png=f"{FIGURES}/{{panel}}.png",
        made=f"{RESULTS}/made/{{panel}}_figure.json",
    log:
        f"{RESULTS}/logs/{{panel}}_figure.log",
    wildcard_constraints:
        panel="|".join(OWN) or "none",
    conda:
        "../../environment.yml"
    params:
        width=config["plots"]["width"],
    message:
        "Figure {wildcards.panel}"
    script:
        "../scripts/own_figure.py"
