"""References to any name: of the library to its description, by whichever of its names; of others as plain text.

A reference to something that cannot be imported remains a warning of Sphinx, and so an error of the build.
"""

import importlib

from sphinx.util.nodes import make_refnode

from docs.site.reference import described, key_of


def found(target):
    """Module, name in it, rest of the name and value of a dotted name; None if there is no such thing."""
    words = target.split(".")
    for length in range(len(words), 0, -1):
        try:
            value = module = importlib.import_module(".".join(words[:length]))
        except ImportError:
            continue
        try:
            for word in words[length:]:
                value = getattr(value, word)
        except AttributeError:
            return None
        return module.__name__, words[length:], getattr(module, words[length], None) if words[length:] else module
    return None


def candidates(node):
    """Full names that a reference may stand for: as it is, and from within what its docstring belongs to."""
    target = node["reftarget"].removeprefix("~")
    _, of, owner = str(node.source or "").rpartition("docstring of ")
    owner = owner if of else node.get("py:module") or ""
    words = owner.split(".") if owner else []
    yield target
    yield from (".".join([*words[:length], target]) for length in range(len(words), 0, -1))


def resolve(app, env, node, contnode):
    """Answer a reference that Sphinx found nothing for."""
    if node.get("refdomain") != "py":
        return None
    for candidate in candidates(node):
        one = found(candidate)
        if one is None:
            continue
        module, rest, value = one
        held = HELD.get(key_of(module, rest[0], value)) if rest else None
        name = ".".join([held.full, *rest[1:]]) if held else candidate
        place = env.domains["py"].objects.get(name)
        return make_refnode(app.builder, node["refdoc"], place.docname, place.node_id, contnode) if place else contnode
    return None


HELD = described()


def setup(app):
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
