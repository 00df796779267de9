"""What an alarm is told to be unchanged is unchanged, whatever is published; runs are read as single buckets are."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.clock import Clock
from local_aws.cloudwatch.outlook import Reading
from local_aws.cloudwatch.samples import Samples, statistic
from local_aws.cloudwatch.series import MetricName, MetricStore

PLACE = ("123456789012", "us-east-1")
NAME = MetricName.of("ns", "m", {})
START = 1_800_000_000
STATISTICS = ("Sum", "Maximum", "Minimum", "Average", "SampleCount", "p90")
MINUTES = st.lists(
    st.one_of(st.just([0.0]), st.just([0.0]), st.just([7.0]), st.lists(st.sampled_from([0.0, 1.0, 7.0]), max_size=3)),
    min_size=1,
    max_size=40,
)
REPEATED = st.lists(st.tuples(MINUTES.map(lambda items: items[0]), st.integers(1, 12)), min_size=1, max_size=8).map(
    lambda runs: [values for values, times in runs for _ in range(times)]
)
SECONDS = st.lists(st.sampled_from([0, 0, 0, 10, 30]), min_size=1, max_size=9)


def published(minutes, seconds):
    """Yield a store after each minute, and everything that was published until then."""
    clock = Clock()
    store, known = MetricStore(clock, PLACE[0]), {}
    for number, values in enumerate(minutes):
        moment = START + 60 * number + seconds[number % len(seconds)]
        if len(values) > 1 and 7.0 not in values:  # as several instances publish it
            known[moment] = list(values)
            put_all(store, moment, values)
            values = []  # noqa: PLW2901 - published
        for index, value in enumerate(values):
            known.setdefault(moment, []).append(value)
            if value == 7.0 and index:  # as a client publishes it
                store.add(PLACE, NAME, "None", moment, samples([value]), resolution=10)
            else:
                put(store, moment, value)
        yield store, known, START + 60 * (number + 1)
    clock.close()


def put(store, moment, value):
    at = dt.datetime.fromtimestamp(moment, dt.UTC)
    store.put("ns", "ConcurrentRequestsPerModel", value, "None", {}, region=PLACE[1], timestamp=at)
    store.put("ns", "m", value, "None", {}, region=PLACE[1], timestamp=at)


def put_all(store, moment, values):
    at = dt.datetime.fromtimestamp(moment, dt.UTC)
    for name in ("ConcurrentRequestsPerModel", "m"):
        store.put_all("ns", name, values, "None", {}, region=PLACE[1], timestamp=at)


def samples(values):
    made = Samples()
    for value in values:
        made.add(value)
    return made


def series(store, reading, name=NAME):
    found = store.read_periods(
        PLACE, name, None, start=int(reading.start), end=reading.end, period=reading.period
    )  # fmt: skip
    return {(start - reading.start): statistic(item, reading.statistic) for start, item in found.items()}


def naive(known, reading, resolution=1):
    slots = {}
    for moment, values in known.items():
        start = moment // resolution * resolution
        if reading.start <= start < reading.end:
            slots.setdefault((start - reading.start) // reading.period * reading.period, []).extend(values)
    return {slot: statistic(samples(values), reading.statistic) for slot, values in sorted(slots.items())}


@given(REPEATED, SECONDS, st.sampled_from([60, 180, 600]), st.integers(1, 5), st.sampled_from(STATISTICS))
@settings(max_examples=40, deadline=None)
def test_runs_are_read_as_single_buckets_are(minutes, seconds, period, periods, name):
    for store, known, now in published(minutes, seconds):
        reading = Reading(now - period * periods, now, period, name)
        high = MetricName.of("ns", "ConcurrentRequestsPerModel", {})
        only_put = {moment: values for moment, values in known.items() if 7.0 not in values[1:]}
        if only_put == known:
            assert series(store, reading, high) == pytest.approx(naive(known, reading, 10))


@given(REPEATED, SECONDS, st.sampled_from([10, 60, 180, 600]), st.integers(1, 5), st.sampled_from(STATISTICS))
@settings(max_examples=150, deadline=None)
def test_what_is_told_to_stay_the_same_does(minutes, seconds, period, periods, name):
    last = None
    for store, _, now in published(minutes, seconds):
        reading = Reading(now - period * periods, now, period, name)
        if last and last[0].holds(now):
            assert series(store, reading) == pytest.approx(last[1]), last[0]
        else:
            last = store.outlook(PLACE, NAME, reading), series(store, reading)


def test_an_idle_metric_needs_no_look_and_one_that_stops_does():
    clock = Clock()
    store = MetricStore(clock, PLACE[0])
    for number in range(10):
        put(store, START + 60 * number, 0.0)
    end = START + 600

    found = store.outlook(PLACE, NAME, Reading(end - 300, end, 60, "Sum"))

    assert found.holds(end)
    assert not found.holds(end + 60), "nothing came in the last minute"
    put(store, end, 0.0)
    assert found.holds(end + 60)
    put(store, end, 1.0)
    assert not found.holds(end + 60)
    clock.close()


def test_runs_survive_the_merging_of_old_data():
    clock = Clock()
    store = MetricStore(clock, PLACE[0])
    start = int(clock.time() // 3_600 * 3_600)
    for number in range(120):
        put(store, start + 60 * number, float(number == 50))
    clock.advance(16 * 86_400)
    store.roll_up()

    found = store.read_periods(PLACE, NAME, None, start=start, end=start + 7_200, period=300)

    assert [item.total for item in found.values()] == [float(start == 10) for start in range(24)]
    assert [item.count for item in found.values()] == [5.0] * 24
    clock.close()
