"""metrics.json: the run's few figures as entries of PutMetricData, which the state machine publishes.

No entry carries a timestamp: a figure counts when it is published. There is none per feature, for each custom metric
costs money and the reports have them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from processing.monitoring.report import FAILED, KindReport
from processing.monitoring.settings import MODEL_QUALITY, Settings

NAMESPACE = "FlightDelay/Monitoring"
PUBLISHED = ("CapturedShare", "WorstDrift", "LabelledShare", "Auc", "LogLoss", "CalibrationGap")
"""Which headline figures are published; the others stand in report.json."""

LATE_LABELS = "ground_truth_check"
"""The check that judges the labels' supply, not the model."""

_COUNT, _NO_UNIT = "Count", "None"


def metrics_document(settings: Settings, reports: Mapping[str, KindReport]) -> dict[str, Any]:
    """What to publish: the namespace, and entries of PutMetricData."""
    variant = {"Endpoint": settings.endpoint, "Variant": settings.variant}
    data = [entry for kind, report in reports.items() for entry in _of_kind(kind, variant | {"Monitor": kind}, report)]
    failures = sum(report.status == FAILED for report in reports.values())
    if failures:
        # The state machine publishes the same metric for a job that failed as a whole, and 0 for one that ended.
        data.append(_entry("Failures", variant, failures, _COUNT))
    return {"Namespace": NAMESPACE, "MetricData": data}


def _of_kind(kind: str, dimensions: Mapping[str, str], report: KindReport) -> list[dict[str, Any]]:
    """A kind that failed says nothing: neither that it ran nor that nothing was found."""
    if report.status == FAILED:
        return []
    late = sum(found.get("constraint_check_type") == LATE_LABELS for found in report.violations)
    counted = {"Runs": 1, "Violations": len(report.violations) - late, "Records": report.records}
    if kind == MODEL_QUALITY:
        # Labels that are late are no reason to retrain: their alarm is another one.
        counted["LateLabels"] = late
    entries = [_entry(name, dimensions, value, _COUNT) for name, value in counted.items()]
    known = {name: report.headline.get(name) for name in PUBLISHED}
    return entries + [
        _entry(name, dimensions, value, _NO_UNIT)
        for name, value in known.items()
        if value is not None and math.isfinite(value)
    ]


def _entry(name: str, dimensions: Mapping[str, str], value: float, unit: str) -> dict[str, Any]:
    listed = [{"Name": key, "Value": text} for key, text in dimensions.items()]
    return {"MetricName": name, "Dimensions": listed, "Value": float(value), "Unit": unit}
