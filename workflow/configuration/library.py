"""What only the library knows: claims that are searched, sizes of their instances, experiments of the user's.

Names of claims are read from the text of the registry. Sizes and own experiments are rare, so only for them metanash is
imported, in a process of its own and with the kernels in NumPy: compiled ones may be about to be built anew.
"""

import difflib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from workflow.configuration.mistake import Mistake
from workflow.planning.sources import keys_of

__all__ = ["of_the_library"]

_ASK = """
import json, resource, sys
from metanash_replication.rehearsal import refusals
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30 if hard < 0 else min(8 * 2**30, hard), hard))
print(json.dumps(refusals(json.load(sys.stdin))))
"""
_SECONDS = 20


def of_the_library(config: Mapping[str, Any]) -> list[Mistake]:
    """Mistakes that the library sees."""
    found = list(_unknown_claims(config["falsification"]))
    own = {name: section for name, section in config["experiments"].items() if name.startswith("own_")}
    if not found and (own or config["falsification"]["sizes"]):
        return _asked({"sizes": config["falsification"]["sizes"], "experiments": own, "root_seed": config["root_seed"]})
    return found


def _unknown_claims(section: Mapping[str, Any]) -> Iterator[Mistake]:
    claims = keys_of("metanash_replication.falsification.registry", "FALSIFIABLE")
    for part in ("budgets", "sizes"):
        for name in section[part]:
            if name not in claims:
                near = difflib.get_close_matches(name, claims, 1)
                hint = f"{near[0]} is the nearest" if near else f"there are {', '.join(claims)}"
                yield Mistake(("falsification", part, name), f"there is no such claim; {hint}")


def _asked(question: Mapping[str, Any]) -> list[Mistake]:
    environment = {**os.environ, "METANASH_KERNELS": "numpy"}
    try:
        answer = subprocess.run(
            [sys.executable, "-c", _ASK], input=json.dumps(question), env=environment, capture_output=True, text=True,
            check=True, timeout=_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:  # games that take as long to make are made by their own job
        return []
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"metanash could not be asked about the configuration:\n{error.stderr[-800:]}") from error
    return [Mistake(tuple(path), words) for path, words in json.loads(answer.stdout)]
