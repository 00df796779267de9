"""The attribution monitor: Clarify's NDCG, a bounded sample, foreign baselines; and what Evaluate writes."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from processing.model_archive import open_model
from processing.monitoring import attribution
from processing.monitoring.attribution import AttributionDrift, attributions, explanations, ndcg_of
from processing.monitoring.baselines import ATTRIBUTION_CONSTRAINTS, BIAS_CONSTRAINTS, Span, write_baselines
from processing.monitoring.captured import Batch
from processing.monitoring.settings import MonitorInputError
from tests.prepared_data import SPEC, flights, write_prepared
from tests.trained_model import train


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    root = tmp_path_factory.mktemp("attribution")
    return open_model(train(write_prepared(root / "prepared", rows=400), root / "model"), "served")


@pytest.fixture(scope="module")
def baseline(model):
    return explanations(*attributions(model, flights(400, seed=1)))


def batch_of(frame, prefix="r"):
    return Batch(
        ids=np.array([f"{prefix}{number}" for number in range(len(frame))], dtype=object),
        moments=np.zeros(len(frame)),
        frame=frame[list(SPEC.names)].reset_index(drop=True),
        probabilities=np.zeros(len(frame)),
    )


def judge(model, baseline, *batches, constraints=None):
    monitor = AttributionDrift(model, baseline, constraints or {})
    for batch in batches:
        monitor.add(batch)
    return monitor.finish()


numbers = st.floats(0, 10, allow_nan=False) | st.sampled_from([0.0, 1.0])


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=20))
def test_ndcg_is_the_usual_one_ties_included(pairs):
    gains, scores = np.array(pairs).T

    expected = ndcg_score([gains], [scores]) if gains.sum() else 1.0

    assert ndcg_of(gains, scores) == pytest.approx(expected, abs=1e-9)


def test_ndcg_of_clarifys_example():
    """Attributions 0.70, 0.50, 0.05 in training and 0.10, 0.20, 0.70 live: the ranking is reversed."""
    discounts = 1 / np.log2([2, 3, 4])
    expected = np.dot([0.05, 0.50, 0.70], discounts) / np.dot([0.70, 0.50, 0.05], discounts)

    assert ndcg_of(np.array([0.70, 0.50, 0.05]), np.array([0.10, 0.20, 0.70])) == pytest.approx(expected)
    assert expected < attribution.CLARIFY_THRESHOLD


def test_the_same_traffic_has_not_drifted(model, baseline):
    report = judge(model, baseline, batch_of(flights(300, seed=2)))

    assert report.ndcg > 0.95
    assert report.violations == []
    (entry,) = report.analysis["explanations"]["kernel_shap"].values()
    assert set(entry["global_shap_values"]) == set(SPEC.names)
    assert json.dumps(report.analysis, allow_nan=False)


def test_a_reversed_ranking_is_a_violation(model, baseline):
    values = baseline["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    falling = sorted(values, key=lambda name: values[name])
    opposite = {name: 0.1**rank for rank, name in enumerate(falling)}

    report = judge(model, explanations(opposite, 0.0), batch_of(flights(300, seed=3)))

    (found,) = report.violations
    assert found["constraint_check_type"] == "feature_attribution_drift_check"
    assert (found["label"], found["metric_name"]) == ("label0", "shap")
    assert set(found) == {"label", "metric_name", "constraint_check_type", "description"}


def test_the_sample_is_bounded_and_does_not_depend_on_batches(model, baseline, monkeypatch):
    monkeypatch.setattr(attribution, "SAMPLE", 80)
    whole = batch_of(flights(300, seed=4))
    parts = [
        Batch(whole.ids[p], whole.moments[p], whole.frame[p].reset_index(drop=True), whole.probabilities[p])
        for p in (slice(200, 300), slice(0, 7), slice(7, 200))
    ]

    once, parted = judge(model, baseline, whole), judge(model, baseline, *parts)

    assert once.analysis["rows"] == parted.analysis["rows"] == 80
    assert once.ndcg == pytest.approx(parted.ndcg)


def test_a_few_rows_are_not_explained(model, baseline):
    assert judge(model, baseline).ndcg is None
    assert judge(model, baseline, batch_of(flights(20, seed=5))).violations == []


def test_constraints_of_their_own_may_lower_the_threshold(model, baseline):
    loose = {**baseline, "monitoringConfigOverrides": {"ndcg_threshold": 0.0}}
    strict = {**baseline, "monitoringConfigOverrides": {"ndcg_threshold": 1.1}}
    rows = batch_of(flights(100, seed=6))

    assert judge(model, baseline, rows, constraints=loose).violations == []
    assert judge(model, baseline, rows, constraints=strict).violations


@pytest.mark.parametrize(
    "broken",
    [
        {"explanations": {}},
        {"explanations": {"kernel_shap": {"label0": {}}}},
        {"explanations": {"kernel_shap": {"label0": {"global_shap_values": {"wind": "x"}}}}},
        {"explanations": {"kernel_shap": {"label0": {"global_shap_values": {}}}}},
    ],
)
def test_baselines_of_another_shape_are_refused(model, broken):
    with pytest.raises(MonitorInputError, match="attribution baseline"):
        AttributionDrift(model, broken, {})


def test_a_baseline_of_another_model_is_refused(model):
    with pytest.raises(MonitorInputError, match="features differ"):
        judge(model, explanations({"wind": 1.0, "gone": 2.0}, 0.0), batch_of(flights(60, seed=7)))


def test_baselines_come_from_the_days_and_are_the_same_again(model, tmp_path):
    frame = pd.concat([flights(1500, seed=seed, month=seed) for seed in (1, 2)])
    span = Span(frame, frame["label"].to_numpy(np.int8), model.predict(frame), "flight_date")

    for name in ("once", "again"):
        write_baselines(tmp_path / name, model, [span], 0.2)

    once = {file.name: json.loads(file.read_text()) for file in (tmp_path / "once").iterdir()}
    assert len(once) == 5
    assert once == {file.name: json.loads(file.read_text()) for file in (tmp_path / "again").iterdir()}
    assert 0 < once[ATTRIBUTION_CONSTRAINTS]["monitoringConfigOverrides"]["ndcg_threshold"] <= 0.9
    # `origin` is no feature here: no request says it.
    assert list(once[BIAS_CONSTRAINTS]["post_training_bias_metrics"]["facets"]) == []
