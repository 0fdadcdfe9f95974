"""The tree of an .efg file, read node by node.

A pattern takes a node at once where it is written in the usual way; its lists of actions and payoffs are looked up
among those that were met before. Everything else is read token by token, which says what is wrong.
"""

import re
from fractions import Fraction
from typing import Final

from metanash.gambit.text import QUOTED, SPACE, Reader, plain_number, unquoted

__all__ = ["Node", "Payoffs", "read_tree"]

Payoffs = tuple[Fraction, ...]

_LIST = rf'\{{(?:[^{{}}"]++|{QUOTED})*+\}}'
_OUTCOME = rf'(?P<outcome>\d{{1,9}})(?![^\s,"{{}}])(?:{SPACE}*{QUOTED})?(?:{SPACE}*(?P<payoffs>{_LIST}))?'
_NODE = re.compile(
    rf"{SPACE}*(?=[pct][\s,\"])(?:t{SPACE}*(?:{QUOTED})?|"
    rf"(?:c|p{SPACE}*(?:{QUOTED})?{SPACE}*(?P<player>\d{{1,9}})(?={SPACE}))"
    rf"{SPACE}*(?P<name>{QUOTED})?{SPACE}*(?P<set>\d{{1,9}})(?![^\s,\"{{}}])"
    rf"{SPACE}*(?P<label>{QUOTED})?{SPACE}*(?P<actions>{_LIST})?)"
    rf"{SPACE}*{_OUTCOME}",
    re.DOTALL | re.ASCII,
)
"""A node and its outcome. ``name`` is that of a chance node; a player's node has none between its two numbers."""

_DIGITS: Final = 15
"""Digits after the point from which a chance counts as rounded: those of floats, such as 0.3333333333333333."""
_FLOAT: Final = Fraction(1, 2**53)
"""Half the distance of floats next to one."""


class Node:
    """A node with its subtree.

    Attributes
    ----------
    kind : {"c", "p", "t"}
        Chance, player or terminal.
    place : int
        Of the text of the file.
    payoffs : tuple of Fraction, or None
        What players get for coming here, if anything.
    player, information_set, label
        Of a player's node; players count from 0.
    names : tuple of str
        Of the actions.
    chances : tuple of Fraction
        Of a chance node; they sum to exactly one.

    Examples
    --------
    >>> Node("t", 12).width
    0
    """

    __slots__ = ("chances", "children", "information_set", "kind", "label", "names", "payoffs", "place", "player")

    def __init__(self, kind: str, place: int, known: "_Known | None" = None, player: int = -1, number: int = 0) -> None:
        self.kind, self.place, self.player, self.information_set = kind, place, player, number
        self.label, self.names, self.chances = (known.label, known.names, known.chances) if known else ("", (), ())
        self.payoffs: Payoffs | None = None
        self.children: list[Node] = []

    @property
    def width(self) -> int:
        """How many children there are."""
        return len(self.names)


class _Known:
    """Properties of an information set that a file states once and may leave out afterwards."""

    __slots__ = ("chances", "label", "names")

    def __init__(self, label: str, names: tuple[str, ...], chances: tuple[Fraction, ...]) -> None:
        self.label, self.names, self.chances = label, names, chances


class _Nodes:
    """Reads nodes; knows the outcomes and information sets that were described before."""

    def __init__(self, reader: Reader, players: int) -> None:
        self.reader, self.players = reader, players
        self.outcomes: dict[int, Payoffs | None] = {0: None}
        self.known: dict[tuple[int, int], _Known] = {}
        self.payoffs: dict[str, Payoffs] = {}
        self.actions: dict[tuple[bool, str], tuple[tuple[str, ...], tuple[Fraction, ...]]] = {}

    # By the pattern ---------------------------------------------------------------------------------------

    def at_once(self) -> Node | None:
        """The next node if it is written in the usual way and says nothing wrong."""
        found = _NODE.match(self.reader.text, self.reader.place)
        if found is None:
            return None
        player, name, number, label, actions, outcome, payoffs = found.groups()
        place = found.start()
        while self.reader.text[place] not in "pct":
            place += 1
        payoffs_known, worth = self.payoffs_at_once(int(outcome), payoffs)
        if not payoffs_known:
            return None
        if number is None:
            if outcome == "0" and payoffs:
                return None
            node = Node("t", place)
        else:
            owner = int(player) - 1 if player else -1
            known = self.set_at_once(owner, int(number), label, actions)
            if known is None or not -1 <= owner < self.players or (player is not None and name is not None):
                return None
            if (player is not None and owner < 0) or int(number) < 1:
                return None
            node = Node("p" if player else "c", place, known, owner, int(number))
        node.payoffs = worth
        self.reader.place = found.end()
        return node

    def payoffs_at_once(self, number: int, payoffs: str | None) -> tuple[bool, Payoffs | None]:
        """Whether an outcome is known or described well, and its payoffs."""
        if payoffs is None or not number:
            return payoffs is None and number in self.outcomes, self.outcomes.get(number)
        found = self.payoffs.get(payoffs)
        if found is None:
            values = [plain_number(word) for word in payoffs[1:-1].replace(",", " ").split()]
            found = tuple(value for value in values if value is not None)
            if not len(values) == len(found) == self.players:
                return False, None
            self.payoffs[payoffs] = found
        before = self.outcomes.get(number, found)
        if before is not found and before != found:
            return False, None
        self.outcomes[number] = found
        return True, found

    def set_at_once(self, player: int, number: int, label: str | None, actions: str | None) -> _Known | None:
        """An information set that is known, or whose actions were met at another one."""
        before = self.known.get((player, number))
        if actions is None:
            return before
        listed = self.actions.get((player < 0, actions))
        if listed is None:
            return None
        if before is not None:
            return before if (before.names, before.chances) == listed else None
        return self.known.setdefault((player, number), _Known(unquoted(label) if label else "", *listed))

    # By tokens --------------------------------------------------------------------------------------------

    def by_tokens(self) -> Node:
        if self.reader.peek.kind != "word" or self.reader.peek.value not in {"p", "c", "t"}:
            self.reader.fail(self.reader.peek.place, f"a node begins with p, c or t, found {self.reader.shown()}")
        token = self.reader.take("word", "a node (p, c or t)")
        self.reader.option("text")  # its name
        if token.value == "t":
            node = Node("t", token.place)
        else:
            player = -1
            if token.value == "p":
                player += self.integer(token.place, "the number of its player", 1, self.players)
            number = self.integer(token.place, "the number of its information set", 1)
            node = Node(token.value, token.place, self.moves(player, number, token.place), player, number)
        node.payoffs = self.outcome(token.place)
        return node

    def integer(self, place: int, what: str, low: int, high: int | None = None) -> int:
        """A number of the node at a place, which may lack it."""
        if self.reader.peek.kind != "word" or self.reader.peek.value in {"p", "c", "t"}:
            self.reader.fail(place, f"this node lacks {what}; found {self.reader.shown()} in its place")
        return self.reader.integer(what, low, high)

    def moves(self, player: int, number: int, place: int) -> _Known:
        """Label and actions of an information set; chance moves have their chances."""
        before = self.known.get((player, number))
        label = self.reader.option("text")
        if self.reader.peek.kind != "{":
            if before is None:
                self.reader.fail(
                    place,
                    "this node lacks the list of its actions, in braces, which stands where an information set is "
                    f"first met; found {self.reader.shown()} in its place",
                )
            return before
        start = self.reader.take("{", "actions").place
        names, chances = list[str](), list[tuple[str, Fraction]]()
        while not self.reader.option("}"):
            if self.reader.peek.kind != "text":
                self.reader.expected_in_list("the next action, in quotes, or a closing brace")
            names.append(self.reader.take("text", "an action").value)
            if player < 0:
                word = self.reader.peek.value
                chances.append((word, self.reader.number("a chance")))
        if not names:
            self.reader.fail(start, "a move needs an action; the list of actions is empty")
        listed = tuple(names), self.summed(chances, start) if player < 0 else ()
        if before is not None and (before.names, before.chances) != listed:
            kind = "chances" if before.names == listed[0] else "actions"
            self.reader.fail(start, f"this information set had other {kind} when it was first met")
        self.actions[player < 0, self.reader.text[start : self.reader.place]] = listed
        return self.known.setdefault((player, number), _Known(label.value if label else "", *listed))

    def summed(self, chances: list[tuple[str, Fraction]], place: int) -> tuple[Fraction, ...]:
        """Chances that sum to exactly one, from those that do up to the rounding of their digits."""
        values = [chance for _, chance in chances]
        total = sum(values, Fraction(0))
        found = " + ".join(word[:20] for word, _ in chances[:8]) + (" + ..." if len(chances) > 8 else "")
        if min(values) < 0:
            self.reader.fail(place, f"chances must be at least 0, found {found}")
        if abs(total - 1) > sum(map(_rounding, chances)):
            off = f"{abs(float(total - 1)):.3g} too {'much' if total > 1 else 'little'}"
            self.reader.fail(
                place,
                f"chances must sum to exactly one, found {found} = {float(total)!r}, "
                f"which is {off}; write fractions like 1/3, or decimals of {_DIGITS} digits or more",
            )
        return tuple(value / total for value in values)

    def outcome(self, node: int) -> Payoffs | None:
        """Payoffs of the outcome that ends a node."""
        place = self.reader.peek.place
        number = self.integer(node, "the number of its outcome (0 for none)", 0)
        self.reader.option("text")  # its name
        brace = self.reader.option("{")
        if brace and not number:
            self.reader.fail(brace.place, "outcome 0 means no payoffs; number outcomes from 1")
        if brace:
            payoffs = self.reader.payoffs(self.players, brace.place)
            if self.outcomes.setdefault(number, payoffs) != payoffs:
                self.reader.fail(place, f"outcome {number} had other payoffs when it was first met")
        if number not in self.outcomes:
            self.reader.fail(place, f"outcome {number} has no payoffs; give them, in braces, where it is first met")
        return self.outcomes[number]


def _rounding(chance: tuple[str, Fraction]) -> Fraction:
    """How far a chance that is written with the digits of a float may be from the one that is meant."""
    word = chance[0].lower()
    number, _, exponent = word.partition("e")
    digits = len(number.partition(".")[2]) - int(exponent or 0)
    return max(Fraction(1, 2 * 10**digits), _FLOAT) if digits >= _DIGITS and "/" not in word else Fraction(0)


def read_tree(reader: Reader, players: int) -> Node:
    """Read the nodes up to the end of the file, in prefix order, and hang them together.

    Raises
    ------
    ArchiveError
        If a node is malformed, the tree has too few or the file too many of them; the message names the line.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("rest.efg").write_text('p "" 1 1 "up" { "l" "r" } 0 t "" 1 "" { 1 } t "" 2 "" { 0 }')
    >>> tree = read_tree(Reader("rest.efg"), players=1)
    >>> tree.kind, tree.names, [child.kind for child in tree.children]
    ('p', ('l', 'r'), ['t', 't'])
    """
    reader.option("text")  # a comment
    nodes = _Nodes(reader, players)
    root = nodes.at_once() or nodes.by_tokens()
    open_nodes = [root]
    while open_nodes:
        node = open_nodes[-1]
        if len(node.children) == node.width:
            open_nodes.pop()
            continue
        child = nodes.at_once()
        if child is None and reader.peek.kind == "end":
            reader.fail(
                reader.peek.place,
                f"the tree is not complete: the node of line {reader.line(node.place)} has {node.width} actions, "
                f"{len(node.children)} of them with a node",
            )
        child = child or nodes.by_tokens()
        node.children.append(child)
        open_nodes.append(child)
    if reader.peek.kind != "end":
        reader.expected("the end of the file, since the tree is complete,")
    return root
