"""How ``metanash gap`` tells what players gain, whatever game it is."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metanash.commands.inputs import SCHEMA
from metanash.solution.result import shown

__all__ = ["tell"]


def tell(
    options: argparse.Namespace, path: Path, head: str, described: Mapping[str, Any], payoffs: Sequence[float],
    gains: Sequence[float], *, zero_sum: bool, where: str = "",
) -> None:  # fmt: skip
    """Print payoffs and gains, and the gap: the sum of gains of a zero-sum game, else the largest.

    Parameters
    ----------
    options : Namespace
        With ``json`` and ``policies``.
    path : Path
        Of the game.
    head : str
        Its line above the table.
    described : mapping
        What ``--json`` says of it.
    payoffs, gains : sequence of float
        Of each player, in payoffs.
    zero_sum : bool
    where : str
        What is added to the head of the column of gains.

    Examples
    --------
    >>> options = argparse.Namespace(json=False, policies=Path("half.json"))
    >>> tell(options, Path("pennies.csv"), "pennies.csv: strategic", {}, [0.5, -0.5], [0.5, 0.25], zero_sum=True)
    pennies.csv: strategic
              payoff        gain by a best response
    player 1  0.5           0.5
    player 2  -0.5          0.25
    NE-gap 0.75, the sum of both
    """
    gap = sum(gains) if zero_sum else max(gains)
    if options.json:
        found = {
            "schema": SCHEMA, "command": "gap", "file": str(path), "policies": str(options.policies), **described,
            "zero_sum": zero_sum, "payoffs": payoffs, "gains": gains, "gap": gap,
        }  # fmt: skip
        print(json.dumps(found, indent=1))
        return
    print(head)
    print(f"{'':10s}{'payoff':14s}gain by a best response{where}")
    for i, (payoff, gain) in enumerate(zip(payoffs, gains, strict=True)):
        print(f"{f'player {i + 1}':10s}{shown(payoff):14s}{gain:.6g}")
    print(f"NE-gap {gap:.6g}, {'the sum of both' if zero_sum else 'the largest'}")
