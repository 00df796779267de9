"""When things are known."""

import pandas as pd
import pytest

from tests.sample_flights import airports, cancelled, flight, flights
from usecase.asof import NEVER
from usecase.timeline import timeline


def minute(moment):
    return int(pd.Timestamp(moment, tz="UTC").timestamp()) // 60


def times_of(*rows):
    return timeline(flights(*rows), airports(), horizon_hours=2)


def test_the_cut_off_lies_two_hours_before_the_scheduled_departure():
    times = times_of(flight("2013-06-10 12:30"))

    assert times.cutoff[0] == minute("2013-06-10 14:30")


def test_a_late_departure_is_known_when_it_has_happened():
    times = times_of(flight("2013-06-10 12:00", dep_delay=45))

    assert times.departure_known[0] - 1 == minute("2013-06-10 16:45")


def test_an_early_departure_is_not_known_before_its_scheduled_time():
    times = times_of(flight("2013-06-10 12:00", dep_delay=-10))

    assert times.departure_known[0] - 1 == minute("2013-06-10 16:00")


def test_a_cancelled_flight_never_departs_nor_arrives():
    times = times_of(cancelled())

    assert times.departure_known[0] == NEVER
    assert times.arrival_known[0] == NEVER


def test_a_diverted_flight_departs_and_never_arrives():
    times = times_of(flight(arr_delay=None))

    assert times.departure_known[0] < NEVER
    assert times.arrival_known[0] == NEVER


@pytest.mark.parametrize(
    ("scheduled", "arrives", "dest", "block"),
    [
        ("2013-06-10 12:00", 1330, "ORD", 150),
        ("2013-06-10 22:30", 1, "ORD", 151),
        ("2013-06-10 20:00", 2300, "LAX", 360),
        ("2013-11-02 23:00", 30, "ORD", 150),
        ("2013-11-03 22:45", 3, "BUF", 78),
        ("2013-06-10 12:00", 1545, "SJU", 225),
    ],
    ids=["same day", "past midnight", "three zones west", "clocks go back", "day after clocks", "unlisted airport"],
)
def test_the_scheduled_arrival_is_local_time_at_the_destination(scheduled, arrives, dest, block):
    times = times_of(flight(scheduled, sched_arr_time=arrives, dest=dest))

    assert times.block[0] == block


def test_real_flights_take_between_an_hour_and_half_a_day(real_tables):
    times = timeline(real_tables["flights"], real_tables["airports"], horizon_hours=2)

    assert times.block.min() >= 40
    assert times.block.max() <= 720
