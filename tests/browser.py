"""A page in a real browser: chromium of the system, driven by Playwright, with axe-core for accessibility."""

import contextlib
import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
SHORTEN = """() => {
  const seen = new Set();
  for (const row of document.querySelectorAll("tbody tr")) {
    const fresh = [...row.cells].map((cell) => cell.className).filter((name) => !seen.has(name));
    if (!fresh.length && row.sectionRowIndex > 1) row.remove();
    fresh.forEach((name) => seen.add(name));
  }
}"""
"""Rows of a table are alike: two stay, and those with a colour that no row before them had."""
WIDTH = "document.documentElement.scrollWidth"


def find_chromium(which=shutil.which, environment=os.environ):
    """Path of a chromium. Without one a person's machine skips the test, and CI fails."""
    found = next(filter(None, map(which, NAMES)), None)
    if found:
        return found
    reason = f"no chromium on PATH ({', '.join(NAMES)}): Debian and Ubuntu have it in the package chromium"
    return pytest.fail(reason) if environment.get("CI") == "true" else pytest.skip(reason)


@contextlib.contextmanager
def chromium():
    """A browser without a window."""
    path = find_chromium()
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser, path, *, width=1280, height=900, fragment="", **options):
    """A file in a window of its own; what it asked for, and what went wrong in it, are in ``asked`` and ``errors``."""
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    page.asked, page.errors = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: page.errors.append(message.text))
    page.goto(path.as_uri() + fragment)
    yield page
    context.close()


def violations(page, **options):
    """What axe-core finds: rule, and the first places."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - where there is a browser

    found = Axe().run(page, options={"resultTypes": ["violations"]} | options).response["violations"]
    return {one["id"]: [node["html"][:200] for node in one["nodes"][:5]] for one in found}
