"""Rule ``notebook``: execute a notebook; save it with its outputs, and as a page for a browser.

Neither has times, so that runs can be compared. The page has everything inside and no script, so it opens offline.
"""

from metanash_workflow import job

import os
import re
from itertools import pairwise
from pathlib import Path

import nbformat
from jinja2 import DictLoader
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from metanash.archive import write_text

QUIET = ["--log-level=ERROR"]
PAGE = """{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}<style>
main { max-width: 78em; margin: auto; } .jp-InputPrompt, .jp-OutputPrompt { display: none; }
.highlight pre { white-space: pre-wrap; }
</style>{%- endblock -%}"""


def describe_images(notebook: nbformat.NotebookNode) -> None:
    """Give every image the text that introduces its cell, for those who do not see it."""
    for before, cell in pairwise(notebook.cells):
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                words = re.sub(r"[*`#$]", "", before.source).split()
                output.metadata["image/png"] = {**output.metadata.get("image/png", {}), "alt": " ".join(words)}


def main(source: Path, executed: Path, page: Path) -> None:
    os.environ["METANASH_RESULTS"] = str(executed.resolve().parents[1])
    notebook = nbformat.read(source, as_version=4)
    NotebookClient(notebook, kernel_name="python3", record_timing=False, timeout=600, extra_arguments=QUIET).execute()
    describe_images(notebook)
    write_text(executed, nbformat.writes(notebook) + "\n")
    exporter = HTMLExporter(template_file="page", extra_loaders=[DictLoader({"page": PAGE})])
    body, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": f"metanash: {source.stem}"}})
    write_text(page, body)


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(Path(snakemake.input.notebook), outputs["executed"], outputs["page"])
