"""The generic validator on tables of a few rows."""

import pandas as pd
import pytest

from processing.validation import RawDataError, validate
from tests.sample_flights import cancelled, flight, flights, observation, weather
from usecase.schema import AIRPORTS, FLIGHTS, WEATHER


def checked(frame, table=FLIGHTS, limit=1.0):
    return validate(frame, table, max_rejected_fraction=limit)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"carrier": None}, "carrier is missing"),
        ({"distance": -5}, "distance is out of range"),
        ({"distance": float("inf")}, "distance is of the wrong type"),
        ({"origin": "PHL"}, "origin is not allowed"),
        ({"month": 13}, "month is out of range"),
        ({"day": 31}, "day no such day"),
        ({"dep_delay": 5.5}, "dep_delay is of the wrong type"),
        ({"dep_delay": 9999.0}, "dep_delay is out of range"),
        ({"minute": 59}, "sched_dep_time differs from hour and minute"),
        ({"sched_arr_time": 1275}, "sched_arr_time is no time of day"),
        ({"time_hour": "2013-06-11T16:00:00Z"}, "time_hour differs from date and hour"),
        ({"time_hour": "noon"}, "time_hour is of the wrong type"),
        ({"dep_delay": None}, "arr_delay arrived without a departure"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason(changes, reason):
    table = flights(flight(), flight() | changes)

    found = checked(table)

    assert len(found.accepted) == 1
    assert found.reasons == {reason: 1}


def test_text_in_a_column_of_numbers_rejects_its_row_only():
    table = flights(flight(), flight()).astype({"distance": object})
    table.loc[1, "distance"] = "far"

    found = checked(table)

    assert found.rejected["rejected_value"].tolist() == ["far"]
    assert found.accepted["distance"].tolist() == [740]


def test_a_row_with_several_faults_is_counted_once_for_the_first():
    found = checked(flights(flight(), flight() | {"month": 13, "distance": -5, "origin": "PHL"}))

    assert found.reasons == {"month is out of range": 1}
    assert found.rejected["rejected_column"].tolist() == ["month"]


def test_of_two_equal_flights_the_second_is_rejected():
    twice = flights(flight())

    found = checked(pd.concat([twice, twice], ignore_index=True))

    assert len(found.accepted) == 1
    assert "is a duplicate of (year, month, day" in next(iter(found.reasons))


def test_a_good_row_is_no_duplicate_of_a_rejected_one():
    table = flights(flight() | {"distance": -5}, flight()).assign(flight=100)

    assert len(checked(table).accepted) == 1


def test_cancelled_and_diverted_flights_are_good_rows():
    assert checked(flights(cancelled(), flight(arr_delay=None))).reasons == {}


def test_an_impossible_reading_is_set_to_missing_and_the_observation_kept():
    found = checked(weather(observation(wind_speed=1048.4), observation("2013-06-10T13:00:00Z")), WEATHER)

    assert found.nullified == {"wind_speed": 1}
    assert found.accepted["wind_speed"].isna().tolist() == [True, False]
    assert found.accepted["temp"].tolist() == [70, 70]


def test_a_table_at_the_limit_passes_and_above_it_is_refused():
    table = flights(*[flight()] * 9, flight() | {"distance": -5})

    assert checked(table, limit=0.1).rejected_fraction == pytest.approx(0.1)
    with pytest.raises(RawDataError, match=r"1 of 10 rows are bad \(10.0%\), allowed are 9.0%"):
        checked(table, limit=0.09)


def test_a_table_without_one_good_row_is_refused_whatever_the_limit():
    with pytest.raises(RawDataError, match="1 of 1 rows are bad"):
        checked(flights(flight() | {"distance": -5}))


def test_a_whole_column_of_the_wrong_type_is_refused():
    with pytest.raises(RawDataError, match="carrier is of the wrong type"):
        checked(flights(flight(), flight()).assign(carrier=1), limit=0.05)


def test_columns_of_categories_are_text(small_raw_zone):
    table = pd.read_parquet(small_raw_zone / "airports").astype({"dst": "category"})

    found = checked(table, AIRPORTS)

    assert found.reasons == {}


def test_accepted_whole_numbers_are_whole_whatever_stood_beside_them():
    table = flights(flight(), flight() | {"hour": None})

    assert checked(table).accepted["hour"].dtype == "int64"
