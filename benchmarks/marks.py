"""Tables that commands write into pages, between two lines of their own."""

from collections.abc import Iterable

__all__ = ["put"]


def put(page: str, table: Iterable[str], begin: str, end: str) -> str:
    """The page with another table between the lines ``begin`` and ``end``.

    Raises ValueError unless both are there once, in order.

    Examples
    --------
    >>> put("before\\n<!-- x -->\\nold\\n<!-- end -->", ["new", "rows"], "<!-- x -->", "<!-- end -->").split("\\n")
    ['before', '<!-- x -->', 'new', 'rows', '<!-- end -->']
    """
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"the page must have one line {begin} and, after it, one line {end}")
    head, _, rest = page.partition(begin)
    return "\n".join([head + begin, *table, end + rest.partition(end)[2]])
