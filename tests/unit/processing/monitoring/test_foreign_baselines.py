"""Baselines in AWS's published formats that this project did not write."""

import json
from pathlib import Path

import pytest

from tests.monitored_days import MonitoredVariant

# As Model Monitor's suggested baseline of the developer guide, with this model's features.
STATISTICS = {
    "version": 0.0,
    "dataset": {"item_count": 3000},
    "features": [
        {
            "name": name,
            "inferred_type": "Fractional",
            "numerical_statistics": {
                "common": {"num_present": 3000, "num_missing": 0},
                "mean": mean,
                "sum": 3000 * mean,
                "std_dev": deviation,
                "min": low,
                "max": high,
                "distribution": {
                    "kll": {
                        "buckets": [
                            {
                                "lower_bound": low + (high - low) * place / 10,
                                "upper_bound": low + (high - low) * (place + 1) / 10,
                                "count": count,
                            }
                            for place, count in enumerate(counts)
                        ],
                        "sketch": {"parameters": {"c": 0.64, "k": 2048.0}, "data": [[], data]},
                    }
                },
            },
        }
        for name, mean, deviation, low, high, counts, data in (
            ("wind", 15.0, 8.7, 0.0, 30.0, [300] * 10, [30 * (place + 0.5) / 1500 for place in range(1500)]),
            ("hour", 13.5, 5.2, 5.0, 22.0, [300] * 10, [5 + place * 18 // 1500 for place in range(1500)]),
        )
    ]
    + [
        {
            "name": "carrier",
            "inferred_type": "String",
            "string_statistics": {
                "common": {"num_present": 3000, "num_missing": 0},
                "distinct_count": 3.0,
                "distribution": {
                    "categorical": {"buckets": [{"value": name, "count": 1000} for name in ("AA", "B6", "UA")]}
                },
            },
        }
    ],
}
CONSTRAINTS = {
    "version": 0.0,
    "features": [
        {
            "name": "wind",
            "inferred_type": "Fractional",
            "completeness": 0.8,
            "num_constraints": {"is_non_negative": True},
        },
        {"name": "hour", "inferred_type": "Integral", "completeness": 1.0},
        {
            "name": "carrier",
            "inferred_type": "String",
            "completeness": 1.0,
            "string_constraints": {"domains": ["AA", "B6"]},
            "monitoringConfigOverrides": {},
        },
    ],
    "monitoring_config": {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 1.0,
        "domain_content_threshold": 1.0,
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": 0.1,
            "comparison_method": "Robust",
        },
    },
}
# As the developer guide's constraints of a binary classifier.
MODEL_QUALITY = {
    "version": 0.0,
    "binary_classification_constraints": {
        "recall": {"threshold": 0.0, "comparison_operator": "LessThanThreshold"},
        "auc": {"threshold": 0.999, "comparison_operator": "LessThanThreshold"},
        "false_positive_rate": {"threshold": 1.0, "comparison_operator": "GreaterThanThreshold"},
    },
}


def write(root: Path, documents: dict[str, dict]) -> None:
    for name, document in documents.items():
        (root / name).write_text(json.dumps(document))


@pytest.fixture
def foreign(variant: MonitoredVariant) -> MonitoredVariant:
    files = {"baseline/statistics.json": STATISTICS, "baseline/constraints.json": CONSTRAINTS}
    write(variant.root, {**files, "evaluation/model_quality_constraints.json": MODEL_QUALITY})
    return variant


def test_model_monitors_own_baseline_is_read(foreign: MonitoredVariant):
    foreign.serve(0)

    report = foreign.run(0, "--kinds", "data-quality,model-quality")

    assert not [monitor for monitor in report["monitors"].values() if monitor["status"] == "Failed"], report
    found = {(each["feature_name"], each["constraint_check_type"]) for each in foreign.violations(0, "data-quality")}
    assert ("carrier", "categorical_values_check") in found, found
    assert not any(name in ("wind", "hour") for name, _ in found), found
    assert [each["feature_name"] for each in foreign.violations(0, "model-quality")] == ["auc"]


def test_statistics_of_a_run_have_model_monitors_shape(foreign: MonitoredVariant):
    foreign.serve(0, rows=120)
    foreign.run(0)

    statistics = foreign.read(0, "data-quality/statistics.json")

    features = {feature["name"]: feature for feature in statistics["features"]}
    assert statistics["dataset"]["item_count"] == 120
    wind = features["wind"]["numerical_statistics"]
    assert wind["common"]["num_present"] + wind["common"]["num_missing"] == 120
    assert len(wind["distribution"]["kll"]["buckets"]) == 10
    assert features["carrier"]["string_statistics"]["distribution"]["categorical"]["buckets"]
    quality = foreign.read(0, "model-quality/statistics.json")["binary_classification_metrics"]
    assert {"auc", "recall", "precision", "confusion_matrix"} <= set(quality)
