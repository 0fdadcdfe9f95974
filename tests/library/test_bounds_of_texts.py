"""Texts of games are read within bounds of memory and time, or refused in a line that says what to do."""

import os
import time
import tracemalloc

import pytest

from metanash.archive import ArchiveError
from metanash.extensive import from_tree, read_tree
from metanash.gambit import read_efg, read_gam, read_nfg, text
from metanash.gamefile import read_games
from metanash.solution.files import load

NFG = 'NFG 1 R "a" { "A" "B" } { 2 2 }\n\n1 2 3 4 5 6 7 8\n'


def chances(count, digits=1990):
    """One chance move after the other, each with one outcome that ends the game and chances of many digits."""
    whole = 10**digits
    first = 3 * whole // 10 + 1
    lines = ['EFG 2 R "" { "A" }']
    for k in range(1, count + 1):
        lines.append(f'c "" {k} "" {{ "end" {first}/{whole} "on" {whole - first}/{whole} }} 0')
        lines.append(f't "" {k} "" {{ {k} }}')
    return "\n".join([*lines, f't "" {count + 1} "" {{ 0 }}', ""])


def payoffs(count, digits=1900):
    """Payoffs that add up along the way, with denominators that have no factor in common."""
    lines = ['EFG 2 R "" { "A" }']
    lines += [f'p "" 1 {k} "" {{ "on" "end" }} {k} "" {{ 1/{6 * 10**digits * k + 1} }}' for k in range(1, count + 1)]
    lines += [f't "" {count + k} "" {{ 0 }}' for k in range(1, count + 2)]
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("make", [chances, payoffs])
def test_exact_numbers_have_a_bound(tmp_path, make):
    """Products of fractions grow with each step: 2**16 bits are 19,728 digits."""
    path = tmp_path / "a.efg"
    path.write_text(make(9))
    assert from_tree(read_tree(path)).chance.sum() == pytest.approx(1 if make is chances else 10)
    path.write_text(make(200))
    began = time.process_time()
    with pytest.raises(
        ArchiveError, match=r"a\.efg:\d+: the (chance|sum).*is a fraction of more than 19,728 digits; r"
    ):
        from_tree(read_tree(path))
    assert time.process_time() - began < 10


def test_exact_chances_before_the_first_move_have_one_too(tmp_path):
    path = tmp_path / "a.efg"
    path.write_text(chances(12))
    with pytest.raises(ArchiveError, match=r"a\.efg:\d+: the chance to come here is a fraction of more than"):
        read_efg(path)


@pytest.mark.parametrize("read", [read_nfg, read_efg, read_gam, read_tree, text.Reader, text.text_of])
def test_what_is_no_file_is_not_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.nfg")
    with pytest.raises(ArchiveError, match=r"pipe\.nfg: a pipe, no text file; write it to a file first"):
        read(tmp_path / "pipe.nfg")
    with pytest.raises(ArchiveError, match=r"a folder, no text file; name a file in it"):
        read(tmp_path)


def test_tables_in_words_are_not_waited_for_either(tmp_path):
    for name in ("pipe.csv", "pipe.json"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(ArchiveError, match=f"{name}: a pipe, no file of games; write it to a file first"):
            load(tmp_path / name)


def test_long_texts_are_refused_unless_they_are_asked_for(tmp_path, monkeypatch):
    """No more than the bound is in memory; here a small one in the place of 64 MiB."""
    path = tmp_path / "a.nfg"
    path.write_text(NFG + "\n" * 3_000_000)
    monkeypatch.setattr(text, "MOST_BYTES", 1_000_000)
    tracemalloc.start()
    with pytest.raises(ArchiveError, match=r"a\.nfg: a text of more than 1,000,000 bytes.*METANASH_MOST_BYTES=3000049"):
        read_games(path)
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()
    for allowed in (3_000_049, 2**63):  # the second is that of jobs: no memory is taken for what is not there
        monkeypatch.setenv("METANASH_MOST_BYTES", str(allowed))
        (game,) = read_games(path)
        assert game.n_actions == (2, 2)
