rule kernels:
    input:
        sources=C_SOURCES,
        setup="setup.py",
    output:
        f"{RESULTS}/kernels.json",
    log:
        f"{RESULTS}/logs/kernels.log",
    conda:
        "../../environment.yml"
    message:
        "Compiling the kernels if their sources have changed"
    script:
        "../scripts/build_kernels.py"


rule games:
    input:
        code=code("generate_games"),
    output:
        games=f"{RESULTS}/games/{{experiment}}/{{base_kind}}/block-{{block}}.npz",
        made=f"{RESULTS}/made/games/{{experiment}}/{{base_kind}}/block-{{block}}.json",
    log:
        f"{RESULTS}/logs/games/{{experiment}}/{{base_kind}}/block-{{block}}.log",
    conda:
        "../../environment.yml"
    params:
        spec=sequences_spec,
        seeds=block_seeds,
        root_seed=config["root_seed"],
    message:
        "{wildcards.experiment}: games of kind {wildcards.base_kind}, block {wildcards.block}"
    script:
        "../scripts/generate_games.py"
