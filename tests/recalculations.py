"""Which tests work out again what a claim is decided by: those with the mark ``recalculates``.

``python tests/recalculations.py`` renews the table of docs/reliability.md.
"""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- recalculations: written by tests/recalculations.py -->\n", "<!-- end of recalculations -->\n"


def _marks(function):
    for call in function.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.recalculates":
            yield from (ast.literal_eval(argument) for argument in call.args)


@functools.cache
def marked():
    """Claims, and the tests with their mark as ``tests/.../file.py::function``, sorted."""
    found = {}
    for path in sorted((ROOT / "tests" / "replication").rglob("test_*.py")):
        if "mark.recalculates" in (text := path.read_text()):
            for node in ast.parse(text).body:
                if isinstance(node, ast.FunctionDef):
                    for claim in _marks(node):
                        found.setdefault(claim, []).append(f"{path.relative_to(ROOT).as_posix()}::{node.name}")
    return {claim: sorted(tests) for claim, tests in found.items()}


def table(claims):
    """Rows of the page, in the order of the claims."""
    found = marked()
    lines = ["| claim | worked out again by |", "|---|---|"]
    for claim in claims:
        tests = "<br>".join(f"`{test}`" for test in found.get(claim, []))
        lines.append(f"| `{claim}` | {tests} |")
    return "".join(f"{line}\n" for line in lines)


def has_a_rule(claim):
    """Whether a claim is judged by tables, and not said to be untested."""
    from metanash_replication.ledger.rules import NOT_TESTED  # noqa: PLC0415 - not for the scan

    try:
        return claim.judge({}).name != NOT_TESTED
    except KeyError:  # it reads a table
        return True


def main():
    from metanash_replication.paper import CLAIMS  # noqa: PLC0415

    before, _, rest = PAGE.read_text().partition(BEGIN)
    rows = table([claim.id for claim in CLAIMS if has_a_rule(claim)])
    PAGE.write_text(before + BEGIN + rows + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
