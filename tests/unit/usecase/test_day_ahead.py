"""What the evening before knows, on real flights: nothing later changes a bit of it, and what is known does."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usecase.catalogue import CATALOGUE
from usecase.day_ahead import OUTCOME_COLUMNS, day_ahead_features, is_of_day, known_at, relevant, without_future
from usecase.history_features import history_features
from usecase.timeline import minutes, timeline

DAY = dt.date(2013, 2, 2)
MOMENT = int(known_at(DAY).timestamp()) // 60
READINGS = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "pressure", "visib"]
GARBAGE = st.sampled_from([np.nan, -1e9, 0.0, 7.0, 1e9])


@pytest.fixture(scope="module")
def tables(real_tables):
    flights = relevant(real_tables["flights"], DAY).reset_index(drop=True)
    return {**real_tables, "flights": flights.astype(dict.fromkeys(OUTCOME_COLUMNS, "float64"))}


@pytest.fixture(scope="module")
def times(tables):
    return timeline(tables["flights"], tables["airports"], 0)


def prepared(tables):
    flights = without_future(relevant(tables["flights"], DAY), known_at(DAY))
    return day_ahead_features({**tables, "flights": flights}, DAY)


@pytest.fixture(scope="module")
def untouched(tables):
    return prepared(tables)


@settings(max_examples=12, deadline=None)
@given(garbage=GARBAGE, delay=st.integers(1, 900))
def test_nothing_that_happens_after_the_evening_changes_a_bit(tables, times, untouched, garbage, delay):
    flights = tables["flights"].copy()
    flights.loc[times.departure > MOMENT, list(OUTCOME_COLUMNS)] = garbage
    waits = (times.departure <= MOMENT) & (times.departure_known > MOMENT)
    flights.loc[waits, "dep_delay"] = MOMENT - times.departure[waits] + delay
    in_the_air = (times.departure <= MOMENT) & (times.arrival_known > MOMENT)
    flights.loc[in_the_air, "arr_delay"] = np.maximum(MOMENT - times.arrival[in_the_air], 0) + delay
    weather = tables["weather"].copy()
    weather.loc[minutes(pd.to_datetime(weather["time_hour"], utc=True)) + 60 > MOMENT, READINGS] = garbage

    altered = prepared({**tables, "flights": flights, "weather": weather})

    pd.testing.assert_frame_equal(altered, untouched, check_exact=True)


def test_what_was_known_that_evening_matters(tables, times, untouched):
    flights, weather = tables["flights"].copy(), tables["weather"].copy()
    flights.loc[(times.arrival_known <= MOMENT) & (times.arrival_known > MOMENT - 1440), "arr_delay"] += 60
    seen = minutes(pd.to_datetime(weather["time_hour"], utc=True)) + 60 == MOMENT
    weather.loc[seen, "pressure"] += 5

    altered = prepared({**tables, "flights": flights, "weather": weather})

    assert (altered["h_all_late1"] > untouched["h_all_late1"]).all()
    assert (altered["wl_pressure"] > untouched["wl_pressure"]).any()


def test_every_scheduled_flight_has_a_row_cancelled_ones_too(tables, untouched):
    today = tables["flights"][is_of_day(tables["flights"], DAY)]

    assert list(untouched.index) == list(today.index)
    assert today["dep_delay"].isna().any()


def test_history_is_that_of_the_training_rows_at_the_same_moment(tables, times, untouched):
    """A flight whose own cut-off is that evening has the same history, by the features of the training data."""
    horizon = (times.departure[untouched.index[0]] - MOMENT) / 60

    own = history_features(timeline(tables["flights"], tables["airports"], horizon))

    for name, column in own.items():
        assert column[untouched.index[0]] == untouched[name].iloc[0]


def test_only_features_of_the_catalogue_are_given_and_none_of_the_running_network(untouched):
    names = set(untouched.columns)

    assert names < {feature.name for feature in CATALOGUE}
    assert not [name for name in names if name.startswith(("nyc_", "o_", "c_", "oc_", "d_", "p1_"))]


def test_history_reaches_back_as_far_as_its_features(tables, real_tables, untouched):
    """Rows that `relevant` leaves out do not matter."""
    everything = {**real_tables, "flights": without_future(real_tables["flights"], known_at(DAY))}

    pd.testing.assert_frame_equal(
        day_ahead_features(everything, DAY).reset_index(drop=True), untouched.reset_index(drop=True), check_exact=True
    )


@pytest.mark.parametrize("day", ["2013-01-01", "2013-03-10", "2013-07-04", "2013-11-03", "2013-11-04"])
def test_moment_is_the_evening_before_in_new_york_whatever_the_clocks_do(day):
    local = known_at(dt.date.fromisoformat(day)).astimezone(ZoneInfo("America/New_York"))

    assert local.date() == dt.date.fromisoformat(day) - dt.timedelta(days=1)
    assert local.hour in (20, 21)


def test_unreadable_times_of_later_flights_are_no_way_around(tables):
    flights = tables["flights"].assign(time_hour="never")

    assert without_future(flights, known_at(DAY))[list(OUTCOME_COLUMNS)].isna().all(axis=None)
