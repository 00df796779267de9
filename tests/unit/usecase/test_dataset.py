"""Labels, metadata and slices."""

import pytest

from tests.sample_flights import airports, cancelled, flight, flights, planes, weather
from usecase.dataset import METADATA, SLICES, flight_ids, labelled_rows, outcomes, specification


def rows_of(*rows):
    tables = {"flights": flights(*rows), "weather": weather(), "planes": planes(), "airports": airports()}
    return labelled_rows(tables)


@pytest.mark.parametrize(("delay", "label"), [(-5, 0), (29, 0), (30, 1), (200, 1)])
def test_a_flight_is_late_from_thirty_minutes_on(delay, label):
    assert rows_of(flight(arr_delay=delay))["label"].tolist() == [label]


def test_cancelled_and_diverted_flights_are_no_rows_and_are_counted():
    table = flights(flight(), cancelled(), flight(arr_delay=None))

    assert len(rows_of(flight(), cancelled(), flight(arr_delay=None))) == 1
    assert outcomes(table) == {"arrived": 1, "cancelled": 1, "diverted": 1}


def test_rows_carry_metadata_and_slices():
    row = rows_of(flight("2013-07-04 06:30", distance=500)).iloc[0]

    assert row[list(METADATA)].to_dict() | {"sched_dep_utc": str(row["sched_dep_utc"])} == {
        "flight_id": "2013-07-04-AA0100-JFK-0630",
        "flight_date": "2013-07-04",
        "sched_dep_utc": "2013-07-04 10:30:00+00:00",
        "month": 7,
        "hour_block": "morning",
        "day_type": "holiday",
        "distance_band": "500-999",
    }


@pytest.mark.parametrize(
    ("day", "kind"), [("2013-06-07", "weekday"), ("2013-06-08", "weekend"), ("2013-12-25", "holiday")]
)
def test_days_are_weekdays_weekends_or_holidays(day, kind):
    assert rows_of(flight(f"{day} 12:00"))["day_type"].tolist() == [kind]


def test_every_real_flight_has_its_own_identity(real_tables):
    assert flight_ids(real_tables["flights"]).is_unique


def test_the_specification_knows_vocabularies_and_ranges_of_the_training_rows():
    spec = specification(
        rows_of(flight(dest="ORD"), flight(dest="LAX", distance=2475)), horizon_hours=2, data_version="v1"
    )

    features = {feature.name: feature for feature in spec.features}
    assert features["dest"].vocabulary == ("LAX", "ORD")
    assert (features["distance"].minimum, features["distance"].maximum) == (740, 2475)
    assert (features["p1_gap"].minimum, features["p1_gap"].maximum) == (None, None)


def test_slices_are_columns_of_the_rows_and_metadata_are_no_features():
    rows = rows_of(flight())
    spec = specification(rows, horizon_hours=2, data_version="v1")

    assert set(SLICES) <= set(rows.columns)
    assert not set(spec.metadata) & set(spec.names)
    assert set(rows.columns) == {*spec.names, *spec.metadata, spec.label}


def test_prepared_rows_can_be_encoded():
    rows = rows_of(flight(), flight(dest="LAX"))

    encoded = specification(rows, horizon_hours=2, data_version="v1").encode(rows)

    assert encoded["dest"].tolist() == ["ORD", "LAX"]
