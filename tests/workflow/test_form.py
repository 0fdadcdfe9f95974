"""The form of the workflow: scripts, rules, what rules declare, and names of results in the README."""

import ast
import importlib.metadata
import re
import sys
from functools import cache

import nbformat
import pytest
from conftest import NOTEBOOKS, OWN, ROOT

from metanash_replication.plans import read_plan
from metanash_replication.topics import TOPICS as LISTED

SCRIPTS = sorted((ROOT / "workflow/scripts").glob("*.py"))
SEALS = ROOT / "src/metanash_replication/seals.py"
SHARED = [*sorted((ROOT / "workflow/scripts/metanash_workflow").glob("*.py")), SEALS]
RULE_FILES = sorted((ROOT / "workflow/rules").glob("*.smk"))
SOURCES = ROOT / "src"
PACKAGES = ("metanash", "metanash_replication")
TOPICS = "metanash_replication.topics"
PLANS = {topic: read_plan(topic) for topic in LISTED}
MEASURED = {topic: plan.measurements for topic, plan in PLANS.items() if plan.tabulated}
FIGURE_JOBS = {
    job: tuple(topic for topic, plan in PLANS.items() if plan.drawn_by == job)
    for job in dict.fromkeys(plan.drawn_by for plan in PLANS.values() if plan.drawn_by)
}


def rules():
    """Name -> text of every rule; those that a loop makes stand for themselves once."""
    found = {}
    for path in RULE_FILES:
        text = path.read_text()
        for head in re.finditer(r"^( *)rule ?(\w*):\n((?:\1    .*\n|\n)+)", text, flags=re.MULTILINE):
            body = re.sub(rf"^{head[1]}", "", head[3], flags=re.MULTILINE)
            name = head[2] or re.search(r'name:\s*f?"?(.+?)"?\n', body)[1]
            assert name not in found
            found[name] = f"{body}end"
    return found


RULES = rules()


def named(rule, config):
    """Names of a rule in Snakemake: its own, or those that a loop gives it."""
    looped = {
        "learn_{experiment}": [f"learn_{name}" for name in (*config["experiments"], *OWN)],
        "measurement.rule": [one.rule for some in MEASURED.values() for one in some],
        "{topic}_tables": [f"{topic}_tables" for topic in MEASURED],
        "{drawn_by}_figures": [f"{job}_figures" for job in FIGURE_JOBS],
    }
    return looped.get(rule, [rule])


def script_of(rule):
    return ROOT / "workflow/rules" / re.search(r'script:\s*"(.+?)"', RULES[rule])[1]


def test_there_are_rules_and_scripts():
    assert len(RULES) == sum(len(re.findall(r"^ *rule\b", path.read_text(), re.MULTILINE)) for path in RULE_FILES)
    assert {"learn_{experiment}", "measurement.rule", "{topic}_tables", "{drawn_by}_figures", "games"} < set(RULES)
    assert len(SCRIPTS) >= 12


# Scripts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
class TestScript:
    def test_has_a_typed_main(self, script):
        functions = {
            node.name: node for node in ast.parse(script.read_text()).body if isinstance(node, ast.FunctionDef)
        }
        main = functions["main"]
        arguments = [*main.args.posonlyargs, *main.args.args, *main.args.kwonlyargs]
        assert arguments
        assert [argument.arg for argument in arguments if argument.annotation is None] == []
        assert ast.unparse(main.returns) == "None"
        assert main.args.vararg is main.args.kwarg is None

    def test_is_short_and_says_what_it_does(self, script):
        text = script.read_text()
        assert len(text.splitlines()) <= 48
        assert re.match(r"Rules? ", ast.get_docstring(ast.parse(text)))

    def test_only_its_last_lines_know_snakemake(self, script):
        """``main`` can be called without a workflow: ``snakemake`` is named under ``__main__`` only."""
        tree = ast.parse(script.read_text())
        *before, last = tree.body
        assert ast.unparse(last.test) == "__name__ == '__main__'"
        for node in before:
            assert not [name for name in ast.walk(node) if isinstance(name, ast.Name) and name.id == "snakemake"]

    def test_has_its_log_from_the_first_line_and_its_record_at_the_last(self, script):
        """But for the one that builds what others import."""
        if script.name == "build_kernels.py":
            return
        _, first, *_, last = ast.parse(script.read_text()).body
        assert ast.unparse(first).startswith("from metanash_workflow import ")
        whole = last.body[-1]
        assert ast.unparse(whole).startswith("with job(snakemake) as outputs:\n    main(")
        assert "snakemake.output" not in ast.unparse(last)

    def test_hides_no_module(self, script):
        """The folder of scripts comes first in the search path of each of them."""
        installed = {name for name in importlib.metadata.packages_distributions() if not name.startswith("_")}
        assert script.stem not in sys.stdlib_module_names | installed

    def test_is_used(self, script):
        named = re.findall(r'script:\s*"(.+?)"', "".join(path.read_text() for path in RULE_FILES))
        assert script in [(ROOT / "workflow/rules" / name).resolve() for name in named]


# Rules --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
class TestRule:
    def test_has_log_environment_and_message(self, rule):
        for directive in ("input", "output", "log", "conda", "message", "script"):
            assert re.search(rf"^    {directive}:", RULES[rule], flags=re.MULTILINE), directive
        assert re.search(r'conda:\s*"../../environment.yml"', RULES[rule])
        assert (ROOT / "environment.yml").exists()

    def test_each_file_has_a_log_of_its_own(self, rule):
        """Wildcards of the output are in the log, or two jobs would write one file."""
        texts = [re.search(rf"^    {part}:(.*?)(?=^    \w)", RULES[rule], re.DOTALL | re.MULTILINE)[1]
                 for part in ("output", "log")]  # fmt: skip
        wildcards = [set(re.findall(r"\{\{(\w+)\}\}", text)) for text in texts]
        assert wildcards[0] == wildcards[1]

    def test_uses_script_and_no_shell(self, rule):
        for directive in ("run", "shell", "notebook", "wrapper"):
            assert not re.search(rf"^    {directive}:", RULES[rule], flags=re.MULTILINE)
        assert script_of(rule).exists()

    def test_places_come_from_the_configuration(self, rule):
        assert not re.search(r'"(results|paper_figures)/', RULES[rule])


def test_functions_are_defined_in_one_file_without_rules():
    for path in RULE_FILES:
        defines = "\ndef " in path.read_text()
        assert defines == (path.name == "common.smk")


# What rules depend on -----------------------------------------------------------------------------------


def source_of(name):
    """File of a module of the two packages by its full name, or None."""
    base = SOURCES.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


def modules_in(tree):
    """Modules of the two packages that a syntax tree imports, with those that attributes of metanash stand for."""
    found, aliases = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            found.add(node.module)  # a package runs when a part of it is imported
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                found.add(deeper if source_of(deeper) else node.module)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in PACKAGES:
                    aliases.add(alias.asname or "metanash")
                    found.add(alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            found.add(exporting(node.attr))
    return found - {"", *PACKAGES}


def exporting(name):
    """The module that a name of the library's package comes from."""
    for node in ast.parse((SOURCES / "metanash/__init__.py").read_text()).body:
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            deeper = f"{node.module}.{name}"
            return deeper if source_of(deeper) else node.module
    return ""


@cache
def imported_by(path):
    """Modules that a file imports; each is asked of for many rules."""
    return modules_in(ast.parse(path.read_text()))


def closure(names):
    """Files of these parts and of all that they import."""
    seen, queue = {}, list(names)
    while queue:
        name = queue.pop()
        path = source_of(name)
        if path not in seen.values():
            seen[name] = path
            queue += imported_by(path)
    return {path.relative_to(ROOT).as_posix() for path in seen.values()}


def cells_of_notebook(name):
    notebook = nbformat.read(ROOT / f"notebooks/{name}.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def inputs(bare):
    """Rule -> all its input files, from Snakemake itself."""
    answer = bare.snakemake("--filegraph", config={"experiments": OWN})  # so that the rules about own ones are in it
    assert answer.code == 0, answer.text
    found = {}
    for node in re.findall(r"^\d+ \[ shape=none.*?^</table>>\]", answer.text, flags=re.MULTILINE | re.DOTALL):
        name = re.search(r'point-size="18">(\w+)<', node)[1]
        before_output = re.split(r">output\b", node)[0]
        found.setdefault(name, set()).update(re.findall(r'face="monospace">(.*?)<', before_output))
    return found


def test_everything_that_is_made_is_named(bare, inputs):
    """Snakemake forgets a missing file that no target names, so the rule all names whatever any job makes."""
    answer = bare.snakemake("--summary", config={"experiments": OWN})
    assert answer.code == 0, answer.text
    made = {line.split("\t")[0] for line in answer.text.splitlines() if line.startswith("results/smoke/")}
    assert len(made) > 400
    assert inputs["all"] == made


def test_what_scripts_share_is_part_of_every_rule(inputs):
    shared = {path.relative_to(ROOT).as_posix() for path in SHARED}
    assert len(shared) == 6
    for name in set(inputs) - {"all", "kernels", "notebook"}:  # of notebooks there is a test below
        assert shared <= inputs[name]
    installed = {name for name in importlib.metadata.packages_distributions() if not name.startswith("_")}
    assert SHARED[0].parent.name not in sys.stdlib_module_names | installed


def test_file_graph_has_every_rule(inputs, config):
    assert set(inputs) == {*(name for rule in RULES for name in named(rule, config)), "all"}


@pytest.mark.parametrize("topic", MEASURED)
def test_measurements_and_tables_depend_on_the_module_that_they_call(inputs, topic):
    """The script imports it by name."""
    others = {f"src/metanash_replication/topics/{other}/measure.py" for other in MEASURED if other != topic}
    for measurement in MEASURED[topic]:
        assert closure({f"{TOPICS}.{topic}.measure"}) <= inputs[measurement.rule]
        assert not others & inputs[measurement.rule]
    assert closure({f"{TOPICS}.{topic}.tables"}) <= inputs[f"{topic}_tables"]
    assert not others & inputs[f"{topic}_tables"]


@pytest.mark.parametrize("job", FIGURE_JOBS)
def test_figures_depend_on_the_modules_that_draw_them(inputs, job):
    found = {name for name in inputs[f"{job}_figures"] if name.startswith("src/")} - {
        SEALS.relative_to(ROOT).as_posix()
    }
    modules = (f"{TOPICS}.{topic}.figures" for topic in FIGURE_JOBS[job])
    assert found == closure({"metanash_replication.plotting", *modules})
    assert not [name for name in found if name.endswith(("/tables.py", "/measure.py"))]


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"kernels", "notebook"}))
def test_rules_depend_on_all_the_code_that_they_run(inputs, config, rule):
    """Whatever the script imports from metanash, directly or not, is an input; kernels through what built them."""
    needed = closure(modules_in(ast.parse(script_of(rule).read_text())))
    for name in named(rule, config):
        assert needed - {"src/metanash/__init__.py"} <= inputs[name]
        if "src/metanash/kernels/__init__.py" in needed:
            assert "results/smoke/kernels.json" in inputs[name]


def test_kernels_depend_on_their_sources(inputs):
    sources = {f"src/metanash/kernels/{path.name}" for path in (SOURCES / "metanash/kernels").glob("*.[ch]")}
    assert sources | {"setup.py"} == inputs["kernels"]


@pytest.fixture(scope="module")
def notebook_inputs(finished):
    """Notebook -> all its input files, as Snakemake remembers them."""
    answer = finished.snakemake("--detailed-summary")
    assert answer.code == 0, answer.text
    rows = [line.split("\t") for line in answer.text.splitlines() if "/notebooks/" in line.split("\t")[0]]
    return {row[0].split("/")[-1]: set(row[4].split(",")) for row in rows}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_depends_on_all_that_it_runs_and_reads(finished, notebook_inputs, name):
    """The code that its cells import, and exactly the tables whose names stand in them."""
    code, found = "\n".join(cells_of_notebook(name)), notebook_inputs[f"{name}.ipynb"]
    script = script_of("notebook").read_text()
    needed = closure(modules_in(ast.parse(code)) | modules_in(ast.parse(script))) - {"src/metanash/__init__.py"}
    needed |= {path.relative_to(ROOT).as_posix() for path in SHARED}
    assert needed | {f"notebooks/{name}.ipynb", "results/smoke/kernels.json"} <= found
    made = {path.stem for path in finished.path("").glob("*.csv")}
    reading = "\n".join(cell for cell in cells_of_notebook(name) if "read_csv" in cell)
    named = made & set(re.findall(r'"(\w+)(?:\.csv)?"', reading))
    assert named == {path.split("/")[-1].removesuffix(".csv") for path in found if re.search(r"smoke/\w+\.csv", path)}
    assert bool(named) == bool(reading)


def test_no_rule_depends_on_code_that_it_does_not_run(inputs):
    """Else a change of a figure's code would learn anew."""
    learning = ["games", *(rule for rule in inputs if rule.startswith("learn_"))]
    for rule in (*learning, "figure1_table"):
        code = [name for name in inputs[rule] if name.startswith("src/")]
        assert not [name for name in code if re.search("plotting|report|/measure|/claims|/section", name)]
    for rule in learning:
        drawn = {f"src/metanash_replication/{name}.py" for name in ("topics/simulations/tables", "rates")}
        assert not drawn & inputs[rule]


def test_lint_finds_nothing(bare):
    answer = bare.snakemake("--lint")
    assert answer.code == 0, answer.text


# README -------------------------------------------------------------------------------------------------


def test_results_named_in_the_readme_exist(finished):
    """``results/...`` and ``paper_figures/...`` in the README are what the pipeline makes."""
    readme = (ROOT / "README.md").read_text()
    names = set(re.findall(r"\b((?:results|paper_figures)/[\w./*-]*[\w*])", readme))
    assert names
    for name in names:  # a star stands for any ending, and so does a figure without one
        inside = name.removeprefix("results/")
        assert finished.path(inside).exists() or list(finished.path("").glob(f"{inside.rstrip('*')}*.*")), name
