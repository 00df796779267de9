"""A KLL sketch: the distribution of any number of values in bounded memory, mergeable, in Model Monitor's shape.

Karnin, Lang, Liberty: Optimal Quantile Approximation in Streams (2016), arXiv:1603.05346. An item on level i stands for
2^i values. A level that is too full is sorted and every second item, the odd or the even ones by chance, moves up: the
number of values is kept exactly, their ranks with an error well below 1 % of it. Few values are kept as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from processing.metrics import Floats

SIZE, DECAY = 2048, 0.64
# Values wait until there are so many that sorting them pays.
_BUFFER = 16_384
_SMALLEST_LEVEL = 8


class KllSketch:
    """A sketch of numbers; the same numbers in the same portions give the same sketch."""

    def __init__(self, size: int = SIZE, decay: float = DECAY) -> None:
        self._size, self._decay = size, decay
        self._levels: list[Floats] = [np.empty(0)]
        self._waiting: list[Floats] = []
        self._waiting_count = 0
        self._random = np.random.default_rng(0)
        self.count = 0

    def add(self, values: Floats) -> None:
        """Take finite numbers."""
        if not len(values):
            return
        self._waiting.append(values)
        self._waiting_count += len(values)
        self.count += len(values)
        if self._waiting_count > _BUFFER:
            self._compress()

    def merge(self, other: KllSketch) -> None:
        """Take all that another sketch has seen."""
        self.add_levels(other.levels())

    def add_levels(self, levels: list[Floats]) -> None:
        """Take items of a sketch by their levels."""
        self._levels.extend(np.empty(0) for _ in range(len(levels) - len(self._levels)))
        for level, items in enumerate(levels):
            self._levels[level] = np.concatenate([self._levels[level], np.asarray(items, dtype=np.float64)])
            self.count += len(items) << level
        if sum(map(len, self._levels)) > _BUFFER:
            self._compress()

    def levels(self) -> list[Floats]:
        """The items of each level."""
        self._levels[0] = np.concatenate([self._levels[0], *self._waiting])
        self._waiting, self._waiting_count = [], 0
        return self._levels

    def weighted(self) -> tuple[Floats, Floats]:
        """All items in order, and how many values each stands for."""
        levels = self.levels()
        items = np.concatenate(levels)
        weights = np.repeat(2.0 ** np.arange(len(levels)), [len(level) for level in levels])
        order = np.argsort(items, kind="stable")
        return items[order], weights[order]

    def to_dict(self) -> dict[str, Any]:
        """Parameters and items, as in `statistics.json`."""
        self.levels()
        self._compress()
        data = [[_short(item) for item in np.sort(level)] for level in self._levels]
        return {"parameters": {"c": self._decay, "k": self._size}, "data": data}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> KllSketch:
        """Read a sketch, of whatever size its writer gave it.

        Raises:
            ValueError, TypeError: It is none.
        """
        parameters = document.get("parameters") or {}
        sketch = cls(int(parameters.get("k", SIZE)), float(parameters.get("c", DECAY)))
        # As it was written: nothing is dropped here.
        sketch._levels = [np.asarray(items, dtype=np.float64) for items in document["data"]] or [np.empty(0)]
        sketch.count = sum(len(items) << level for level, items in enumerate(sketch._levels))
        return sketch

    def _compress(self) -> None:
        """Move items up until every level fits."""
        self.levels()
        level = 0
        while level < len(self._levels):
            if len(self._levels[level]) > self._capacity(level):
                self._promote(level)
            level += 1

    def _capacity(self, level: int) -> int:
        depth = len(self._levels) - 1 - level
        return max(int(np.ceil(self._size * self._decay**depth)), _SMALLEST_LEVEL)

    def _promote(self, level: int) -> None:
        items = np.sort(self._levels[level])
        even = len(items) // 2 * 2
        # Which one stays behind is chance, too: the largest never moving would bias the ranks.
        start = int(self._random.integers(2)) if even < len(items) else 0
        moving = items[start : start + even]
        self._levels[level] = np.concatenate([items[:start], items[start + even :]])
        if level + 1 == len(self._levels):
            self._levels.append(np.empty(0))
        chosen = moving[int(self._random.integers(2)) :: 2]
        self._levels[level + 1] = np.concatenate([self._levels[level + 1], chosen])


def _short(value: float) -> float:
    return float(f"{value:.9g}")
