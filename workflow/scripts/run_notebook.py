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
from nbconvert import HTMLExporter

from metanash.archive import write_text
from metanash_replication.executing import execute

PAGE = """{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}{%- block data_png -%}<div class="jp-RenderedImage">
<img alt="{{ output | get_metadata('alt', 'image/png') | escape_html }}"
src="data:image/png;base64,{{ output.data['image/png'] | escape_html }}"></div>{%- endblock -%}
{%- block html_head_css -%}<style>
main { max-width: 78em; margin: auto; } .jp-InputPrompt, .jp-OutputPrompt { display: none; }
.highlight pre { white-space: pre-wrap; }
</style>{%- endblock -%}"""


def main(source: Path, executed: Path, page: Path) -> None:
    os.environ["METANASH_RESULTS"] = str(executed.resolve().parents[1])
    notebook = nbformat.read(source, as_version=4)
    execute(notebook)
    for before, cell in pairwise(notebook.cells):  # whoever does not see an image reads what introduces it
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output.metadata["image/png"] = {"alt": " ".join(re.sub(r"[*`#$]", "", before.source).split())}
    write_text(executed, nbformat.writes(notebook) + "\n")
    exporter = HTMLExporter(template_file="page", extra_loaders=[DictLoader({"page": PAGE})])
    body, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": f"metanash: {source.stem}"}})
    write_text(page, body)


if __name__ == "__main__":
    with job(snakemake) as outputs:
        main(Path(snakemake.input.notebook), outputs["executed"], outputs["page"])
