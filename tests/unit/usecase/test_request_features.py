"""A raw record gives the features that the whole tables give, as far as one record can know them."""

import pytest

from tests.sample_flights import flight
from usecase.catalogue import CATALOGUE
from usecase.features import build_features
from usecase.request_features import IGNORED_FIELDS, RAW_FIELDS, RAW_NAMES, RawRecordError, derive_features
from usecase.schema import FLIGHTS
from usecase.time_zones import DESTINATION_ZONES

FLIGHT = flight("2013-06-10 12:00")


def test_the_calendar_the_route_and_the_block_time_are_those_of_the_whole_tables(real_tables):
    tables = real_tables
    flights = tables["flights"].iloc[::97]
    known = build_features(tables["flights"], tables["weather"], tables["planes"], tables["airports"]).loc[
        flights.index
    ]
    names = ["carrier", "origin", "dest", "dep_minute", "day_of_week", "distance", "block"]

    derived = [derive_features(record) for record in flights[[*FLIGHTS.column_names]].to_dict("records")]

    assert [[each[name] for name in names] for each in derived] == known[names].to_numpy().tolist()


def test_every_destination_of_the_data_has_the_zone_of_its_airport(real_tables):
    zones = real_tables["airports"].set_index("faa")["tzone"]

    for dest in set(real_tables["flights"]["dest"]):
        assert DESTINATION_ZONES[dest] == zones.get(dest, "America/Puerto_Rico")


def test_weather_and_aircraft_become_features():
    now = {"temp": 40, "wind_dir": 180, "wind_speed": 10, "visib": 3, "plane_year": 1999, "seats": 149}

    derived = derive_features(FLIGHT | now)

    assert derived["wl_temp"] == 40
    assert derived["wl_wcos"] == pytest.approx(-10)
    assert derived["wl_visib_min3"] == 3
    assert (derived["plane_age"], derived["seats"]) == (14, 149)
    assert derived["wl_pressure"] is None


def test_only_features_of_the_catalogue_are_derived_and_what_no_request_knows_is_not():
    derived = derive_features(FLIGHT)
    names = {each.name for each in CATALOGUE}

    assert derived.keys() < names
    assert not {"nyc_mean_60", "h_all_late7", "p1_gap", "sched_around_60", "wl_press_d3"} & derived.keys()


@pytest.mark.parametrize(
    ("departs", "arrival", "dest", "minutes"),
    [
        ("2013-06-10 12:00", 1330, "ORD", 150),
        ("2013-06-10 23:30", 225, "LAX", 355),
        ("2013-03-09 23:59", 346, "SJU", 167),
        ("2013-03-09 23:00", 240, "MIA", 180),  # no such time: the clocks go from 2:00 to 3:00
        ("2013-11-03 00:30", 130, "BOS", 60),
        ("2013-06-10 22:00", 2400, "BOS", 120),
        ("2013-06-10 12:00", 1330, "XXX", None),
        ("2013-06-10 12:00", None, "ORD", None),
    ],
)
def test_block_time_follows_the_clocks_of_both_ends(departs, arrival, dest, minutes):
    assert derive_features(flight(departs, sched_arr_time=arrival, dest=dest))["block"] == minutes


@pytest.mark.parametrize("outcome", ["dep_delay", "arr_delay", "dep_time", "arr_time", "air_time"])
def test_what_is_known_only_after_the_flight_changes_nothing(outcome):
    assert derive_features(FLIGHT | {outcome: 999}) == derive_features(FLIGHT)
    assert outcome in IGNORED_FIELDS


def test_a_row_of_the_flights_table_is_a_raw_record():
    assert set(FLIGHTS.column_names) <= RAW_NAMES


@pytest.mark.parametrize("field", [field.name for field in RAW_FIELDS if field.required])
def test_a_required_field_is_asked_for(field):
    with pytest.raises(RawRecordError) as caught:
        derive_features(FLIGHT | {field: None})

    assert caught.value.field == field
    assert "a raw record needs it" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"month": 13}, "a whole number from 1 to 12"),
        ({"sched_dep_time": 2460}, "a whole number from 0 to 2359"),
        ({"sched_arr_time": 1260}, "a time written as HHMM, such as 1745"),
        ({"day": True}, "a whole number from 1 to 31"),
        ({"carrier": 9}, "text"),
        ({"temp": float("nan")}, "a number from -60 to 135"),
    ],
)
def test_an_unfit_field_says_what_is_allowed(change, allowed):
    with pytest.raises(RawRecordError) as caught:
        derive_features(FLIGHT | change)

    assert caught.value.allowed == allowed
