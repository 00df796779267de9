"""Metrics are kept compactly, and as long as CloudWatch keeps them."""

import pytest

from local_aws.clock import Clock
from local_aws.cloudwatch.samples import Samples, statistic
from local_aws.cloudwatch.series import MetricName, MetricStore

PLACE = ("123456789012", "us-east-1")
NAME = MetricName.of("ns", "m", {"b": "2", "a": "1"})
DAY = 86_400


@pytest.fixture
def clock():
    made = Clock()
    yield made
    made.close()


@pytest.fixture
def store(clock):
    return MetricStore(clock, PLACE[0])


def samples(*values):
    made = Samples()
    for value in values:
        made.add(value)
    return made


def test_seconds_become_minutes_and_minutes_five_minutes(store, clock):
    start = clock.time() // 300 * 300
    for second in (0, 10, 70):
        store.add(PLACE, NAME, "Count", start + second, samples(1.0), resolution=1)

    clock.advance(4 * 3_600)
    store.roll_up()
    assert [store.read(PLACE, NAME, None, start + at, start + at + 60).total for at in (0, 60)] == [2, 1]
    assert store.read(PLACE, NAME, None, start + 1, start + 60).total == 0

    clock.advance(16 * DAY)
    store.roll_up()
    assert store.read(PLACE, NAME, None, start, start + 1).total == 3


def test_data_of_more_than_455_days_is_forgotten(store, clock):
    store.add(PLACE, NAME, "Count", clock.time() - 456 * DAY, samples(1.0))

    store.roll_up()

    assert store.read(PLACE, NAME, None, 0, clock.time()).count == 0


def test_dimensions_in_another_order_are_the_same_metric(store, clock):
    store.put("ns", "m", 1.0, "Count", {"a": "1", "b": "2"}, region="us-east-1")
    store.put("ns", "m", 2.0, "Count", {"b": "2", "a": "1"}, region="us-east-1")

    assert store.read(PLACE, NAME, "Count", clock.time() - 120, clock.time() + 60).total == 3


def test_many_values_take_little_memory_and_keep_percentiles_within_half_a_percent():
    many = Samples()
    for number in range(100_000):
        many.add(1_000 + number / 10)

    assert len(many.values) < 3_000
    assert (many.count, many.low, many.high) == (100_000, 1_000, 10_999.9)
    assert statistic(many, "p99") == pytest.approx(10_900, rel=0.005)


def test_a_statistic_set_has_no_percentiles():
    known = Samples()
    known.add_set(10, 100, 5, 20)

    assert (statistic(known, "Average"), statistic(known, "p99")) == (10, None)
