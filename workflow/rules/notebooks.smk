# Notebooks, and the results that each reads, by the plans of the topics; own_game is about the library and reads none.
NOTEBOOKS = [*dict.fromkeys(name for plan in PLANS.values() for name in plan.notebooks), "own_game"]


rule notebook:
    input:
        notebook="notebooks/{notebook}.ipynb",
        results=lambda wildcards: read_by(wildcards.notebook),
        code=lambda wildcards: code("run_notebook", *notebook_imports(wildcards.notebook)),
    output:
        executed=f"{RESULTS}/notebooks/{{notebook}}.ipynb",
        page=f"{RESULTS}/notebooks/{{notebook}}.html",
        made=f"{RESULTS}/made/notebooks/{{notebook}}.json",
    log:
        f"{RESULTS}/logs/notebooks/{{notebook}}.log",
    wildcard_constraints:
        notebook="|".join(NOTEBOOKS),
    conda:
        "../../environment.yml"
    threads: 1
    message:
        "Notebook {wildcards.notebook}: executing"
    script:
        "../scripts/run_notebook.py"
