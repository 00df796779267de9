"""Rows stored with the model, with the probabilities that this job saw: what a server must give back for them.

The server lets no engine answer that differs on these rows, and does not start where XGBoost itself does.
"""

from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from training.channels import Examples

PARITY_NAME = "parity_rows.npy"
_ROWS = 256


def pick_rows(examples: Examples) -> NDArray[np.float32]:
    """Some rows from all over the training months, encoded: numbers, codes of categories, NaN for missing."""
    places = np.unique(np.linspace(0, examples.rows - 1, _ROWS).astype(np.int64))
    picked = examples.features.iloc[places]
    return np.column_stack([_values(picked[name]) for name in picked.columns]).astype(np.float32)


def save_rows(rows: NDArray[np.float32], booster: xgb.Booster, model_dir: Path) -> None:
    """Write the rows; the last column is the probability."""
    probabilities = booster.inplace_predict(rows, validate_features=False)
    np.save(model_dir / PARITY_NAME, np.column_stack([rows, probabilities]).astype(np.float32), allow_pickle=False)


def _values(column: Any) -> NDArray[np.float32]:
    if column.dtype.name != "category":
        return column.to_numpy(dtype=np.float32)
    codes = column.cat.codes.to_numpy()
    return np.where(codes < 0, np.nan, codes).astype(np.float32)
