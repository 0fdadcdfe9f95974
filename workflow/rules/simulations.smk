rule figure1_table:
    input:
        **{name: runs(name) for name in EXPERIMENTS if name.startswith("figure1_")},
        code=code("figure1_table"),
    output:
        table=table("figure1"),
        made=f"{RESULTS}/made/figure1_table.json",
    log:
        f"{RESULTS}/logs/figure1_table.log",
    conda:
        "../../environment.yml"
    params:
        names={name: EXPERIMENTS[name]["figure"] for name in EXPERIMENTS if name.startswith("figure1_")},
        counted_at={
            section["figure"]: section["counted_at_rate"]
            for section in EXPERIMENTS.values()
            if "counted_at_rate" in section
        },
    message:
        "Table of the NE-gaps of Figure 1"
    script:
        "../scripts/figure1_table.py"


rule own_table:
    input:
        records=lambda wildcards: runs(wildcards.experiment),
        code=code("figure1_table"),
    output:
        table=f"{RESULTS}/{{experiment}}.csv",
        made=f"{RESULTS}/made/{{experiment}}_table.json",
    log:
        f"{RESULTS}/logs/{{experiment}}_table.log",
    wildcard_constraints:
        experiment="|".join(OWN) or "none",
    conda:
        "../../environment.yml"
    params:
        names=lambda wildcards: {"records": wildcards.experiment},
    message:
        "Table of the NE-gaps of {wildcards.experiment}"
    script:
        "../scripts/figure1_table.py"


rule speed_up:
    input:
        table=f"{RESULTS}/figure1.csv",
        code=code("speed_up"),
    output:
        table=table("speed_up"),
        made=f"{RESULTS}/made/speed_up.json",
    log:
        f"{RESULTS}/logs/speed_up.log",
    conda:
        "../../environment.yml"
    params:
        levels=config["speed_up"]["levels"],
        resamples=config["speed_up"]["resamples"],
        root_seed=config["root_seed"],
    message:
        "Speed-up of meta-learning, with intervals"
    script:
        "../scripts/speed_up.py"


rule sensitivity_table:
    input:
        records=runs("sensitivity_zero_sum", "sensitivity_potential"),
        code=code("sensitivity_table"),
    output:
        table=table("sensitivity"),
        made=f"{RESULTS}/made/sensitivity_table.json",
    log:
        f"{RESULTS}/logs/sensitivity_table.log",
    conda:
        "../../environment.yml"
    params:
        resamples=config["speed_up"]["resamples"],
        root_seed=config["root_seed"],
    message:
        "Final gaps over learning rates and perturbations"
    script:
        "../scripts/sensitivity_table.py"


rule equilibria:
    input:
        games=[
            f"{RESULTS}/games/figure1_zero_sum/{kind}/block-{block}.npz"
            for kind in EXPERIMENTS["figure1_zero_sum"]["base_kinds"]
            for block in blocks("figure1_zero_sum")
        ],
        code=code("equilibria"),
    output:
        table=table("equilibria"),
        made=f"{RESULTS}/made/equilibria.json",
    log:
        f"{RESULTS}/logs/equilibria.log",
    conda:
        "../../environment.yml"
    message:
        "Equilibria of the stage games, in rewards and in Q-functions"
    script:
        "../scripts/equilibria.py"


# Figure 1 and the sweeps: one job, since seaborn takes longer to import than any of them to draw.
GAP_SCALES = {f"figure{panel}": scale for panel, scale in config["plots"]["gap_scale"].items()}
SWEPT = ["sensitivity_zero_sum", "sensitivity_potential"]


rule simulation_figures:
    input:
        **{name: f"{RESULTS}/{name}.csv" for name in ("figure1", "equilibria", "sensitivity")},
        code=code("simulation_figures"),
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
        code=code("own_figure"),
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
