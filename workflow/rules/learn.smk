rule learn:
    input:
        games=f"{RESULTS}/games/{{experiment}}/{{base_kind}}/block-{{block}}.npz",
        code=library("experiments", "gamefile", "records"),
    output:
        record=f"{RESULTS}/runs/{{experiment}}/{{base_kind}}/{{arm}}/block-{{block}}.npz",
    log:
        f"{RESULTS}/logs/runs/{{experiment}}/{{base_kind}}/{{arm}}/block-{{block}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/runs/{{experiment}}/{{base_kind}}/{{arm}}/block-{{block}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        spec=learning_spec,
    message:
        "{wildcards.experiment}: {wildcards.arm} on {wildcards.base_kind} games, block {wildcards.block}"
    script:
        "../scripts/learn.py"
