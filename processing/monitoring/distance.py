"""Distances between the baseline and a window, as deequ computes them, on which Model Monitor is built.

Formulas: awslabs/deequ, src/main/scala/com/amazon/deequ/analyzers/Distance.scala (06df314). L-infinity is the largest
difference of the cumulative shares (categories: of the shares). "Robust" subtracts what chance explains for samples of
n and m values, 1.8 * sqrt((n + m) / (n * m)), and is never below 0; "Simple" does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from processing.metrics import Floats
from processing.monitoring.sketch import KllSketch

ROBUST = "Robust"
_CHANCE = 1.8
# Chi-squared needs enough expected values: Yates, Moore & McCabe (1999), p. 734; for two categories Cochran (1952).
_YATES_COUNT, _YATES_SHARE, _COCHRAN_COUNT = 5, 0.2, 10
_TWO = 2


@dataclass(frozen=True)
class Distribution:
    """Cumulative counts at increasing values.

    Attributes:
        values: Where the cumulative count is known.
        cumulative: How many values are at most that large.
        is_exact_between: Whether it is known between these values, too; not so if only buckets are left.
    """

    values: Floats
    cumulative: Floats
    is_exact_between: bool = True

    @property
    def count(self) -> float:
        """How many values there are."""
        return float(self.cumulative[-1]) if len(self.cumulative) else 0.0

    @classmethod
    def of_sketch(cls, sketch: KllSketch) -> Distribution:
        """The distribution that a sketch stands for."""
        items, weights = sketch.weighted()
        return cls(items, np.cumsum(weights))

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Distribution:
        """Read a feature's `distribution` in statistics.json: its sketch, or its buckets if that is left out.

        Raises:
            KeyError, ValueError, TypeError: It holds neither.
        """
        kll = document["kll"]
        sketch = KllSketch.from_dict(kll["sketch"]) if (kll.get("sketch") or {}).get("data") else None
        if sketch is not None and sketch.count:
            return cls.of_sketch(sketch)
        buckets = kll.get("buckets") or []
        upper = np.array([bucket["upper_bound"] for bucket in buckets], dtype=np.float64)
        counts = np.array([bucket["count"] for bucket in buckets], dtype=np.float64)
        return cls(upper, np.cumsum(counts), is_exact_between=False)

    def share_up_to(self, values: Floats) -> Floats:
        """The share of values that are at most as large."""
        places = np.searchsorted(self.values, values, side="right")
        return np.concatenate([[0.0], self.cumulative])[places] / self.count


def numerical_distance(baseline: Distribution, window: Distribution, method: str = ROBUST) -> float:
    """L-infinity of two distributions of numbers; 0 if either is empty."""
    if not baseline.count or not window.count:
        return 0.0
    keys = [part.values for part in (baseline, window) if part.is_exact_between]
    if len(keys) < _TWO:
        # A baseline of buckets says nothing between its bounds.
        keys = [part.values for part in (baseline, window) if not part.is_exact_between]
    at = np.unique(np.concatenate(keys))
    simple = float(np.abs(baseline.share_up_to(at) - window.share_up_to(at)).max())
    return corrected(simple, baseline.count, window.count, method)


def categorical_distance(baseline: Mapping[str, float], window: Mapping[str, float], method: str = ROBUST) -> float:
    """L-infinity of the shares of categories; 0 if either is empty."""
    n, m = sum(baseline.values()), sum(window.values())
    if not n or not m:
        return 0.0
    simple = max(abs(baseline.get(key, 0) / n - window.get(key, 0) / m) for key in {*baseline, *window})
    return corrected(simple, n, m, method)


def corrected(simple: float, n: float, m: float, method: str) -> float:
    """L-infinity without what chance explains."""
    return max(0.0, simple - _CHANCE * float(np.sqrt((n + m) / (n * m)))) if method == ROBUST else simple


def chi_squared_p_value(baseline: Mapping[str, float], window: Mapping[str, float]) -> float:
    """How likely such a window is if nothing changed; NaN where the counts are too small for the test."""
    total = sum(baseline.values())
    seen = {key: float(count) for key, count in window.items() if key in baseline}
    if not total or not sum(seen.values()):
        return float("nan")
    expected = {key: count / total * sum(seen.values()) for key, count in baseline.items()}
    groups = _regrouped(seen, expected)
    if len(groups) < _TWO:
        return float("nan")
    observed, wanted = np.array(groups).T
    statistic = float(((observed - wanted) ** 2 / wanted).sum())
    return float(stats.chi2.sf(statistic, len(groups) - 1))


def _regrouped(seen: Mapping[str, float], expected: Mapping[str, float]) -> list[tuple[float, float]]:
    """Observed and expected counts; the rarest category joins the next rarest until the test's conditions hold."""
    groups = sorted(((seen.get(key, 0.0), count) for key, count in expected.items()), key=lambda group: group[1])
    while len(groups) >= _TWO:
        is_table = len(groups) > _TWO
        least, allowed = (_YATES_COUNT, int(_YATES_SHARE * len(groups))) if is_table else (_COCHRAN_COUNT, 0)
        if sum(count < least for _, count in groups) <= allowed:
            break
        (seen_first, first), (seen_second, second), *rest = groups
        groups = sorted([(seen_first + seen_second, first + second), *rest], key=lambda group: group[1])
    return [group for group in groups if group[1] > 0]
