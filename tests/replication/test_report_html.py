"""The page of HTML: its pieces, and on a small report the rule that every number cites a table."""

import itertools
import re
from dataclasses import replace

import pandas as pd
import pytest
from pages import typed_digits
from PIL import Image

from metanash_replication.ledger import judge_all
from metanash_replication.ledger.cited import number
from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import of_bound
from metanash_replication.ledger.rules import bound
from metanash_replication.ledger.words import WORDS
from metanash_replication.paper import HEADLINES, OUTLINES
from metanash_replication.report import Document, Report, Section, assemble, to_html, to_markdown
from metanash_replication.report.content import Part
from metanash_replication.report.html import BADGES, document_html, image_html, inline


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


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "drawn.png"
    Image.effect_noise((2000, 500), 60).convert("RGB").save(path)
    return path


def test_figures_are_embedded_at_the_size_of_a_screen(picture):
    found = image_html(picture, "A figure. With more to say.")
    assert re.search(r'<img src="data:image/png;base64,[\w+/=]+" alt="A figure" width="1300" height="325">', found)
    assert len(found) < picture.stat().st_size


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
}


def small_report(theory=ROWS, text="At $T=1$, as in Theorem 1 and (4)."):
    """One section with a claim for each headline, since the page shows those."""
    claims = [
        Claim(name, "theorem", "Section 3.1, Theorem 1", r"$x \le 1$", "Runs.", bound("theorem 9"), of_bound("It"),
              ("drawn",), ("theory",), ("theory/a/*",), section="theorem-1")
        for name in HEADLINES
    ]  # fmt: skip
    entries = judge_all({"theory": theory}, {"theory/a/H1.npz": {}, "theory/a/H2.npz": {}}, claims)
    part = Part(
        "Rates of Algorithm 1", text, ("$H$", "slope"), ((number(2, "d", "slopes.csv"), "x_1".replace("_1", "")),)
    )
    section = Section("theorem-1", "Theorem 1", tuple(entries), (("drawn", "A figure. More."),), (part,))
    return Report((section,), tuple(entries))


@pytest.fixture
def page(picture):
    def render(report=None, provenance=PROVENANCE):
        documents = [Document("assumptions.md", "# Assumptions\n\n12 of them.\n")]
        folders = {"figures": "../figures", "docs": "../docs"}
        return to_html(report or small_report(), {"drawn": picture}, folders, documents, provenance)

    return render


def test_no_number_is_typed(page):
    assert typed_digits(page()) == []


@pytest.mark.parametrize(
    "text", ["Measured in 7 runs.", "A slope of -0.98.", "It takes 1e6 iterations", "Theorem 1: 3 fail."]
)
def test_a_typed_number_is_found(page, text):
    assert len(typed_digits(page(small_report(text=text)))) == 1


def test_numbers_change_with_the_tables(page):
    assert page().count(">0.4567</data>") == 2 * len(HEADLINES)
    changed = page(small_report(ROWS.assign(ratio=0.1234)))
    assert ">0.4567<" not in changed
    assert changed.count(">0.1234</data>") == 2 * len(HEADLINES)


def test_verdicts_change_with_the_tables(page):
    assert "violated</span>" not in page()
    assert page(small_report(ROWS.assign(violations=1))).count("</span> violated</span>") == 3 * len(HEADLINES) + 1


def test_only_provenance_knows_the_machine(page):
    def without(text):
        return re.sub(r'<section id="provenance".*?</section>', "", text, flags=re.DOTALL)

    other = {"software": {"numpy": "9.9"}, "run": {"commit": "def"}, "slowest": [], "inputs": {}}
    other["configuration"] = "b: 2"
    assert page() != page(provenance=other)
    assert without(page()) == without(page(provenance=other))


def test_page_needs_nothing_else(page):
    text = page()
    assert not re.search(r"<(script|link|iframe|object|embed)\b", text)
    assert not re.search(r'\bsrc="(?!data:)', text)
    assert not re.search(r"url\(|@import", text)
    assert 'href="http' not in text
    levels = [int(level) for level in re.findall(r"<h([1-6])", text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all(re.search(r'alt="[^"]', tag) for tag in re.findall(r"<img[^>]*>", text))


def test_markdown_has_the_same_verdicts():
    text = to_markdown(small_report(), "../figures")
    assert f"Verdicts: {len(HEADLINES)} holds." in text
    assert text.count("0.4567") == len(HEADLINES)
    assert "- [drawn](../figures/drawn.png): A figure. More." in text
    assert "\n\n\n" not in text
    assert "\ue000" not in text


def test_figures_need_captions():
    with pytest.raises(ValueError, match="drawn"):
        assemble([(replace(OUTLINES[0][0], figures=("drawn",)), OUTLINES[0][1])], [], {}, {})
