import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.engine.csv import CsvReader, RowWriter
from usecase.feature_spec import Feature, FeatureSpec

MISSING = {"", "NA"}
NUMBER = re.compile(r"[+-]?([0-9]{1,12}\.?[0-9]{0,9}|\.[0-9]{1,9})([eE][+-]?[0-9]{1,2})?", re.ASCII)
SPEC = FeatureSpec(
    features=(
        Feature("carrier", "categorical", "", "", nullable=False, vocabulary=("AA", "UA", "a rather long name", "é")),
        Feature("hour", "numeric", "", "", nullable=False),
        Feature("wind", "numeric", "", ""),
        Feature("tail", "categorical", "", "", vocabulary=("N1", "UA")),
    ),
    label="late",
    metadata=(),
    slices=(),
    horizon_hours=2,
    split_months={},
    data_version="1",
)


@pytest.fixture(scope="module")
def read(kernels):
    return CsvReader(SPEC, missing=MISSING, reserved={"sched_dep_time"}).read


def the_number(text, read):
    matrix = read(f"AA,{text},,N1\n".encode())
    return None if matrix is None else matrix[0, 1]


def test_rows_become_numbers_and_codes(read):
    matrix = read(b"AA,1,2.5,N1\nUA,-3e2,,UA\n\nZZ,.5,+4.,\n")

    expected = [[0, 1, 2.5, 0], [1, -300, np.nan, 1], [np.nan, 0.5, 4, np.nan]]
    assert np.array_equal(matrix, np.array(expected, dtype=np.float32), equal_nan=True)
    assert matrix.dtype == np.float32


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_a_header_in_the_specifications_order_is_skipped(read, end):
    assert read(b"carrier,hour,wind,tail\nUA,1,2,UA" + end).tolist() == [[1, 1, 2, 1]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"carrier,hour,wind,tail\n",
        b"hour,carrier,wind,tail\n1,AA,2,UA",
        b"AA,1,2",
        b"AA,1,2,N1,5",
        b"AA,1,2,N1\nAA,1,2",
        b"AA,,2,N1",
        b",1,2,N1",
        b"NA,1,2,N1",
        b"tail,1,2,N1",
        b"sched_dep_time,1,2,N1",
        b'"AA",1,2,N1',
        b" AA,1,2,N1",
        b"AA, 1,2,N1",
        b"AA,1,2,N1\r\n",
        "é,1,2,N1".encode(),
        b"\xef\xbb\xbfAA,1,2,N1",
        b"AA,1,NA,N1",
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_reader(read, body):
    assert read(body) is None


@pytest.mark.parametrize(
    "text",
    [
        "-",
        "+",
        ".",
        "e5",
        "1e",
        "1e+",
        "1e12345",
        "--1",
        "1.2.3",
        "1_0",
        "0x10",
        "inf",
        "nan",
        "1e39",
        "3.5e38",
        "1e-40",
        "18446744073709551616",
        "12345678901234567890123",
        "1e5.0",
        "1 ",
    ],
)
def test_what_is_no_plain_number_is_left_to_the_careful_reader(read, text):
    assert the_number(text, read) is None


@given(st.floats(width=32, allow_nan=False, allow_infinity=False) | st.floats(-1e6, 1e6))
def test_a_number_becomes_the_float32_nearest_to_its_double(read, value):
    for text in (repr(value), f"{value:.6g}", f"{value:.3f}", f"{value:.17g}", f"{value:.9g}"):
        found = the_number(text, read)

        assert found is None or found == np.float32(float(text))


@given(
    st.from_regex(
        re.compile(r"[+-]?([0-9]{1,12}\.?[0-9]{0,9}|\.[0-9]{1,9})([eE][+-]?[0-9]{1,2})?", re.ASCII), fullmatch=True
    )
)
def test_every_spelling_of_a_number_is_read_as_python_reads_it(read, text):
    found = the_number(text, read)

    with np.errstate(over="ignore"):
        assert found is None or found == np.float32(float(text))


def test_plain_numbers_are_nearly_always_read(read):
    rng = np.random.default_rng(1)
    texts = [repr(value) for value in rng.normal(0, 100, 5000).tolist()] + [
        f"{value:.7g}" for value in rng.normal(0, 1, 5000)
    ]

    assert sum(the_number(text, read) is None for text in texts) <= 2


@given(st.binary(max_size=60) | st.text("A1,.\n-e", max_size=40).map(str.encode))
def test_no_bytes_at_all_break_the_reader(read, body):
    matrix = read(body)

    assert matrix is None or matrix.shape[1] == 4


def test_before_the_loops_are_loaded_the_careful_reader_does_it(read, monkeypatch):
    monkeypatch.setattr("inference.engine.csv.loaded_kernels", lambda: None)

    assert read(b"AA,1,2,N1") is None
    assert writer().write(np.array([0.5], dtype=np.float32)) is None


def writer(threshold=0.5):
    return RowWriter(threshold, before=b"<", below=b" on time>", above=b" late>", between=b", ")


def test_answers_are_written_as_printf_writes_them(kernels):
    rng = np.random.default_rng(2)
    probabilities = np.concatenate([rng.random(3000), 10 ** rng.uniform(-4, 0, 3000), [0.5, 0.1, 0.001, 0.25]])
    probabilities = np.clip(probabilities, 1.0001e-4, 0.99999994).astype(np.float32)

    expected = ", ".join(f"<{p:.9g} {'late' if p >= 0.5 else 'on time'}>" for p in probabilities.tolist())

    assert writer().write(probabilities).decode() == expected


@pytest.mark.parametrize("probability", [0.0, 5e-5, 1.0, math.nan])
def test_a_probability_that_printf_writes_otherwise_is_left_to_it(kernels, probability):
    assert writer().write(np.array([0.5, probability], dtype=np.float32)) is None
