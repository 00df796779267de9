"""Thresholds for windows of one day, chosen from the training days. docs/explanation/monitoring-thresholds.md has why.

Each day is compared with the training months other than its own, as a later day will be with all of them.
- Distance: the highest of these days', plus as much as it lies above their 95th percentile, at least 0.05. Where that
  reaches 0.8, a day may be anywhere, and the comparison is disabled: the relations watch the feature.
- Completeness: the first percentile of the days, less half its distance to the median, at least 0.01 and at most
  half of itself; features that are complete in all rows must stay so.
- Categories: all values must be known, unless a month brought new ones: then such a share of new values is allowed as
  the middle category has on its busiest day, at most 0.05.
Days of less than half the usual number of rows say too little and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.metrics import Floats
from processing.monitoring.distance import ROBUST, corrected

STANDARD_ERRORS = 3.0
"""Shares of a window are judged with this many standard errors' indulgence."""

_GRID = 256
_HIGH, _LOW = 0.95, 0.01
_LEAST_MARGIN = 0.05
_ANYWHERE = 0.8
_COMPLETENESS_MARGIN = 0.01
_MOST_NEW = 0.05
_LEAST_DAYS, _LEAST_PARTS = 8, 2

Json: TypeAlias = dict[str, Any]
Codes: TypeAlias = NDArray[np.int64]


class TrainingDays:
    """The training rows by day, and by the part (a month) that each day belongs to."""

    def __init__(self, days: pd.Series, parts: Sequence[Any] | pd.Series) -> None:
        self.codes, names = pd.factorize(days, sort=True)
        rows = np.bincount(self.codes, minlength=len(names))
        part_codes = pd.factorize(pd.Series(parts), sort=True)[0]
        # A day at the border of two parts belongs to the earlier one.
        self.parts = np.full(len(names), part_codes.max(initial=0))
        np.minimum.at(self.parts, self.codes, part_codes)
        self.full = rows >= np.median(rows) / 2

    @property
    def are_enough(self) -> bool:
        """Whether they say anything about days to come."""
        return int(self.full.sum()) >= _LEAST_DAYS and len(np.unique(self.parts[self.full])) >= _LEAST_PARTS

    def counts(self, bins: Codes, size: int) -> Floats:
        """Rows by day and bin; a negative bin is missing."""
        known = bins >= 0
        flat = np.bincount(self.codes[known] * size + bins[known], minlength=len(self.full) * size)
        return flat.reshape(len(self.full), size).astype(np.float64)


def overrides(column: pd.Series, days: TrainingDays) -> Json:
    """The feature's `monitoringConfigOverrides`."""
    found: Json = {"completeness_threshold": _completeness(column, days), "share_standard_errors": STANDARD_ERRORS}
    if column.dtype.kind in "fiub":
        bins, size = _numeric_bins(column.to_numpy(dtype=np.float32))
        distances = _distances(days, days.counts(bins, size), is_ordered=True)
        return found | {"distribution_constraints": _comparison("comparison_threshold", distances)}
    bins, names = pd.factorize(column)
    counts = days.counts(bins, max(len(names), 1))
    distances = _distances(days, counts, is_ordered=False)
    return found | {
        "domain_content_threshold": _domain_threshold(days, counts),
        "distribution_constraints": _comparison("categorical_comparison_threshold", distances),
    }


def _numeric_bins(values: NDArray[np.float32]) -> tuple[Codes, int]:
    """Between which of the column's quantiles each value lies."""
    present = values[~np.isnan(values)]
    if not len(present):
        return np.full(len(values), -1), 1
    places = np.linspace(0, len(present) - 1, _GRID).astype(np.int64)
    grid = np.unique(np.sort(present)[places])
    bins = np.searchsorted(grid, values)
    return np.where(np.isnan(values), -1, bins), len(grid) + 1


def _distances(days: TrainingDays, counts: Floats, *, is_ordered: bool) -> Floats:
    """The robust distance of each full day from the other parts."""
    total, found = counts.sum(axis=0), []
    for part in np.unique(days.parts):
        rest = total - counts[days.parts == part].sum(axis=0)
        for day in counts[(days.parts == part) & days.full]:
            n, m = rest.sum(), day.sum()
            if n and m:
                difference = rest / n - day / m
                simple = np.abs(np.cumsum(difference) if is_ordered else difference).max()
                found.append(corrected(float(simple), n, m, ROBUST))
    return np.array(found)


def _comparison(key: str, distances: Floats) -> Json:
    highest = float(distances.max(initial=0.0))
    above = highest - float(np.quantile(distances, _HIGH)) if len(distances) else 0.0
    threshold = highest + max(above, _LEAST_MARGIN)
    if threshold >= _ANYWHERE:
        return {"perform_comparison": "Disabled"}
    return {"perform_comparison": "Enabled", key: _short(threshold)}


def _completeness(column: pd.Series, days: TrainingDays) -> float:
    present = column.notna().to_numpy()
    if present.all():
        return 1.0
    rows = np.bincount(days.codes, minlength=len(days.full))
    shares = (np.bincount(days.codes, weights=present, minlength=len(days.full)) / rows)[days.full]
    low, middle = float(np.quantile(shares, _LOW)), float(np.median(shares))
    # Never so low that a column which went missing altogether would pass.
    return _short(max(low - max((middle - low) / 2, _COMPLETENESS_MARGIN), low / 2))


def _domain_threshold(days: TrainingDays, counts: Floats) -> float:
    rows = np.maximum(counts.sum(axis=1), 1)
    new = 0.0
    for part in np.unique(days.parts):
        own = days.parts == part
        is_new = counts[~own].sum(axis=0) == 0
        new = max(new, float((counts[own][:, is_new].sum(axis=1) / rows[own]).max(initial=0.0)))
    if not new:
        return 1.0
    busiest = (counts / rows[:, None])[days.full].max(axis=0)
    return _short(1 - min(max(new, float(np.median(busiest))), _MOST_NEW))


def _short(value: float) -> float:
    return float(f"{value:.6g}")
