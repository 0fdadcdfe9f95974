rule notebook:
    input:
        notebook="notebooks/figure1.ipynb",
        tables=[f"{RESULTS}/{name}.csv" for name in ("figure1", "speed_up", "sensitivity", "equilibria")],
        code=library("tables", "plotting", "archive", "families", "gaps", "gamefile", "learners", "meta"),
    output:
        notebook=f"{RESULTS}/notebooks/figure1.ipynb",
    log:
        f"{RESULTS}/logs/notebook_figure1.log",
    conda:
        "../../environment.yml"
    message:
        "Notebook figure1: executing"
    script:
        "../scripts/run_notebook.py"
