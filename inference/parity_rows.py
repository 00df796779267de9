"""Rows that are stored with the model, and the probabilities that the training job saw for them.

An engine has to give XGBoost's numbers on these rows, and XGBoost the training job's. The file lies in the model's
archive: float32, a column each feature, encoded, NaN is missing; the last column is the probability. An archive without
it gets rows made from the specification: ranges, categories, missing values.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.errors import ModelError
from usecase.feature_spec import Feature, FeatureSpec

PARITY_NAME = "parity_rows.npy"
_MADE_ROWS = 256
_MISSING_SHARE = 0.1


def load_parity_rows(folder: Path, spec: FeatureSpec) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """The rows, and the probabilities where they are stored.

    Raises:
        ModelError: The file is not what it should be.
    """
    path = folder / PARITY_NAME
    if not path.exists():
        return make_rows(spec), None
    try:
        stored = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"{path}: no parity rows ({error}); train again, or remove the file") from error
    width = len(spec.names) + 1
    if stored.ndim != 2 or stored.shape[1] != width or stored.dtype != np.float32 or not len(stored):  # noqa: PLR2004 - a table
        raise ModelError(f"{path}: {stored.dtype} {stored.shape}; expected float32 in {width} columns; train again")
    return np.ascontiguousarray(stored[:, :-1]), stored[:, -1]


def make_rows(spec: FeatureSpec, count: int = _MADE_ROWS) -> NDArray[np.float32]:
    """Make rows that visit the features' ranges and beyond, every category and missing values; always the same."""
    rng = np.random.default_rng(0)
    rows = np.column_stack([_values(feature, count, rng) for feature in spec.features]).astype(np.float32)
    rows[rng.random(rows.shape) < _MISSING_SHARE] = np.nan
    return rows


def _values(feature: Feature, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    if feature.kind == "categorical":
        return rng.integers(0, max(len(feature.vocabulary), 1), count).astype(np.float64)
    low, high = feature.minimum or 0.0, feature.maximum if feature.maximum is not None else 100.0
    margin = 0.1 * (high - low)
    values = rng.uniform(low - margin, high + margin, count)
    # Most features are counts and minutes: splits lie between whole numbers.
    return np.where(rng.random(count) < 0.5, np.rint(values), values)  # noqa: PLR2004 - half of them
