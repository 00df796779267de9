"""XGBoost's trees walked by compiled loops."""

from dataclasses import fields
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from inference.engine.forest import Forest


class CompiledEngine:
    """The loops of `kernels` over one forest."""

    name = "compiled"

    def __init__(self, forest: Forest, kernels: ModuleType) -> None:
        self._kernels = kernels
        self._arrays = tuple(getattr(forest, field.name) for field in fields(forest))

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of the label 1 for each row."""
        out = np.empty(len(matrix), dtype=np.float32)
        self._kernels.score_rows(np.ascontiguousarray(matrix, dtype=np.float32), *self._arrays, out)
        return out
