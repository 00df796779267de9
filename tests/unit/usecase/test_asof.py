"""Windowed sums against a plain loop."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from usecase.asof import NEVER, EventLog, combine, open_at, ratio

events = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50), st.integers(-20, 20)), max_size=30)
queries = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 60)), min_size=1, max_size=10)


def columns(rows, width):
    return np.array(rows, dtype=np.int64).reshape(-1, width).T


@given(events, queries, st.integers(1, 40))
def test_sums_equal_a_loop_over_all_events(rows, asked, window):
    group, minute, value = columns(rows, 3)
    wanted_group, moment = columns(asked, 2)

    (sums,) = EventLog(group, minute, value[:, None]).sums(wanted_group, moment, [window])

    expected = [sum(v for g, t, v in rows if g == q and m - window < t <= m) for q, m in asked]
    assert sums[:, 0].tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 50), st.integers(-5, 30)), max_size=20), queries)
def test_open_intervals_equal_a_loop_over_all_intervals(rows, asked):
    group, start, length = columns(rows, 3)
    wanted_group, moment = columns(asked, 2)
    # `open_at` asks each interval's own group: give every query a group of its own intervals.
    group, start, end = (
        np.concatenate([a, b]) for a, b in ((group, wanted_group), (start, moment), (start + length, moment))
    )
    moments = np.concatenate([start[: len(rows)], moment])

    counted = open_at(group, start, end, moments)[len(rows) :]

    expected = [sum(g == q and t <= m < t + n for g, t, n in rows) for q, m in asked]
    assert counted.tolist() == expected


def test_an_event_that_never_happens_is_not_counted():
    log = EventLog(np.array([0, 0]), np.array([5, NEVER]))

    assert log.counts(np.array([0]), np.array([10**6]), window=10**6).tolist() == [1]


def test_a_ratio_over_nothing_is_missing():
    assert np.isnan(ratio(np.array([0]), np.array([0]))[0])


def test_combinations_of_codes_are_told_apart():
    combined = combine(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))

    assert len(set(combined.tolist())) == 4
