rule gap_figure:
    input:
        table=f"{RESULTS}/figure1.csv",
        code=library("tables", "plotting"),
    output:
        pdf=f"{FIGURES}/figure{{panel}}.pdf",
        png=f"{FIGURES}/figure{{panel}}.png",
    log:
        f"{RESULTS}/logs/figure{{panel}}.log",
    wildcard_constraints:
        panel="1a|1b|1b_theory",
    conda:
        "../../environment.yml"
    params:
        width=config["plots"]["width"],
        scale=lambda wildcards: config["plots"]["gap_scale"][wildcards.panel],
    message:
        "Figure {wildcards.panel}"
    script:
        "../scripts/gap_figure.py"


rule own_figure:
    input:
        table=f"{RESULTS}/{{panel}}.csv",
        code=library("tables", "plotting"),
    output:
        pdf=f"{FIGURES}/{{panel}}.pdf",
        png=f"{FIGURES}/{{panel}}.png",
    log:
        f"{RESULTS}/logs/{{panel}}_figure.log",
    wildcard_constraints:
        panel="|".join(OWN) or "none",
    conda:
        "../../environment.yml"
    params:
        width=config["plots"]["width"],
        scale="log",
    message:
        "Figure {wildcards.panel}"
    script:
        "../scripts/gap_figure.py"


rule equilibrium_figure:
    input:
        table=f"{RESULTS}/equilibria.csv",
        code=library("tables", "plotting"),
    output:
        pdf=f"{FIGURES}/figure1c.pdf",
        png=f"{FIGURES}/figure1c.png",
    log:
        f"{RESULTS}/logs/figure1c.log",
    conda:
        "../../environment.yml"
    params:
        width=config["plots"]["width"],
    message:
        "Figure 1c"
    script:
        "../scripts/equilibrium_figure.py"


rule sensitivity_figure:
    input:
        table=f"{RESULTS}/sensitivity.csv",
        code=library("plotting"),
    output:
        pdf=f"{FIGURES}/{{experiment}}.pdf",
        png=f"{FIGURES}/{{experiment}}.png",
    log:
        f"{RESULTS}/logs/{{experiment}}_figure.log",
    wildcard_constraints:
        experiment="sensitivity_zero_sum|sensitivity_potential",
    conda:
        "../../environment.yml"
    params:
        width=config["plots"]["width"],
        base_kinds=lambda wildcards: EXPERIMENTS[wildcards.experiment]["base_kinds"],
        rate=lambda wildcards: EXPERIMENTS[wildcards.experiment]["learning"]["learner"],
    message:
        "Figure {wildcards.experiment}"
    script:
        "../scripts/sensitivity_figure.py"
