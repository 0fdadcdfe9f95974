# Rows of all topics, each a bound beside measurements.
WITH_BOUNDS = [topic for topic, plan in PLANS.items() if plan.bounds]


rule theory:
    input:
        claims=[f"{MEASURED}/claims/{topic}.csv" for topic in WITH_BOUNDS],
        code=code("theory"),
    output:
        theory=table("theory"),
        made=f"{RESULTS}/made/theory.json",
    log:
        f"{RESULTS}/logs/theory.log",
    conda:
        "../../environment.yml"
    message:
        "All claims beside the measurements"
    script:
        "../scripts/theory.py"
