"""What Sphinx reads: the pages of the repository in their places, a page per module, a page per example.

Links of the pages are those that work in the repository. The ones that lead to something that is no page become links
to the page of the module, of the example or of the folder, or to the file itself, which is put beside the pages.
"""

import importlib
import inspect
import re
from itertools import groupby
from pathlib import Path

from docs.site.gallery import gallery_pages
from docs.site.reference import described, key, modules, public_names, words_on
from metanash._inner.views import Viewed

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "config/README.md",
    "results/summary.md",
    "benchmarks/results/peers.md",
]
LINK = re.compile(r"!?\[((?:`[^`]*`|[^\[\]`])*)\]\(([^()\s]+)\)")
"""The text of a link or image, and where it leads."""
FENCE = re.compile(r"(^```.*?^```$)", flags=re.DOTALL | re.MULTILINE)
FOLDERS = {"examples": "gallery/index.md", "docs": "index.md"}


def pages():
    """Paths of all pages, from the root."""
    kept = [page for page in PAGES if (ROOT / page).is_file()]  # who has deleted results has no summary
    return [*kept, *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))]


def lay_out(folder):
    """Make the folder what is to be there, and touch no file that is already as it should be."""
    index = (ROOT / "docs/site/index.md").read_text()
    texts = {"index.md": index if "results/summary.md" in pages() else index.replace("results/summary\n", "")}
    files = {}
    for page in pages():
        texts[page], used = with_links(page, (ROOT / page).read_text())
        files |= used
    texts |= reference_pages()
    made, figures = gallery_pages(ROOT / "examples", folder.parent / "examples")
    texts |= made
    files |= figures
    for name, text in texts.items():
        write(folder / name, text.encode())
    for name, source in files.items():
        write(folder / name, Path(source).read_bytes())
    kept = {folder / name for name in (*texts, *files)}
    for path in [path for path in folder.rglob("*") if path.is_file() and path not in kept]:
        path.unlink()


def write(path, content):
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def with_links(page, text):
    """The page with links that lead somewhere on the site, and the files that these need, by their place."""
    files = {}

    def rewritten(match):
        words, whole = match.groups()
        target = whole.partition("#")[0]
        if "://" in target or not target:
            return match[0]
        path = (ROOT / page).parent.joinpath(target).resolve()
        name = path.relative_to(ROOT).as_posix()
        place = page_of(name)
        if place:
            return f"[{words}]({'../' * page.count('/')}{place})"
        if name not in pages() and path.is_file():
            files[name] = path
        return match[0] if path.is_file() else words  # of a folder, or an image that was not drawn

    parts = [part if part.startswith("```") else LINK.sub(rewritten, part) for part in FENCE.split(text)]
    return "".join(parts), files


def page_of(name):
    """The page of the site about a file or folder that is no page itself, if there is one."""
    module = ".".join(Path(name).with_suffix("").parts[1:])
    if name.endswith(".py") and module in modules():
        return f"reference/{module}.rst"
    return f"gallery/{Path(name).stem}.md" if name.startswith("examples/") else FOLDERS.get(name)


def reference_pages():
    """Markdown of the pages of all public modules, and of the list of them."""
    held = described()
    texts = {}
    names = {module: list(found) for module, found in groupby(public_names(), lambda name: name.module)}
    for module in modules():
        own = [name for name in names.get(module, []) if held.get(key(name)) == name]
        other = [name for name in names.get(module, []) if held.get(key(name)) != name]
        texts[f"reference/{module}.rst"] = module_page(module, own, other)
    texts["reference/index.rst"] = index_page(texts)
    return texts


def module_page(module, own, other):
    lines = [module, "=" * len(module), "", f".. automodule:: {module}", ""]
    if other:
        lines += ["Described elsewhere: " + ", ".join(reference(name) for name in other) + ".", ""]
    for name in own:
        if inspect.isclass(name.value):
            inherited = ["   :inherited-members:"] * issubclass(name.value, Viewed)
            lines += [f".. autoclass:: {name.full}", "   :members:", "   :undoc-members:", *inherited, ""]
        elif inspect.isroutine(name.value):
            lines += [f".. autofunction:: {name.full}", ""]
        else:
            lines += [f".. py:data:: {name.name}", f"   :module: {module}", ""]
            lines += [*(f"   {line}" for line in words_on(name)), ""]
    return "\n".join([*lines, *tree(module)])


def tree(package):
    """A table of contents of the modules in a package, under short names; those in the library stand beside it."""
    inside = [name for name in modules() if name.rpartition(".")[0] == package and package != "metanash"]
    entries = [f"   {name.rpartition('.')[2]} <{name}>" for name in inside]
    return [".. toctree::", "   :hidden:", "", *entries, ""] if entries else []


def reference(name):
    if inspect.ismodule(name.value):
        return f":mod:`~{key(name)}`"
    role = "class" if inspect.isclass(name.value) else "func" if inspect.isroutine(name.value) else "data"
    return f":{role}:`{name.name} <{described()[key(name)].full}>`"


def plain(sentence):
    """A sentence without references, which hold only where it stands, and without other marks."""
    return re.sub(r"[`|*]", "", re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"\1", sentence))


def index_page(texts):
    """All modules, each with the first sentence of its docstring."""
    lines = ["Reference", "=========", "", "Every public name, by the module that it is imported from.", ""]
    lines += [".. list-table::", "   :widths: 35 65", "   :class: modules", ""]
    for page in texts:
        module = page.removeprefix("reference/").removesuffix(".rst")
        first = inspect.getdoc(importlib.import_module(module)).partition("\n\n")[0].replace("\n", " ")
        lines += [f"   * - :doc:`{module} <{module}>`", f"     - {plain(first.removeprefix('metanash: '))}"]
    lines += ["", ".. toctree::", "   :hidden:", ""]
    lines += [f"   {name}" for name in modules() if name.count(".") < 2]
    return "\n".join([*lines, ""])
