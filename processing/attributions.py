"""Which features drive the predictions: mean absolute SHAP values, exact for trees (XGBoost's TreeSHAP)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from processing.model_archive import Model

DEFAULT_ROWS = 5000
# TreeSHAP takes about 15 microseconds a row and tree; the mean of an absolute value needs few rows: at 250 its
# standard error is about 5 %.
_ROWS_TIMES_TREES = 100_000
_MIN_ROWS = 100


@dataclass(frozen=True)
class Attributions:
    """Mean absolute SHAP values in log-odds, largest first, over a number of rows."""

    rows: int
    entries: list[dict[str, Any]]


def attribute(model: Model, frame: pd.DataFrame, *, max_rows: int = DEFAULT_ROWS) -> Attributions:
    """Attribute the predictions of evenly spread rows to the features."""
    bounded = max(_MIN_ROWS, min(max_rows, _ROWS_TIMES_TREES // max(model.trees, 1)))
    rows = np.unique(np.linspace(0, len(frame) - 1, min(bounded, len(frame))).astype(np.intp))
    contributions = model.booster.predict(model.matrix(frame.iloc[rows]), pred_contribs=True)
    strength = np.abs(contributions[:, :-1]).mean(axis=0)
    order = np.argsort(-strength, kind="stable")
    features = model.spec.features
    return Attributions(
        rows=len(rows),
        entries=[
            {
                "feature": features[index].name,
                "mean_abs_shap": float(strength[index]),
                "description": features[index].description,
            }
            for index in order
        ],
    )
