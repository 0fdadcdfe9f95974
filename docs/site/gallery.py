"""A page per script of ``examples``: what it shows, its code, what it prints, and the figure that it draws."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TITLES = {
    "matrix_game": "Two matrix games",
    "game_file": "From a file to a figure",
    "sequence": "Meta-learning on a sequence of games",
    "one_card_poker": "One-card poker",
    "own_learner": "A learner of one's own",
}
"""In the order in which they are shown; scripts without a title follow, under their names."""


def gallery_pages(examples, work):
    """Texts of the pages, and the figures that they show, by their place on the site.

    Parameters
    ----------
    examples : path
        Folder of scripts.
    work : path
        Where they run, each in a folder of its own, which is emptied.

    Raises
    ------
    RuntimeError
        If a script fails or warns: with what it says.
    """
    scripts = {path.stem: path for path in sorted(examples.glob("*.py"))}
    order = [name for name in TITLES if name in scripts] + [name for name in scripts if name not in TITLES]
    texts, figures, cards = {}, {}, []
    for name in order:
        printed, drawn = ran(scripts[name], work / name)
        code = scripts[name].read_text()
        shows, _, rest = ast.get_docstring(ast.parse(code)).partition("\n\n")
        title = TITLES.get(name, name.replace("_", " ").capitalize())
        body = [f"# {title}", shows, rest, f"```python\n{code.partition(chr(34) * 3 + chr(10))[2].strip()}\n```"]
        body += [f"It prints\n\n```text\n{printed.rstrip()}\n```"]
        for figure in drawn:
            figures[f"gallery/{name}-{figure.name}"] = figure
            body += [f"![What {name}.py draws]({name}-{figure.name}){{.figure}}"]
        body += [f"Run it yourself: `python examples/{name}.py`, where metanash is installed."]
        texts[f"gallery/{name}.md"] = "\n\n".join(part for part in body if part) + "\n"
        cards.append(
            f"**[{title}]({name}.md)**: {shows[0].lower() if not shows[1:2].isupper() else shows[0]}{shows[1:]}"
        )
    listed = "\n".join(f"- {card}" for card in cards)
    tree = "\n".join(order)
    contents = f"```{{toctree}}\n:hidden:\n\n{tree}\n```"
    texts["gallery/index.md"] = (
        f"# Gallery\n\nShort scripts, with what they print and draw.\n\n{listed}\n\n{contents}\n"
    )
    return texts, figures


def ran(script, work):
    """What a script prints, and the images that it leaves in its folder."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "MPLBACKEND": "Agg"}
    command = [sys.executable, "-W", "error", script.resolve()]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{script} fails:\n{done.stderr}")
    return done.stdout, sorted(work.glob("*.png"))
