"""Print what makes a shell complete commands, options, learners, formats and files.

  bash  metanash completion bash > ~/.local/share/bash-completion/completions/metanash
  zsh   metanash completion zsh > "${fpath[1]}/_metanash"
  fish  metanash completion fish > ~/.config/fish/completions/metanash.fish

Or for this session only: eval "$(metanash completion bash)". The scripts are files, so completing starts no Python;
subcommands that other packages add are not in them.
"""

import argparse
from importlib.resources import files

__all__ = ["SHELLS", "add_arguments", "run", "script"]

SHELLS = ("bash", "zsh", "fish")
"""Shells that there is a script for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the shell.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["fish"]).shell
    'fish'
    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("shell", choices=SHELLS, help="which shell")


def script(shell: str) -> str:
    """Return the script of a shell, which shtab has made of the parser (``distribution/completions.py``).

    Raises
    ------
    ValueError
        If there is none for that shell.

    Examples
    --------
    >>> script("zsh").splitlines()[0]
    '#compdef metanash'
    """
    if shell not in SHELLS:
        raise ValueError(f"there is a completion for {', '.join(SHELLS)}, not for {shell!r}")
    return files("metanash.commands").joinpath(f"completion.{shell}").read_text(encoding="utf-8")


def run(options: argparse.Namespace) -> int:
    """Print the script.

    Examples
    --------
    >>> run(argparse.Namespace(shell="zsh"))  # doctest: +ELLIPSIS
    #compdef metanash
    ...
    """
    print(script(options.shell), end="")
    return 0
