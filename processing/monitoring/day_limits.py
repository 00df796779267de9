"""Limits that an ordinary day keeps: chosen from days the model had not learned from, by one rule for all monitors.

A day's value differs from the long-run one for two reasons: few requests (its standard error, known for every day) and
the day itself (weather, strikes: what remains of the spread between days, `deviation`). With both, a value is
standardised:

    residual = (value - reference) / sqrt(deviation² + error²)

and a day alarms if a residual passes the critical value. That is the larger of the normal quantile for FALSE_ALARMS,
corrected for the number of quantities looked at (Bonferroni), and the empirical quantile of the worst residual of each
baseline day: the first corrects for what was looked at, the second for days that are wilder than a normal distribution.
For the second, every day is standardised by the spread of the other months: no day vouches for itself or its season.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.metrics import Floats

FALSE_ALARMS = 0.04
"""Share of ordinary days on which a monitor may alarm."""

_DAY, _MONTH = 86_400.0, 30

GREATER, LESS = "GreaterThanThreshold", "LessThanThreshold"
OVERRIDES = "monitoringConfigOverrides"
"""Where a constraint says how its limit follows the day's number of rows; a file without it is compared plainly."""


@dataclass(frozen=True)
class Spread:
    """How days differ beyond their standard errors.

    Attributes:
        reference: The long-run value.
        deviation: Standard deviation between days.
        typical_error: Median standard error of a day.
    """

    reference: float
    deviation: float
    typical_error: float

    def residuals(self, values: Floats, errors: Floats) -> Floats:
        """Standardised distances from the reference."""
        scale = np.hypot(self.deviation, errors)
        return np.divide(values - self.reference, scale, out=np.zeros_like(values), where=scale > 0)


def spread(values: Floats, errors: Floats, *, reference: float | None = None) -> Spread:
    """Estimate the spread between days by Paule and Mandel (1982): the deviation that makes residuals of unit variance.

    Args:
        values: One a day.
        errors: Their standard errors.
        reference: Where the long-run value is known; otherwise it is the weighted mean.
    """
    degrees = len(values) - (reference is None)
    low, high = 0.0, float(np.ptp(values)) + float(np.abs(values).max(initial=0.0))
    for _ in range(60):
        middle = (low + high) / 2
        weights = _weights(errors, middle)
        centre = _centre(values, weights, reference)
        if float(np.sum(weights * (values - centre) ** 2)) > degrees:
            low = middle
        else:
            high = middle
    return Spread(_centre(values, _weights(errors, high), reference), high, float(np.median(errors)))


def honest_residuals(values: Floats, errors: Floats, *, reference: float | None = None) -> Floats:
    """Residuals of days in their order, each by the spread that the days outside its own month have."""
    folds = np.array_split(np.arange(len(values)), max(2, round(len(values) / _MONTH)))
    residuals = np.empty(len(values))
    for fold in folds:
        others = np.setdiff1d(np.arange(len(values)), fold)
        residuals[fold] = spread(values[others], errors[others], reference=reference).residuals(
            values[fold], errors[fold]
        )
    return residuals


def each_day(moments: Floats) -> list[NDArray[np.bool_]]:
    """Which rows belong to each day, in UTC."""
    days = np.floor(moments / _DAY)
    return [days == day for day in np.unique(days)]


def critical_value(worst: Floats, tests: int, *, false_alarms: float = FALSE_ALARMS) -> float:
    """How large a residual may be.

    Args:
        worst: The worst residual of each baseline day over all quantities, in the direction that alarms.
        tests: How many quantities are looked at.
        false_alarms: Share of days that may alarm.
    """
    normal = NormalDist().inv_cdf(1 - false_alarms / max(tests, 1))
    return max(normal, float(np.quantile(worst, 1 - false_alarms, method="higher")))


@dataclass(frozen=True)
class DayLimit:
    """The limit of one quantity; without overrides (`critical` 0) the plain threshold."""

    threshold: float
    operator: str
    reference: float = 0.0
    deviation: float = 0.0
    critical: float = 0.0
    minimum_rows: int = 0

    @classmethod
    def of(cls, found: Spread, operator: str, *, critical: float, minimum_rows: int) -> DayLimit:
        """The limit from a spread; its threshold is that of a day of typical size."""
        limit = cls(0.0, operator, found.reference, found.deviation, critical, minimum_rows)
        return cls(limit.at(found.typical_error), operator, found.reference, found.deviation, critical, minimum_rows)

    @classmethod
    def read(cls, constraint: Mapping[str, Any]) -> DayLimit:
        """The limit from a constraint of Model Monitor, ours or plain.

        Raises:
            LookupError, TypeError, ValueError: It is none.
        """
        operator = constraint["comparison_operator"]
        if operator not in (GREATER, LESS):
            raise ValueError(f"comparison_operator {operator!r} is neither {GREATER} nor {LESS}")
        overrides = constraint.get(OVERRIDES) or {}
        return cls(
            float(constraint["threshold"]),
            operator,
            float(overrides.get("reference", 0.0)),
            float(overrides.get("day_standard_deviation", 0.0)),
            float(overrides.get("critical_value", 0.0)),
            int(overrides.get("minimum_rows", 0)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Model Monitor's form."""
        return {
            "threshold": self.threshold,
            "comparison_operator": self.operator,
            OVERRIDES: {
                "reference": self.reference,
                "day_standard_deviation": self.deviation,
                "critical_value": self.critical,
                "minimum_rows": self.minimum_rows,
            },
        }

    def at(self, error: float) -> float:
        """The limit for a day whose value has this standard error."""
        if not self.critical:
            return self.threshold
        width = self.critical * math.hypot(self.deviation, error if math.isfinite(error) else 0.0)
        return self.reference + width if self.operator == GREATER else self.reference - width

    def is_passed(self, value: float, error: float, rows: int) -> bool:
        """Whether a day's value passes its limit; an unknown value, or one of too few rows, does not."""
        if not math.isfinite(value) or rows < self.minimum_rows:
            return False
        return value > self.at(error) if self.operator == GREATER else value < self.at(error)


def _weights(errors: Floats, deviation: float) -> Floats:
    return 1 / np.maximum(errors**2 + deviation**2, np.finfo(np.float64).tiny)


def _centre(values: Floats, weights: Floats, reference: float | None) -> float:
    return float(np.average(values, weights=weights)) if reference is None else reference
