"""Whether an installed metanash works: games solved by hand, as a library and by the command, with compiled kernels.

``./do wheel`` and cibuildwheel run it where a wheel was installed; ``--alone`` says that nothing but the wheel and what
it asks for is there. It ends with 0, or with what was found and what is right.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from importlib import metadata
from pathlib import Path

import metanash as mn
from metanash.extensive import from_tree, solve_constant_sum
from metanash.families.small_poker import kuhn_poker

ALONE = {"metanash", "numpy", "scipy", "pip", "setuptools", "wheel"}
LEARNING = """
import metanash as mn
(game,) = mn.families.zero_sum_sequence("mixed", 7, "smoke", n_games=1, perturbation=0.1)
print(mn.kernels.backend, *mn.learn(game, mn.OptimisticMirrorDescent(0.2), 50, at=[50]).ne_gap[0])
"""


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        sys.exit(f"smoke test: {what}: found {found}, {wanted} is right")


def check_alone() -> None:
    names = {found.metadata["Name"].lower() for found in metadata.distributions()}
    expect("packages that are there and not asked for", sorted(names - ALONE), [])


def check_kernels() -> None:
    """Those of the processor's best instruction set, of the plainest one, and of NumPy learn the same."""
    gaps = {}
    for wanted, isa in (("c", ""), ("c", "portable"), ("numpy", "")):
        chosen = {name: text for name, text in os.environ.items() if name != "METANASH_ISA"}
        chosen |= {"METANASH_KERNELS": wanted} | ({"METANASH_ISA": isa} if isa else {})
        done = subprocess.run([sys.executable, "-c", LEARNING], env=chosen, capture_output=True, text=True, check=False)
        expect(f"kernels {wanted} {isa}", done.stderr, "")
        backend, gap = done.stdout.split()
        expect("kernels in use", backend, wanted)
        gaps[wanted, isa] = float(gap)
    expect("the gaps are those of learning", min(gaps.values()) > 1e-3, True)
    expect(f"gaps {gaps} are the same", max(gaps.values()) - min(gaps.values()) < 1e-9, True)


def check_library() -> None:
    """By hand: x on the first row makes both columns equal at 4 x - 1 = 1 - 2 x; Kuhn (1950): his poker, -1/18."""
    expect("kernels", mn.kernels.backend, "c")
    expect("version", mn.__version__, metadata.version("metanash"))
    solved = mn.solve([[3, -1], [-1, 1]])
    expect("value of a matrix", round(solved.value, 9), round(1 / 3, 9))
    expect("first player", [round(share, 9) for share in solved.policies[0].tolist()], [0.333333333, 0.666666667])
    expect("value of Kuhn's poker", round(solve_constant_sum(from_tree(kuhn_poker())).value * 18, 6), -1.0)


def check_command() -> None:
    """The same game as a table of one's own."""
    command = [Path(sysconfig.get_path("scripts")) / "metanash", "solve", "game.csv", "--json"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "game.csv").write_text("3,-1\n-1,1\n")
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    expect("metanash solve game.csv", (done.returncode, done.stderr), (0, ""))
    (solved,) = json.loads(done.stdout)["games"]
    expect("value of a file", round(solved["value"], 9), round(1 / 3, 9))
    expect("NE-gap", solved["gap"] < 1e-9, True)


def main() -> None:
    for check in [*([check_alone] if "--alone" in sys.argv[1:] else []), check_library, check_kernels, check_command]:
        check()
    print("smoke test: passed")


if __name__ == "__main__":
    main()
