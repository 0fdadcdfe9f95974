"""Searches for counterexamples as tables: the worst ratio of each form, how it grew, and the instances to be drawn."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metanash.typing import Floats
from metanash_replication.bound_rows import kind_of
from metanash_replication.falsification.falsifiable import Size
from metanash_replication.falsification.files import SavedInstance
from metanash_replication.falsification.runs import INSTANCES, VIOLATED
from metanash_replication.falsification.structure import SEPARATOR

__all__ = ["curve_table", "drawn_rows", "falsification_table", "instance_table", "kind_of_form"]

_INSTANCE_COLUMNS = [
    "claim", "title", "form", "size", "structure", "ratio", "quantity", "label", "row", "column", "value",
]  # fmt: skip
Search = Mapping[str, Any]
"""The content of a ``search.json``."""
_SHOWN = {"printed": "printed", "partly repaired": "partly repaired", "refuted": "partly repaired"}


def kind_of_form(form: str) -> str:
    """``printed`` for what the paper states, ``partly repaired`` and ``repaired`` for what is made of it."""
    return _SHOWN.get(kind_of(form), "repaired")


def falsification_table(searches: Sequence[Search]) -> pd.DataFrame:
    """One row for each claim, form and size.

    Columns claim, title, form, kind (:func:`kind_of_form`), size, budget and evaluations (of the whole claim),
    worst_ratio, found_at, iteration (T), left, right and verified_ratio (50 digits), verdict, structure, file (below
    the folder of results) and replay, the command that evaluates it again there.
    """
    rows = []
    for search in searches:
        for found in search["findings"]:
            file = f"falsify/{search['claim']}/{INSTANCES}/{found['file']}" if found["file"] else ""
            rows.append(
                {
                    "claim": search["claim"],
                    "title": search["title"],
                    "form": found["form"],
                    "kind": kind_of_form(found["form"]),
                    "size": found["size"],
                    "budget": search["settings"]["budget"],
                    "evaluations": search["evaluations"],
                    "worst_ratio": found["ratio"],
                    "found_at": found["found_at"],
                    "iteration": found["iterations"],
                    "left": found["left"],
                    "right": found["right"],
                    "verified_ratio": found["verified"],
                    "verdict": found["verdict"],
                    "structure": SEPARATOR.join(found["structure"]),
                    "file": file,
                    "replay": f"metanash falsify --replay {file}" if file else "",
                }
            )
    return pd.DataFrame(rows)


def curve_table(searches: Sequence[Search]) -> pd.DataFrame:
    """The largest ratio of each form, over all sizes, whenever it grew, and at the end.

    Columns claim, title, form, kind, evaluations, ratio.
    """
    rows = []
    for search in searches:
        for form, points in search["curve"].items():
            place = {"claim": search["claim"], "title": search["title"], "form": form, "kind": kind_of_form(form)}
            ends = [(search["evaluations"], points[-1][1])] if points else []
            rows += [place | {"evaluations": at, "ratio": ratio} for at, ratio in [*points, *ends]]
    return pd.DataFrame(rows)


def drawn_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of :func:`falsification_table` to draw: of each violated form its worst size, and its largest discount."""
    violated = table[table["verdict"] == VIOLATED]
    chosen: list[Any] = []
    for _, group in violated.groupby(["claim", "form"], sort=False):
        worst = group["verified_ratio"].idxmax()
        discount = group["size"].map(lambda size: Size.parse(size).discount)
        chosen += dict.fromkeys([worst, discount.idxmax()] if discount.max() > 0.0 else [worst])
    return violated.loc[chosen]


def _matrices(saved: SavedInstance) -> Iterator[tuple[str, str, list[str], list[str], Floats]]:
    """Quantity, label, names of rows and columns, and matrix; rows are actions of player 1, columns of the others."""
    size, reward, kernel = saved.size, saved.arrays["reward"], saved.arrays["transition"]
    first, others = size.n_actions[0], list(itertools.product(*(range(n) for n in size.n_actions[1:])))
    rows = [f"a{a + 1}" for a in range(first)]
    columns = ["".join(f"b{b + 1}" for b in other) for other in others]
    lead = reward.ndim - len(size.n_actions)
    names = ["game", *(["player"] if lead == 4 else []), "step" if size.horizon > 1 else "", "state"]
    for place in np.ndindex(*reward.shape[:lead]):
        numbered = zip(names, place, reward.shape, strict=False)
        words = [f"{name} {number + 1}" for name, number, length in numbered if name and length > 1]
        yield "reward", ", ".join(words), rows, columns, reward[place].reshape(first, -1)
    if size.n_states == 2:
        for step, state in itertools.product(range(max(size.horizon - 1, 1)), range(2)):
            chance = kernel[0, step, state, ..., 1].reshape(first, -1)
            words = [f"step {step + 1}"] if size.horizon > 2 else []
            yield "transition", ", ".join([*words, f"state {state + 1} to 2"]), rows, columns, chance
    policies = [saved.arrays[f"policy_{i}"] for i in range(len(size.n_actions)) if f"policy_{i}" in saved.arrays]
    if policies:
        names = [f"{'ab'[min(i, 1)]}{a + 1}" for i, n in enumerate(size.n_actions) for a in range(n)]
        table = np.concatenate([np.moveaxis(part, -1, 0).reshape(part.shape[-1], -1) for part in policies])
        yield "policy", "initial policies", names, _places(policies[0].shape[:-1]), table


def _places(shape: tuple[int, ...]) -> list[str]:
    """Names of (stage, step, state) or of states, the last stage standing for all later ones."""
    if len(shape) == 1:
        return [f"s{s + 1}" for s in range(shape[0])]
    names = []
    for stage, step, state in np.ndindex(*shape):
        later = "+" if stage == shape[0] - 1 else ""
        more = f" h{step + 1} s{state + 1}" if shape[1] * shape[2] > 1 else ""
        names.append(f"{stage + 1}{later}{more}")
    return names


def instance_table(rows: pd.DataFrame, instances: Mapping[str, SavedInstance]) -> pd.DataFrame:
    """Entries of the instances of rows of :func:`falsification_table`, whose file is the key of ``instances``.

    Columns claim, title, form, size, ratio, structure; quantity (reward, transition, policy), label, row, column
    (names) and value. Transitions are the probabilities of state 2 where there are two states.
    """
    found = []
    for row in rows.to_dict("records"):
        place = {key: row[key] for key in ("claim", "title", "form", "size", "structure")}
        place |= {"ratio": row["verified_ratio"]}
        for quantity, label, names, columns, matrix in _matrices(instances[row["file"]]):
            entry = place | {"quantity": quantity, "label": label}
            for (i, name), (j, column) in itertools.product(enumerate(names), enumerate(columns)):
                found.append(entry | {"row": name, "column": column, "value": float(matrix[i, j])})
    return pd.DataFrame(found, columns=_INSTANCE_COLUMNS)
