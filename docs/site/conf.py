"""Settings of Sphinx for ``./do site``. What it reads is laid out by ``stage.py``, beside this file."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "src")]

import metanash  # noqa: E402

project = "metanash"
author = "The metanash developers"
copyright = author
release = version = metanash.__version__
extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_parser",
    "docs.site.names",
    "docs.site.mathml",
    "docs.site.navigation",
]
html_theme = "furo"
html_title = "metanash"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
html_math_renderer = "mathml"
html_theme_options = {"navigation_with_keys": True}
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"

source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
myst_heading_anchors = 4  # links to headings, as the pages have them
suppress_warnings = ["config.cache", "myst.header"]  # the gallery and single pages begin where their title stands

default_role = "literal"
nitpicky = True
add_module_names = False
autodoc_typehints = "none"  # shapes stand in the sections of a docstring
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
toc_object_entries_show_parents = "hide"


def listed(app, what, name, value, options, lines):
    """Make lists of the lines of a module's docstring that name modules, which a terminal shows as they are."""
    del app, name, value, options
    if what == "module":
        lines[:] = [f"    * {line[4:]}" if line.startswith("    :mod:") else line for line in lines]


def setup(app):
    app.connect("autodoc-process-docstring", listed)
