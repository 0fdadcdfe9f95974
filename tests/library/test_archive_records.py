"""Archives and run records: nothing is lost, nothing is half-written, nothing foreign is believed."""

import gc
import hashlib
import io
import json
import os
import stat
import struct
import threading
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from metanash import archive
from metanash.archive import ArchiveError, Parts, open_archive, read_archive, write_archive, write_text
from metanash_replication.records import FORMAT, SCHEMA, RunRecord, read_record, write_record

NAME, VERSION = "test-format", 3


def content_of(folder):
    """All files of a folder with their bytes: a temporary left behind would show."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def bits(array):
    return array.dtype.str, array.shape, array.tobytes()


@pytest.fixture
def archived(tmp_path):
    path = tmp_path / "some.npz"
    write_archive(path, NAME, VERSION, {"who": "me"}, {"x": np.arange(6.0).reshape(2, 3), "n": np.arange(4)})
    return path


def make_record(**changes):
    """A record with axes of five different lengths: 2 rates, 3 sizes, 4 seeds, 5 games, 6 checkpoints."""
    rng = np.random.default_rng(3)
    arrays = {
        "seeds": np.arange(4),
        "learning_rates": np.array([0.1, 0.2]),
        "perturbations": np.array([0.0, 0.1, 0.2]),
        "checkpoints": np.array([1, 2, 4, 8, 16, 32]),
        "ne_gap": rng.uniform(size=(2, 3, 4, 5, 6)),
        "policy_0": rng.dirichlet(np.ones(2), size=(2, 3, 4, 5, 2)),
    }
    arrays |= {name: array for name, array in changes.items() if array is not None}
    for name in [name for name, array in changes.items() if array is None]:
        del arrays[name]
    return RunRecord({"arm": "individual", "games": {"base_kind": "mixed"}}, {"numpy": "1.2.3"}, arrays)


# Round trips --------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
entry_names = st.text("abcxyz_0123", min_size=1, max_size=6)
numbers = arrays_of.arrays(
    st.sampled_from(["<f8", "<f4", "<i8", "<i4", "|b1", "<u2", "<c16"]), arrays_of.array_shapes(min_dims=0, min_side=0)
)


@given(st.dictionaries(entry_names, json_values, max_size=3), st.dictionaries(entry_names, numbers, max_size=3))
def test_round_trip_is_bitwise(tmp_path_factory, header, arrays):
    """Including NaN payloads, infinities, -0.0, subnormal numbers, empty and 0-d arrays."""
    path = tmp_path_factory.mktemp("archive") / "a.npz"
    write_archive(path, NAME, VERSION, header, arrays)
    read_header, read_arrays = read_archive(path, NAME, VERSION)
    assert read_header == {**header, "format": NAME, "schema": VERSION}
    assert {name: bits(array) for name, array in read_arrays.items()} == {
        name: bits(array) for name, array in arrays.items()
    }


def test_text_arrays_and_accents(tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, NAME, VERSION, {"author": "Başar", "nul": "\0"}, {"names": np.array(["μ*", "ν*", ""])})
    header, arrays = read_archive(path, NAME, VERSION)
    assert (header["author"], header["nul"]) == ("Başar", "\0")
    assert arrays["names"].tolist() == ["μ*", "ν*", ""]


def test_lists_and_scalars_become_arrays(tmp_path):
    write_archive(tmp_path / "a.npz", NAME, VERSION, {}, {"list": [[1, 2], [3, 4]], "number": 0.5})
    _, arrays = read_archive(tmp_path / "a.npz", NAME, VERSION)
    assert arrays["list"].tolist() == [[1, 2], [3, 4]]
    assert (arrays["number"].shape, float(arrays["number"])) == ((), 0.5)


def test_path_may_be_text_in_a_new_folder(tmp_path):
    write_archive(str(tmp_path / "new" / "deep" / "a.npz"), NAME, VERSION, {}, {"x": [1]})
    assert read_archive(str(tmp_path / "new" / "deep" / "a.npz"), NAME, VERSION)[1]["x"].tolist() == [1]


def test_no_suffix_is_added(tmp_path):
    """``numpy.savez`` appends .npz to a name; a rule's output must have the name that was asked for."""
    write_archive(tmp_path / "record", NAME, VERSION, {}, {})
    assert list(content_of(tmp_path)) == ["record"]


# Equal content, equal bytes -----------------------------------------------------------------------------


def test_same_bytes_whatever_the_time_and_the_order(tmp_path, monkeypatch):
    header, arrays = {"b": 1, "a": {"y": 2, "x": [3]}}, {"x": np.arange(5.0), "n": np.arange(3)}
    write_archive(tmp_path / "one.npz", NAME, VERSION, header, arrays)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    turned = {"a": {"x": [3], "y": 2}, "b": 1}
    write_archive(tmp_path / "two.npz", NAME, VERSION, turned, dict(reversed(arrays.items())))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_different_content_gives_different_bytes(tmp_path):
    for name, value in (("one", 1.0), ("two", np.nextafter(1.0, 2.0))):
        write_archive(tmp_path / name, NAME, VERSION, {}, {"x": value})
    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()


def test_memory_order_is_no_content(tmp_path):
    array = np.arange(6.0).reshape(2, 3)
    layouts = {
        "rows": array,
        "columns": np.asfortranarray(array),
        "strided": np.repeat(array, 2, axis=1)[:, ::2],
        "view": array.T.copy().T,
    }
    for name, layout in layouts.items():
        write_archive(tmp_path / name, NAME, VERSION, {}, {"x": layout})
    assert len(set(content_of(tmp_path).values())) == 1


def test_entries_are_plain_npy(archived):
    """Readable without this package, and without pickle; so are the digests."""
    digests = {}
    with zipfile.ZipFile(archived) as entries:
        assert sorted(entries.namelist()) == ["header.npy", "n.npy", "x.npy"]
        assert {entry.date_time for entry in entries.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        for name in ("x", "n"):
            digests[name] = hashlib.sha256(entries.read(f"{name}.npy")).hexdigest()
    with np.load(archived, allow_pickle=False) as entries:
        header = {"who": "me", "format": NAME, "schema": VERSION, "sha256": digests}
        assert json.loads(str(entries["header"])) == header


# Atomic writes ------------------------------------------------------------------------------------------


class Stop(BaseException):
    """Like KeyboardInterrupt: no ``except Exception`` may be what cleans up."""


def _break(monkeypatch, where, error):
    """Raise an error in the middle of the second array, or in a function of ``os``."""
    write_array, calls = np.lib.format.write_array, []

    def half(handle, array, *arguments, **options):
        calls.append(array)
        if len(calls) < 2:
            return write_array(handle, array, *arguments, **options)
        handle.write(b"half")
        raise error

    def fail(*_):
        raise error

    if where == "content":
        monkeypatch.setattr(np.lib.format, "write_array", half)
    else:
        monkeypatch.setattr(archive.os, where, fail)


@pytest.mark.parametrize("where", ["content", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Stop()])
@pytest.mark.parametrize("old", [None, b"the old file"])
def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch, where, error, old):
    if old is not None:
        (tmp_path / "a.npz").write_bytes(old)
    before = content_of(tmp_path)
    _break(monkeypatch, where, error)
    with pytest.raises(type(error)):
        write_archive(tmp_path / "a.npz", NAME, VERSION, {}, {"x": np.arange(3)})
    monkeypatch.undo()
    assert content_of(tmp_path) == before


def test_a_failed_text_leaves_what_was_there(tmp_path):
    (tmp_path / "t.csv").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "t.csv", "a lone surrogate has no UTF-8: \ud800")
    assert content_of(tmp_path) == {"t.csv": b"old"}


def test_no_one_sees_a_half_written_file(tmp_path, monkeypatch):
    """While the content is written, the name shows the old file; the temporary stands beside it, hidden."""
    path, seen, write_array = tmp_path / "a.npz", [], np.lib.format.write_array
    path.write_bytes(b"old")

    def watched(*arguments, **options):
        write_array(*arguments, **options)
        seen.append(content_of(tmp_path))

    monkeypatch.setattr(np.lib.format, "write_array", watched)
    write_archive(path, NAME, VERSION, {}, {"x": np.arange(3)})
    assert len(seen) == 2  # the header and x
    for during in seen:
        assert during.pop("a.npz") == b"old"
        (temporary,) = during
        assert temporary.startswith(".a.npz.")  # the same folder, since a rename across file systems is a copy
    assert set(content_of(tmp_path)) == {"a.npz"}
    read_archive(path, NAME, VERSION)


def test_write_text_is_utf_8_and_replaces(tmp_path):
    write_text(tmp_path / "new" / "t.md", "η = 0.1\n")
    write_text(str(tmp_path / "new" / "t.md"), "ν\r\n")
    assert content_of(tmp_path / "new") == {"t.md": "ν\r\n".encode()}


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_mode_follows_the_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "t.txt", "text")
        write_archive(tmp_path / "a.npz", NAME, VERSION, {}, {})
    finally:
        left = os.umask(before)
    assert left == umask  # reading the umask means setting it; it must come back
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {mode}


# What an archive refuses to hold ------------------------------------------------------------------------


def test_objects_are_refused(tmp_path):
    with pytest.raises(TypeError, match=r"array worst holds Python objects"):
        write_archive(tmp_path / "a.npz", NAME, VERSION, {}, {"x": [1.0], "worst": np.array([None, 1])})
    pairs = np.array([(1, None)], dtype=[("a", int), ("b", object)])
    with pytest.raises(TypeError, match="worst"):
        write_archive(tmp_path / "a.npz", NAME, VERSION, {}, {"worst": pairs})
    assert content_of(tmp_path) == {}


@pytest.mark.parametrize("value", [{1, 2}, np.float32(1.0), b"bytes", float("nan"), float("inf")])
def test_headers_that_json_cannot_hold_are_refused(tmp_path, value):
    """NaN and infinity are no JSON, though Python's default would write them."""
    with pytest.raises((TypeError, ValueError), match="JSON"):
        write_archive(tmp_path / "a.npz", NAME, VERSION, {"value": value}, {})
    assert content_of(tmp_path) == {}


@pytest.mark.parametrize("name", ["header", "file", "allow_pickle", "a.npy", "a.npy.npy", "folder/a"])
def test_every_array_comes_back_or_is_refused(tmp_path, name):
    try:
        write_archive(tmp_path / "a.npz", NAME, VERSION, {}, {name: [1, 2]})
    except ValueError as error:
        assert name in str(error)  # noqa: PT017  # either is right
        return
    assert read_archive(tmp_path / "a.npz", NAME, VERSION)[1][name].tolist() == [1, 2]


# Foreign and damaged files ------------------------------------------------------------------------------


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ArchiveError, match=r"nowhere\.npz: no such file"):
        read_archive(tmp_path / "nowhere.npz", NAME, VERSION)


def test_archive_errors_are_value_errors():
    assert issubclass(ArchiveError, ValueError)


def test_every_truncation_is_told(archived):
    whole = archived.read_bytes()
    for length in range(len(whole)):
        archived.write_bytes(whole[:length])
        with pytest.raises(ArchiveError, match=r"some\.npz.*make it again"):
            read_archive(archived, NAME, VERSION)


def test_a_damaged_file_is_closed_again(archived):
    archived.write_bytes(archived.read_bytes()[:-10])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ArchiveError):
            read_archive(archived, NAME, VERSION)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


FOREIGN = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("figure,base_kind\n1a,mixed\n"),
    "zip without arrays": lambda path: zipfile.ZipFile(path, "w").close(),
    "zip of text": lambda path: zipfile.ZipFile(path, "w").writestr("header", "no JSON"),
    "npz without a header": lambda path: np.savez(path, x=np.arange(3)),
    "header of numbers": lambda path: np.savez(path, header=np.arange(3)),
    "header cut": lambda path: np.savez(path, header=np.array('{"format": "test-fo')),
    "pickled": lambda path: np.savez(
        path, header=np.array(json.dumps({"format": NAME, "schema": VERSION})), x=np.array([None], dtype=object)
    ),
    "folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_foreign_files_are_told(tmp_path, make):
    path = tmp_path / "foreign.npz"
    make(path)
    with pytest.raises(ArchiveError, match=rf"foreign\.npz: .* no {NAME} file"):
        read_archive(path, NAME, VERSION)


def test_single_array_is_foreign(tmp_path):
    with (tmp_path / "foreign.npz").open("wb") as handle:
        np.save(handle, np.arange(3))
    with pytest.raises(ArchiveError, match=r"foreign\.npz"):
        read_archive(tmp_path / "foreign.npz", NAME, VERSION)


def test_no_flipped_bit_is_believed(archived):
    """Each bit of the file, entries and directory: it is told, or it changes nothing that is read."""
    whole = archived.read_bytes()
    header, arrays = read_archive(archived, NAME, VERSION)
    original, told = (header, {name: bits(array) for name, array in arrays.items()}), 0
    for place in range(len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            archived.write_bytes(bytes(damaged))
            try:
                header, arrays = read_archive(archived, NAME, VERSION)
            except ArchiveError:
                told += 1
            else:
                assert (header, {name: bits(array) for name, array in arrays.items()}) == original, (place, bit)
    assert told > 0.7 * 8 * len(whole)  # others are times, lengths of comments and the like


def rewritten(path, change):
    """Write an archive anew with other entries: as a zip it is whole, check sums and all."""
    with zipfile.ZipFile(path) as entries:
        found = {name: entries.read(name) for name in entries.namelist()}
    change(found)
    with zipfile.ZipFile(path, "w") as entries:
        for name, content in found.items():
            entries.writestr(name, content)


def swap(entries):
    entries["x.npy"], entries["n.npy"] = entries["n.npy"], entries["x.npy"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda entries: entries.pop("n.npy"), "its arrays are not those that its header lists"),
        (lambda entries: entries.update({"m.npy": entries["n.npy"]}), "its arrays are not those that its header lists"),
        (lambda entries: entries.update({"m.npy": entries.pop("n.npy")}), "its arrays are not those that its header"),
        (swap, "the digest of its array n is another than its header says"),
        (lambda entries: entries.update({"n.npy": entries["n.npy"][:-1] + b"\x01"}), "the digest of its array n is"),
    ],
    ids=["missing", "more", "renamed", "swapped", "changed"],
)
def test_arrays_that_are_not_those_of_the_header_are_told(archived, change, words):
    """Where the check sums of a zip see nothing."""
    rewritten(archived, change)
    with pytest.raises(ArchiveError, match=rf"some\.npz: .*{words}.*make it again"):
        read_archive(archived, NAME, VERSION)


def test_digests_are_compared_where_arrays_are_read_in_parts(archived):
    """The last part is not given out before the whole has been seen."""
    rewritten(archived, swap)
    with open_archive(archived, NAME, VERSION) as opened:
        parts = opened.parts("x")  # the four numbers of n
        assert [int(next(parts)) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ArchiveError, match="the digest of its array x is another"):
            next(parts)


def test_what_others_have_written_without_digests_is_read(tmp_path):
    np.savez(tmp_path / "a.npz", header=np.array(HEADER), x=np.arange(3.0))
    assert read_archive(tmp_path / "a.npz", NAME, VERSION)[1]["x"].tolist() == [0.0, 1.0, 2.0]


def test_far_larger_arrays_than_their_file_are_refused_before_memory_is_taken(tmp_path, monkeypatch):
    """A thousand times as large; with a small bound in the place of 256 MiB."""
    path = tmp_path / "a.npz"
    write_archive(path, NAME, VERSION, {}, {"x": np.zeros(2**18)})
    size = path.stat().st_size
    monkeypatch.setattr(archive, "MOST_BYTES", 2**20)
    tracemalloc.start()
    with pytest.raises(ArchiveError, match=rf"its arrays have 2,09\d,\d+ bytes, the file {size:,}; at most 1,048,576 "):
        read_archive(path, NAME, VERSION)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    monkeypatch.setenv("METANASH_MOST_BYTES", str(2**22))
    assert read_archive(path, NAME, VERSION)[1]["x"].shape == (2**18,)
    monkeypatch.setenv("METANASH_MOST_BYTES", "4 MB")
    with pytest.raises(ValueError, match="METANASH_MOST_BYTES must be a number of bytes, it is '4 MB'"):
        read_archive(path, NAME, VERSION)
    monkeypatch.delenv("METANASH_MOST_BYTES")
    monkeypatch.setattr(archive, "MOST_BYTES", 1)
    write_archive(path, NAME, VERSION, {}, {"x": np.random.default_rng(1).uniform(size=2**10)})
    assert len(read_archive(path, NAME, VERSION)[1]["x"]) == 2**10  # as long as its file


def test_an_array_or_an_entry_of_the_header_has_no_name_of_ours(tmp_path):
    with pytest.raises(ValueError, match="an entry of the header of an archive must not be called sha256"):
        write_archive(tmp_path / "a.npz", NAME, VERSION, {"sha256": {}}, {})


@pytest.mark.parametrize("header", [{"format": "other", "schema": VERSION}, {"schema": VERSION}, [NAME], NAME, None])
def test_other_formats_are_named(tmp_path, header):
    np.savez(tmp_path / "a.npz", header=np.array(json.dumps(header)))
    found = repr(header.get("format")) if isinstance(header, dict) else "None"
    with pytest.raises(ArchiveError, match=rf"a\.npz: a {NAME} file was expected, this one says {found}"):
        read_archive(tmp_path / "a.npz", NAME, VERSION)


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1, None])
def test_unknown_schema_is_named(tmp_path, version):
    header = {"format": NAME} | ({"schema": version} if version else {})
    np.savez(tmp_path / "a.npz", header=np.array(json.dumps(header)))
    with pytest.raises(ArchiveError, match=rf"a\.npz: schema version {version!r} .* reads version {VERSION}"):
        read_archive(tmp_path / "a.npz", NAME, VERSION)


# Files that are made to do harm --------------------------------------------------------------------------

HEADER = json.dumps({"format": NAME, "schema": VERSION})


def npy(head):
    """The beginning of an .npy with this text as its header."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode("latin1")


def zipped(path, entries, method=zipfile.ZIP_DEFLATED):
    """A zip of a right header and some entries of bytes."""
    text = io.BytesIO()
    np.save(text, np.array(HEADER))
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in {"header.npy": text.getvalue(), **entries}.items():
            file.writestr(name, content)


def lying(shape, data=b""):
    return npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}") + data


HARM = {
    "an array larger than its data": (lying((10**12,), bytes(800)), "says 8,000,000,000,000 bytes, there are 800"),
    "one smaller": (lying((3,), bytes(800)), "says 24 bytes, there are 800"),
    "one of negative length": (lying((-1, -100), bytes(800)), "says 800 bytes, there are 800"),
    "one of no length": (lying((0, 10**30)), "make it again"),
    "many of nothing": (lying((10**15, 0)), "says 1,000,000,000,000,000 parts of nothing"),
    "a header of Python 2": (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3L"), "make it again"),
    "a header nested deeply": (npy("[" * 9000), "make it again"),
    "a header that is no mapping": (npy("[1]"), "make it again"),
    "a header of control characters": (npy("\x00\x01\xff"), "make it again"),
    "a type that is none": (npy("{'descr': '<q9', 'fortran_order': False, 'shape': (1,)}"), "make it again"),
    "a version of the future": (b"\x93NUMPY\x09\x00" + bytes(100), "make it again"),
    "no npy": (b"hello", "make it again"),
    "nothing": (b"", "make it again"),
}


@pytest.mark.parametrize("case", HARM)
def test_entries_that_do_harm_are_told_before_memory_is_taken(tmp_path, case):
    content, words = HARM[case]
    zipped(tmp_path / "a.npz", {"x.npy": content})
    with pytest.raises(ArchiveError, match=rf"a\.npz: .*{words}") as caught:
        read_archive(tmp_path / "a.npz", NAME, VERSION)
    assert "\n" not in str(caught.value)
    with open_archive(tmp_path / "a.npz", NAME, VERSION) as opened, pytest.raises(ArchiveError, match=r"a\.npz"):
        list(opened.parts("x"))


def test_a_zip_that_declares_more_than_it_can_hold_is_told(tmp_path):
    """The size of an entry, as the directory has it, raised to 100 GB; deflate makes at most 1,032 of a byte."""
    path = tmp_path / "a.npz"
    np.savez(path, header=np.array(HEADER), x=np.arange(3.0))
    whole = bytearray(path.read_bytes())
    start = whole.rindex(b"PK\x01\x02")
    path.write_bytes(whole[: start + 24] + struct.pack("<I", 4 * 10**9) + whole[start + 28 :])
    with pytest.raises(ArchiveError, match="its array x says 4,000,000,000 bytes in"):
        read_archive(path, NAME, VERSION)


def test_entries_that_lie_over_each_other_are_told(tmp_path):
    """As in zips that are bombs: the lengths of the entries are more than the file."""
    path = tmp_path / "a.npz"
    np.savez(path, header=np.array(HEADER), x=np.zeros(1000))
    whole = path.read_bytes()
    start, end = whole.index(b"PK\x01\x02"), whole.rindex(b"PK\x05\x06")
    directory = whole[start:end] * 20
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 40, 40, len(directory), start, 0)
    path.write_bytes(whole[:start] + directory + tail)
    with pytest.raises(ArchiveError, match="its entries are longer than the file"):
        read_archive(path, NAME, VERSION)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_told(tmp_path, method):
    zipped(tmp_path / "a.npz", {}, method)
    with pytest.raises(ArchiveError, match="compressed in a way that NumPy does not use"):
        read_archive(tmp_path / "a.npz", NAME, VERSION)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (np.array("[" * 100_000), "nested too deeply"),
        (np.array(HEADER.encode()), "its header is no text"),
        (np.array([HEADER]), "its header is no text"),
        (np.array(3.0), "its header is no text"),
        (np.array("9" * 5000), "make it again"),
    ],
    ids=["nested", "bytes", "a list", "a number", "digits"],
)
def test_headers_that_are_none_are_told(tmp_path, header, words):
    np.savez(tmp_path / "a.npz", header=header)
    with pytest.raises(ArchiveError, match=rf"a\.npz: .*{words}"):
        read_archive(tmp_path / "a.npz", NAME, VERSION)


def test_a_pipe_is_told_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    found = []

    def read():
        with pytest.raises(ArchiveError, match="pipe: a pipe, no test-format file; write it to a file first"):
            read_archive(tmp_path / "pipe", NAME, VERSION)
        found.append(True)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(20)
    assert found


@pytest.mark.skipif(os.geteuid() == 0, reason="may read everything")
def test_a_file_that_may_not_be_read_is_told(archived):
    archived.chmod(0)
    with pytest.raises(ArchiveError, match=r"some\.npz: cannot be read \(Permission denied\); look at its permissions"):
        read_archive(archived, NAME, VERSION)


def test_a_refusal_to_open_is_told(archived, monkeypatch):
    """As the one above, for whoever may read everything."""

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(ArchiveError, match=r"some\.npz: cannot be read \(Permission denied\)"):
        read_archive(archived, NAME, VERSION)


# In parts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 2, 5), (1, 7), (4, 0), (5, 700_000)])
@pytest.mark.parametrize("dtype", ["<f8", "<i4", "|b1"])
def test_parts_give_the_bytes_of_the_whole(tmp_path, shape, dtype):
    """Also beyond the 16 MiB that are compressed at a time, and from parts that lie in any order in memory."""
    whole = (np.random.default_rng(1).uniform(size=shape) * 99).astype(dtype)
    parts = [np.asfortranarray(part) for part in whole]
    write_archive(tmp_path / "one", NAME, VERSION, {}, {"x": whole})
    write_archive(tmp_path / "two", NAME, VERSION, {}, {"x": Parts.stacked(parts)})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with open_archive(tmp_path / "two", NAME, VERSION) as opened:
        read = list(opened.parts("x"))
    assert [bits(part) for part in read] == [bits(np.ascontiguousarray(part)) for part in whole]


def test_joined_vectors_give_the_bytes_of_the_whole(tmp_path):
    vectors = [np.arange(3, dtype=np.int32), np.array([], dtype=np.int32), np.arange(5, dtype=np.int32)]
    write_archive(tmp_path / "one", NAME, VERSION, {}, {"x": np.concatenate(vectors).astype(np.int64)})
    write_archive(tmp_path / "two", NAME, VERSION, {}, {"x": Parts.joined(vectors, np.int64)})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_parts_of_other_programs_and_of_damaged_files(tmp_path):
    """Columns first; a flipped bit at the end is seen when the last part has been read."""
    path, whole = tmp_path / "a.npz", np.random.default_rng(0).uniform(size=(4, 300))
    np.savez(path, header=np.array(HEADER), x=np.asfortranarray(whole), n=np.array(3))
    with open_archive(path, NAME, VERSION) as opened:
        np.testing.assert_array_equal(list(opened.parts("x")), whole)
        with pytest.raises(ArchiveError, match="its array n is a single number"):
            list(opened.parts("n"))
        with pytest.raises(KeyError, match="y"):
            opened.parts("y")
    np.savez(path, header=np.array(HEADER), x=whole)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.rindex(b"PK\x01\x02", 0, damaged.rindex(b"PK\x01\x02")) - 9] ^= 0x41
    path.write_bytes(bytes(damaged))
    with open_archive(path, NAME, VERSION) as opened, pytest.raises(ArchiveError, match="CRC"):
        list(opened.parts("x"))


def test_only_what_is_asked_for_is_read(archived):
    with open_archive(archived, "anything", None) as opened:
        assert sorted(opened.names) == ["n", "x"]
        assert opened.header["who"] == "me"
        assert opened.array("n").tolist() == [0, 1, 2, 3]
        with pytest.raises(KeyError, match="y"):
            opened.array("y")


# Run records --------------------------------------------------------------------------------------------


def test_record_round_trip(tmp_path):
    record = make_record(stage_value=np.linspace(0, 1, 7))
    write_record(tmp_path / "r.npz", record)
    found = read_record(tmp_path / "r.npz")
    assert found.spec == record.spec
    assert found.provenance == record.provenance
    assert {name: bits(array) for name, array in found.arrays.items()} == {
        name: bits(array) for name, array in record.arrays.items()
    }
    write_record(tmp_path / "again.npz", found)
    assert len(set(content_of(tmp_path).values())) == 1


def test_record_indexes_its_arrays():
    record = make_record()
    assert record["ne_gap"] is record.arrays["ne_gap"]
    with pytest.raises(KeyError, match="stage_q"):
        record["stage_q"]


REQUIRED = {name: f"the array {name}" for name in ("seeds", "learning_rates", "perturbations", "checkpoints")}
REQUIRED["ne_gap"] = "one of the arrays ne_gap, cce_gap, cce_gap_bound"


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_array_is_named(tmp_path, name):
    with pytest.raises(ValueError, match=f"needs {REQUIRED[name]}"):
        make_record(**{name: None})
    record = make_record()
    write_record(tmp_path / "r.npz", record)
    arrays = {key: array for key, array in record.arrays.items() if key != name}
    write_archive(tmp_path / "r.npz", FORMAT, SCHEMA, {"spec": {}, "provenance": {}}, arrays)
    with pytest.raises(ArchiveError, match=rf"r\.npz: a run record needs {REQUIRED[name]}"):
        read_record(tmp_path / "r.npz")


def test_gap_of_a_correlated_output(tmp_path):
    """It has another name, and is the gap of the record all the same."""
    gap = make_record()["ne_gap"]
    record = make_record(ne_gap=None, cce_gap_bound=gap)
    write_record(tmp_path / "r.npz", record)
    for one in (record, read_record(tmp_path / "r.npz")):
        assert one.measure == "cce_gap_bound"
        np.testing.assert_array_equal(one.gap, gap)
    assert make_record().measure == "ne_gap"
    with pytest.raises(ValueError, match="cce_gap_bound must have axes"):
        make_record(ne_gap=None, cce_gap_bound=gap[0])


@pytest.mark.parametrize("entry", ["spec", "provenance"])
def test_missing_header_entry_is_named(tmp_path, entry):
    header = {key: {} for key in ("spec", "provenance") if key != entry}
    write_archive(tmp_path / "r.npz", FORMAT, SCHEMA, header, make_record().arrays)
    with pytest.raises(ArchiveError, match=rf"r\.npz: entry '{entry}' is missing"):
        read_record(tmp_path / "r.npz")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_failed_runs_are_no_records(tmp_path, bad):
    """One bad number among 720 is enough, when the record is made and when it is read."""
    gap = make_record()["ne_gap"].copy()
    gap[1, 2, 3, 4, 5] = bad
    with pytest.raises(ValueError, match="finite"):
        make_record(ne_gap=gap)
    arrays = {**make_record().arrays, "ne_gap": gap}
    write_archive(tmp_path / "r.npz", FORMAT, SCHEMA, {"spec": {}, "provenance": {}}, arrays)
    with pytest.raises(ArchiveError, match=r"r\.npz: .*finite"):
        read_record(tmp_path / "r.npz")


@pytest.mark.parametrize(
    "shape", [(3, 2, 4, 5, 6), (2, 4, 3, 5, 6), (2, 3, 4, 6, 5), (2, 3, 4, 5), (2, 3, 4, 5, 6, 1), (1, 3, 4, 5, 6)]
)
def test_axes_must_be_in_order(shape):
    with pytest.raises(ValueError, match=r"axes \(learning rate, perturbation, seed, game, checkpoint\)") as caught:
        make_record(ne_gap=np.zeros(shape))
    assert str(shape) in str(caught.value)
    assert "(2, 3, 4, 'K', 6)" in str(caught.value)


def test_number_of_games_is_free():
    make_record(ne_gap=np.zeros((2, 3, 4, 17, 6)))


def test_game_files_are_no_records(archived):
    with pytest.raises(ArchiveError, match=rf"some\.npz: a {FORMAT} file was expected, this one says '{NAME}'"):
        read_record(archived)
