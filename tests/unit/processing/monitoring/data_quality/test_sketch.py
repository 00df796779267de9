"""The KLL sketch: exact counts, bounded memory, small rank errors, mergeable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.monitoring.sketch import KllSketch


def sketch_of(values, portion):
    sketch = KllSketch()
    for start in range(0, len(values), portion):
        sketch.add(values[start : start + portion])
    return sketch


def rank_error(sketch, values):
    """The largest difference between true and sketched share of values up to any item."""
    items, weights = sketch.weighted()
    true = np.searchsorted(np.sort(values), items, side="right") / len(values)
    below = np.searchsorted(items, items, side="right")
    return float(np.abs(np.cumsum(weights)[below - 1] / len(values) - true).max())


@given(
    count=st.integers(1, 60_000),
    portion=st.integers(500, 20_000),
    shape=st.sampled_from(["normal", "sorted", "few values", "heavy tail"]),
    seed=st.integers(0, 100),
)
@settings(max_examples=30, deadline=None)
def test_ranks_are_within_one_percent_and_counts_are_exact(count, portion, shape, seed):
    random = np.random.default_rng(seed)
    values = {
        "normal": lambda: random.normal(size=count),
        "sorted": lambda: np.arange(count, dtype=float),
        "few values": lambda: random.integers(0, 5, count).astype(float),
        "heavy tail": lambda: random.standard_cauchy(count),
    }[shape]()

    sketch = sketch_of(values, portion)

    assert sketch.count == count == sketch.weighted()[1].sum()
    assert rank_error(sketch, values) < 0.01


def test_memory_does_not_grow_with_the_values():
    sketch = sketch_of(np.random.default_rng(0).normal(size=1_000_000), 5_000)

    assert len(sketch.weighted()[0]) < 25_000
    assert sum(map(len, sketch.to_dict()["data"])) < 7_000


def test_few_values_are_kept_exactly():
    values = np.random.default_rng(0).normal(size=2_000)

    assert np.array_equal(sketch_of(values, 100).weighted()[0], np.sort(values))


@given(st.lists(st.integers(1, 30_000), min_size=2, max_size=4), st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_merged_sketches_stand_for_all_values(counts, seed):
    random = np.random.default_rng(seed)
    parts = [random.normal(loc=place, size=count) for place, count in enumerate(counts)]
    whole = KllSketch()

    for part in parts:
        whole.merge(sketch_of(part, 4_000))

    assert whole.count == sum(counts)
    assert rank_error(whole, np.concatenate(parts)) < 0.01


def test_a_written_sketch_is_read_as_it_was():
    sketch = sketch_of(np.round(np.random.default_rng(0).normal(size=40_000), 4), 5_000)
    document = sketch.to_dict()

    again = KllSketch.from_dict(document)

    assert again.count == 40_000
    assert document["parameters"] == {"c": 0.64, "k": 2048}
    assert np.array_equal(again.weighted()[0], sketch.weighted()[0])


def test_a_document_that_is_no_sketch_is_refused():
    with pytest.raises((KeyError, ValueError, TypeError)):
        KllSketch.from_dict({"data": [["a"]]})
