"""Trees that are Markov games by steps of any order: turns, players who seldom move, other actions, early ends."""

from metanash.gambit.staged import Draws, Level, Stage, Staging
from metanash.gambit.trees import Node

__all__ = ["AnyOrder"]


class AnyOrder(Staging):
    """Cuts a tree into levels of stages. A step goes on as long as others move who see nothing of it.

    Examples
    --------
    >>> from metanash.gambit.text import Reader
    >>> AnyOrder(Reader.__new__(Reader), Node("t", 0), players=2).players
    2
    """

    rule = (
        "A game is read if it goes by steps, each of moves that are not seen before it ends, and all {} players know "
        "where a step begins"
    )

    def groups(self, draws: Draws) -> list[Draws]:
        """Draws by what is known: those that lead to one information set are one stage."""
        found: dict[tuple[int, int], Draws] = {}
        for draw in draws:
            found.setdefault((draw[1].player, draw[1].information_set), []).append(draw)
        return list(found.values())

    def stage(self, draws: Draws) -> Stage:
        """The moves of one step: of those at whose information set it begins, and of others who see nothing of it."""
        total = sum(share for share, _, _ in draws)
        first = [(share / total, node) for share, node, _ in draws]
        nodes, movers, widths = [node for _, node in first], list[int](), list[int]()
        while not movers or self._goes_on(nodes, movers):
            node = nodes[0]
            key = node.player, node.information_set
            if self.owner.setdefault(key, first[0][1]) is not first[0][1]:
                line = self.reader.line(self.owner[key].place)
                self.refuse(first[0][1], f"player {node.player + 1} cannot tell it from the position of line {line}")
            movers.append(node.player)
            widths.append(node.width)
            nodes = [child for parent in nodes for child in parent.children]
        return Stage(first, tuple(movers), tuple(widths))

    def _goes_on(self, nodes: list[Node], movers: list[int]) -> bool:
        """Whether all these nodes are one information set of a player who has not moved yet."""
        kinds = {(node.kind, node.player, node.information_set) for node in nodes}
        kind, player, _ = kinds.pop()
        return not kinds and kind == "p" and player not in movers

    def end_early(self, node: Node) -> None:  # noqa: ARG002 - as that of the other class
        """Remember that the game needs a state to be in after its end."""
        self.ends_early = True

    def check_actions(self, levels: list[Level]) -> None:
        """Accept them."""
