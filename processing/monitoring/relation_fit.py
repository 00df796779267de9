"""Fit the relations between features on training rows, and set their limits by the training days.

Rule. A relation is kept if it explains at least half of the feature's variance.
- Its median residual may be twice that of the worst training day.
- Its correlation within a day may fall to two fifths of that of the training days' first percentile (in Fisher's z).
  Where that leaves less than 0.38 there is no such limit: with 300 rows, a column whose values were shuffled still
  reaches 0.2 by chance, and 0.35 where many rows share a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from processing.metrics import Floats
from processing.monitoring.relations import LEAST_ROWS, LEAST_SPREAD, Relation, Unit, standardised, terms

_PREDICTORS = 8
_LEAST_EXPLAINED = 0.5
_RESIDUAL_MARGIN = 2.0
_LEAST_CORRELATION = 0.38
_CORRELATION_SHARE = 0.4
_RIDGE = 1e-2
_CURVED_RIDGE = 1e-3
_PERCENTILE = 0.01


def fit_relations(columns: Mapping[str, Floats], days: NDArray[np.int64]) -> dict[str, Relation]:
    """The relations that hold in these rows; `days` numbers the day of each row."""
    units = [unit for name, values in columns.items() if (unit := _unit(name, values)) is not None]
    if len(units) < 2:  # noqa: PLR2004 - a relation needs another feature
        return {}
    known = standardised(columns, units)
    strength = _partial_coefficients(known)
    rows_of = np.ascontiguousarray(known.T)
    found = {}
    for place, unit in enumerate(units):
        order = np.argsort(-np.abs(strength[place]), kind="stable")
        chosen = [int(other) for other in order if other != place][:_PREDICTORS]
        rows = np.flatnonzero(~np.isnan(columns[unit.name]))
        relation = _fit(unit, [units[other] for other in chosen], rows_of[[place, *chosen]][:, rows].T, days[rows])
        if relation is not None:
            found[unit.name] = relation
    return found


def _unit(name: str, values: Floats) -> Unit | None:
    present = values[~np.isnan(values)]
    if len(present) < LEAST_ROWS or not present.std():
        return None
    return Unit(name, _short(present.mean()), _short(present.std()))


def _partial_coefficients(known: Floats) -> Floats:
    """What each feature brings to the linear prediction of each other one, given all the rest."""
    size = known.shape[1]
    precision = np.linalg.inv(known.T @ known / len(known) + _RIDGE * np.eye(size))
    return -precision / np.diag(precision)[:, None]


def _fit(target: Unit, predictors: Sequence[Unit], known: Floats, days: NDArray[np.int64]) -> Relation | None:
    actual, matrix = known[:, 0], terms(known[:, 1:])
    moments = matrix.T @ matrix / len(matrix) + _CURVED_RIDGE * np.eye(matrix.shape[1])
    coefficients = np.array([_short(value) for value in np.linalg.solve(moments, matrix.T @ actual / len(matrix))])
    predicted = matrix @ coefficients
    if ((actual - predicted) ** 2).mean() > (1 - _LEAST_EXPLAINED) * actual.var():
        return None
    medians, correlations = _by_day(actual, predicted, days)
    if not len(medians):
        return None
    return Relation(
        target=target,
        predictors=tuple(predictors),
        coefficients=tuple(coefficients.tolist()),
        max_median_residual=_short(_RESIDUAL_MARGIN * medians.max()),
        min_correlation=_least_correlation(correlations),
    )


def _by_day(actual: Floats, predicted: Floats, days: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Median residual and correlation of each day with enough rows."""
    rows = np.bincount(days)
    enough = rows >= LEAST_ROWS

    def sums(values: Floats) -> Floats:
        return np.bincount(days, weights=values)[enough] / rows[enough]

    residuals = np.abs(actual - predicted)
    ordered = residuals[np.lexsort((residuals, days))]
    ends = np.cumsum(rows)
    starts = ends - rows
    medians = (ordered[(starts + (rows - 1) // 2)[enough]] + ordered[(starts + rows // 2)[enough]]) / 2
    left, right = sums(actual), sums(predicted)
    spread = (sums(actual**2) - left**2) * (sums(predicted**2) - right**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlations = (sums(actual * predicted) - left * right) / np.sqrt(np.maximum(spread, 0))
    return medians, np.where(spread > LEAST_SPREAD**2, correlations, np.nan)


def _least_correlation(correlations: Floats) -> float | None:
    known = correlations[~np.isnan(correlations)]
    if len(known) < len(correlations) or not len(known):
        return None
    low = min(max(float(np.quantile(known, _PERCENTILE)), 0.0), 1 - 1e-9)
    limit = float(np.tanh(_CORRELATION_SHARE * np.arctanh(low)))
    return _short(limit) if limit >= _LEAST_CORRELATION else None


def _short(value: float) -> float:
    return float(f"{value:.7g}")
