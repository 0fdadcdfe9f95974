"""The tree of all pages, which stands on each of them, made of titles alone.

Sphinx makes it for each page of the contents of all pages, from which it then takes away all but the titles. With a
thousand names that are described, these copies are two fifths of a build; so the titles are taken out once.
"""

from collections.abc import Callable
from typing import Any

from docutils.nodes import bullet_list
from sphinx.addnodes import toctree
from sphinx.application import Sphinx


def titles(tocs: dict[str, bullet_list]) -> dict[str, bullet_list]:
    """Of the contents of each page its title and the pages that it lists, as Sphinx keeps them for ``titles_only``."""
    found = {}
    for page, contents in tocs.items():
        found[page] = contents.deepcopy()
        for entry in found[page].children:
            for below in entry.children[1:]:
                listed = [one.deepcopy() for one in below.findall(toctree)]
                below[:] = listed
                if not listed:
                    entry.remove(below)
    return found


def shorten(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Let the tree of a page be made from the titles."""
    del page, template, doctree
    tree: Callable[..., str] | None = context.get("toctree")
    if tree is None:  # not a page of the tree
        return
    if not hasattr(app, "titles_of_pages"):
        app.titles_of_pages = titles(app.env.tocs)

    def shortened(**options: Any) -> str:
        whole = app.env.tocs
        if options.get("titles_only"):
            app.env.tocs = app.titles_of_pages
        try:
            return tree(**options)
        finally:
            app.env.tocs = whole

    context["toctree"] = shortened


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", shorten, priority=100)  # before the theme asks for the tree
    return {"parallel_read_safe": True, "parallel_write_safe": True}
