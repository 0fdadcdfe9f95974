"""Faults of a built site: links that lead nowhere, public names without a description, anything that is fetched."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docs.site.reference import described, public_names

FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}
"""Elements whose address a browser follows by itself."""


class Page(HTMLParser):
    """Anchors of a page, its links, and what it has a browser fetch."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.fetched = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if found.get(FETCHED.get(tag)):
            self.fetched.append(found[FETCHED[tag]])


def faults(site):
    """Sentences, one per fault.

    Parameters
    ----------
    site : path
        Folder with ``index.html``.
    """
    site = Path(site).resolve()
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found = [] if pages else [f"{site}: no page"]
    for path, page in pages.items():
        where = path.relative_to(site).as_posix()
        for address in [*page.links, *page.fetched]:
            found += [f"{where}: {address} {fault}" for fault in dead(address, path, site, pages)]
        found += [f"{where}: {address} is fetched from elsewhere" for address in page.fetched if "//" in address]
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        found += [f"{sheet.relative_to(site)}: {what} is fetched from elsewhere" for what in foreign(text)]
    anchors = {path.stem: page.anchors for path, page in pages.items() if path.parent.name == "reference"}
    return [*found, *undescribed(anchors)]


def foreign(sheet):
    """Addresses with a host in a style sheet."""
    return [part.partition(")")[0] for part in sheet.split("url(")[1:] if part.lstrip("'\"").startswith(("http", "//"))]


def dead(address, path, site, pages):
    """Why an address inside the site leads nowhere, if it does not."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_relative_to(site):
        yield "leads out of the site"
    elif not target.is_file():
        yield "leads nowhere"
    elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        yield "leads to no place of that page"


def undescribed(anchors):
    """Public names without a place on the page of their module; modules without a page.

    Parameters
    ----------
    anchors : dict from str to set of str
        Anchors of each page of the reference.
    """
    for module in sorted({name.module for name in public_names()} - anchors.keys()):
        yield f"{module}: no page"
    for name in described().values():
        if not hasattr(name.value, "__path__") and name.full not in anchors.get(name.module, ()):
            yield f"{name.full}: not described on the page of {name.module}"
