"""The tree of an .efg file, read node by node."""

from dataclasses import dataclass, field
from fractions import Fraction

from metanash.gambit.text import Reader

__all__ = ["Node", "Payoffs", "read_tree"]

Payoffs = tuple[Fraction, ...]


@dataclass
class Node:
    """A node with what hangs below it.

    Attributes
    ----------
    kind : {"c", "p", "t"}
        Chance, player or terminal.
    line : int
        Of the file.
    payoffs : tuple of Fraction
        What players get for coming here, zeros if nothing.
    player, information_set, label
        Of a player's node; players count from 0.
    chances : tuple of Fraction
        Of a chance node.
    width : int
        How many children there are.
    """

    kind: str
    line: int
    payoffs: Payoffs
    player: int = -1
    information_set: int = 0
    label: str = ""
    chances: tuple[Fraction, ...] = ()
    width: int = 0
    children: list["Node"] = field(default_factory=list)


@dataclass(frozen=True)
class _Known:
    """What a file says once of an information set and may leave out afterwards."""

    label: str
    names: list[str]
    chances: tuple[Fraction, ...]


class _Nodes:
    """Reads nodes; knows the outcomes and information sets that were described before."""

    def __init__(self, reader: Reader, players: int) -> None:
        self.reader, self.players = reader, players
        self.outcomes: dict[int, Payoffs] = {0: (Fraction(0),) * players}
        self.known: dict[tuple[int, int], _Known] = {}

    def read(self) -> Node:
        token = self.reader.take("word", "a node (p, c or t)")
        if token.value not in {"p", "c", "t"}:
            self.reader.fail(token.line, f"a node begins with p, c or t, found {token.value[:40]!r}")
        self.reader.option("text")  # its name
        if token.value == "t":
            return Node("t", token.line, self.outcome(required=True))
        player = -1 if token.value == "c" else self.reader.integer("the player", 1, self.players) - 1
        number = self.reader.integer("the information set", 1)
        known = self.moves(player, number, token.line)
        return Node(
            token.value, token.line, self.outcome(), player, number, known.label, known.chances, len(known.names)
        )

    def moves(self, player: int, number: int, line: int) -> _Known:
        """Label and actions of an information set; chance moves have their chances."""
        before = self.known.get((player, number))
        label = self.reader.option("text")
        if self.reader.peek.kind != "{":
            if before is None:
                self.reader.expected("the list of actions, in braces,")
            return before
        self.reader.take("{", "actions")
        names, chances = [], []
        while not self.reader.option("}"):
            names.append(self.reader.take("text", "the next action, in quotes, or a closing brace").value)
            if player < 0:
                chances.append(self.reader.number("a chance"))
        known = _Known(label.value if label else "", names, tuple(chances))
        self.check(known, before, player, line)
        return self.known.setdefault((player, number), known)

    def check(self, known: _Known, before: _Known | None, player: int, line: int) -> None:
        if not known.names:
            self.reader.fail(line, "a move needs an action; the list of actions is empty")
        if player < 0 and (min(known.chances) < 0 or sum(known.chances) != 1):
            found = " + ".join(str(chance) for chance in known.chances[:8])
            self.reader.fail(line, f"chances must be at least 0 and sum to exactly one, found {found}")
        if before is not None and (before.names, before.chances) != (known.names, known.chances):
            self.reader.fail(line, "this information set had other actions, or chances, when it was first met")

    def outcome(self, required: bool = False) -> Payoffs:
        line = self.reader.peek.line
        number = self.reader.integer("the number of the outcome (0 for none)", 0)
        self.reader.option("text")  # its name
        if number and self.reader.option("{"):
            payoffs = self.reader.payoffs(self.players)
            if self.outcomes.setdefault(number, payoffs) != payoffs:
                self.reader.fail(line, f"outcome {number} had other payoffs when it was first met")
        if number not in self.outcomes:
            self.reader.fail(line, f"outcome {number} has no payoffs; give them, in braces, where it is first met")
        if required and not number and self.reader.peek.kind == "{":
            self.reader.fail(line, "outcome 0 means no payoffs; number outcomes from 1")
        return self.outcomes[number]


def read_tree(reader: Reader, players: int) -> Node:
    """Read the nodes up to the end of the file, in prefix order, and hang them together.

    Raises
    ------
    ArchiveError
        If a node is malformed, the tree has too few or the file too many of them; the message names the line.
    """
    reader.option("text")  # a comment
    nodes = _Nodes(reader, players)
    root = nodes.read()
    open_nodes = [root]
    while open_nodes:
        node = open_nodes[-1]
        if len(node.children) == node.width:
            open_nodes.pop()
            continue
        if reader.peek.kind == "end":
            reader.fail(
                reader.peek.line,
                f"the tree is not complete: the node of line {node.line} has {node.width} actions, "
                f"{len(node.children)} of them with a node",
            )
        child = nodes.read()
        node.children.append(child)
        open_nodes.append(child)
    if reader.peek.kind != "end":
        reader.expected("the end of the file, since the tree is complete,")
    return root
