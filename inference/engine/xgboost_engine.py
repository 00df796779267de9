"""XGBoost's own prediction: the reference, and what is left where nothing faster is known to be right."""

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray


class XGBoostEngine:
    """In-place prediction: no DMatrix is built."""

    name = "xgboost"

    def __init__(self, booster: xgb.Booster) -> None:
        self._booster = booster

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of the label 1 for each row."""
        return self._booster.inplace_predict(matrix, validate_features=False)
