"""Statistics and constraints in Model Monitor's shapes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.baseline import constraints, sketch, statistics

FRAME = pd.DataFrame(
    {
        "count": [0.0, 1.0, 2.0, 7.0],
        "delay": [-1.5, 0.5, np.nan, 3.0],
        "carrier": ["AA", "UA", "AA", None],
        "nothing": [np.nan] * 4,
    }
)


def by_name(document):
    return {feature["name"]: feature for feature in document["features"]}


def test_numbers_are_described_by_moments_and_ten_buckets():
    described = by_name(statistics(FRAME))["delay"]["numerical_statistics"]

    assert described["common"] == {"num_present": 3, "num_missing": 1}
    assert (described["mean"], described["sum"], described["min"], described["max"]) == (
        pytest.approx(2 / 3),
        2.0,
        -1.5,
        3.0,
    )
    buckets = described["distribution"]["kll"]["buckets"]
    assert len(buckets) == 10
    assert sum(bucket["count"] for bucket in buckets) == 3


def test_text_is_described_by_its_categories():
    described = by_name(statistics(FRAME))["carrier"]["string_statistics"]

    assert described["distinct_count"] == 2
    assert described["distribution"]["categorical"]["buckets"] == [
        {"value": "AA", "count": 2},
        {"value": "UA", "count": 1},
    ]


def test_types_are_inferred_from_the_values():
    types = {name: feature["inferred_type"] for name, feature in by_name(statistics(FRAME)).items()}

    assert types == {"count": "Integral", "delay": "Fractional", "carrier": "String", "nothing": "Unknown"}


def test_constraints_say_sign_domain_and_completeness():
    found = by_name(constraints(FRAME, [1, 1, 2, 2]))

    assert found["count"]["num_constraints"] == {"is_non_negative": True}
    assert found["delay"]["num_constraints"] == {"is_non_negative": False}
    assert found["carrier"]["string_constraints"] == {"domains": ["AA", "UA"]}


def test_completeness_is_that_of_the_least_complete_part():
    found = by_name(constraints(FRAME, [1, 1, 2, 2]))

    assert found["count"]["completeness"] == 1.0
    assert found["delay"]["completeness"] == 0.5


@given(st.integers(0, 500), st.integers(4, 64))
def test_a_sketch_stands_for_every_value_once(count, size):
    levels = sketch(np.arange(count, dtype=float), size)

    assert sum(len(items) * 2**level for level, items in enumerate(levels)) == count


def test_a_sketch_gives_ranks_within_half_a_slice():
    values = np.sort(np.random.default_rng(1).normal(size=10_000))

    levels = sketch(values, size=200)

    items = np.sort(np.array([value for level, held in enumerate(levels) for value in np.repeat(held, 2**level)]))
    assert np.abs(np.searchsorted(values, items) - np.arange(10_000)).max() <= 10_000 / 200
