"""The model-quality monitor: the labelled requests of a run against the constraints of the model that served them.

Statistics have Model Monitor's shape, with a section of calibration metrics of our own beside it. Constraints are
Model Monitor's `binary_classification_constraints`, and the same for `calibration_metrics`; a plain file is compared
plainly, one of ours by the limit of the day (`processing.monitoring.day_limits`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from processing.metrics import Floats
from processing.model_monitor_metrics import binary_classification_metrics
from processing.monitoring.calibration_line import Estimate
from processing.monitoring.day_limits import (
    GREATER,
    LESS,
    DayLimit,
    Spread,
    critical_value,
    each_day,
    honest_residuals,
    spread,
)
from processing.monitoring.labels import Labelled
from processing.monitoring.quality_measures import AUC, INTERCEPT, SLOPE, quality_measures
from processing.monitoring.settings import MonitorInputError
from processing.monitoring.violations import violation

BINARY, CALIBRATION = "binary_classification_constraints", "calibration_constraints"
QUALITY_CHECK = "model_quality_check"
MIN_ROWS = 100
"""Fewer labels say nothing about a day."""
MIN_DAYS = 10
"""Fewer days say nothing about their spread."""
_VERSION = 0.0

# What is watched: the other metrics follow the base rate, which is the weather's, not the model's.
_WATCHED = {AUC: LESS, SLOPE: LESS, INTERCEPT: GREATER}
_SECTIONS = {AUC: BINARY, SLOPE: CALIBRATION, INTERCEPT: CALIBRATION}


@dataclass(frozen=True)
class ModelQualityReport:
    """What the monitor writes: statistics.json, violations, and the figures worth a metric."""

    statistics: dict[str, Any]
    violations: list[dict[str, Any]]
    headline: dict[str, float | None]


def assess(labelled: Labelled, constraints: Mapping[str, Any], threshold: float) -> ModelQualityReport:
    """Judge the labelled requests of a run, decisions taken at the threshold.

    Raises:
        MonitorInputError: The constraints cannot be read.
    """
    limits = read_limits(constraints)
    rows = len(labelled.ids)
    if not rows:
        return ModelQualityReport(_statistics({}, {}, labelled), [], _headline({}))
    # In the order of scores, ranks are found many times faster; no metric depends on the order.
    order = np.argsort(labelled.probabilities, kind="stable")
    labels, scores = labelled.labels[order], labelled.probabilities[order]
    ours = quality_measures(labels, scores, labelled.moments[order])
    metrics = binary_classification_metrics(labels, scores, threshold)
    found = {**_estimates(metrics), **ours}
    violations = [
        violation(name, QUALITY_CHECK, _describe(name, found[name], limit, rows))
        for name, limit in limits.items()
        if name in found and limit.is_passed(found[name].value, found[name].error, rows)
    ]
    return ModelQualityReport(_statistics(metrics, ours, labelled), violations, _headline(ours))


def baseline_constraints(labelled: Labelled) -> dict[str, Any]:
    """Choose the constraints from days that the scoring model had not learned from.

    Too few days give no constraints: a guess would alarm always or never.
    """
    labels, scores, moments = labelled.labels, labelled.probabilities, labelled.moments
    per_day = [
        quality_measures(labels[rows], scores[rows], moments[rows])
        for rows in each_day(moments)
        if rows.sum() >= MIN_ROWS and 0 < labels[rows].sum() < rows.sum()
    ]
    document: dict[str, Any] = {"version": _VERSION, BINARY: {}, CALIBRATION: {}}
    if len(per_day) < MIN_DAYS:
        return document
    spreads, worst = {}, []
    for name, operator in _WATCHED.items():
        spreads[name], residuals = _spread(name, [day[name] for day in per_day])
        worst.append(residuals if operator == GREATER else -residuals)
    # The intercept's distance is two-sided.
    critical = critical_value(np.max(worst, axis=0), len(_WATCHED) + 1)
    for name, found in spreads.items():
        limit = DayLimit.of(found, _WATCHED[name], critical=critical, minimum_rows=MIN_ROWS)
        document[_SECTIONS[name]][name] = limit.to_dict()
    return document


def read_limits(constraints: Mapping[str, Any]) -> dict[str, DayLimit]:
    """The limits of a constraints file by metric.

    Raises:
        MonitorInputError: A constraint is not in Model Monitor's form.
    """
    sections = {name: constraints[name] for name in (BINARY, CALIBRATION) if isinstance(constraints.get(name), dict)}
    if not sections:
        raise MonitorInputError(
            f"model quality constraints: neither {BINARY} nor {CALIBRATION}; "
            "give the constraints of a binary classification"
        )
    limits = {}
    for section, entries in sections.items():
        for name, constraint in entries.items():
            try:
                limits[name] = DayLimit.read(constraint)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise MonitorInputError(f"model quality constraints, {section}.{name}: {error!r}") from error
    return limits


def _spread(name: str, days: Sequence[Estimate]) -> tuple[Spread, Floats]:
    values = np.array([day.value for day in days])
    errors = np.array([day.error for day in days])
    known = np.isfinite(values) & np.isfinite(errors)
    # A calibrated model's intercept is 0: days of both signs spread around it.
    reference = 0.0 if name == INTERCEPT else None
    residuals = np.zeros(len(values))
    residuals[known] = honest_residuals(values[known], errors[known], reference=reference)
    return spread(values[known], errors[known], reference=reference), residuals


def _estimates(metrics: Mapping[str, Any]) -> dict[str, Estimate]:
    """Model Monitor's metrics as estimates; those without a deviation have the error 0."""
    return {
        name: Estimate(float(entry["value"]), _number(entry["standard_deviation"]))
        for name, entry in metrics.items()
        if isinstance(entry, dict) and "standard_deviation" in entry
    }


def _number(value: Any) -> float:
    return 0.0 if value == "NaN" else float(value)


def _describe(name: str, found: Estimate, limit: DayLimit, rows: int) -> str:
    side = "above" if limit.operator == GREATER else "below"
    text = f"{name} {found.value:.4f} is {side} {limit.at(found.error):.4f}"
    if not limit.critical:
        return text
    return (
        f"{text}, the limit for {rows} requests (standard error {found.error:.4f}, "
        f"ordinary days spread by {limit.deviation:.4f} around {limit.reference:.4f})"
    )


def _statistics(metrics: Mapping[str, Any], ours: Mapping[str, Estimate], labelled: Labelled) -> dict[str, Any]:
    moments = labelled.moments
    return {
        "version": _VERSION,
        "dataset": {
            "item_count": len(labelled.ids),
            "start_time": float(moments.min()) if len(moments) else None,
            "end_time": float(moments.max()) if len(moments) else None,
        },
        "binary_classification_metrics": _strict(metrics),
        "calibration_metrics": {
            name: {"value": _finite(found.value), "standard_error": _finite(found.error)}
            for name, found in ours.items()
            if name not in (AUC, INTERCEPT)
        },
    }


def _headline(ours: Mapping[str, Estimate]) -> dict[str, float | None]:
    names = {"Auc": AUC, "LogLoss": "log_loss", "CalibrationGap": "calibration_gap"}
    return {title: _finite(ours[name].value) if name in ours else None for title, name in names.items()}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _strict(document: Any) -> Any:
    """JSON has no NaN; Model Monitor writes it as text."""
    if isinstance(document, Mapping):
        return {name: _strict(value) for name, value in document.items()}
    return "NaN" if isinstance(document, float) and not math.isfinite(document) else document
