FALSIFICATION = config["falsification"]
SEARCHED = keys_of("metanash_replication.falsification.registry", "FALSIFIABLE")


rule falsify:
    input:
        code=code("falsify"),
    output:
        search=f"{RESULTS}/falsify/{{claim}}/search.json",
        instances=directory(f"{RESULTS}/falsify/{{claim}}/instances"),
        made=f"{RESULTS}/made/falsify/{{claim}}.json",
    log:
        f"{RESULTS}/logs/falsify/{{claim}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/falsify/{{claim}}.tsv"
    wildcard_constraints:
        claim="|".join(SEARCHED),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        settings=lambda wildcards: {
            "budget": FALSIFICATION["budgets"].get(wildcards.claim, FALSIFICATION["budget"]),
            "seed": config["root_seed"],
            "restarts": FALSIFICATION["restarts"],
            "population": FALSIFICATION["population"],
        },
        sizes=lambda wildcards: FALSIFICATION["sizes"].get(wildcards.claim),
    message:
        "Searching for counterexamples: {wildcards.claim}"
    script:
        "../scripts/falsify.py"


rule falsification_tables:
    input:
        searches=expand(f"{RESULTS}/falsify/{{c}}/search.json", c=SEARCHED),
        instances=expand(f"{RESULTS}/falsify/{{c}}/instances", c=SEARCHED),
        code=code("falsification_tables"),
    output:
        **tables_of("falsification"),
        made=f"{RESULTS}/made/falsification_tables.json",
    log:
        f"{RESULTS}/logs/falsification_tables.log",
    conda:
        "../../environment.yml"
    message:
        "Worst ratios of all claims"
    script:
        "../scripts/falsification_tables.py"
