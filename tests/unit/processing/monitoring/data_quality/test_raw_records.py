"""Raw records among captured requests: the monitors see the features that the server derived."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from processing.monitoring.captured import CaptureStream
from usecase.feature_spec import Feature, FeatureSpec
from usecase.request_features import derive_features

RAW = {
    "carrier": "UA", "origin": "EWR", "dest": "ORD", "year": 2013, "month": 12, "day": 3,
    "sched_dep_time": 1015, "sched_arr_time": 1200, "distance": 719, "temp": 41.0, "dewp": 30.0,
}  # fmt: skip
TEXTS = ("carrier", "origin", "dest")


@pytest.fixture
def flights(tmp_path):
    numbers = ("dep_minute", "day_of_week", "distance", "block", "wl_temp", "wl_dewp", "nyc_mean_60")
    features = [
        *(Feature(name, "categorical", "", "") for name in TEXTS),
        *(Feature(name, "numeric", "", "") for name in numbers),
    ]
    spec = FeatureSpec(tuple(features), "label", (), (), 2.0, {"train": (1,)}, "test")

    def read(*lines):
        (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines) + b"\n")
        stream = CaptureStream(tmp_path, day=date(2026, 1, 2), spec=spec)
        (batch,) = stream
        return batch.frame, spec

    return read


@pytest.mark.parametrize("copies", [1, 20])
@pytest.mark.parametrize("is_csv", [True, False])
def test_features_are_derived_as_on_the_server(flights, line, is_csv, copies):
    header, cells = ",".join(RAW), ",".join(map(str, RAW.values()))
    data = f"{header}\n{cells}\n" if is_csv else json.dumps({"instances": [RAW]})
    request = line(data, media_type="text/csv" if is_csv else "application/json")

    frame, spec = flights(*[request] * copies)

    expected = derive_features(RAW)
    for name in spec.names:
        if name in expected:
            assert frame[name].tolist() == [expected[name]] * copies
    assert "nyc_mean_60" not in frame.columns or frame["nyc_mean_60"].isna().all()


def test_a_feature_that_a_record_names_itself_is_taken(flights, line):
    frame, _ = flights(line(json.dumps({**RAW, "nyc_mean_60": 12.5}), media_type="application/json"))

    assert frame["nyc_mean_60"].tolist() == [12.5]


def test_ready_and_raw_records_stand_side_by_side(flights, line):
    ready = {"carrier": "AA", "origin": "JFK", "dest": "LAX", "wl_temp": 50.0, "nyc_mean_60": 1.0}
    lines = [line(json.dumps(row), media_type="application/json") for row in [RAW, ready] * 10]

    frame, _ = flights(*lines)

    assert frame["wl_temp"].tolist() == [41.0, 50.0] * 10
    assert frame["carrier"].tolist() == ["UA", "AA"] * 10
    assert frame["wl_temp"].dtype == np.float64
    assert pd.isna(frame["nyc_mean_60"].iloc[0])


def test_a_record_that_the_server_would_refuse_stays_as_it_was_sent(flights, line):
    frame, _ = flights(line(json.dumps({**RAW, "month": 13}), media_type="application/json"))

    assert frame["carrier"].tolist() == ["UA"]
    assert frame["month"].tolist() == [13]
