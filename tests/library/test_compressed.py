"""Sparse matrices whose parts do not fit together: refused before SciPy works with them, in calls and in files.

SciPy would read or write memory that is not the matrix's, so nothing here lets it: the parts are checked by
themselves, and whoever multiplies or converts a bad matrix in these tests fails them.
"""

import numpy as np
import pytest
from scipy import sparse
from strategies import random_tables

from metanash import Transition, read_games, write_games
from metanash._inner.compressed import Rows, check_parts
from metanash.archive import ArchiveError, read_archive, write_archive
from metanash.gamefile import FORMAT, SCHEMA

DATA = [0.5, 0.5, 1.0, 0.25, 0.75, 1.0]
INDICES = [0, 1, 1, 0, 1, 0]
INDPTR = [0, 2, 3, 5, 6]
SHAPE = (4, 2)
"""Two states, two joint actions: rows (1/2, 1/2), (0, 1), (1/4, 3/4), (1, 0)."""
DENSE = [[[0.5, 0.5], [0.0, 1.0]], [[0.25, 0.75], [1.0, 0.0]]]

BAD = [
    ("indices", [0, 1, 2, 0, 1, 0], r"column numbers must lie in \[0, 1\]; in row 1, entry 2, there is 2"),
    ("indices", [0, 1, 1, 0, 1, 10**12], r"in row 3, entry 5, there is 1000000000000"),
    ("indices", [0, -1, 1, 0, 1, 0], r"in row 0, entry 1, there is -1"),
    ("indices", [0, 1, 1, 0, 1], r"data and indices must be of one length, got shapes \(6,\) and \(5,\)"),
    ("indices", [0.0, 1.0, 1.0, 0.0, 1.0, 0.0], r"indices must be a list of integers, got float64"),
    ("indices", [[0, 1, 1], [0, 1, 0]], r"indices must be a list of integers, got int64 of shape \(2, 3\)"),
    ("data", [0.5, 0.5, 1.0, 0.25, 0.75], "data and indices must be of one length"),
    ("data", [0.5j] * 6, "data must hold real numbers, got an array of complex128"),
    ("data", ["a"] * 6, "data must hold real numbers"),
    ("indptr", [1, 2, 3, 5, 6], "indptr must begin with 0, got 1"),
    ("indptr", [0, 3, 2, 5, 6], "indptr must not fall; after row 1 it goes from 3 to 2"),
    ("indptr", [0, 2, 3, 9, 6], "indptr must not fall; after row 3 it goes from 9 to 6"),
    ("indptr", [0, 2, -3, 5, 6], "indptr must not fall; after row 1 it goes from 2 to -3"),
    ("indptr", [0, 2, 3, 5, 7], "indptr ends with 7, but there are 6 entries"),
    ("indptr", [0, 2, 3, 5, 2**60], "indptr ends with 1152921504606846976, but there are 6 entries"),
    ("indptr", [0, 2, 3, 6], "indptr must have 5 entries, one more than rows; got 4"),
    ("indptr", [0, 2, 3, 5, 6, 6], "indptr must have 5 entries, one more than rows; got 6"),
    ("indptr", [0.0, 2.0, 3.0, 5.0, 6.0], "indptr must be a list of integers, got float64"),
]


def parts_with(part, value):
    return {"data": np.array(DATA), "indices": np.array(INDICES), "indptr": np.array(INDPTR), part: np.array(value)}


def forbid_products(monkeypatch):
    """Fail whoever lets SciPy work with a matrix."""

    def worked(*arguments, **options):  # noqa: ARG001
        raise AssertionError("a matrix was used before it was checked")

    for form in (sparse.csr_array, sparse.csc_array, sparse.bsr_array, sparse.coo_array, sparse.lil_array):
        for work in ("__matmul__", "_matmul_vector", "sum_duplicates", "tocsr", "tocoo", "toarray", "sort_indices"):
            monkeypatch.setattr(form, work, worked, raising=False)


@pytest.mark.parametrize(("part", "value", "message"), BAD)
def test_parts_that_do_not_fit_are_named(part, value, message):
    with pytest.raises(ValueError, match=f"a matrix: {message}|a matrix: .*{message}"):
        check_parts("a matrix", Rows(**parts_with(part, value)), SHAPE)


def test_parts_that_fit():
    check_parts("a matrix", Rows(**parts_with("data", DATA)), SHAPE)
    check_parts("a matrix", Rows(np.ones(9), np.array([*INDICES, 77, -1, 5]), np.array(INDPTR)), SHAPE)  # room to spare
    check_parts("a matrix", Rows(np.ones(2), np.array([1, 0], np.uint8), np.array([0, 0, 2, 2, 2])), SHAPE)


def spoilt(form, part, value):
    """A sparse array of a form with one part exchanged behind its back."""
    matrix = form(np.reshape(DENSE, SHAPE))
    setattr(matrix, part, np.array(value))
    return matrix


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: spoilt(sparse.csr_array, "indices", [0, 1, 9, 0, 1, 0]), "in row 1, entry 2, there is 9"),
        (lambda: spoilt(sparse.csr_array, "indices", [0, 1, -9, 0, 1, 0]), "in row 1, entry 2, there is -9"),
        (lambda: spoilt(sparse.csr_array, "indptr", [0, 2, 3, 5, 60]), "indptr ends with 60"),
        (lambda: spoilt(sparse.csr_array, "indptr", [0, 2]), "indptr must have 5 entries"),
        (lambda: spoilt(sparse.csr_array, "data", [0.5, 0.5]), "of one length"),
        (lambda: spoilt(sparse.csr_matrix, "indices", [0, 1, 9, 0, 1, 0]), "in row 1, entry 2, there is 9"),
        (lambda: spoilt(sparse.csc_array, "indices", [0, 2, 3, 0, 1, 4]),
         r"row numbers must lie in \[0, 3\]; in column 1, entry 5, there is 4"),
        (lambda: spoilt(sparse.csc_array, "indptr", [0, 4, 3]), "indptr must not fall; after column 1"),
        (lambda: spoilt(sparse.bsr_array, "indices", [7, 0]),
         "entry 0, there is 7"),
        (lambda: spoilt(sparse.coo_array, "coords", ([0, 0, 1, 2, 2, 4], INDICES)), r"axis 0 .* in \[0, 3\]"),
        (lambda: spoilt(sparse.coo_array, "coords", ([0, 0, 1, 2, 2, 3], [0, 1, 1, 0, 1, -1])),
         r"axis 1 .* in \[0, 1\]"),
        (lambda: spoilt(sparse.coo_array, "data", [1.0]), r"axis 0 must be one per entry \(1\)"),
        (lambda: sparse.csr_array(np.reshape(DENSE, SHAPE) + 0j), "must hold real numbers"),
    ],
)  # fmt: skip
def test_a_transition_of_a_bad_matrix_is_refused_before_any_product(make, message, monkeypatch):
    matrix = make()
    forbid_products(monkeypatch)
    for copy in (True, False):
        with pytest.raises(ValueError, match=f"sparse transition of step 0.*{message}"):
            Transition.sparse([matrix], (2,), copy=copy)


def test_lists_of_unequal_lengths_are_refused():
    matrix = sparse.lil_array(np.reshape(DENSE, SHAPE))
    matrix.data[1] = [0.5, 0.5, 0.5]
    with pytest.raises(ValueError, match="rows and data of a LIL matrix"):
        Transition.sparse([matrix], (2,))
    matrix = sparse.lil_array(np.reshape(DENSE, SHAPE))
    matrix.rows[1] = [9]
    with pytest.raises(ValueError, match="in row 1, entry 2, there is 9"):
        Transition.sparse([matrix], (2,))


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"])
def test_every_good_form_is_read(form):
    for make in (sparse.csr_array, sparse.csr_matrix):
        matrix = make(np.reshape(DENSE, SHAPE)).asformat(form)
        np.testing.assert_array_equal(Transition.sparse([matrix], (2,)).at(0), DENSE)


def test_what_scipy_remembers_of_the_order_of_columns_is_not_believed():
    matrix = sparse.csr_array((np.array([0.5, 0.25, 0.25, 1.0]), np.array([0, 1, 1, 0]), np.array([0, 3, 4])), (2, 2))
    matrix.has_canonical_format = True
    for copy in (True, False):
        (rows,) = Transition.sparse([matrix.copy()], (1,), copy=copy).parts
        assert rows.data.tolist() == [0.5, 0.5, 1.0]
        assert rows.indices.tolist() == [0, 1, 0]
    assert matrix.nnz == 4  # a copy leaves its matrix alone
    backwards = sparse.csr_array((np.array([0.25, 0.75, 1.0]), np.array([1, 0, 0]), np.array([0, 2, 3])), (2, 2))
    backwards.has_sorted_indices = True
    (rows,) = Transition.sparse([backwards], (1,)).parts
    assert (rows.indices.tolist(), rows.data.tolist()) == ([0, 1, 0], [0.75, 0.25, 1.0])


@pytest.mark.parametrize(
    ("matrices", "actions", "message"),
    [
        (sparse.csr_array(np.reshape(DENSE, SHAPE)), (2,), "a sequence of at least one matrix"),
        ([sparse.csr_array(np.reshape(DENSE, SHAPE))], (), "actions of at least one player"),
        ([sparse.csr_array(np.reshape(DENSE, SHAPE))], (2, 0), "n_actions must be an integer of at least 1, got 0"),
        ([sparse.csr_array(np.reshape(DENSE, SHAPE))], (2.0,), r"n_actions must be an integer of at least 1, got 2\.0"),
        ([sparse.csr_array(np.reshape(DENSE, SHAPE))], (10**9, 10**9, 10**9), r"\(2" + "0" * 27 + r", 2\); got"),
    ],
)  # fmt: skip
def test_sizes_that_are_none(matrices, actions, message):
    with pytest.raises(ValueError, match=message):
        Transition.sparse(matrices, actions)


# Files --------------------------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path):
    """Two games, two kernels of two steps each: 12 rows, 24 numbers at most in each."""
    rng = np.random.default_rng(0)
    path = tmp_path / "games.npz"
    write_games(path, [random_tables(rng, "zero_sum", 2, 2, (2, 3), storage="sparse").game() for _ in range(2)])
    return path


def spoil(path, entry, change):
    header, arrays = read_archive(path, FORMAT, SCHEMA)
    found = arrays if entry in arrays else header
    found[entry] = change(found[entry])
    write_archive(path, FORMAT, SCHEMA, {k: v for k, v in header.items() if k not in {"format", "schema"}}, arrays)


def put(place, value):
    def change(array):
        array[place] = value
        return array

    return change


@pytest.mark.parametrize(
    ("entry", "change", "message"),
    [
        ("transition_indices", put(0, 2), r"kernel 0, step 0: column numbers must lie in \[0, 1\]; in row 0, entry 0"),
        ("transition_indices", put(-1, -1), r"kernel 1, step 1: .* in row 11, entry \d+, there is -1"),
        ("transition_indices", put(0, 2**40), "there is 1099511627776"),
        ("transition_indices", lambda a: a[:-1], "transition_data for"),
        ("transition_indices", lambda a: a * 1.0, "indices must be a list of integers, got float64"),
        ("transition_data", lambda a: a[:-1], "transition_data for"),
        ("transition_data", lambda a: a.astype(str), "data must hold real numbers"),
        ("transition_data", put(0, np.nan), "is nan"),
        ("transition_indptr", put(0, 1), "kernel 0, step 0: indptr must begin with 0"),
        ("transition_indptr", put(5, 10**9), "kernel 0, step 0: indptr must not fall; after row 5"),
        ("transition_indptr", put(-1, 2**62), r"kernel 1, step 1: indptr ends with 4611686018427387904"),
        ("transition_indptr", put(-1, -5), "kernel 1, step 1: indptr must not fall"),
        ("transition_indptr", lambda a: a[:-1], "kernel 1, step 1: transition_bounds .* leave no room for 12 rows"),
        ("transition_indptr", lambda a: a * 1.0, "indptr must be a list of integers"),
        ("transition_bounds", put((0, 0, 0), -1), r"kernel 0, step 0: transition_bounds \[-1, 0\] leave no room"),
        ("transition_bounds", put((1, 0, 0), 10**6), "kernel 1, step 0: transition_bounds .* leave no room"),
        ("transition_bounds", put((1, 0, 1), -13), "kernel 1, step 0: transition_bounds .* leave no room"),
        ("transition_bounds", put((1, 0, 1), 10**6), "kernel 1, step 0: transition_bounds .* leave no room"),
        ("transition_bounds", lambda a: a * 1.0, r"transition_bounds must be integers \(kinds, steps, 2\)"),
        ("transition_bounds", lambda a: a[..., :1], r"transition_bounds must be integers \(kinds, steps, 2\)"),
        ("transition_bounds", lambda a: a[:, :0], "at least one matrix"),
        ("transition_bounds", lambda a: a[:1], r"transition_index must number the 1 kernels from 0, got \[0, 1\]"),
        ("transition_index", put(0, -1), r"transition_index must number the 2 kernels from 0, got \[-1, 1\]"),
        ("transition_index", lambda a: a[:1], r"transition_index must be one integer for each game"),
        ("transition_index", lambda a: a * 1.0, r"transition_index must be one integer for each game, got float64"),
        ("n_actions", lambda _: [2, 10**30], "leave no room for 4" + "0" * 30 + " rows"),
        ("n_actions", lambda _: [2, -3], "n_actions must be an integer of at least 1, got -3"),
        ("n_actions", lambda _: [2, 3.5], "n_actions must be an integer"),
        ("n_actions", lambda _: [3, 2], "same states and actions"),
        ("transition", lambda _: "thin", "transition must be dense or sparse, got 'thin'"),
    ],
)  # fmt: skip
def test_a_sparse_file_that_does_not_fit_together_is_refused(written, entry, change, message):
    spoil(written, entry, change)
    with pytest.raises(ArchiveError, match=rf"games\.npz: .*{message}"):
        read_games(written)
