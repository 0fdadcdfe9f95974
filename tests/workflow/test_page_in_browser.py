"""The report of the small run in a real browser: it fits, folds, filters, prints, and everyone can read it."""

import csv
import itertools
import re

import pytest
from browser import SHORTEN, UNFOLD, WIDTH, chromium, find_chromium, opened, violations

FEW = """() => {
  const seen = new Set();
  for (const topic of document.querySelectorAll("section.topic"))
    [...topic.querySelectorAll("details.claim")].forEach((claim, k) => {
      if (k && seen.has(claim.dataset.verdict)) claim.remove();
      seen.add(claim.dataset.verdict);
    });
  for (const text of document.querySelectorAll(".document"))
    [...text.children].slice(8).forEach((one) => one.remove());
}"""
"""Claims are alike, and paragraphs: one claim of each section and of each word stays, and where documents begin."""
SHOWN = "[...document.querySelectorAll('details.claim')].filter((one) => one.checkVisibility()).length"


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def report(finished):
    return finished.path("report.html")


@pytest.fixture
def page(browser, report):
    with opened(browser, report) as found:
        yield found
        assert found.errors == []


def test_without_a_browser_ci_fails_and_others_skip():
    with pytest.raises(pytest.skip.Exception, match="no chromium"):
        find_chromium(lambda _: None, {})
    with pytest.raises(pytest.fail.Exception, match="no chromium"):
        find_chromium(lambda _: None, {"CI": "true"})
    assert find_chromium(lambda name: f"/{name}", {}) == "/chromium"


def test_first_screen_is_one_screen(page):
    assert page.evaluate("document.getElementById('summary').getBoundingClientRect().bottom") <= 900
    assert page.locator("#summary .badge").count() > 2


def test_page_is_short_and_small(page, report):
    assert report.stat().st_size < 5_000_000
    assert page.evaluate("document.documentElement.scrollHeight") < 900 * 17


def test_nothing_is_asked_of_anyone(page, report):
    page.evaluate(UNFOLD)
    page.wait_for_load_state("networkidle")
    assert {url for url in page.asked if not url.startswith("data:")} == {report.as_uri()}


@pytest.mark.parametrize("scripted", [True, False])
def test_a_phone_scrolls_in_one_direction(browser, report, scripted):
    with opened(browser, report, width=390, height=844, java_script_enabled=scripted) as page:
        assert page.evaluate(WIDTH) == 390
        page.evaluate(UNFOLD)
        assert page.evaluate(WIDTH) == 390


def test_anyone_can_read_it_in_light(browser, report):
    with opened(browser, report) as page:
        page.evaluate(SHORTEN)
        assert violations(page) == {}
        page.evaluate(FEW)
        page.evaluate(UNFOLD)
        assert violations(page) == {}


def test_anyone_can_read_it_in_the_dark(browser, report):
    """Contrast is all that a dark page changes."""
    with opened(browser, report, color_scheme="dark") as page:
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 27)"
        page.evaluate(SHORTEN)
        page.evaluate(FEW)
        assert violations(page, runOnly=["color-contrast"]) == {}
        page.evaluate(UNFOLD)
        assert violations(page, runOnly=["color-contrast"]) == {}


def test_violations_are_found(page):
    """The checker is there: without the names of figures, and in grey on white, it speaks."""
    page.evaluate(SHORTEN)
    page.evaluate(FEW)
    page.evaluate("document.querySelectorAll('.drawing').forEach((one) => one.removeAttribute('aria-label'))")
    page.evaluate("document.querySelector('h1').style.color = '#ccc'")
    page.locator("details.claim summary").first.click()
    rules = ["svg-img-alt", "color-contrast"]
    assert sorted(violations(page, runOnly=rules)) == sorted(rules)


def test_search_and_filters(page):
    total = page.evaluate(SHOWN)
    assert page.locator("output").inner_text() == f"{total} of {total} claims"
    page.get_by_role("searchbox").fill("potential step")
    some = page.evaluate(SHOWN)
    assert 0 < some < total
    assert page.locator("output").inner_text() == f"{some} of {total} claims"
    assert page.evaluate("location.hash") == "#?q=potential+step"
    page.get_by_role("searchbox").fill("")
    assert page.evaluate(SHOWN) == total
    page.get_by_role("combobox", name="Section").select_option("theorem-1")
    in_section = page.evaluate(SHOWN)
    assert in_section == page.locator("#theorem-1-section details.claim").count()
    word = page.locator("#theorem-1-section details.claim").first.get_attribute("data-verdict")
    page.get_by_role("combobox", name="Word").select_option(word)
    assert page.evaluate(SHOWN) == page.locator(f"#theorem-1-section [data-verdict={word}]").count() < in_section
    page.get_by_role("button", name="All").click()
    page.wait_for_function(f"{SHOWN} === {total}")


def test_filters_are_in_the_address(browser, report):
    with opened(browser, report, fragment="#?section=theorem-1&q=regret") as page:
        assert page.get_by_role("searchbox").input_value() == "regret"
        assert 0 < page.evaluate(SHOWN) < page.locator("#theorem-1-section details.claim").count()


def test_a_count_leads_to_its_claims(page):
    link = page.locator(".counts a").first
    word = link.get_attribute("data-verdict")
    link.click()
    wanted = page.locator(f"details[data-verdict={word}]").count()
    page.wait_for_function(f"{SHOWN} === {wanted}")


def test_claims_unfold_by_keyboard(page):
    first = page.locator("details.claim").first
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert first.evaluate("(one) => one.open")
    page.keyboard.press("Enter")
    assert not first.evaluate("(one) => one.open")
    page.get_by_role("button", name="Unfold").press("Enter")
    assert page.locator("details.claim:not([open])").count() == 0
    page.get_by_role("button", name="Fold", exact=True).click()
    assert page.locator("details.claim[open]").count() == 0


@pytest.mark.parametrize("scripted", [True, False])
def test_links_to_what_is_folded_unfold_it(browser, report, scripted):
    with opened(browser, report, java_script_enabled=scripted, fragment="#theorem-1") as page:
        assert page.locator("#theorem-1").is_visible()
        inside = page.locator("#theorem-1").bounding_box()
        assert 0 <= inside["y"] < 900


def test_a_link_to_what_is_filtered_away_shows_it(browser, report):
    with opened(browser, report, fragment="#?section=theorem-1") as page:
        page.evaluate("location.hash = '#theorem-5'")
        page.locator("#theorem-5").wait_for(state="visible")


LINKS = """() => Object.fromEntries([...document.querySelectorAll("details.claim")].map((claim) => {
  claim.querySelector("summary").click();
  const links = [...claim.querySelectorAll(".behind a")].filter((link) => link.checkVisibility());
  const cited = [...claim.querySelectorAll("summary data")].map((one) => one.title);
  return [claim.querySelector(".inside").id, [cited, links.map((link) => link.getAttribute("href"))]];
}))"""
"""Of each claim: the tables that its closed form cites, and the files that one click shows."""


def test_from_a_number_to_its_table_and_its_run_in_two_clicks(page, report, finished):
    """To unfold is the first. Some claims are about formulas and no run."""
    with finished.path("claims.csv").open(newline="") as rows:
        runs = {row["id"]: row["runs"].split() for row in csv.DictReader(rows)}
    found = page.evaluate(LINKS)
    assert set(found) == set(runs)
    assert sum(bool(cited) for cited, _ in found.values()) > 40
    for name, (cited, links) in found.items():
        assert set(cited) <= set(links), name
        assert set(runs[name]) <= set(links), name
        assert all((report.parent / link).exists() for link in links), name


def test_without_script_all_is_there(browser, report):
    with opened(browser, report, java_script_enabled=False) as page:
        assert not page.locator("#filter").is_visible()
        claims = page.locator("details.claim")
        assert claims.count() == page.evaluate(SHOWN)
        claims.first.locator("summary").click()
        assert claims.first.locator(".inside").is_visible()


def test_folding_is_real(page):
    assert not page.get_by_text("How it was tested").first.is_visible()


@pytest.mark.parametrize("scripted", [True, False])
def test_print_is_unfolded(browser, report, scripted):
    with opened(browser, report, java_script_enabled=scripted) as page:
        page.evaluate(SHORTEN)
        page.emulate_media(media="print")
        if scripted:
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
        for name in ("details.claim .command", "details.evidence h3", ".whole td", ".document p"):
            assert page.locator(name).first.evaluate("(one) => one.checkVisibility({contentVisibilityAuto: true})"), (
                name
            )
            assert page.locator(name).first.evaluate("(one) => one.getBoundingClientRect().height") > 0
        assert not page.locator("#filter").is_visible()
        folded = page.evaluate("document.documentElement.scrollHeight")
        page.evaluate(UNFOLD)
        page.evaluate("document.querySelectorAll('details.machine').forEach((one) => { one.open = false; })")
        assert page.evaluate("document.documentElement.scrollHeight") == pytest.approx(folded, rel=0.01)
        assert page.pdf().startswith(b"%PDF")


def test_headings_descend_one_level_at_a_time(page):
    levels = [int(level) for level in re.findall(r"<h([1-6])", page.content())]
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
