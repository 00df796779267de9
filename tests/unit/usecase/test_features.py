"""Each group of features on tables small enough to count by hand."""

import numpy as np
import pandas as pd
import pytest

from tests.sample_flights import airports, cancelled, flight, flights, observation, planes, weather
from usecase.catalogue import CATALOGUE
from usecase.features import build_features

# The flight in question: its cut-off is 12:00 in New York, 16:00 UTC.
ASKED = flight("2013-06-10 14:00", tailnum="N9")


def features_of(*others, seen=()):
    table = flights(ASKED, *others)
    return build_features(table, weather(*seen), planes(), airports()).iloc[0]


def test_the_columns_are_those_of_the_catalogue_in_its_order():
    built = build_features(flights(ASKED), weather(), planes(), airports())

    assert list(built.columns) == [declared.name for declared in CATALOGUE]
    assert {str(dtype) for dtype in built.dtypes} == {"object", "float32"}


def test_the_result_keeps_the_index_of_the_flights():
    table = flights(ASKED, flight()).set_axis([7, 3])

    assert build_features(table, weather(), planes(), airports()).index.tolist() == [7, 3]


def test_delays_of_the_last_hour_are_averaged():
    found = features_of(
        flight("2013-06-10 11:10", dep_delay=10),
        flight("2013-06-10 11:20", dep_delay=35),
        flight("2013-06-10 10:00", dep_delay=200),
        flight("2013-06-10 11:30", dep_delay=90, origin="EWR"),
    )

    assert found["o_mean_60"] == pytest.approx(22.5)
    assert found["o_late_60"] == pytest.approx(0.5)
    assert found["nyc_mean_60"] == pytest.approx(22.5)


def test_a_departure_after_the_cut_off_says_only_that_the_flight_still_waits():
    found = features_of(flight("2013-06-10 11:50", dep_delay=60))

    assert np.isnan(found["o_mean_60"])
    assert found["o_overdue_n"] == 1


def test_a_cancelled_flight_looks_like_one_that_still_waits():
    waiting = features_of(flight("2013-06-10 11:50", dep_delay=60, arr_delay=60))
    never = features_of(cancelled("2013-06-10 11:50"))

    pd.testing.assert_series_equal(waiting, never)


def test_a_flight_waiting_for_more_than_three_hours_is_counted_apart():
    found = features_of(cancelled("2013-06-10 08:30"), flight("2013-06-10 11:00", dep_delay=300))

    assert found["o_overdue_n"] == 2
    assert found["o_overdue_3h_n"] == 1


def test_a_flight_due_six_hours_ago_is_no_longer_waited_for():
    assert features_of(cancelled("2013-06-10 05:30"))["o_overdue_n"] == 0


def test_a_diverted_flight_counts_as_departure_and_not_as_arrival():
    found = features_of(flight("2013-06-10 09:30", dep_delay=20, arr_delay=None))

    assert found["o_mean_180"] == pytest.approx(20)
    assert np.isnan(found["nyc_arr_mean_360"])


def test_cancelled_flights_stand_in_the_published_schedule():
    found = features_of(cancelled("2013-06-10 14:30"), flight("2013-06-10 20:00"))

    assert found["sched_around_60"] == 2
    assert found["day_flights_origin"] == 3


def test_the_previous_leg_landed_late_and_leaves_little_slack():
    found = features_of(flight("2013-06-10 07:00", tailnum="N9", dep_delay=40, arr_delay=30))

    assert found["p1_gap"] == 420
    assert found["p1_dep_delay"] == 40
    assert found["p1_arr_delay"] == 30
    assert found["p1_slack"] == 420 - (150 + 30) - 150


def test_a_previous_leg_that_still_waits_is_late_by_its_wait_so_far():
    found = features_of(flight("2013-06-10 11:00", tailnum="N9", dep_delay=200, arr_delay=200))

    assert found["p1_dep_delay"] == 60
    assert np.isnan(found["p1_arr_delay"])
    assert found["p1_slack"] == 120 - 150 - 150


def test_the_aircrafts_legs_after_the_cut_off_tell_nothing():
    found = features_of(flight("2013-06-10 12:30", tailnum="N9"), flight("2013-06-10 08:00", tailnum="N9"))

    assert found["p1_gap"] == 360


def test_an_unrecorded_aircraft_has_no_previous_leg():
    table = flights(ASKED | {"tailnum": None}, flight("2013-06-10 08:00", tailnum=None))

    built = build_features(table, weather(), planes(), airports())

    assert np.isnan(built["p1_gap"].iloc[0])


def test_size_and_age_come_from_the_register_of_aircraft():
    built = build_features(flights(ASKED | {"tailnum": "N2"}, ASKED), weather(), planes(), airports())

    assert built["seats"].iloc[0] == 182
    assert built["plane_age"].iloc[0] == 15
    assert np.isnan(built["seats"].iloc[1])


def test_the_last_observation_complete_at_the_cut_off_is_used():
    found = features_of(
        seen=[
            observation("2013-06-10T15:00:00Z", temp=71.0, pressure=1010.0, visib=4.0),
            observation("2013-06-10T16:00:00Z", temp=99.0),
            observation("2013-06-10T12:00:00Z", pressure=1013.0),
            observation("2013-06-10T14:00:00Z", visib=1.0),
        ]
    )

    assert found["wl_temp"] == 71
    assert found["wl_press_d3"] == -3
    assert found["wl_visib_min3"] == 1
    assert found["wl_wsin"] == pytest.approx(10)


@pytest.mark.parametrize("changes", [{"hour": "2013-06-10T11:00:00Z"}, {"origin": "EWR"}], ids=["old", "elsewhere"])
def test_an_old_or_distant_observation_is_not_used(changes):
    assert np.isnan(features_of(seen=[observation(**changes)])["wl_temp"])


def test_history_counts_arrivals_of_the_last_days_only():
    found = features_of(
        flight("2013-06-09 18:00", arr_delay=60, dest="LAX", sched_arr_time=2100),
        flight("2013-06-05 12:00", arr_delay=0, dest="LAX", sched_arr_time=1500),
        flight("2013-05-01 12:00", arr_delay=90, dest="LAX", sched_arr_time=1500),
    )

    assert found["h_all_late1"] == 1
    assert found["h_all_late7"] == 0.5
    assert found["h_fl_late28"] == 0.5
