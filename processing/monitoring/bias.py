"""The bias monitor: Clarify's post-training metrics of every slice against the constraints of the served model.

Reports and constraints have Clarify's shapes. Clarify's own rule, a value farther from balance than the baseline's,
alarms every day when slices are small and many; our constraints therefore carry the limit of an ordinary day with them
(`processing.monitoring.day_limits`). A file without these overrides is compared by Clarify's rule.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.monitoring.bias_metrics import DESCRIPTIONS, bias_metrics, slices_of
from processing.monitoring.calibration_line import Estimate
from processing.monitoring.day_limits import (
    FALSE_ALARMS,
    OVERRIDES,
    Spread,
    critical_value,
    each_day,
    honest_residuals,
    spread,
)
from processing.monitoring.labels import Labelled
from processing.monitoring.settings import MonitorInputError

MIN_ROWS = 30
"""A slice of fewer labelled requests is not judged."""
MIN_DAYS = 20
"""A slice seen on fewer days has no limit."""
MARGIN = 1.1
"""How much wider than the wildest baseline day: the worst of three months is not yet the worst of a year."""
SECTION = "post_training_bias_metrics"
_WATCHED = ("AD", "CID", "DPPL", "LSR", "RD", "SD")
_VERSION = "1.0"

Key = tuple[str, str, str]
"""Facet, facet value, metric."""


@dataclass(frozen=True)
class BiasReport:
    """What the monitor writes: Clarify's analysis.json and violations."""

    analysis: dict[str, Any]
    violations: list[dict[str, Any]]


def assess_bias(
    labelled: Labelled,
    columns: Sequence[str],
    baseline: Mapping[str, Any],
    constraints: Mapping[str, Any],
    threshold: float,
) -> BiasReport:
    """Judge the labelled requests of a run.

    Args:
        labelled: The requests.
        columns: Slice columns; those that requests do not have are left out.
        baseline: The baseline's analysis, for the label's name.
        constraints: Clarify's constraints, ours or plain.
        threshold: Probability from which a flight counts as late.

    Raises:
        MonitorInputError: The constraints cannot be read.
    """
    found = _measure(labelled, np.ones(len(labelled.ids), dtype=np.bool_), columns, threshold)
    label = str((baseline.get(SECTION) or {}).get("label", "label"))
    violations = [
        {
            "facet": facet,
            "facet_value": value,
            "metric_name": metric,
            "constraint_check_type": "bias_drift_check",
            "description": description,
        }
        for (facet, value, metric), constraint in _constraints(constraints)
        if (description := _judge(metric, found.get((facet, value, metric)), constraint))
    ]
    return BiasReport(_document(found, label), violations)


def baseline_analysis(labelled: Labelled, columns: Sequence[str], threshold: float, label: str) -> dict[str, Any]:
    """Clarify's analysis of the baseline rows."""
    return _document(_measure(labelled, np.ones(len(labelled.ids), dtype=np.bool_), columns, threshold), label)


def baseline_constraints(labelled: Labelled, columns: Sequence[str], threshold: float, label: str) -> dict[str, Any]:
    """Choose the limits of the watched metrics from days that the scoring model had not learned from.

    Every metric gets an equal part of the false alarms that the monitor may give.
    """
    history: dict[Key, dict[int, Estimate]] = defaultdict(dict)
    days = each_day(labelled.moments)
    for number, rows in enumerate(days):
        for key, estimate in _measure(labelled, rows, columns, threshold).items():
            if key[2] in _WATCHED and math.isfinite(estimate.value) and math.isfinite(estimate.error):
                history[key][number] = estimate
    long = {key: series for key, series in history.items() if len(series) >= MIN_DAYS}
    spreads, criticals = _limits(long, len(days))
    limits = {key: _constraint(found, criticals[key[2]]) for key, found in spreads.items()}
    return _document(limits, label)


def _limits(history: Mapping[Key, Mapping[int, Estimate]], days: int) -> tuple[dict[Key, Spread], dict[str, float]]:
    """The spread of every quantity, and each metric's critical value from its worst slice of each day."""
    spreads: dict[Key, Spread] = {}
    worst = {metric: np.zeros(days) for metric in _WATCHED}
    for key, series in history.items():
        values = np.array([estimate.value for estimate in series.values()])
        errors = np.array([estimate.error for estimate in series.values()])
        spreads[key] = spread(values, errors)
        places = np.array(list(series))
        distances = np.abs(honest_residuals(values, errors))
        worst[key[2]][places] = np.maximum(worst[key[2]][places], distances)
    tests = {metric: 2 * sum(key[2] == metric for key in spreads) for metric in _WATCHED}
    criticals = {
        metric: MARGIN * critical_value(residuals, tests[metric], false_alarms=FALSE_ALARMS / len(_WATCHED))
        for metric, residuals in worst.items()
    }
    return spreads, criticals


def _constraint(found: Spread, critical: float) -> dict[str, Any]:
    """The plain value is the limit of a typical day that is farther from balance."""
    width = critical * math.hypot(found.deviation, found.typical_error)
    return {
        "value": found.reference + math.copysign(width, found.reference),
        OVERRIDES: {
            "reference": found.reference,
            "day_standard_deviation": found.deviation,
            "critical_value": critical,
        },
    }


def _measure(
    labelled: Labelled, rows: NDArray[np.bool_], columns: Sequence[str], threshold: float
) -> dict[Key, Estimate]:
    labels, scores, frame = labelled.labels[rows], labelled.probabilities[rows], labelled.slices[rows]
    return {
        (part.facet, part.value, metric): estimate
        for part in slices_of(frame, columns, MIN_ROWS)
        for metric, estimate in bias_metrics(labels, scores, part.rows, threshold).items()
    }


def _judge(metric: str, found: Estimate | None, constraint: Mapping[str, Any]) -> str:
    """Why a value violates its constraint; empty if it does not, or is unknown today."""
    if found is None or not math.isfinite(found.value) or constraint["value"] is None:
        return ""
    text = f"Value {found.value:.4f} does not meet the constraint requirement"
    overrides = constraint.get(OVERRIDES) or {}
    if not overrides:
        allowed = _imbalance(metric, float(constraint["value"]))
        is_worse = _imbalance(metric, found.value) > allowed
        return f"{text}: it is farther from balance than {constraint['value']:.4f}" if is_worse else ""
    if not math.isfinite(found.error):
        return ""
    width = float(overrides["critical_value"]) * math.hypot(float(overrides["day_standard_deviation"]), found.error)
    reference = float(overrides["reference"])
    if abs(found.value - reference) <= width:
        return ""
    return f"{text}: ordinary days are within {width:.4f} of {reference:.4f} (standard error {found.error:.4f})"


def _imbalance(metric: str, value: float) -> float:
    """Distance from balance: 0 for differences, 1 for the ratio DI."""
    if metric == "DI":
        return abs(math.log(value)) if value > 0 else math.inf
    return abs(value)


def _constraints(document: Mapping[str, Any]) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    try:
        for facet, values in document[SECTION]["facets"].items():
            for entry in values:
                for metric in entry["metrics"]:
                    yield (facet, str(entry["value_or_threshold"]), metric["name"]), {"value": None, **metric}
    except (LookupError, TypeError, AttributeError) as error:
        raise MonitorInputError(
            f"bias constraints: not Clarify's shape, {SECTION}.facets.<facet>[].metrics[] ({error!r})"
        ) from error


def _document(found: Mapping[Key, Estimate | Mapping[str, Any]], label: str) -> dict[str, Any]:
    """Clarify's analysis.json."""
    facets: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for (facet, value, metric), content in found.items():
        entry = {"name": metric, "description": DESCRIPTIONS[metric], **_content(content)}
        facets.setdefault(facet, {}).setdefault(value, []).append(entry)
    return {
        "version": _VERSION,
        SECTION: {
            "label": label,
            "label_value_or_threshold": "1",
            "facets": {
                facet: [{"value_or_threshold": value, "metrics": metrics} for value, metrics in values.items()]
                for facet, values in facets.items()
            },
        },
    }


def _content(content: Estimate | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(content, Estimate):
        return content
    if not math.isfinite(content.value):
        return {"value": None, "error": "too few predictions or labels of one kind to divide by"}
    known = {"standard_error": content.error} if math.isfinite(content.error) else {}
    return {"value": content.value, **known}
