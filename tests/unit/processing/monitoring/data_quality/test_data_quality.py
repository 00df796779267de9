"""Each planted fault has its violation; an ordinary day has none; foreign files work."""

import importlib
import json
import os
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from processing.monitoring.data_quality import DataQuality
from processing.monitoring.settings import MonitorInputError
from processing.monitoring.violations import violations_document


@pytest.fixture
def judge(baseline_files, spec, as_batch):
    def run(*frames, statistics=None, constraints=None):
        monitor = DataQuality(statistics or baseline_files[0], constraints or baseline_files[1], spec)
        for frame in frames:
            monitor.add(as_batch(frame))
        return monitor.finish()

    return run


@pytest.fixture
def day(training_rows, spec):
    return training_rows.loc[training_rows["day"] == 20, list(spec.names)].reset_index(drop=True)


def found(report):
    return {(entry["feature_name"], entry["constraint_check_type"]) for entry in report.violations}


def test_an_ordinary_day_has_no_violation(judge, day):
    report = judge(day.iloc[:70], day.iloc[70:])

    assert report.violations == []
    assert report.records == len(day)
    assert 0 <= report.worst_drift <= 1


def test_a_day_without_records_has_none_either(judge):
    assert judge().violations == []


PLANTED = {
    "null": (lambda d: d.assign(warmth=np.nan), ("warmth", "completeness_check")),
    "unit": (lambda d: d.assign(warmth=(d["warmth"] - 32) * 5 / 9), ("dampness", "relation_check")),
    "category": (lambda d: d.assign(carrier=["ZZ", *d["carrier"][1:]]), ("carrier", "categorical_values_check")),
    "missing column": (lambda d: d.drop(columns="warmth"), ("warmth", "missing_column_check")),
    "extra column": (lambda d: d.assign(wind=1.0), ("wind", "extra_column_check")),
    "text": (lambda d: d.assign(seats=["many", *d["seats"][1:]]), ("seats", "data_type_check")),
    "negative": (lambda d: d.assign(seats=-d["seats"]), ("seats", "non_negative_check")),
    "drift": (lambda d: d.assign(seats=d["seats"] + 60), ("seats", "baseline_drift_check")),
    "shuffled": (
        lambda d: d.assign(warmth=d["warmth"].sample(frac=1, random_state=1).array),
        ("warmth", "relation_check"),
    ),
    "swapped": (lambda d: d.rename(columns={"warmth": "seats", "seats": "warmth"}), ("seats", "baseline_drift_check")),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_has_its_violation(judge, day, fault):
    break_it, expected = PLANTED[fault]

    assert expected in found(judge(break_it(day)))


def test_fields_that_the_server_takes_and_the_model_does_not_read_are_no_extra_columns(judge, day):
    assert found(judge(day.assign(flight_id="F", label=0, tailnum="N1"))) == set()


def test_windows_of_few_rows_are_judged_with_indulgence(judge, day, baseline_files):
    constraints = json.loads(json.dumps(baseline_files[1]))
    constraints["features"][1]["monitoringConfigOverrides"]["completeness_threshold"] = 0.8
    few = day.iloc[:10].assign(warmth=[np.nan] * 4 + [40.0] * 6)
    many = day.iloc[:100].assign(warmth=[np.nan] * 40 + [40.0] * 60)

    assert ("warmth", "completeness_check") not in found(judge(few, constraints=constraints))
    assert ("warmth", "completeness_check") in found(judge(many, constraints=constraints))


def foreign(names_and_types, **config):
    """A constraints.json as Model Monitor's analyzer writes it: no overrides, keys that we do not know."""
    return {
        "version": 0.0,
        "features": [
            {"name": name, "inferred_type": kind, "completeness": 1.0, "something_new": [1]} | extra
            for name, kind, extra in names_and_types
        ],
        "monitoring_config": {"evaluate_constraints": "Enabled", "emit_metrics": "Enabled", **config},
    }


FOREIGN = [
    ("carrier", "String", {"string_constraints": {"domains": ["AA", "UA"]}}),
    ("seats", "Integral", {"num_constraints": {"is_non_negative": True}}),
]


def test_a_foreign_baseline_of_buckets_works(judge, day):
    buckets = [{"lower_bound": low, "upper_bound": low + 10.0, "count": 100.0} for low in range(100, 200, 10)]
    statistics = {
        "version": 0.0,
        "dataset": {"item_count": 1000},
        "features": [
            {
                "name": "seats",
                "inferred_type": "Integral",
                "numerical_statistics": {
                    "common": {"num_present": 1000, "num_missing": 0},
                    "distribution": {"kll": {"buckets": buckets}},
                },
            }
        ],
    }
    rows = day[["carrier", "seats"]]

    assert found(judge(rows, statistics=statistics, constraints=foreign(FOREIGN))) == set()
    moved = judge(rows.assign(seats=rows["seats"] + 50), statistics=statistics, constraints=foreign(FOREIGN))
    assert found(moved) == {("seats", "baseline_drift_check")}
    assert moved.worst_drift > 1


@pytest.mark.parametrize(
    "config",
    [
        {"distribution_constraints": {"perform_comparison": "Disabled"}},
        {"distribution_constraints": {"comparison_threshold": 0.9}},
        {"distribution_constraints": {"comparison_method": "Robust", "comparison_threshold": 1}},
    ],
)
def test_comparison_follows_the_file(judge, day, config):
    moved = day[["carrier", "seats"]].assign(seats=day["seats"] + 60)

    assert found(judge(moved, constraints=foreign(FOREIGN, **config))) == set()


def test_evaluation_follows_the_file(judge, day):
    rows = day[["carrier", "seats"]].assign(carrier="ZZ")
    config = {"distribution_constraints": {"perform_comparison": "Disabled"}}

    assert found(judge(rows, constraints=foreign(FOREIGN, **config))) == {("carrier", "categorical_values_check")}
    assert found(judge(rows, constraints=foreign(FOREIGN, evaluate_constraints="Disabled", **config))) == set()
    assert found(judge(rows, constraints=foreign(FOREIGN, domain_content_threshold=0.0, **config))) == set()


def test_chi_squared_follows_the_file(judge, day):
    config = {"distribution_constraints": {"categorical_drift_method": "ChiSquared", "comparison_threshold": 1.0}}
    rows = day[["carrier", "seats"]]

    assert found(judge(rows, constraints=foreign(FOREIGN, **config))) == set()
    only = found(judge(rows.assign(carrier="AA"), constraints=foreign(FOREIGN, **config)))
    assert only == {("carrier", "baseline_drift_check")}


@pytest.mark.parametrize(
    ("constraints", "reason"),
    [
        ({"features": 1}, "'features' is 1"),
        ({"features": [{"name": "a", "inferred_type": "Text"}]}, "allowed are Integral"),
        ({"features": [{"name": "a", "completeness": "all"}]}, "'all' is no number"),
        ({"features": [{"name": "a", "relation": {"predictors": 1}}]}, "prepare again"),
        ({"features": [{"name": "a", "string_constraints": {"domains": "x"}}]}, "expected a list"),
        ({"features": [], "monitoring_config": {"evaluate_constraints": "On"}}, "allowed are Enabled"),
    ],
)
def test_a_broken_baseline_is_refused_with_its_reason(baseline_files, spec, constraints, reason):
    with pytest.raises(MonitorInputError, match=reason):
        DataQuality(baseline_files[0], constraints, spec)


@pytest.mark.parametrize("statistics", [{}, {"features": [{"numerical_statistics": {"distribution": {"kll": 1}}}]}])
def test_broken_statistics_are_refused(baseline_files, spec, statistics):
    with pytest.raises(MonitorInputError, match=r"statistics\.json"):
        DataQuality(statistics, baseline_files[1], spec)


def test_statistics_of_a_window_are_those_of_its_rows(judge, day):
    described = {entry["name"]: entry for entry in judge(day.iloc[:99], day.iloc[99:]).statistics["features"]}

    numbers = described["warmth"]["numerical_statistics"]
    assert numbers["common"] == {"num_present": len(day), "num_missing": 0}
    assert numbers["mean"] == pytest.approx(day["warmth"].mean())
    assert numbers["std_dev"] == pytest.approx(day["warmth"].std(ddof=0))
    counts = [bucket["count"] for bucket in numbers["distribution"]["kll"]["buckets"]]
    assert counts == np.histogram(day["warmth"], bins=10)[0].tolist()
    assert described["seats"]["inferred_type"] == "Integral"
    texts = described["carrier"]["string_statistics"]["distribution"]["categorical"]["buckets"]
    assert {bucket["value"]: bucket["count"] for bucket in texts} == day["carrier"].value_counts().to_dict()


@pytest.fixture
def sdk(monkeypatch):
    """The SDK's module; it asks for a region when it is imported."""
    monkeypatch.setitem(os.environ, "AWS_DEFAULT_REGION", "us-east-1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("sagemaker.core.model_monitor")


def test_the_sdk_accepts_the_files(judge, day, baseline_files, sdk):
    report = judge(day.drop(columns="warmth"))
    session = SimpleNamespace()

    for kind, document in (
        (sdk.Statistics, report.statistics),
        (sdk.Statistics, baseline_files[0]),
        (sdk.Constraints, baseline_files[1]),
        (sdk.ConstraintViolations, violations_document(report.violations)),
    ):
        read = kind(json.loads(json.dumps(document)), "s3://bucket/file.json", sagemaker_session=session)
        assert read.body_dict == document


def test_monitoring_that_the_sdk_switched_off_is_off(judge, day, baseline_files, sdk):
    constraints = sdk.Constraints(
        json.loads(json.dumps(baseline_files[1])), "s3://bucket/file.json", sagemaker_session=SimpleNamespace()
    )
    broken = day.assign(seats=day["seats"] + 60)

    constraints.set_monitoring(enable_monitoring=False, feature_name="seats")

    assert found(judge(broken)) == {("seats", "baseline_drift_check")}
    assert found(judge(broken, constraints=constraints.body_dict)) == set()
