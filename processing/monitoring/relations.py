"""How features go together: a prediction of each number from a few others, and how far a day may stray from it.

A cold day moves every weather feature, so no threshold on one of them alone can tell winter from a wrong unit. How they
depend on each other is the same all year: temperature follows dew point and humidity, one delay average the next. A
unit that changed at the source, or a column whose values came to the wrong rows, breaks that.

The prediction is a polynomial of the other features in standard units: linear in all predictors, and all products of
two and three of the first ones. A missing predictor counts as its mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from processing.metrics import Floats

CURVED = 3
"""So many of the predictors, the strongest, also come in products."""

LEAST_ROWS = 100
"""With fewer rows a day's figures are chance."""

_FARTHEST = 4.0
LEAST_SPREAD = 1e-6
"""A column of (almost) one value has no correlation."""


@dataclass(frozen=True)
class Unit:
    """The feature's mean and standard deviation in the training rows."""

    name: str
    center: float
    scale: float

    def standardise(self, values: Floats) -> Floats:
        """In standard units; what lies far out counts as four of them, and what is missing stays so."""
        return np.clip((values - self.center) / self.scale, -_FARTHEST, _FARTHEST)


@dataclass(frozen=True)
class DayFigures:
    """How well a relation holds in some rows.

    Attributes:
        rows: How many rows have the feature.
        median_residual: The middle one of the absolute residuals, in standard units.
        correlation: Between feature and prediction; NaN if either does not vary.
    """

    rows: int
    median_residual: float
    correlation: float


@dataclass(frozen=True)
class Relation:
    """One feature as a function of others.

    Attributes:
        target: The feature.
        predictors: The others, the strongest first.
        coefficients: Of `terms`, in their order.
        max_median_residual: Above, the feature or a predictor is on another scale.
        min_correlation: Below, values and rows do not belong together; None where training days come too close to it.
    """

    target: Unit
    predictors: tuple[Unit, ...]
    coefficients: tuple[float, ...]
    max_median_residual: float
    min_correlation: float | None

    @classmethod
    def from_dict(cls, name: str, document: Mapping[str, Any]) -> Relation:
        """Read the `relation` of a feature in our constraints.json.

        Raises:
            KeyError, TypeError, ValueError: It is none.
        """
        predictors = tuple(Unit(**entry) for entry in document["predictors"])
        least = document["min_correlation"]
        relation = cls(
            target=Unit(name, float(document["center"]), float(document["scale"])),
            predictors=predictors,
            coefficients=tuple(float(value) for value in document["coefficients"]),
            max_median_residual=float(document["max_median_residual"]),
            min_correlation=None if least is None else float(least),
        )
        expected = terms(np.zeros((1, len(predictors)))).shape[1]
        if len(relation.coefficients) != expected:
            raise ValueError(f"{len(relation.coefficients)} coefficients, expected {expected}")
        return relation

    def to_dict(self) -> dict[str, Any]:
        """The `relation` of the feature."""
        return {
            "center": self.target.center,
            "scale": self.target.scale,
            "predictors": [asdict(unit) for unit in self.predictors],
            "coefficients": list(self.coefficients),
            "max_median_residual": self.max_median_residual,
            "min_correlation": self.min_correlation,
        }

    def figures(self, columns: Mapping[str, Floats]) -> DayFigures:
        """How well the relation holds in these rows; a column that was not sent is missing."""
        actual = self.target.standardise(columns[self.target.name])
        is_there = ~np.isnan(actual)
        actual = actual[is_there]
        if len(actual) < LEAST_ROWS:
            return DayFigures(len(actual), 0.0, np.nan)
        known = [
            unit.standardise(columns[unit.name][is_there]) if unit.name in columns else np.zeros(len(actual))
            for unit in self.predictors
        ]
        predicted = terms(np.nan_to_num(np.column_stack(known))) @ np.array(self.coefficients)
        return DayFigures(len(actual), float(np.median(np.abs(actual - predicted))), correlation_of(actual, predicted))

    def problem(self, columns: Mapping[str, Floats]) -> str:
        """What is wrong with these rows, in words; empty if nothing is."""
        found = self.figures(columns)
        if found.rows < LEAST_ROWS:
            return ""
        names = ", ".join(unit.name for unit in self.predictors[:CURVED])
        if found.median_residual > self.max_median_residual:
            return (
                f"Half of the values are {found.median_residual:.3g} standard deviations or more from what {names} … "
                f"predict, threshold: {self.max_median_residual:.3g}; has a unit or a source changed?"
            )
        # NaN is no evidence: the feature did not vary.
        if self.min_correlation is not None and found.correlation < self.min_correlation:
            return (
                f"Correlation with what {names} … predict: {found.correlation:.3g}, threshold: "
                f"{self.min_correlation:.3g}; do the values belong to these rows?"
            )
        return ""


def terms(known: Floats) -> Floats:
    """1, the predictors, and the products of two and three of the first ones."""
    first = [known[:, place] for place in range(min(CURVED, known.shape[1]))]
    squares = [(place, left * right) for place, left in enumerate(first) for right in first[: place + 1]]
    cubes = [square * other for place, square in squares for other in first[place:]]
    # Column after column in memory: so are they made, and so read.
    return np.stack([np.ones(len(known)), *known.T, *(square for _, square in squares), *cubes]).T


def correlation_of(left: Floats, right: Floats) -> float:
    """Pearson's; NaN if either side does not vary."""
    left, right = left - left.mean(), right - right.mean()
    spread = float(np.sqrt((left**2).mean() * (right**2).mean()))
    return float((left * right).mean()) / spread if spread > LEAST_SPREAD else np.nan


def standardised(columns: Mapping[str, Floats], units: Sequence[Unit]) -> Floats:
    """All columns in standard units, a missing value as the mean."""
    return np.stack([np.nan_to_num(unit.standardise(columns[unit.name])) for unit in units]).T
