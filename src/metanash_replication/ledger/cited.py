"""Numbers in text that remember the table they come from.

A citation is text between private-use characters, so sentences can be put together with f-strings. :func:`render` turns
citations into what a page needs, :func:`plain` into the bare text. A digit in a page that is neither a citation nor
mathematics nor a reference was typed by hand, which tests look for.
"""

import re
from collections.abc import Callable
from typing import Any

__all__ = ["cited", "number", "plain", "render"]

_OPEN, _MIDDLE, _CLOSE = "\ue000", "\ue001", "\ue002"
_CITATION = re.compile(f"{_OPEN}([^{_MIDDLE}]*){_MIDDLE}([^{_CLOSE}]*){_CLOSE}")


def cited(text: object, source: str) -> str:
    """Text that stands in a table, such as the name of a setting; ``source`` is the file without its folder."""
    return f"{_OPEN}{source}{_MIDDLE}{text}{_CLOSE}"


def number(value: Any, spec: str, source: str) -> str:
    """A number of a table in a format."""
    return cited(format(value, spec), source)


def render(text: str, form: Callable[[str, str], str]) -> str:
    """Text with each citation replaced by ``form(content, source)``."""
    return _CITATION.sub(lambda match: form(match[2], match[1]), text)


def plain(text: str) -> str:
    """Text without the marks of citations."""
    return render(text, lambda content, _: content)
