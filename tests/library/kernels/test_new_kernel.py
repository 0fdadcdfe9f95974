"""The kernel of docs/extending.md, put in as the page says, compiled and held against its NumPy version and loops."""

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from backends import needs_compiled
from kernel_builds import build

import metanash

SOURCE = Path(metanash.__file__).parent
ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/extending.md").read_text().split("## A learner with a kernel\n")[1].split("\n## ")[0]
CALL = """
import json
import numpy as np
from metanash import kernels
from metanash.kernels import compiled, twin
assert kernels.backend == "c" and kernels.hedge is compiled.hedge
rng = np.random.default_rng(0)
found = []
q, eta = rng.uniform(size=(11, 3, 2)), rng.uniform(0.1, 0.5, size=11)
for module in (compiled, twin):
    x, y, sum_mu, sum_nu = np.zeros((11, 3)), np.zeros((11, 2)), np.zeros((11, 3)), np.zeros((11, 2))
    for iterations in (3, 0, 4):
        module.hedge(
            q=q, eta=eta, x=x, y=y, sum_mu=sum_mu, sum_nu=sum_nu, lanes=11, rows=3, columns=2, iterations=iterations
        )
    found.append([a.tolist() for a in (x, y, sum_mu, sum_nu)])
try:
    compiled.hedge(q=q, eta=eta, x=x, y=y, sum_mu=sum_mu, sum_nu=sum_nu, lanes=11, rows=2, columns=2, iterations=1)
except ValueError as error:
    message = str(error)
print(json.dumps([q.tolist(), eta.tolist(), *found, message, compiled.signatures["hedge"]]))
"""


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def changed(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the package with the kernel, and the files that were changed."""
    package = tmp_path_factory.mktemp("extended") / "metanash"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    kernels = package / "kernels"
    table, loop = blocks("c")
    (function,) = blocks("python")
    changed(kernels / "signatures.h", "END(regret_matching)\n", f"END(regret_matching)\n\n{table}")
    (kernels / "hedge.h").write_text(loop)
    changed(kernels / "lanes.h", '#include "maml.h"\n', '#include "maml.h"\n#include "hedge.h"\n')
    twin = kernels / "twin.py"
    changed(twin, '    "fold",\n', '    "fold",\n    "hedge",\n')
    twin.write_text(f"{twin.read_text()}\n\n{function}")
    changed(kernels / "__init__.py", '    "fold",\n', '    "fold",\n    "hedge",\n')
    changed(kernels / "__init__.py", "    fold,\n", "    fold,\n    hedge,\n")
    build(kernels)
    return package


def files(folder):
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix in {".py", ".h", ".c", ".pyi"})
    return {path.relative_to(folder).as_posix(): path.read_text() for path in paths}


@needs_compiled
def test_the_files_of_the_page_are_all_and_seven_at_most(extended):
    listed = re.findall(r"^\| `(\S+)` \|", PAGE, flags=re.MULTILINE)
    before, after = files(SOURCE), files(extended)
    touched = {name for name in after if after[name] != before.get(name)}
    assert touched | {"learners/hedge.py", "learners/__init__.py"} == set(listed)
    assert len(listed) <= 7


@needs_compiled
def test_the_kernel_of_the_page_is_hedge_in_both_versions(extended):
    done = subprocess.run(
        [sys.executable, "-c", CALL],
        env={"PYTHONPATH": str(extended.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    q, eta, compiled, twin, message, rows = json.loads(done.stdout)
    assert message == "hedge: q must have 44 entries, not 66; its shape is (lanes, rows, columns) = (11, 2, 2)"
    assert [row[0] for row in rows] == [
        "q",
        "eta",
        "x",
        "y",
        "sum_mu",
        "sum_nu",
        "lanes",
        "rows",
        "columns",
        "iterations",
    ]
    for lane, (game, rate) in enumerate(zip(q, eta, strict=True)):
        x, y, sum_mu, sum_nu = [0.0] * 3, [0.0] * 2, [0.0] * 3, [0.0] * 2
        for _ in range(7):
            mu, nu = ([math.exp(v) / sum(map(math.exp, z)) for v in z] for z in (x, y))
            sum_mu, sum_nu = ([a + b for a, b in zip(*pair, strict=True)] for pair in ((sum_mu, mu), (sum_nu, nu)))
            x = [x[a] + rate * sum(game[a][b] * nu[b] for b in range(2)) for a in range(3)]
            y = [y[b] - rate * sum(game[a][b] * mu[a] for a in range(3)) for b in range(2)]
        for found in (compiled, twin):
            for got, wanted in zip(found, (x, y, sum_mu, sum_nu), strict=True):
                assert got[lane] == pytest.approx(wanted, abs=1e-13)
