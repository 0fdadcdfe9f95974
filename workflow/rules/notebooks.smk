# What each notebook reads: tables, and the run records or measurements that it shows.
NOTEBOOKS = {
    "zero_sum": [
        *table_files(
            "figure1", "speed_up", "equilibria", "sensitivity", "bound_curves", "slopes", "defects", "sequences"
        ),
        f"{MEASURED}/claims/zero_sum.csv",
        *runs("figure1_zero_sum"),
    ],
    "potential": [
        *table_files("figure1", "speed_up", *THEORY_FIGURES["potential"][0], *THEORY_FIGURES["meta_gradient"][0]),
        *table_files("potential_slopes"),
        *expand(f"{MEASURED}/claims/{{part}}.csv", part=["potential", "meta_gradient"]),
        *runs("figure1_potential"),
    ],
    "general_sum": [
        *table_files("schedules", "schedule_slopes", "general_sequences"),
        f"{MEASURED}/claims/general_sum.csv",
        f"{MEASURED}/general_sum/sequences/best_response.npz",
    ],
    "scale": [*table_files(*THEORY_FIGURES["appendix"][0]), *runs("appendix_tracking")],
    "findings": [
        *table_files("schedule_slopes", "sequences", "inner_loop_slopes"),
        *expand(f"{MEASURED}/claims/{{part}}.csv", part=["zero_sum", "potential", "meta_gradient", "general_sum"]),
    ],
}


rule notebook:
    input:
        notebook="notebooks/{notebook}.ipynb",
        results=lambda wildcards: NOTEBOOKS[wildcards.notebook],
        code=lambda wildcards: library("archive", *notebook_imports(wildcards.notebook)),
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
