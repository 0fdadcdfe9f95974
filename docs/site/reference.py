"""The public names of the library: which object each one is, and on which page it is described.

An object is described once, under the shortest name by which it can be imported (``metanash.learn``, not
``metanash.learners.base.learn``). The page of another module that offers it has a line that leads there.
"""

import ast
import functools
import importlib
import inspect
import pkgutil
import sys
from types import ModuleType
from typing import NamedTuple

from sphinx.pycode import ModuleAnalyzer

import metanash


class Name(NamedTuple):
    """A public name: the module whose ``__all__`` has it, the name, what it stands for."""

    module: str
    name: str
    value: object

    @property
    def full(self):
        return f"{self.module}.{self.name}"


def modules():
    """Names of all public modules, packages before what is in them."""
    found = [one.name for one in pkgutil.walk_packages(metanash.__path__, "metanash.")]
    return ["metanash", *sorted(name for name in found if "._" not in name and name != "metanash.kernels.compiled")]


def public_names():
    """Every name of every ``__all__``."""
    for module in modules():
        home = importlib.import_module(module)
        for name in getattr(home, "__all__", ()):
            yield Name(module, name, getattr(home, name))


def key(name):
    """What tells objects apart: where they were made."""
    return key_of(*name)


def key_of(module, name, value):
    if isinstance(value, ModuleType):
        return value.__name__
    if inspect.isclass(value) or inspect.isroutine(value):
        return f"{value.__module__}.{value.__qualname__}"
    if name in assigned(module):
        return f"{module}.{name}"
    makers = [one for one in modules() if name in assigned(one) and vars(sys.modules[one])[name] is value]
    return f"{makers[0] if makers else module}.{name}"


@functools.cache
def assigned(module):
    """Names that the code of a module gives to constants and types."""
    found = set()
    for node in ast.parse(inspect.getsource(importlib.import_module(module))).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


@functools.cache
def described():
    """The name under which each object is described, by its key; modules have pages of their own."""
    best = {}
    for name in public_names():
        held = best.get(key(name))
        if not isinstance(name.value, ModuleType) and (held is None or rank(name) < rank(held)):
            best[key(name)] = name
    return best


def rank(name):
    return name.module.count("."), name.module


def words_on(name):
    """What stands below a constant or a type in the module that makes it, in reStructuredText."""
    docs = ModuleAnalyzer.for_module(key(name).rpartition(".")[0]).find_attr_docs()
    return docs.get(("", name.name), [])
