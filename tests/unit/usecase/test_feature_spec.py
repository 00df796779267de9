"""The specification's file and its encoder."""

import json

import numpy as np
import pandas as pd
import pytest

from usecase.feature_spec import Feature, FeatureSpec, FeatureSpecError, FeatureValueError

SPEC = FeatureSpec(
    features=(
        Feature("delay", "numeric", "mean delay", "departures", minimum=-15.0, maximum=240.0),
        Feature("carrier", "categorical", "airline", "schedule", nullable=False, vocabulary=("AA", "UA")),
    ),
    label="label",
    metadata=("flight_id",),
    slices=("carrier",),
    horizon_hours=2.0,
    split_months={"train": (1, 2), "test": (3,)},
    data_version="v1",
)


def test_a_saved_specification_loads_as_it_was(tmp_path):
    SPEC.save(tmp_path / "feature_spec.json")

    assert FeatureSpec.load(tmp_path / "feature_spec.json") == SPEC


def test_the_same_specification_gives_the_same_bytes(tmp_path):
    SPEC.save(tmp_path / "a.json")
    FeatureSpec.load(tmp_path / "a.json").save(tmp_path / "b.json")

    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_features_are_encoded_in_the_models_order_and_types():
    frame = pd.DataFrame({"carrier": ["UA", "AA"], "ignored": [1, 2], "delay": [5, 7]})

    encoded = SPEC.encode(frame)

    assert list(encoded.columns) == ["delay", "carrier"]
    assert encoded["delay"].dtype == np.float32
    assert encoded["carrier"].cat.categories.tolist() == ["AA", "UA"]
    assert encoded["carrier"].cat.codes.tolist() == [1, 0]


def test_a_category_the_training_never_saw_becomes_missing():
    encoded = SPEC.encode(pd.DataFrame({"carrier": ["ZZ", "AA"], "delay": [1.0, 2.0]}))

    assert encoded["carrier"].isna().tolist() == [True, False]


def test_numbers_may_come_as_text_or_nothing():
    encoded = SPEC.encode(pd.DataFrame({"carrier": ["AA", "AA"], "delay": ["3.5", None]}))

    assert encoded["delay"].iloc[0] == 3.5
    assert np.isnan(encoded["delay"].iloc[1])


def test_no_row_is_encoded_to_no_row():
    assert SPEC.encode(pd.DataFrame({"carrier": [], "delay": []})).shape == (0, 2)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"carrier": ["AA"]}, "'delay' is missing from the input's 1 columns"),
        ({"carrier": ["AA"], "delays": [1]}, "did you mean 'delays'"),
        ({"carrier": ["AA", "AA"], "delay": [1, "late"]}, "row 1: 'late' is not a number"),
        ({"carrier": ["AA"], "delay": [float("inf")]}, "is not a finite number"),
        ({"carrier": ["AA"], "delay": [1e300]}, "is not a finite number"),
        ({"carrier": [7], "delay": [1]}, "'carrier', row 0: 7 is not text"),
        ({"carrier": [None], "delay": [1]}, "'carrier', row 0: None is missing"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_by_name(columns, message):
    with pytest.raises(FeatureValueError, match=message):
        SPEC.encode(pd.DataFrame(columns))


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FeatureSpecError, match="no feature specification here"):
        FeatureSpec.load(tmp_path / "feature_spec.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "schema_version is 99, this code reads 1"),
        ({"features": [{"name": "x"}]}, "of the wrong type"),
        ({"features": [{"name": "x", "kind": "colour", "description": "", "known_at": ""}]}, "'colour'"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path, change, message):
    (tmp_path / "spec.json").write_text(json.dumps(SPEC.to_dict() | change))

    with pytest.raises(FeatureSpecError, match=message):
        FeatureSpec.load(tmp_path / "spec.json")


def test_a_file_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "spec.json").write_text("<html>")

    with pytest.raises(FeatureSpecError, match=r"spec\.json: not JSON"):
        FeatureSpec.load(tmp_path / "spec.json")
