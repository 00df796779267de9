"""What the columns of a window look like, in one pass: Model Monitor's statistics.json."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from processing.metrics import Floats
from processing.monitoring.distance import Distribution
from processing.monitoring.sketch import KllSketch

BUCKETS = 10
_MOST_CATEGORIES = 10_000
_LONGEST_TEXT = 256
_LARGEST = float(np.finfo(np.float32).max)

Json = dict[str, Any]


class ColumnProfile:
    """One column: numbers and texts apart, for a column that should hold one kind may hold both.

    Attributes:
        missing: How many values were null, or left out.
        numbers: How many were numbers.
        integral: How many of these were whole.
        texts: How many were texts, or anything else that is no finite number.
        categories: How often each text came; the first ten thousand different ones.
        sketch: The numbers' distribution.
    """

    def __init__(self) -> None:
        self.missing = self.numbers = self.integral = self.texts = 0
        self.categories: Counter[str] = Counter()
        self.sketch = KllSketch()
        self.minimum, self.maximum = np.inf, -np.inf
        self._mean = self._squares = 0.0

    @property
    def present(self) -> int:
        """Values that were there."""
        return self.numbers + self.texts

    @property
    def total(self) -> int:
        """Rows."""
        return self.present + self.missing

    def add_missing(self, rows: int) -> None:
        """Rows that lack the column."""
        self.missing += rows

    def add(self, column: pd.Series) -> None:
        """Values of one batch."""
        if column.dtype.kind in "iuf":
            values = column.to_numpy(dtype=np.float64)
            odd = np.isinf(values)
            self.missing += int(np.isnan(values).sum())
            if odd.any():
                self._add_texts(Counter(map(str, values[odd].tolist())))
            self._add_numbers(values[np.isfinite(values)])
            return
        present = column.dropna()
        self.missing += len(column) - len(present)
        values = present.to_numpy(dtype=object)
        if pd.api.types.infer_dtype(values, skipna=False) == "string":
            self._add_texts(Counter(values.tolist()))
            return
        is_number = np.fromiter(map(_is_number, values), dtype=bool, count=len(values))
        self._add_numbers(values[is_number].astype(np.float64))
        self._add_texts(Counter(map(str, values[~is_number])))

    def share_of_type(self, inferred_type: str) -> float:
        """The share of the present values that are of a type; whole numbers are fractional, too."""
        right = {"Integral": self.integral, "Fractional": self.numbers, "String": self.texts}
        return right.get(inferred_type, self.present) / self.present if self.present else 1.0

    def to_dict(self, name: str) -> Json:
        """The column's entry in statistics.json."""
        common = {"num_present": self.present, "num_missing": self.missing}
        if self.texts > self.numbers:
            buckets = [
                {"value": value, "count": count}
                for value, count in sorted(self.categories.items(), key=lambda item: (-item[1], item[0]))
            ]
            described: Json = {
                "common": common,
                "distinct_count": len(buckets),
                "distribution": {"categorical": {"buckets": buckets}},
            }
            return {"name": name, "inferred_type": "String", "string_statistics": described}
        return {
            "name": name,
            "inferred_type": self.inferred_type,
            "numerical_statistics": {"common": common, **self._moments(), "distribution": {"kll": self._kll()}},
        }

    @property
    def inferred_type(self) -> str:
        """Model Monitor's name of what the column holds."""
        if self.texts > self.numbers:
            return "String"
        if not self.numbers:
            return "Unknown"
        return "Integral" if self.integral == self.numbers else "Fractional"

    def distribution(self) -> Distribution:
        """The numbers' distribution."""
        return Distribution.of_sketch(self.sketch)

    def _add_numbers(self, values: Floats) -> None:
        count = len(values)
        if not count:
            return
        self.integral += int((values == np.rint(values)).sum())
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        # Chan, Golub, LeVeque (1979): two parts' moments make the whole's without cancellation.
        mean = float(values.mean())
        total = self.numbers + count
        shift = mean - self._mean
        self._squares += float(((values - mean) ** 2).sum()) + shift**2 * self.numbers * count / total
        self._mean += shift * count / total
        self.numbers = total
        self.sketch.add(values)

    def _add_texts(self, counts: Counter[str]) -> None:
        self.texts += counts.total()
        for value, count in counts.items():
            short = value[:_LONGEST_TEXT]
            if short in self.categories or len(self.categories) < _MOST_CATEGORIES:
                self.categories[short] += count

    def _moments(self) -> Json:
        if not self.numbers:
            return {}
        return {
            "mean": self._mean,
            "sum": self._mean * self.numbers,
            "std_dev": float(np.sqrt(self._squares / self.numbers)),
            "min": self.minimum,
            "max": self.maximum,
        }

    def _kll(self) -> Json:
        if not self.numbers:
            return {"buckets": [], "sketch": {"parameters": KllSketch().to_dict()["parameters"], "data": [[]]}}
        items, weights = self.sketch.weighted()
        counts, edges = np.histogram(items, bins=BUCKETS, range=(self.minimum, self.maximum), weights=weights)
        buckets = [
            {"lower_bound": float(low), "upper_bound": float(high), "count": int(count)}
            for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
        ]
        return {"buckets": buckets, "sketch": self.sketch.to_dict()}


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return is_number and -_LARGEST <= value <= _LARGEST
