"""The article of the small run: what a journal, a reader with a screen reader and a doubting reader would look for."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlparse

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from pypdf import PdfReader

from metanash_replication.ledger.words import words_of
from metanash_replication.paper import CLAIMS
from metanash_replication.report import Report
from metanash_replication.report.article import ASSERTED
from metanash_replication.report.article_numbers import numbers_of
from metanash_replication.report.html import BADGES

TEXT = (ROOT / "src/metanash_replication/report/article.typ").read_text()
BIBLIOGRAPHY = (ROOT / "src/metanash_replication/report/references.bib").read_text()
REFERENCE = (
    r"(?:Theorems?|Propositions?|Figures?|equations?|[Ee]quation|Algorithm|line|stage)[ ~\n]"
    r"\(?\d+\)?(?:\([a-c]\))?(?:(?:,| and|,? to)[ \n]\d+)*"
)
"""References to the paper and its numbering; stages are numbered too."""


@pytest.fixture(scope="module")
def article(finished):
    return PdfReader(finished.path("article.pdf"))


@pytest.fixture(scope="module")
def words(article):
    return " ".join("\n".join(page.extract_text() for page in article.pages).split())


def elements(node):
    """Structure elements of a tagged page, from the root down."""
    node = node.get_object()
    if isinstance(node, list):
        for one in node:
            yield from elements(one)
    elif hasattr(node, "get") and "/S" in node:
        yield node
        if "/K" in node:
            yield from elements(node["/K"])


def resources(page):
    """XObjects of a page, and of these in turn."""
    queue = [page["/Resources"]]
    while queue:
        found = queue.pop().get("/XObject", {})
        for one in (entry.get_object() for entry in found.values()):
            yield one
            if "/Resources" in one:
                queue.append(one["/Resources"].get_object())


def fonts(page):
    """Fonts of a page and of the figures on it."""
    for one in (page, *resources(page)):
        for font in one.get("/Resources", {}).get("/Font", {}).values():
            yield font.get_object()


def links(article):
    """Addresses of all links."""
    for page in article.pages:
        for entry in page.get("/Annots", []):
            action = entry.get_object().get("/A", {})
            if "/URI" in action:
                yield str(action["/URI"])


def test_it_has_the_length_of_an_article(article):
    assert 8 <= len(article.pages) <= 14


def test_every_font_is_embedded(article):
    found = [font for page in article.pages for font in fonts(page)]
    assert {"Libertinus", "NewCMMath"} <= {name for name in ("Libertinus", "NewCMMath") if name in str(found)}
    for font in found:
        for one in font.get("/DescendantFonts", [font]):
            descriptor = one.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor), font


def test_figures_are_vectors(article):
    kinds = Counter(one["/Subtype"] for page in article.pages for one in resources(page))
    assert kinds["/Form"] >= 5  # an embedded page of PDF each
    assert kinds["/Image"] == 0


def test_it_is_tagged_and_figures_have_alternative_texts(article):
    root = article.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value
    assert root["/Lang"] == "en"
    found = list(elements(root["/StructTreeRoot"]["/K"]))
    kinds = Counter(str(one["/S"]) for one in found)
    assert kinds["/H1"] >= 6
    assert kinds["/Table"] >= 2
    assert kinds["/TH"] >= 5
    assert kinds["/Formula"] > 100
    texts = [str(one.get("/Alt", "")) for one in found if one["/S"] == "/Figure"]
    assert len(texts) == 5
    assert all(len(text) > 40 for text in texts)
    assert not re.search(r"[$`*\ue000-\uf8ff]", "".join(texts))


def test_its_metadata_are_those_of_the_configuration(article, finished):
    about = yaml.safe_load((ROOT / "config/article.yaml").read_text())
    assert article.metadata.title == about["title"]
    assert "/CreationDate" not in article.metadata
    written = yaml.safe_load(finished.path("metadata.yaml").read_text())
    assert written["title"] == about["title"]
    assert written["replication"][1] == {"bib": "mao2023"}
    assert written["replication"][2] == {"url": about["replication"]["url"]}
    assert written["bibliography"] == "references.bib"
    assert finished.path("references.bib").read_text() == BIBLIOGRAPHY
    assert written["abstract"].startswith("This copy is of a run with other settings")  # as its verdicts say
    assert "\ue000" not in written["abstract"]
    fields = "title authors affiliations keywords code data replication abstract bibliography type domain language"
    assert set(fields.split()) <= set(written)


def test_all_claims_are_in_the_table_with_their_verdicts(article, words, finished):
    anchors = {link.partition("#")[2] for link in links(article) if link.startswith("report.html#")}
    assert anchors == {claim.id for claim in CLAIMS if claim.of_the_paper}
    page = finished.path("report.html").read_text()
    assert all(f'id="{anchor}"' in page for anchor in anchors)
    assert "violated as printed" in words


def test_every_link_leads_to_a_file_that_is_there_or_away_from_it(article, finished):
    found = set(links(article))
    assert {"theory.csv", "speed_up.csv", "report.html", "metadata.yaml"} <= {link.partition("#")[0] for link in found}
    for link in found:
        if urlparse(link).scheme:
            assert re.match(r"https://(doi\.org|papers\.nips\.cc)/", link), link
        else:
            path = (finished.folder / finished.results / link.partition("#")[0]).resolve()
            assert path.exists(), link


def test_any_number_leads_to_its_table_in_two_clicks(article, finished):
    """Links inside the article end at rows of the table of sources, which link to the files."""
    inside = [
        entry.get_object()
        for page in article.pages
        for entry in page.get("/Annots", [])
        if "/Dest" in entry.get_object() or entry.get_object().get("/A", {}).get("/S") == "/GoTo"
    ]
    assert len(inside) > 150
    tables = {link for link in links(article) if link.endswith(".csv")}
    assert {"theory.csv", "figure1.csv", "claims.csv", "falsification.csv"} <= tables
    assert all(finished.path(table).exists() for table in tables)


def test_every_number_that_the_text_asks_for_has_a_name(finished):
    """What the small run does not measure: gaps that it does not reach, and sequences of identical games."""
    tables = {path.stem: pd.read_csv(path) for path in (finished.folder / finished.results).glob("*.csv")}
    text = re.sub(r"^//.*", "", TEXT, flags=re.MULTILINE)
    asked = set(re.findall(r'#n\("([^"]*)"\)', text))
    missing = asked - set(numbers_of(Report(()), tables))
    assert len(asked) > 40
    assert all(name.endswith("/speed-up") or name.startswith("similarity/") for name in missing), missing


def test_no_mark_of_typst_and_no_missing_character_is_left(words):
    assert not re.search(r"#\w+\(|\\[-.;]|[\ue000-\uf8ff\ufffd]", words)


# The text, whatever the run ------------------------------------------------------------------------------


def test_no_measured_number_is_typed():
    text = re.sub(r"#(?:set|show)\b.*", "", TEXT.partition("\n= Introduction\n")[2])
    text = re.sub(r'#(?:n|claim|raw|file|drawing|derivation|markup|bibliography)\((?:[^()"]|"[^"]*")*\)?', "", text)
    text = re.sub(r"\$[^$]*\$", "", text)
    text = re.sub(r"[@<][\w-]+>?", "", text)
    text = re.sub(REFERENCE, "", text)
    assert re.findall(r".{0,40}\d.{0,20}", text) == []


def test_it_cites_all_references_and_no_others():
    keys = set(re.findall(r"^@\w+\{(\w+),", BIBLIOGRAPHY, flags=re.MULTILINE))
    layout = (ROOT / "src/metanash_replication/report/article_layout.typ").read_text()
    cited = set(re.findall(r"@([a-z]+\d{4})\b", TEXT + layout))
    assert cited == keys


def test_every_doi_has_the_form_of_one():
    found = re.findall(r"^  doi = \{(.*)\}", BIBLIOGRAPHY, flags=re.MULTILINE)
    assert len(found) >= 10
    assert all(re.fullmatch(r"10\.\d{4,5}/\S+", doi) for doi in found)


def test_what_the_text_asserts_is_of_claims_that_there_are():
    asserted = [claim for ids in ASSERTED.values() for claim in ids]
    assert len(asserted) == len(set(asserted))
    assert set(asserted) <= {claim.id for claim in CLAIMS}
    kinds = {claim.id: claim.kind for claim in CLAIMS}
    assert all(word in words_of(kinds[claim]) for word, ids in ASSERTED.items() for claim in ids)
    assert set(re.findall(r'#claim\("([^"]*)"\)', TEXT)) <= set(asserted)


def test_the_layout_knows_every_word():
    layout = (ROOT / "src/metanash_replication/report/article_layout.typ").read_text()
    known = re.search(r"#let badges = \((.*?)\n\)", layout, re.DOTALL)[1]
    assert set(re.findall(r"^  ([\w-]+):", known, re.MULTILINE)) == {badge for badge, _ in BADGES.values()}


def test_the_files_of_the_article_are_part_of_the_package():
    assert Path(ROOT, "pyproject.toml").read_text().count('"*.typ", "*.bib"') == 1
