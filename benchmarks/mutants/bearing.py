"""Which tests bear on a module: those that import it, by itself or through a package that passes its names on.

Imports are read, nothing is run. A test of a pipeline's own (``tests/workflow``) starts other processes and is slow: it
is never asked.
"""

import ast
import difflib
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

PACKAGES = ("metanash", "metanash_replication")
SLOW = "workflow"  # the folder of tests that is never asked


def imported(tree: ast.Module) -> Iterator[tuple[str, str | None, str]]:
    """Module, name (None for ``import module``) and the name that it gets here, of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None, alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.module, alias.name, alias.asname or alias.name) for alias in node.names)


def pattern(text: ast.JoinedStr) -> re.Pattern[str]:
    """The names that an f-string can be, each gap being one without points; none unless it begins with a package's."""
    first = text.values[0]
    if not isinstance(first, ast.Constant) or first.value.partition(".")[0] not in PACKAGES:
        return re.compile(r"(?!)")
    return re.compile(
        "".join(re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+" for part in text.values)
    )


class Imports:
    """Imports of both packages and of their tests in a checkout."""

    def __init__(self, root: Path):
        self.paths = {}  # of each module: its file
        for path in sorted(path for package in PACKAGES for path in (root / "src" / package).rglob("*.py")):
            parts = path.relative_to(root / "src").with_suffix("").parts
            self.paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
        self._trees = {module: ast.parse(path.read_text()) for module, path in self.paths.items()}
        self._passed = {
            module: {known: (source, name) for source, name, known in imported(tree) if name and source in self.paths}
            for module, tree in self._trees.items()
        }
        self.tests = {
            path.relative_to(root).as_posix(): self._imported(ast.parse(path.read_text()))
            for path in sorted((root / "tests").rglob("test_*.py"))
            if path.relative_to(root / "tests").parts[0] != SLOW
        }
        points = tomllib.loads((root / "pyproject.toml").read_text())["project"].get("entry-points", {})
        self._added = {group: {value.partition(":")[0] for value in named.values()} for group, named in points.items()}

    def module(self, name: str) -> list[str]:
        """Modules that ``gaps``, ``metanash.gaps``, ``src/metanash/gaps.py`` or a package means; ValueError if none.

        A name without a package means the modules of that name in both: ``commands`` is those of the library and those
        of the replication.
        """
        dotted = name.removesuffix("/").removesuffix(".py").removeprefix("src/").replace("/", ".")
        dotted = dotted.removesuffix(".__init__")
        whole = dotted.partition(".")[0] in PACKAGES
        wanted = [dotted] if whole else [f"{package}.{dotted}" for package in PACKAGES]
        found = [module for module in self.paths for one in wanted if f"{module}.".startswith(f"{one}.")]
        if not found:
            known = {module.partition(".")[2]: module for module in self.paths}  # it may be in the other package
            near = difflib.get_close_matches(dotted.partition(".")[2] if whole else dotted, known, n=3)
            hint = ", ".join(known[one] for one in near) or "./do mutants lists all"
            raise ValueError(f"no module {dotted}; {'near it: ' if near else ''}{hint}")
        return found

    def _defining(self, module: str, name: str | None) -> str | None:
        """The module of the two packages that a name comes from."""
        if name and f"{module}.{name}" in self.paths:
            return f"{module}.{name}"
        if name and name in self._passed.get(module, {}):
            return self._defining(*self._passed[module][name])
        return module if module in self.paths else None

    def _imported(self, tree: ast.Module) -> set[str]:
        """Modules that names come from; a package that is imported as a whole gives all that it passes on."""
        found = set()
        for module, name, _ in imported(tree):
            whole = f"{module}.{name}" if name else module
            passed = self._passed.get(whole, {}).values() if self._is_package(whole) else ()
            found |= {self._defining(module, name), *(self._defining(*pair) for pair in passed)} - {None}
        return found

    def _is_package(self, module: str) -> bool:
        return module in self.paths and self.paths[module].name == "__init__.py"

    def _used(self, tree: ast.Module) -> set[str]:
        """Modules imported, and those that are imported by name when they are needed.

        Such a name may be written out, with a gap (``f"metanash_replication.topics.{topic}.claims"``), or be that of a
        group of entry points.
        """
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        named = texts.union(*(self._added[group] for group in texts & self._added.keys()))
        patterns = [pattern(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
        named |= {module for module in self.paths for one in patterns if one.fullmatch(module)}
        return self._imported(tree) | (named & self.paths.keys())

    @cached_property
    def users(self) -> dict[str, set[str]]:
        """Of each module: those that import it."""
        users = defaultdict(set)
        for module, tree in self._trees.items():
            for used in self._used(tree) - {module}:
                users[used].add(module)
        return users

    def bearing(self, module: str, reach: int = 1) -> list[str]:
        """Test files that import a module; with a larger reach, or where there are none, those that import its users.

        Parameters
        ----------
        reach : int
            Imports between a test and the module, at most; more only until a test is found.
        """
        near, seen, steps = {module}, {module}, 1
        while True:
            found = [test for test, used in self.tests.items() if used & seen]
            near = {user for one in near for user in self.users[one]} - seen
            if not near or (found and steps >= reach):
                return found
            seen, steps = seen | near, steps + 1
