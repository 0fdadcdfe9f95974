FALSIFY = config["falsify"]
CLAIMS = registered("falsify.registry", "FALSIFIABLE")


rule falsify:
    input:
        code=library("falsify"),
    output:
        search=f"{RESULTS}/falsify/{{claim}}/search.json",
        instances=directory(f"{RESULTS}/falsify/{{claim}}/instances"),
        made=f"{RESULTS}/made/falsify/{{claim}}.json",
    log:
        f"{RESULTS}/logs/falsify/{{claim}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/falsify/{{claim}}.tsv"
    wildcard_constraints:
        claim="|".join(CLAIMS),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        settings=lambda wildcards: {
            "budget": FALSIFY["budgets"].get(wildcards.claim, FALSIFY["budget"]),
            "seed": config["root_seed"],
            "restarts": FALSIFY["restarts"],
            "population": FALSIFY["population"],
        },
        sizes=lambda wildcards: FALSIFY["sizes"].get(wildcards.claim),
    message:
        "Searching for counterexamples: {wildcards.claim}"
    script:
        "../scripts/falsify.py"


rule falsification_tables:
    input:
        searches=expand(f"{RESULTS}/falsify/{{c}}/search.json", c=CLAIMS),
        instances=expand(f"{RESULTS}/falsify/{{c}}/instances", c=CLAIMS),
        code=library("theory_tables.falsification", "falsify.files", "archive"),
    output:
        falsification=table("falsification"),
        falsification_curves=table("falsification_curves"),
        worst_instances=table("worst_instances"),
        made=f"{RESULTS}/made/falsification_tables.json",
    log:
        f"{RESULTS}/logs/falsification_tables.log",
    conda:
        "../../environment.yml"
    message:
        "Worst ratios of all claims"
    script:
        "../scripts/falsification_tables.py"
