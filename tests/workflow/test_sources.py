"""Sources of a job, from imports that are read: on a small project of its own, and on this one."""

import ast
import json
import re
from pathlib import Path

import pytest

from workflow.planning import sources as planning

ROOT = Path(__file__).parents[2]

FILES = {
    "src/metanash/__init__.py": "from metanash.games import Game\nfrom metanash.gaps import gap\n",
    "src/metanash/games.py": "import numpy as np\n",
    "src/metanash/gaps.py": "from metanash.games import Game\nfrom metanash.kernels import points\n",
    "src/metanash/kernels/__init__.py": "from metanash.kernels import twin\n",
    "src/metanash/kernels/points.py": "",
    "src/metanash/kernels/twin.py": "",
    "src/metanash_replication/__init__.py": "",
    "src/metanash_replication/rates.py": "import metanash.games as games\ndef late():\n    from metanash import gaps\n",
    "src/metanash_replication/table.py": 'REGISTRY: dict[str, int] = {"a": 1, "b": 2}\nOTHER = {"c": 3}\n',
}
GAPS = ["src/metanash/games.py", "src/metanash/gaps.py", "src/metanash/kernels/__init__.py",
        "src/metanash/kernels/points.py", "src/metanash/kernels/twin.py"]  # fmt: skip


NESTED = (
    "def f():\n    {}", "async def f():\n    {}", "class C:\n    def f(self):\n        {}",
    "if 1:\n    pass\nelse:\n    {}", "if 1:\n    pass\nelif 2:\n    {}", "for i in []:\n    {}",
    "for i in []:\n    pass\nelse:\n    {}", "while 0:\n    {}", "with f() as g:\n    {}",
    "try:\n    {}\nfinally:\n    pass", "try:\n    pass\nfinally:\n    {}", "try:\n    pass\nexcept OSError:\n    {}",
    "try:\n    pass\nexcept* OSError:\n    {}", "try:\n    pass\nexcept OSError:\n    pass\nelse:\n    {}",
    "match 1:\n    case 1:\n        {}",
    "async def f():\n    async with f():\n        async for i in g:\n            {}", "x = lambda: 1; {}",
)  # fmt: skip
"""Wherever a statement may stand."""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of the files above; what was found in another one is forgotten, before and after."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(planning, "ROOT", tmp_path)
    found = (planning.source_file, planning._imported_by)
    for function in found:
        function.cache_clear()
    yield tmp_path
    for function in found:
        function.cache_clear()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("from metanash.gaps import gap, gain", {"metanash.gaps"}),
        ("from metanash import gaps, Game", {"metanash.gaps"}),
        ("from metanash.kernels import points", {"metanash.kernels", "metanash.kernels.points"}),
        ("import metanash", {"metanash"}),
        ("import metanash.gaps as g, numpy", {"metanash.gaps"}),
        ("from metanash_replication import rates", {"metanash_replication.rates"}),
        ("if True:\n    from metanash import games", {"metanash.games"}),
        *((text.format("from metanash import games"), {"metanash.games"}) for text in NESTED),
        ("from metanashes import gaps\nimport pandas\nfrom .gaps import gap", set()),
        ("from metanash import absent", set()),
        ("from metanash import (\n    gaps,  # (two)\n    games,\n)", {"metanash.gaps", "metanash.games"}),
        ("from metanash \\\n    import games", {"metanash.games"}),
        ("import os; from metanash import games", {"metanash.games"}),
        ("try: import metanash.games\nfinally: pass", {"metanash.games"}),
        ("if True: \\\n  import metanash.games", {"metanash.games"}),
        ('"""The games come\nfrom metanash import (or so).\n"""\nimport metanash.gaps', {"metanash.gaps"}),
        ('CODE = """\nimport metanash\n"""\nimport metanash.gaps', {"metanash.gaps"}),
        ("CODE = '''\nimport metanash\n'''\nimport metanash.gaps", {"metanash.gaps"}),
        ('# """\nimport metanash.gaps', {"metanash.gaps"}),
    ],
)
def test_what_a_text_imports(code, wanted):
    assert planning.imported(code) == wanted


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["metanash.games"], ["src/metanash/games.py"]),
        (["metanash.gaps"], GAPS),
        (["metanash.games", "metanash.gaps"], GAPS),
        (["metanash"], ["src/metanash/__init__.py", *GAPS]),
        (["metanash_replication.rates"], sorted([*GAPS, "src/metanash_replication/rates.py"])),
        (["metanash.absent", "numpy"], []),
        ([], []),
    ],
)
def test_sources_are_followed_to_the_end_and_no_farther(names, wanted):
    """Not to all that a package offers, just since a module of it is imported."""
    assert planning.sources(*names) == wanted


def test_modules_of_topics_that_are_imported_by_name_count(project):
    """As claims and sections of the ledger; a topic without such a module has none."""
    topics = project / "src/metanash_replication/topics"
    for file in ("one/claims.py", "two/claims.py", "two/tables.py"):
        (topics / file).parent.mkdir(parents=True, exist_ok=True)
        (topics / file).write_text("from metanash import games\n" if file == "two/claims.py" else "")
    paper = project / "src/metanash_replication/paper.py"
    paper.write_text('TOPIC_PARTS = ("claims",)\n')
    assert planning.sources("metanash_replication.paper") == [
        "src/metanash/games.py", "src/metanash_replication/paper.py",
        *(f"src/metanash_replication/topics/{name}/claims.py" for name in ("one", "two")),
    ]  # fmt: skip


def test_imports_of_every_file_are_those_of_its_tree():
    """The files of the project are read by lines where that is as good, and parsed where it is not."""
    files = [file for folder in ("src", "workflow") for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 300
    for file in files:
        wanted = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                whole = set() if node.module in planning.PACKAGES else {node.module}
                wanted |= whole | {f"{node.module}.{alias.name}" for alias in node.names}
        assert planning.imported(file.read_text()) == {name for name in wanted if planning.source_file(name)}, file


def test_pages_and_verdicts_are_made_of_every_claim_and_section():
    topics = ROOT / "src/metanash_replication/topics"
    wanted = {file for part in ("plan", "claims", "section") for file in topics.glob(f"*/{part}.py")}
    assert len(wanted) > 30
    for script in ("ledger", "summary", "report", "article"):
        names = planning.imported((ROOT / f"workflow/scripts/{script}.py").read_text())
        assert {file.relative_to(ROOT).as_posix() for file in wanted} <= set(planning.sources(*names)), script


def test_what_is_imported_by_name_is_said():
    """Of a topic, by a module of the library or the replication; scripts get theirs from their rule."""
    for file in (ROOT / "src").rglob("*.py"):
        text = file.read_text()
        named = set(re.findall(r"import_module\(f\"metanash_replication\.topics\.\{\w+\}\.(\w+)\"\)", text))
        said = re.search(r"^TOPIC_PARTS = \((.*)\)$", text, flags=re.MULTILINE)
        assert named <= set(re.findall(r"\w+", said[1]) if said else ()), file


def test_cells_of_a_notebook_are_read_and_its_prose_is_not(project):
    cells = [
        {"cell_type": "markdown", "source": ["from metanash import games"]},
        {"cell_type": "code", "source": ["import numpy as np\n", "from metanash.gaps import gap"]},
        {"cell_type": "code", "source": ["from metanash_replication import rates"]},
    ]
    (project / "notebooks").mkdir()
    (project / "notebooks/mine.ipynb").write_text(json.dumps({"cells": cells}))
    assert planning.notebook_imports("mine") == {"metanash.gaps", "metanash_replication.rates"}


@pytest.mark.usefixtures("project")
def test_keys_of_a_dictionary_that_is_spelled_out():
    assert planning.keys_of("metanash_replication.table", "REGISTRY") == ["a", "b"]
    with pytest.raises(ValueError, match=r"metanash_replication\.table has no OTHER"):
        planning.keys_of("metanash_replication.table", "OTHER")
    with pytest.raises(ValueError, match="no REGISTRY"):
        planning.keys_of("metanash_replication.absent", "REGISTRY")


def test_paths_do_not_depend_on_where_snakemake_runs(tmp_path, monkeypatch):
    before = planning.sources("metanash.simplex")
    monkeypatch.chdir(tmp_path)
    names = ["_inner/reductions.py", "simplex.py", "typing.py"]
    assert planning.sources("metanash.simplex") == before == [f"src/metanash/{name}" for name in names]
