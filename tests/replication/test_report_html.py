"""The page of HTML: its pieces, and on a small report the rule that every number cites a table."""

import base64
import csv
import html
import io
import itertools
import re
from dataclasses import replace
from urllib.parse import unquote

import pandas as pd
import pytest
from pages import typed_digits
from PIL import Image
from recalculations import ROOT, marked

from metanash_replication.ledger import judge_all
from metanash_replication.ledger.cited import number
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import of_bound
from metanash_replication.ledger.rules import bound
from metanash_replication.ledger.words import WORDS
from metanash_replication.paper import OUTLINES
from metanash_replication.report import (
    Document,
    Line,
    Opening,
    Report,
    Section,
    assemble,
    recalculations_of,
    to_html,
    to_markdown,
)
from metanash_replication.report.content import Heat, Part, settings_part
from metanash_replication.report.html import BADGES, document_html, inline
from metanash_replication.report.pictures import picture


def test_inline_knows_mathematics_code_emphasis_and_citations():
    found = inline(f"$T^2$ of `a_b` is *not* {number(1.25, '.1f', 'theory.csv')} < x")
    assert found.count("<math") == 1
    assert "<msup><mi>T</mi><mn>2</mn></msup>" in found
    assert "<code>a_b</code>" in found
    assert "<em>not</em>" in found
    assert '<data value="1.2" title="theory.csv">1.2</data> &lt; x' in found


def test_every_word_has_a_badge_of_its_own():
    assert set(BADGES) == {word.name for word in WORDS}
    assert len({sign for _, sign in BADGES.values()}) == len({name for name, _ in BADGES.values()}) == len(WORDS)


def test_words_are_explained_on_both_pages(page):
    markdown = to_markdown(small_report(), "../figures")
    for word in WORDS:
        assert f"<td>{word.name}</td>" in page()
        assert word.rule in page()
        assert f"| {word.name} | {', '.join(word.kinds)} | {word.rule} |" in markdown


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    path = tmp_path_factory.mktemp("drawn") / "drawn.png"
    Image.effect_noise((2000, 500), 60).convert("RGB").save(path)
    return path


def test_figures_are_embedded_at_the_size_of_a_screen(drawn):
    found = picture(drawn, "A figure. With more to say.")
    assert re.fullmatch(r"data:image/png;base64,[\w+/=]+", found.data)
    assert (found.width, found.height, found.alternative) == (1300, 325, "A figure")
    with Image.open(io.BytesIO(base64.b64decode(found.data.partition(",")[2]))) as image:
        assert image.size == (1300, 325)
    assert len(found.data) < drawn.stat().st_size


def test_documents_become_parts_of_the_page():
    first = Document("a.md", "# Title\n\nSee [b](b.md), [c](c.md) and\n\n## More\n\n`x < y`\n")
    found = document_html(first, [first, Document("b.md", "# B\n")], "../docs")
    assert "<h3>Title</h3>" in found
    assert "<h4>More</h4>" in found
    assert 'href="#document-b"' in found
    assert 'href="../docs/c.md"' in found
    assert "<code>x &lt; y</code>" in found


ROWS = pd.DataFrame(
    [("theorem 9", "printed", "long runs, H=1", 3, 0.5, 1.0, 0.4567, 17, 0, 0, 3.0, False, "theory/a/H1.npz")],
    columns=["claim", "form", "setting", "iteration", "left", "right", "ratio", "runs", "violations", "unresolved",
             "first_informative", "total", "file"],
)  # fmt: skip
PROVENANCE = {
    "software": {"numpy": "2.4"},
    "run": {"commit": "abc"},
    "slowest": [["a/b", "1.0"]],
    "inputs": {"results/slopes.csv": "12ab"},
    "configuration": "a: 1",
    "results": "results",
    "arguments": [],
}


NAMES = ("one", "two", "three")


def small_report(theory=ROWS, text="At $T=1$, as in Theorem 1 and (4)."):
    """One section with three claims, one of which stands in each list of the opening."""
    claims = [
        Claim(name, "theorem", "Section 3.1, Theorem 1", r"$x \le 1$", "Runs.", bound("theorem 9"), of_bound("It"),
              ("drawn",), ("theory",), ("theory/a/*",), section="theorem-1")
        for name in NAMES
    ]  # fmt: skip
    entries = judge_all({"theory": theory}, {"theory/a/H1.npz": {}, "theory/a/H2.npz": {}}, claims)
    part = Part(
        "Rates of Algorithm 1", text, ("$H$", "slope"), ((number(2, "d", "slopes.csv"), "x_1".replace("_1", "")),)
    )
    section = Section("theorem-1", "Theorem 1", tuple(entries), (("drawn", "A figure. More."),), (part,))
    lists = [(Line(entry.claim.id, entry.plain),) for entry in entries]
    return Report((section,), Opening(("First.", "Second.", f"Of {number(3, 'd', 'claims.csv')}."), *lists))


@pytest.fixture
def page(drawn):
    def render(report=None, provenance=PROVENANCE, **more):
        documents = [Document("assumptions.md", "# Assumptions\n\n12 of them.\n")]
        folders = {"figures": "../figures", "docs": "../docs"}
        return to_html(report or small_report(), {"drawn": drawn}, folders, documents, provenance, **more)

    return render


def test_no_number_is_typed(page):
    assert typed_digits(page()) == []


@pytest.mark.parametrize(
    "text", ["Measured in 7 runs.", "A slope of -0.98.", "It takes 1e6 iterations", "Theorem 1: 3 fail."]
)
def test_a_typed_number_is_found(page, text):
    assert len(typed_digits(page(small_report(text=text)))) == 1


def test_numbers_change_with_the_tables(page):
    """A claim says them closed and open; the opening and the claim say its sentence."""
    changed = page(small_report(ROWS.assign(ratio=0.1234)))
    assert ">0.4567<" not in changed
    for text, told in ((page(), ("0.4567", "45.7&nbsp;%")), (changed, ("0.1234", "12.3&nbsp;%"))):
        assert [text.count(f">{words}</data>") for words in told] == [2 * len(NAMES)] * 2


def test_verdicts_change_with_the_tables(page):
    assert "violated</span>" not in page()
    assert page(small_report(ROWS.assign(violations=1))).count("</span> violated</span>") == len(NAMES) + 1


def test_only_provenance_knows_the_machine(page):
    def without(text):
        return re.sub(r'<section id="provenance".*?</section>', "", text, flags=re.DOTALL)

    other = PROVENANCE | {"software": {"numpy": "9.9"}, "run": {"commit": "def"}, "slowest": [], "inputs": {}}
    other["configuration"] = "b: 2"
    assert page() != page(provenance=other)
    assert without(page()) == without(page(provenance=other))


def test_page_needs_nothing_else(page):
    text = page()
    assert not re.search(r"<(script \S|link|iframe|object|embed)\b", text)
    assert text.count("<script>") == 1
    assert not re.search(r'\bsrc="(?!data:)', text)
    assert not re.search(r"url\(|@import", text)
    assert not re.search(r'\bhref="(https?:|//)', text)
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|https?:", text[text.index("<script>") :])
    levels = [int(level) for level in re.findall(r"<h([1-6])", text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    drawings = re.findall(r'<svg class="drawing"[^>]*>', text)
    assert drawings
    assert all(re.search(r' role="img" aria-label="[^"]', tag) for tag in drawings)


def test_a_figure_is_stored_once(page):
    text = page()
    assert len(re.findall(r"data:image/png", text)) == len(re.findall(r'<image id="image-drawn" ', text)) == 1
    assert text.count('href="#image-drawn"') == 2 * len(NAMES) + 1


RECALCULATED = {"one": ("tests/a/test_b.py::test_c", "tests/a/test_b.py::test_d")}


def claim_html(text, name):
    """The folded claim: what is always seen, and what is inside."""
    (found,) = (one for one in text.split('<details class="claim"')[1:] if f'<div class="inside" id="{name}">' in one)
    closed, _, rest = found.partition("</summary>")
    return closed, rest.partition("</details>")[0]


def test_a_claim_folds(page):
    """Outside: word, sentence, figure, numbers. Inside: how it was tested, files and commands."""
    closed, inside = claim_html(page(recalculations=RECALCULATED), "one")
    for words in ("</span> holds</span>", "It holds: in ", '<use href="#image-drawn"/>', ">0.4567</data>"):
        assert words in closed
    for name in ("theory.csv", "../figures/drawn.pdf", "theory/a/H1.npz", "theory/a/H2.npz"):
        assert f'href="{name}"' in inside
        assert f'href="{name}"' not in closed
    assert 'The measurement that decides: <a href="theory/a/H1.npz"' in inside
    assert "<dd>Runs.</dd>" in inside


def test_commands_of_a_claim(page):
    def commands(name, **more):
        inside = claim_html(page(recalculations=RECALCULATED, **more), name)[1]
        return re.findall(r'<dd class="command">[^<]*<code>([^<]*)</code>', inside)

    again = ["metanash show results/theory/a/H1.npz", "snakemake --cores 2 --force results/theory/a/H1.npz"]
    tests = "python -m pytest tests/a/test_b.py::test_c tests/a/test_b.py::test_d"
    assert commands("one") == ["metanash claims one", *again, tests]
    assert commands("two") == ["metanash claims two", *again]
    other = PROVENANCE | {"results": "else", "arguments": ["--configfile", "my own.yaml"]}
    assert commands("two", provenance=other) == [
        "metanash claims two --results else",
        "metanash show else/theory/a/H1.npz",
        "snakemake --cores 2 --force else/theory/a/H1.npz --configfile &#39;my own.yaml&#39;",
    ]


def test_recalculations_are_those_of_the_page():
    page = (ROOT / "docs" / "reliability.md").read_text()
    found = recalculations_of(page)
    assert found == {claim: tuple(tests) for claim, tests in marked().items()}
    assert all((ROOT / test.partition("::")[0]).exists() for tests in found.values() for test in tests)
    with pytest.raises(ValueError, match=r"reliability\.md"):
        recalculations_of(page.replace("| `", "| "))


def test_a_table_can_be_taken_away(page):
    """As CSV, inside the page, without the marks of citations."""
    (link,) = re.findall(r'href="data:text/csv;charset=utf-8,([^"]*)" download="theorem-1-table-0.csv"', page())
    assert list(csv.reader(io.StringIO(unquote(html.unescape(link))))) == [["$H$", "slope"], ["2", "x"]]


def long_report(heat):
    """Its part has many rows."""
    rows = [(number(k, "d", "slopes.csv"), arm, f"{number(0.5 + k / 10 * (arm == 'b'), '.2f', 'slopes.csv')}")
            for k in range(20) for arm in "ab"]  # fmt: skip
    report = small_report()
    part = Part("Many rows", "", ("$K$", "arm", "ratio"), tuple(rows), heat)
    return replace(report, sections=(replace(report.sections[0], parts=(part,)),))


def test_a_long_table_is_folded_below_its_map(page):
    heat = Heat(("$K$",), ("arm",), ("ratio",), good="helps", bad="hurts")
    text = page(long_report(heat))
    shown, _, folded = text.partition('<details class="whole">')
    assert shown.count('<table class="heat" title="slopes.csv">') == 1
    assert '<td class="bad1"><data value="1.10">1.10</data></td>' in shown
    assert folded.partition("</details>")[0].count("<tr>") == 41
    assert "helps" in shown
    plain_page = page(long_report(None))
    assert '<table class="heat"' not in plain_page
    assert plain_page.partition('<details class="whole">')[2].partition("</details>")[0].count("<tr>") == 41


def test_all_settings_of_a_bound(page):
    report = small_report()
    settings = {"one": settings_part(ROWS, "theorem 9")}
    inside = claim_html(page(replace(report, settings=settings)), "one")[1]
    assert '<tr><th scope="row"><data value="long runs, H=1">long runs, H=1</data></th><td class="good' in inside


def test_the_opening_leads_to_its_claims(page):
    report = small_report()
    header = page(report).partition("</header>")[0]
    places = [header.index(f"<p>{inline(sentence)}</p>") for sentence in report.opening.conclusion]
    assert places == sorted(places)
    titles = ("What is wrong in the paper", "What replicates", "What does not, or only in part")
    for title, name in zip(titles, NAMES, strict=True):
        listed = header.partition(f">{title}</h2>")[2].partition("</ul>")[0]
        assert re.findall(r'<li>It holds: in .* <a href="#(\w+)"', listed) == [name]
    fewer = replace(report, opening=replace(report.opening, wrong=()))
    assert titles[0] not in page(fewer)
    assert titles[1] not in page(replace(report, opening=None))


def test_markdown_has_the_same_verdicts():
    text = to_markdown(small_report(), "../figures")
    assert f"Words: {len(NAMES)} holds." in text
    assert text.count("0.4567") == len(NAMES)
    assert "- [drawn](../figures/drawn.png): A figure. More." in text
    assert "\n\n\n" not in text
    assert "\ue000" not in text


def test_figures_need_captions():
    with pytest.raises(ValueError, match="drawn"):
        assemble([(replace(OUTLINES[0][0], figures=("drawn",)), OUTLINES[0][1])], [], {}, {})
