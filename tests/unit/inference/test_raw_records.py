"""Raw records: a flight as the schedule and the last weather report have it."""

import json
import math
from dataclasses import replace

import pandas as pd
import pytest

from inference.columns import Columns
from inference.errors import PayloadError
from inference.payload import read_matrix
from tests.prepared_data import SPEC
from usecase.feature_spec import Feature

# Some of the use case's features: known, derived, required but unknowable, optional and unknowable.
FLIGHTS = replace(
    SPEC,
    features=(
        Feature("carrier", "categorical", "", "", nullable=False, vocabulary=("AA", "B6")),
        Feature("dep_minute", "numeric", "", "", nullable=False),
        Feature("wl_wsin", "numeric", "", ""),
        Feature("o_n_180", "numeric", "", "", nullable=False, typical=41.0),
        Feature("nyc_mean_60", "numeric", "", ""),
    ),
)
COLUMNS = Columns(FLIGHTS)
RECORD = {
    "carrier": "B6", "origin": "JFK", "dest": "LAX", "year": 2013, "month": 12, "day": 5, "tailnum": "N1",
    "sched_dep_time": 1745, "sched_arr_time": 2110, "distance": 2475, "wind_dir": 90, "wind_speed": 20, "dep_delay": 99,
}  # fmt: skip


def row(record):
    return read_matrix(json.dumps(record), "application/json", COLUMNS, 10_000)[0].tolist()


def test_what_can_be_derived_is_and_the_rest_is_missing_or_typical():
    carrier, minute, wind, waiting, live = row(RECORD)

    assert (carrier, minute, wind, waiting) == (1.0, 1065.0, 20.0, 41.0)
    assert math.isnan(live)


def test_a_feature_that_the_client_knows_is_taken_as_it_is():
    assert row(RECORD | {"nyc_mean_60": 12.5, "o_n_180": 3})[3:] == [3.0, 12.5]


def test_csv_and_parquet_hold_raw_records_too():
    frame = pd.DataFrame([RECORD])
    table = read_matrix(frame.to_csv(index=False), "text/csv", COLUMNS, 10_000)
    file = read_matrix(frame.to_parquet(), "application/x-parquet", COLUMNS, 10_000)

    assert str(table[0].tolist()) == str(file[0].tolist()) == str(row(RECORD))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"origin": "LHR"}, "row 0, column 'origin': 'LHR' cannot be used; allowed is one of EWR, JFK, LGA"),
        ({"year": None}, "column 'year': None is missing"),
        ({"day": 31, "month": 11}, "column 'day': 31 is no day of 2013-11"),
        ({"sched_dep_time": 1775}, "1775 is no time of day; allowed is a time written as HHMM"),
        ({"sched_dep_time": 9.5}, "9.5 is not a whole number"),
        ({"visib": -1}, "column 'visib': -1 is out of range; allowed is a number from 0 to 100"),
        ({"wind_speed": "fast"}, "column 'wind_speed': 'fast' is not a number"),
        ({"visibility": 3}, "column 'visibility': this is no feature"),
        ({"o_n_180": "many"}, "column 'o_n_180': 'many' is not a number"),
    ],
)
def test_an_unfit_field_is_named(change, reason):
    with pytest.raises(PayloadError) as caught:
        row(RECORD | change)

    assert reason in str(caught.value)


def test_raw_fields_without_the_one_that_makes_a_record_raw_are_refused():
    with pytest.raises(
        PayloadError, match="column 'temp': this is no feature; a raw record also needs 'sched_dep_time'"
    ):
        row({"carrier": "B6", "dep_minute": 600, "o_n_180": 1, "temp": 50})
