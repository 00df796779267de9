"""A random sample of all rows that were seen, of bounded size."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.metrics import Floats


class RowSample:
    """Keeps the rows with the smallest random numbers: each row has the same chance, however many come."""

    def __init__(self, names: Sequence[str], size: int = 20_000) -> None:
        self._names, self._size = list(names), size
        self._random = np.random.default_rng(0)
        self._rows = np.empty((0, len(self._names)), dtype=np.float32)
        self._keys = np.empty(0)

    def add(self, frame: pd.DataFrame) -> None:
        """See rows; a value that is no number is missing."""
        keys = self._random.random(len(frame))
        if len(self._keys) >= self._size:
            chosen = keys < self._keys.max()
            frame, keys = frame[chosen], keys[chosen]
        rows = np.full((len(frame), len(self._names)), np.nan, dtype=np.float32)
        for place, name in enumerate(self._names):
            if name in frame.columns:
                rows[:, place] = _numbers(frame[name])
        self._rows, self._keys = np.concatenate([self._rows, rows]), np.concatenate([self._keys, keys])
        if len(self._keys) > self._size:
            kept = np.argpartition(self._keys, self._size)[: self._size]
            self._rows, self._keys = self._rows[kept], self._keys[kept]

    def columns(self) -> dict[str, Floats]:
        """The sample, column by column."""
        return {name: self._rows[:, place].astype(np.float64) for place, name in enumerate(self._names)}


def _numbers(column: pd.Series) -> NDArray[np.floating]:
    numbers = column if column.dtype.kind in "iuf" else pd.to_numeric(column, errors="coerce")
    with np.errstate(over="ignore"):
        values = numbers.to_numpy(dtype=np.float32)
    return np.where(np.isinf(values), np.nan, values)
