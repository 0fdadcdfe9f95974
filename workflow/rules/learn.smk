# One job learns all arms of an experiment on one kind and block: most arms take less time than a job takes to start.
for experiment, section in EXPERIMENTS.items():

    rule:
        name:
            f"learn_{experiment}"
        input:
            games=f"{RESULTS}/games/{experiment}/{{base_kind}}/block-{{block}}.npz",
            code=code("learn"),
        output:
            **{arm: f"{RESULTS}/runs/{experiment}/{{base_kind}}/{arm}/block-{{block}}.npz" for arm in section["arms"]},
            made=f"{RESULTS}/made/runs/{experiment}/{{base_kind}}/block-{{block}}.json",
        log:
            f"{RESULTS}/logs/runs/{experiment}/{{base_kind}}/block-{{block}}.log",
        benchmark:
            f"{RESULTS}/benchmarks/runs/{experiment}/{{base_kind}}/block-{{block}}.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        params:
            spec=section["learning"],
        message:
            f"{experiment}: learning on {{wildcards.base_kind}} games, block {{wildcards.block}}"
        script:
            "../scripts/learn.py"
