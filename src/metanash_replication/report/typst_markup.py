r"""Text of this project as Typst: sentences, mathematics in LaTeX or in plain characters, pages of Markdown.

Sentences have LaTeX between dollar signs, code between backticks, and citations of tables. The derivations in ``docs``
are written for terminals: their backticks hold mathematics in plain characters, ``gap <= c D / (eta T)``. Both subsets
are small, and a word outside them is an error with its place, never dropped.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from markdown_it import MarkdownIt
from markdown_it.token import Token

from metanash_replication.ledger.cited import render
from metanash_replication.report.content import LITERAL

__all__ = ["Links", "document", "escape", "math_of_latex", "math_of_plain", "sentence"]

Links = Callable[[str], str]
"""From the target of a link in a page to the one in the article: an address, or a label between angle brackets."""

_MARKS = re.compile(r"[\\#$*_`<>@\[\]~/=+\-\"'.;]")
_LITERAL = str.maketrans({mark: character for character, mark in LITERAL.items()})

_GREEK = (
    "alpha beta gamma delta eps eta theta kappa lambda mu nu xi pi rho sigma tau phi psi omega zeta "
    "Delta Phi Pi Sigma Theta Lambda Omega"
)
_SYMBOLS = {
    **{name: name for name in _GREEK.split()},
    "eps": "epsilon.alt",
    "epsilon": "epsilon.alt",
    "varepsilon": "epsilon",
    **{name: name for name in ("sum", "max", "min", "sup", "inf", "log", "exp", "dagger")},
    "infinity": "infinity",
    "infty": "infinity",
}
"""Names that mean the same in LaTeX (with a backslash) and in plain characters."""
_LATEX = {
    **_SYMBOLS,
    "le": "<=",
    "ge": ">=",
    "leq": "<=",
    "geq": ">=",
    "times": "times",
    "cdot": "dot.op",
    "sim": "tilde.op",
    "nabla": "nabla",
    "to": "->",
    "in": "in",
    "mid": "|",
    "ldots": "dots.h",
    "prod": "product",
    "|": "bar.v.double",
    "{": "brace.l",
    "}": "brace.r",
    ",": "thin",
    "left": "",
    "right": "",
}
_ACCENTS = {"tilde": "tilde", "hat": "hat", "bar": "overline", "overline": "overline", "sqrt": "sqrt"}
_PUNCTUATION = {",": "comma", "/": "slash", ";": "semi", "|": "|", "'": "'", ":": ":", "!": "!"}


class _Latex:
    """A reader of one formula."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = re.findall(r"\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|\S", text)
        self.place = 0

    def error(self, token: str) -> ValueError:
        return ValueError(f"LaTeX of this project has no {token!r}, in {self.text!r}")

    def next(self) -> str:
        if self.place == len(self.tokens):
            raise ValueError(f"an argument is missing at the end of {self.text!r}")
        self.place += 1
        return self.tokens[self.place - 1]

    def until(self, end: str) -> str:
        """Everything to the end of the group."""
        parts = []
        while (token := self.next()) != end:
            parts.append(self.one(token))
        return " ".join(part for part in parts if part)

    def argument(self) -> str:
        token = self.next()
        return self.until("}") if token == "{" else self.one(token)

    def words(self) -> str:
        """The argument of a command for text, as it is."""
        if self.next() != "{":
            raise self.error("text without braces")
        parts = []
        while (token := self.next()) != "}":
            parts.append(token)
        return f'"{"".join(parts)}"'

    def one(self, token: str) -> str:
        if token.startswith("\\"):
            return self.command(token[1:])
        if token == "{":
            return self.until("}")
        if token in "_^":
            return f"{token}({self.argument()})"
        if token in _PUNCTUATION:
            return _PUNCTUATION[token]
        if re.fullmatch(r"[A-Za-z()\[\]+\-=<>]|\d+(\.\d+)?", token):
            return token
        raise self.error(token)

    def command(self, name: str) -> str:
        if name == "frac":
            return f"frac({self.argument()}, {self.argument()})"
        if name in {"text", "mathrm", "operatorname"}:
            return self.words()
        if name in _ACCENTS:
            return f"{_ACCENTS[name]}({self.argument()})"
        if name in _LATEX:
            return _LATEX[name]
        raise self.error(f"\\{name}")


def _attached(text: str) -> str:
    """Subscripts, superscripts and primes beside what they belong to."""
    return re.sub(r" +([_^]\(|')", r"\1", text)


def math_of_latex(latex: str) -> str:
    """Typst's mathematics of a formula in LaTeX.

    Raises
    ------
    ValueError
        At a command that is not known, or a group that is not closed.
    """
    reader = _Latex(latex)
    parts = []
    while reader.place < len(reader.tokens):
        parts.append(reader.one(reader.next()))
    return _attached(" ".join(part for part in parts if part))


_NAMES = ("gap", "reg", "val", "rise", "Proj", "KL", "CCE", "NE")
"""Names of several letters in plain formulas, which stand upright."""
_WORDS = (
    "for else if and or is at least most the largest step best response of states steps stage iteration over with "
    "players up to higher order"
)
_PLAIN = {"<=": "<=", ">=": ">=", "->": "->", "||": "bar.v.double", "~": "tilde.op", "...": "dots.h", "*": "dot.op"}
_TOKEN = re.compile(
    r"(?P<power>\d+(?:\.\d+)?e[+-]?\d+)|(?P<number>\.?\d+(?:\.\d+)?)|(?P<word>[A-Za-z]+)|(?P<sign><=|>=|->|\|\||\.\.\.)"
    r"|(?P<open>(?<![^\s(])<(?=\S))|(?P<close>(?<=\S)>(?=[\s,.^()]|$))|(?P<other>\S)"
)


def _word(word: str, text: str) -> str:
    stem = word.removesuffix("bar")
    if word in _WORDS.split():
        return f'" {word} "'
    if word in _NAMES:
        return f'op("{word}")'
    if stem != word and (stem in _GREEK.split() or len(stem) == 1):
        return f"overline({stem})"
    if word in _SYMBOLS:
        return _SYMBOLS[word]
    if len(word) == 1 or re.fullmatch(r"[A-Z]{2}", word):
        return " ".join(word)
    if word == "ij":  # two indices
        return "(i j)"
    raise ValueError(f"plain mathematics of this project has no {word!r}, in {text!r}")


def _power(token: str) -> str:
    mantissa, exponent = token.split("e")
    return ("" if mantissa == "1" else f"{mantissa} times ") + f"10^({int(exponent)})"


def _plain_tokens(text: str) -> Iterator[tuple[str, str]]:
    """Each token of a plain formula in Typst, and its kind; nothing is passed over."""
    bars = 0
    for match in _TOKEN.finditer(text):
        kind, token = str(match.lastgroup), match[0]
        if kind == "word" and token in _ACCENTS and token != "bar":
            yield "accent", _ACCENTS[token]
        elif kind == "word":
            yield kind, _word(token, text)
        elif kind == "power":
            yield kind, _power(token)
        elif token == "|":
            bars += 1
            yield kind, "abs(" if bars % 2 else ")"
        elif kind in {"open", "close"}:
            yield kind, "chevron.l" if kind == "open" else "chevron.r"
        elif token in _PLAIN or token in _PUNCTUATION:
            yield kind, {**_PUNCTUATION, **_PLAIN}[token]
        elif token in "{}":
            yield kind, "(" if token == "{" else ")"
        elif kind == "number" or token in "()[]+-=<>_^.":
            yield kind, token
        else:
            raise ValueError(f"plain mathematics of this project has no {token!r}, in {text!r}")
    if bars % 2:
        raise ValueError(f"a bar has no partner, in {text!r}")


def math_of_plain(text: str) -> str:
    """Typst's mathematics of a formula in plain characters, such as ``sum_{h >= 2} max_s G_h / sqrt 2``.

    Raises
    ------
    ValueError
        At a word or a character that is not known.
    """
    parts: list[str] = []
    accents: list[str] = []
    depth = 0  # of the parentheses that an accent stands over
    for kind, token in _plain_tokens(text):
        if kind == "accent":
            accents.append(token)
        elif accents and depth == 0 and token != "(":
            parts.append("".join(f"{accent}(" for accent in accents) + token + ")" * len(accents))
            accents = []
        elif accents:
            depth += {"(": 1, ")": -1}.get(token, 0)
            parts.append(accents[-1] + token if depth == 1 and token == "(" else token)
            accents = accents if depth else []
        else:
            parts.append(token)
    if accents:
        raise ValueError(f"nothing stands under {accents[-1]}, in {text!r}")
    joined = re.sub(r" *([_^]) *| +(?=')", r"\1", " ".join(parts))
    return joined.replace("^dot.op", "^*")


def escape(text: str) -> str:
    """Typst's markup of text in which nothing is a mark."""
    return _MARKS.sub(lambda match: f"\\{match[0]}", text)


def _quoted(text: str) -> str:
    """A string of Typst's code."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _prose(text: str) -> str:
    """Code, emphasis and citations of a piece without mathematics."""
    kept: list[str] = []

    def keep(markup: str) -> str:
        kept.append(markup)
        return f"\ue020{len(kept) - 1}\ue021"

    text = render(
        text, lambda content, source: keep(f"#cite-table({_quoted(content.translate(_LITERAL))}, {_quoted(source)});")
    )
    text = re.sub(r"`([^`]+)`", lambda match: keep(f"#raw({_quoted(match[1])});"), text)
    text = re.sub(r"(?<!\w)\*([^*]+)\*(?!\w)", lambda match: keep(f"#emph[{escape(match[1])}];"), text)
    text = escape(text.translate(_LITERAL))
    return re.sub("\ue020(\\d+)\ue021", lambda match: kept[int(match[1])], text)


def sentence(text: str) -> str:
    """Typst's markup of a sentence or cell: LaTeX between dollar signs, code between backticks, citations.

    A citation becomes a call of ``cite-table`` with the text and the table's file.
    """
    pieces = text.split("$")
    return "".join(f"${math_of_latex(piece)}$" if k % 2 else _prose(piece) for k, piece in enumerate(pieces))


_CODE = re.compile(r"(?:[\w.*]+/)+[\w.*]*|[a-z]\w+(?:\.\w+)+|[a-z]{3,}_\d?[a-z_]{3,}|metanash .*|--.*")


def _span(text: str) -> str:
    """What stands between backticks in a page: a name of code, or mathematics."""
    return f"#raw({_quoted(text)});" if _CODE.fullmatch(text) else f"${math_of_plain(text)}$"


def _display(text: str) -> str:
    """A block of formulas, one a line; a line that begins further in goes on with the one before."""
    lines: list[str] = []
    for line in text.rstrip().splitlines():
        if line.startswith("  ") and lines:
            lines[-1] += f" {line.strip()}"
        elif line.strip():
            lines.append(re.sub(r" {3,}", " \x00 ", line.strip()))
    converted = (" quad ".join(math_of_plain(part) for part in line.split("\x00")) for line in lines)
    return "$ " + " \\\n".join(f"& {line}" for line in converted) + " $"


def _target(target: str) -> str:
    return target if target.startswith("<") else _quoted(target)


def _inline(tokens: list[Token], links: Links) -> str:
    forms: Mapping[str, Callable[[Token], str]] = {
        "text": lambda token: escape(token.content),
        "softbreak": lambda _: "\n",
        "code_inline": lambda token: _span(token.content),
        "em_open": lambda _: "#emph[",
        "em_close": lambda _: "];",
        "strong_open": lambda _: "#strong[",
        "strong_close": lambda _: "];",
        "link_open": lambda token: f"#link({_target(links(str(token.attrs['href'])))})[",
        "link_close": lambda _: "];",
    }
    return "".join(_known(forms, token)(token) for token in tokens)


def _known(forms: Mapping[str, Callable[[Token], str]], token: Token) -> Callable[[Token], str]:
    if token.type not in forms:
        raise ValueError(f"pages of this project have no {token.type} in the article: {token.content!r}")
    return forms[token.type]


def document(text: str, links: Links, depth: int = 0) -> str:
    """Typst's markup of a page of Markdown: headings, paragraphs, lists, emphasis, links, formulas.

    Parameters
    ----------
    text : str
        Code between backticks and in blocks is mathematics in plain characters, but for names of files and of code.
    links : callable
        From a link's target to the one in the article.
    depth : int
        By as much headings are lower.

    Raises
    ------
    ValueError
        At a kind of Markdown or a piece of mathematics that is not known.
    """
    forms: Mapping[str, Callable[[Token], str]] = {
        "heading_open": lambda token: "\n" + "=" * (int(token.tag[1]) + depth) + " ",
        "heading_close": lambda _: "\n\n",
        "paragraph_open": lambda _: "",
        "paragraph_close": lambda _: "\n\n",
        "inline": lambda token: _inline(token.children or [], links),
        "code_block": lambda token: _display(token.content) + "\n\n",
        "bullet_list_open": lambda _: "#list(\n",
        "bullet_list_close": lambda _: ")\n\n",
        "list_item_open": lambda _: "[",
        "list_item_close": lambda _: "],\n",
    }
    return "".join(_known(forms, token)(token) for token in MarkdownIt("commonmark").parse(text))
