"""A small specification, captured lines, and a baseline made from rows with a known relation."""

import json

import numpy as np
import pandas as pd
import pytest

from processing import baseline
from processing.monitoring.captured import Batch
from usecase.feature_spec import Feature, FeatureSpec


@pytest.fixture(scope="session")
def spec():
    features = (
        Feature("carrier", "categorical", "", "", nullable=False, vocabulary=("AA", "UA")),
        Feature("warmth", "numeric", "", ""),
        Feature("dampness", "numeric", "", ""),
        Feature("seats", "numeric", "", "", nullable=False, typical=150.0),
    )
    return FeatureSpec(features, "label", ("flight_id",), ("carrier",), 2.0, {"train": (1,)}, "test")


@pytest.fixture(scope="session")
def training_rows():
    """Sixty days of 150 rows: each day has its own climate, so marginals move; dampness follows warmth."""
    rng = np.random.default_rng(7)
    day = np.repeat(np.arange(60), 150)
    climate = np.cumsum(rng.normal(0, 3, 60))[day]
    warmth = 40 + climate + rng.normal(0, 5, len(day))
    return pd.DataFrame(
        {
            "carrier": rng.choice(["AA", "UA"], len(day)),
            "warmth": warmth,
            "dampness": 0.8 * warmth - 3 + rng.normal(0, 1, len(day)),
            "seats": rng.integers(100, 200, len(day)).astype(float),
            "day": day,
            "month": day // 15,
        }
    )


@pytest.fixture(scope="session")
def baseline_files(training_rows, spec):
    rows = training_rows[list(spec.names)]
    constraints = baseline.constraints(rows, training_rows["month"], training_rows["day"])
    return tuple(json.loads(json.dumps(document)) for document in (baseline.statistics(rows), constraints))


@pytest.fixture
def as_batch():
    def make(frame):
        count = len(frame)
        ids = np.array([f"r{number}" for number in range(count)], dtype=object)
        return Batch(ids, np.zeros(count), frame.reset_index(drop=True), np.full(count, 0.5))

    return make


@pytest.fixture(scope="session")
def line():
    """Make a line of data capture."""

    def make(data, *, media_type="text/csv", answer="0.25,0,v1\n", answer_type="text/csv", encoding="CSV", **event):
        record = {
            "captureData": {
                "endpointInput": {"observedContentType": media_type, "data": data, "encoding": encoding},
                "endpointOutput": {"observedContentType": answer_type, "data": answer, "encoding": "CSV"},
            },
            "eventMetadata": {"eventId": "e", "inferenceId": "i", "inferenceTime": "2026-01-02T10:00:00Z", **event},
            "eventVersion": "0",
        }
        if answer is None:
            del record["captureData"]["endpointOutput"]
        return json.dumps(record).encode()

    return make
