"""XGBoost's trees walked by compiled loops."""

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from inference.engine.forest import Forest
from inference.engine.kernel_store import Kernels


class CompiledEngine:
    """The compiled loops over one forest."""

    name = "compiled"

    def __init__(self, forest: Forest, kernels: Kernels) -> None:
        self._one, self._many = kernels.trees.score_row, kernels.trees.score_rows
        self._arrays = tuple(getattr(forest, field.name) for field in fields(forest))

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of the label 1 for each row."""
        out = np.empty(len(matrix), dtype=np.float32)
        score = self._one if len(matrix) == 1 else self._many
        score(np.ascontiguousarray(matrix, dtype=np.float32), *self._arrays, out)
        return out
