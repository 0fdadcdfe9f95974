"""The documentation site: built once, read again by other means than its own check, and looked at in a browser."""

import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import pytest
from browser import WIDTH, chromium, opened, violations

import metanash

pytest.importorskip("sphinx", reason="not checked: Sphinx is not installed; ./do setup")

from docs.site import check, gallery, names, reference, stage

ROOT = Path(__file__).parents[2]
LOOKED_AT = ["index.html", "docs/tutorial.html", "gallery/game_file.html", "reference/metanash.exact.html"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as ``./do site`` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "docs.site", "-j", "1", "--output", folder / "pages", "--work", folder / "work"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    assert done.stdout == f"ready: {folder / 'pages' / 'index.html'}\n"
    return folder / "pages"


def public_modules():
    found = [one.name for one in pkgutil.walk_packages(metanash.__path__, "metanash.")]
    return ["metanash", *(name for name in found if not re.search(r"\._|compiled$", name))]


def test_every_public_name_is_described(site):
    """As the object that stands at an anchor: whatever name it is described by."""
    anchors = set()
    for page in (site / "reference").glob("*.html"):
        anchors |= set(re.findall(r'<dt class="sig[^>]*? id="([^"]+)"', page.read_text()))
    held = {}
    for anchor in anchors:
        module, _, name = anchor.rpartition(".")
        if module in sys.modules:
            value = getattr(sys.modules[module], name, None)
            held[id(value)] = anchor
    missing = []
    for module in public_modules():
        assert (site / "reference" / f"{module}.html").is_file()
        home = importlib.import_module(module)
        for name in getattr(home, "__all__", ()):
            value = getattr(home, name)
            plain = not inspect.isclass(value) and not inspect.isroutine(value)  # two may be equal numbers
            if not isinstance(value, ModuleType) and (id(value) not in held or (plain and not in_text(site, name))):
                missing.append(f"{module}.{name}")
    assert missing == []
    assert len(anchors) > 400


def in_text(site, name):
    return any(f'.{name}"' in page.read_text() for page in (site / "reference").glob("*.html"))


def test_no_link_inside_is_dead(site):
    """By regular expressions, where the site's own check parses."""
    pages = {path: path.read_text() for path in site.rglob("*.html")}
    identifiers = {path: set(re.findall(r'\sid="([^"]*)"', text)) for path, text in pages.items()}
    assert len(pages) > 120
    links = 0
    for path, text in pages.items():
        for address in re.findall(r'<(?:a|link|img|script)\s[^>]*?(?:href|src)="([^"]*)"', text):
            target, _, place = unquote(address.replace("&amp;", "&")).partition("#")
            target = target.partition("?")[0]
            if re.match(r"[a-z]+:", target):
                assert re.match(r"https?:|mailto:", target), f"{path}: {address}"
                continue
            whole = (path.parent / target).resolve() if target else path
            assert whole.is_file(), f"{path}: {address}"
            assert not place or whole not in identifiers or place in identifiers[whole], f"{path}: {address}"
            links += 1
    assert links > 5000


@pytest.mark.parametrize("name", ["index.html", "docs/tutorial.html", "reference/metanash.exact.html"])
def test_each_page_has_the_tree_of_all_pages(site, name):
    """Each once, itself marked, and nothing that stands inside of pages."""
    tree = (site / name).read_text().split('<div class="sidebar-tree">')[1].split("</aside>")[0]
    links = re.findall(r'<a class="(?:current )?reference internal" href="([^"]*)">', tree)
    assert links.count("#") == len(re.findall(r'current-page"><a [^>]* href="#">', tree)) == (name != "index.html")
    found = {(site / name).parent.joinpath(address).resolve() for address in links if address != "#"}
    rest = {"index", "genindex", "py-modindex", "search"}  # in no tree
    wanted = {page for page in site.rglob("*.html") if page.relative_to(site).as_posix()[:-5] not in rest}
    assert found == wanted - {site / name}
    assert len(links) == len(wanted) > 120


def test_pages_of_the_repository_are_there(site):
    for page in (ROOT / "docs").glob("*.md"):
        assert (site / "docs" / f"{page.stem}.html").is_file()
    for script in (ROOT / "examples").glob("*.py"):
        text = (site / "gallery" / f"{script.stem}.html").read_text()
        assert "It prints" in text
        assert ("<img" in text) == ("savefig" in script.read_text())


def test_formulas_are_mathml(site):
    """One that is known, and none that is left as TeX."""
    assert "<mi>&#x003BC;</mi>" in (site / "reference" / "metanash.exact.html").read_text()
    formulas = [page for page in site.rglob("*.html") if "<math" in page.read_text()]
    assert len(formulas) > 5
    assert not [page for page in formulas if re.search(r"<m[ot][^>]*>\\[a-z]+", page.read_text())]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_screen_and_a_telephone(site, scheme):
    """Nothing is wider than the window, nothing is asked of a network, and letters can be told from their ground."""
    with chromium() as browser:
        for name in LOOKED_AT:
            for width in (1280, 390):
                with opened(browser, site / name, width=width, color_scheme=scheme) as page:
                    assert page.evaluate(WIDTH) <= width, f"{name} at {width}"
                    assert [one for one in page.asked if not one.startswith(("file:", "data:"))] == []
                    assert page.errors == []
                    found = violations(page, runOnly=["color-contrast", "image-alt", "document-title", "html-has-lang"])
                    assert found == {}, f"{name} at {width}"


PAGE = '<html><body id="top"><a href="{}">x</a>{}</body></html>'


@pytest.mark.parametrize(
    ("address", "more", "fault"),
    [
        ("b.html", "", None),
        ("b.html#there", "", None),
        ("#top", "", None),
        ("https://example.org/x", "", None),
        ("c.html", "", "a.html: c.html leads nowhere"),
        ("b.html#gone", "", "a.html: b.html#gone leads to no place of that page"),
        ("#gone", "", "a.html: #gone leads to no place of that page"),
        ("../x.html", "", "a.html: ../x.html leads out of the site"),
        ("b.html", '<img src="no.png">', "a.html: no.png leads nowhere"),
        ("b.html", '<script src="https://example.org/x.js"></script>', "https://example.org/x.js is fetched from"),
        ("b.html", '<link href="//example.org/x.css">', "//example.org/x.css is fetched from"),
    ],
)
def test_planted_faults_of_links_are_found(tmp_path, monkeypatch, address, more, fault):
    monkeypatch.setattr(check, "undescribed", lambda _: [])
    (tmp_path / "a.html").write_text(PAGE.format(address, more))
    (tmp_path / "b.html").write_text(PAGE.format("a.html", '<p id="there"></p>'))
    (found,) = check.faults(tmp_path) or [None]
    assert found is None if fault is None else fault in found


def test_a_style_sheet_that_fetches_and_an_empty_folder_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "undescribed", lambda _: [])
    assert check.faults(tmp_path) == [f"{tmp_path}: no page"]
    (tmp_path / "a.html").write_text(PAGE.format("#top", ""))
    (tmp_path / "a.css").write_text("@font-face { src: url('https://example.org/f.woff') } p { color: url(#x) }")
    assert check.faults(tmp_path) == ["a.css: 'https://example.org/f.woff' is fetched from elsewhere"]


def test_a_name_without_description_is_found():
    anchors = {module: set() for module in reference.modules()}
    for name in reference.described().values():
        anchors[name.module].add(name.full)
    assert list(check.undescribed(anchors)) == []
    anchors["metanash"].remove("metanash.learn")
    del anchors["metanash.river.cards"]
    found = list(check.undescribed(anchors))
    assert "metanash.learn: not described on the page of metanash" in found
    assert "metanash.river.cards: no page" in found


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("metanash.learners.base.learn", "metanash.learn"),
        ("metanash.learners.learn", "metanash.learn"),
        ("metanash.extensive.trees.Tree", "metanash.extensive.Tree"),
        ("metanash.meta.META_UPDATES", "metanash.META_UPDATES"),
        ("metanash.gaps.ne_gaps", "metanash.gaps.ne_gaps"),
    ],
)
def test_an_object_is_described_once_under_its_shortest_name(name, place):
    module, _, last = name.rpartition(".")
    value = getattr(importlib.import_module(module), last)
    assert reference.described()[reference.key_of(module, last, value)].full == place


def test_what_does_not_exist_is_not_found_for_a_reference():
    assert names.found("metanash.gaps.ne_gap")[0] == "metanash.gaps"
    assert names.found("numpy.stack")
    assert names.found("metanash.ne_gop") is None
    assert names.found("nowhere.at.all") is None


def test_a_script_that_fails_or_warns_stops_the_build(tmp_path):
    for code in ("1 / 0", "import warnings; warnings.warn('old')"):
        script = tmp_path / "bad.py"
        script.write_text(f'"""Bad."""\n\n{code}\n')
        with pytest.raises(RuntimeError, match=r"bad\.py fails:"):
            gallery.ran(script, tmp_path / "work")


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        ("[a](docs/start.md)", "[a](docs/start.md)"),
        ("[a](docs/start.md#where-to-go)", "[a](docs/start.md#where-to-go)"),
        ("[`a` b](paper_figures)", "`a` b"),
        ("[a](examples/sequence.py)", "[a](gallery/sequence.md)"),
        ("[a](examples)", "[a](gallery/index.md)"),
        ("[a](src/metanash/exact.py)", "[a](reference/metanash.exact.rst)"),
        ("[a](https://example.org)", "[a](https://example.org)"),
        ("![a](paper_figures/figure1a.png)", "![a](paper_figures/figure1a.png)"),
        ("[a] [b](examples) [c](paper_figures)", "[a] [b](gallery/index.md) c"),
        ("```\n[a](paper_figures)\n```", "```\n[a](paper_figures)\n```"),
        ("x[0] and [1, 2]", "x[0] and [1, 2]"),
    ],
)
def test_links_are_made_to_fit(link, wanted):
    assert stage.with_links("README.md", link)[0] == wanted


def test_a_file_that_is_no_page_comes_along():
    text, files = stage.with_links("docs/installation.md", "[a](../requirements.lock)")
    assert text == "[a](../requirements.lock)"
    assert files == {"requirements.lock": ROOT / "requirements.lock"}
