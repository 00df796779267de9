"""The model-quality monitor: ordinary days pass, planted faults do not, foreign constraints are read."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sagemaker.core.model_monitor.monitoring_files import Constraints, Statistics

from processing.monitoring.day_limits import GREATER, LESS, DayLimit, spread
from processing.monitoring.model_quality import assess, baseline_constraints
from processing.monitoring.settings import MonitorInputError
from tests.unit.processing.monitoring.labelled_days import each, labelled_days, taken

THRESHOLD = 0.2


@pytest.fixture(scope="module")
def constraints():
    return baseline_constraints(labelled_days(60, 800, seed=1))


def alarms(days, constraints):
    return [[found["feature_name"] for found in assess(day, constraints, THRESHOLD).violations] for day in days]


@pytest.mark.parametrize("rows", [300, 900])
def test_ordinary_days_pass_whatever_their_base_rate(constraints, rows):
    days = each(labelled_days(60, rows, seed=2))

    rates = [day.labels.mean() for day in days]
    assert max(rates) > 3 * min(rates)
    assert sum(map(bool, alarms(days, constraints))) <= 3


def test_more_late_flights_than_predicted_are_seen(constraints):
    rng = np.random.default_rng(3)
    days = [
        taken(day, slice(None), labels=np.where(rng.random(len(day.labels)) < 0.4, 1, day.labels))
        for day in each(labelled_days(20, 300, seed=4))
    ]

    assert all("absolute_calibration_intercept" in found for found in alarms(days, constraints))


def test_labels_that_no_longer_follow_the_features_are_seen_at_the_same_base_rate(constraints):
    def mirrored(day):
        order = np.argsort(day.probabilities)
        labels = day.labels.copy()
        labels[order] = day.labels[order[::-1]]
        return taken(day, slice(None), labels=labels)

    found = alarms(map(mirrored, each(labelled_days(20, 300, seed=5))), constraints)

    assert all({"calibration_slope", "auc"} & set(names) for names in found)


def test_few_labels_are_reported_but_not_judged(constraints):
    (day,) = each(labelled_days(1, 60, seed=6))

    report = assess(taken(day, slice(None), labels=1 - day.labels), constraints, THRESHOLD)

    assert report.violations == []
    assert report.headline["Auc"] is not None


@pytest.mark.parametrize("labels", [np.zeros(150), np.ones(150)])
def test_a_day_of_one_class_has_no_auc_and_is_still_json(constraints, labels):
    (day,) = each(labelled_days(1, 150, seed=7))

    report = assess(taken(day, slice(None), labels=labels), constraints, THRESHOLD)

    assert report.headline["Auc"] is None
    assert json.loads(json.dumps(report.statistics, allow_nan=False))["dataset"]["item_count"] == 150


def test_no_labels_are_an_empty_report(constraints):
    report = assess(taken(labelled_days(1, 10, seed=8), slice(0)), constraints, THRESHOLD)

    assert (report.violations, set(report.headline.values())) == ([], {None})


def test_plain_constraints_of_model_monitor_are_compared_plainly():
    (day,) = each(labelled_days(1, 900, seed=9))
    plain = {
        "version": 0.0,
        "binary_classification_constraints": {
            "auc": {"threshold": 0.99, "comparison_operator": "LessThanThreshold"},
            "accuracy": {"threshold": 0.01, "comparison_operator": "LessThanThreshold"},
            "false_positive_rate": {"threshold": 0.0, "comparison_operator": "GreaterThanThreshold"},
            "accuracy_best_constant_classifier": {"threshold": 1.0, "comparison_operator": "LessThanThreshold"},
            "unheard_of": {"threshold": 0.5, "comparison_operator": "LessThanThreshold"},
        },
    }

    found = {entry["feature_name"]: entry["description"] for entry in assess(day, plain, THRESHOLD).violations}

    assert sorted(found) == ["accuracy_best_constant_classifier", "auc", "false_positive_rate"]
    assert found["auc"].endswith("is below 0.9900")


def test_a_foreign_reader_may_use_the_thresholds_alone(constraints):
    plain = {
        section: {
            name: {key: limit[key] for key in ("threshold", "comparison_operator")} for name, limit in limits.items()
        }
        for section, limits in constraints.items()
        if isinstance(limits, dict)
    }

    assert sum(map(bool, alarms(each(labelled_days(40, 800, seed=10)), plain))) <= 2


def test_the_sdk_reads_what_is_written(constraints):
    (day,) = each(labelled_days(1, 300, seed=11))
    statistics = assess(day, constraints, THRESHOLD).statistics

    assert Constraints(constraints, "s3://b/c.json").body_dict == constraints
    read = Statistics(statistics, "s3://b/s.json").body_dict["binary_classification_metrics"]
    assert set(read["auc"]) == {"value", "standard_deviation"}
    assert statistics["calibration_metrics"]["log_loss"]["standard_error"] > 0


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"regression_constraints": {}},
        {"binary_classification_constraints": {"auc": {"threshold": 0.9}}},
        {"binary_classification_constraints": {"auc": {"threshold": "x", "comparison_operator": LESS}}},
        {"binary_classification_constraints": {"auc": {"threshold": 0.9, "comparison_operator": "Equals"}}},
        {"binary_classification_constraints": {"auc": 0.9}},
        {"binary_classification_constraints": []},
    ],
)
def test_constraints_that_are_none_are_refused(broken):
    with pytest.raises(MonitorInputError, match="model quality constraints"):
        assess(labelled_days(1, 10, seed=12), broken, THRESHOLD)


def test_too_few_days_choose_no_constraints():
    found = baseline_constraints(labelled_days(5, 300, seed=13))

    assert (found["binary_classification_constraints"], found["calibration_constraints"]) == ({}, {})
    assert assess(labelled_days(1, 300, seed=14), found, THRESHOLD).violations == []


@settings(max_examples=20, deadline=None)
@given(deviation=st.floats(0, 3), error=st.floats(0.05, 2), seed=st.integers(0, 99))
def test_the_spread_between_days_is_told_from_their_noise(deviation, error, seed):
    rng = np.random.default_rng(seed)
    errors = error * rng.uniform(0.5, 1.5, 400)
    values = 1.0 + rng.normal(0, np.hypot(deviation, errors))

    found = spread(values, errors)

    assert abs(found.deviation**2 - deviation**2) < 0.3 * (deviation**2 + error**2)
    assert found.residuals(values, errors).std() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("operator", [GREATER, LESS])
def test_a_limit_is_read_as_written_and_wider_for_smaller_days(operator):
    limit = DayLimit.of(spread(np.array([0.0, 1.0, 2.0]), np.full(3, 0.1)), operator, critical=2.0, minimum_rows=10)
    far = 100.0 if operator == GREATER else -100.0

    assert DayLimit.read(limit.to_dict()) == limit
    assert limit.at(0.1) == pytest.approx(limit.threshold)
    assert abs(limit.at(5.0) - 1.0) > abs(limit.at(0.1) - 1.0)
    assert limit.is_passed(far, 0.1, 10)
    assert not limit.is_passed(far, 0.1, 9)
    assert not limit.is_passed(float("nan"), 0.1, 10)
