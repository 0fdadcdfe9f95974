"""The command line: what it prints and how it fails."""

import sys
import types

import numpy as np
import pytest

from metanash import cli, kernels


def test_info_names_versions_and_kernels(capsys):
    assert cli.main(["info"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["numpy"] == np.__version__
    assert lines["kernels"] == f"{kernels.backend} ({kernels.instruction_set})"


def test_every_command_explains_itself(capsys):
    for name, (_, purpose) in cli.COMMANDS.items():
        with pytest.raises(SystemExit) as left:
            cli.main([name, "--help"])
        assert left.value.code == 0
        assert f"metanash {name}" in capsys.readouterr().out
        assert purpose


def test_an_unknown_command_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["falsfy"])
    assert left.value.code == 2
    assert "'info'" in capsys.readouterr().err


@pytest.mark.parametrize("error", [ValueError("seeds must be at least 1"), FileNotFoundError("no such game")])
def test_an_error_is_one_line_and_exit_code_1(error, monkeypatch, capsys):
    def fail(_options):
        raise error

    module = types.SimpleNamespace(__doc__="Fails.", add_arguments=lambda _: None, run=fail)
    monkeypatch.setitem(sys.modules, "metanash.commands.failing", module)
    monkeypatch.setitem(cli.COMMANDS, "failing", ("metanash.commands.failing", "fails"))
    assert cli.main(["failing"]) == 1
    assert capsys.readouterr().err == f"metanash failing: {error}\n"
