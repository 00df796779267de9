"""Sums over what was known by a moment: windowed as-of sums by one sort and binary search.

All arithmetic is on whole numbers: a later event can never change the last bit of an earlier sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
Array: TypeAlias = NDArray[Any]

# Group and minute share one sort key: the minute needs 32 bits (until the year 10135), the group gets the rest.
_GROUP_BITS = 32

NEVER = np.int64(2**32 - 1)
"""The minute of what never became known."""


class EventLog:
    """Events of groups in time, ready to be summed over `(moment - window, moment]`.

    Events at `NEVER` are left out. `values` has one row an event and one column a quantity; a count needs none.
    """

    def __init__(self, groups: IntArray, minutes: IntArray, values: IntArray | None = None) -> None:
        known = minutes < NEVER
        keys = _key(groups[known], minutes[known])
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        columns = np.ones((len(keys), 1), dtype=np.int64) if values is None else values[known]
        self._totals = np.zeros((len(keys) + 1, columns.shape[1]), dtype=np.int64)
        np.cumsum(columns[order], axis=0, out=self._totals[1:])

    def sums(self, groups: IntArray, moments: IntArray, windows: Sequence[int]) -> list[IntArray]:
        """Sum each quantity over each window: so many minutes up to and including each moment."""
        # Searching in the order of the keys is several times faster than in the order of the flights.
        order = np.argsort(_key(groups, moments), kind="stable")
        groups, moments = groups[order], moments[order]
        until = self._totals[self._place(groups, moments)]
        sums = []
        for window in windows:
            total = np.empty_like(until)
            total[order] = until - self._totals[self._place(groups, np.maximum(moments - window, 0))]
            sums.append(total)
        return sums

    def counts(self, groups: IntArray, moments: IntArray, window: int) -> IntArray:
        """Sum the first quantity over one window: the number of events where there are no values."""
        return self.sums(groups, moments, [window])[0][:, 0]

    def _place(self, groups: IntArray, moments: IntArray) -> IntArray:
        return np.searchsorted(self._keys, _key(groups, moments), side="right")


def open_at(groups: IntArray, start: IntArray, end: IntArray, moments: IntArray) -> IntArray:
    """Count the intervals `[start, end)` of each moment's own group which contain the moment.

    An interval with `end <= start` is empty.
    """
    end = np.maximum(start, end)
    edges = EventLog(
        np.concatenate([groups, groups]),
        np.concatenate([start, end]),
        np.concatenate([np.ones_like(start), -np.ones_like(end)])[:, None],
    )
    return edges.counts(groups, moments, window=int(NEVER))


def ratio(numerator: IntArray, denominator: IntArray) -> FloatArray:
    """Divide; missing where there is nothing to divide by."""
    return np.where(denominator > 0, numerator / np.maximum(denominator, 1), np.nan)


def combine(*codes: IntArray) -> IntArray:
    """Number the combinations of several codings."""
    combined: Any = np.zeros_like(codes[0])
    for code in codes:
        combined = combined * (int(code.max(initial=0)) + 1) + code
    return combined


def _key(groups: IntArray, minutes: IntArray) -> IntArray:
    return (groups << _GROUP_BITS) + minutes
