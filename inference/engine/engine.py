"""Choose the engine: the fastest one that gives XGBoost's own numbers on stored rows."""

from typing import Protocol, TypeAlias

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from inference.engine.xgboost_engine import XGBoostEngine
from usecase.feature_spec import FeatureSpec

Matrix: TypeAlias = NDArray[np.float32]
Probabilities: TypeAlias = NDArray[np.float32]


class Engine(Protocol):
    """A loaded model. Not to be called by two threads at once."""

    @property
    def name(self) -> str:
        """What the log and /ping call it."""

    def predict(self, matrix: Matrix) -> Probabilities:
        """Probability of the label 1 for each row."""


def open_engine(booster: xgb.Booster, spec: FeatureSpec, stored_rows: Matrix) -> Engine:
    """Open the fastest engine that agrees with `booster` on `stored_rows`."""
    del spec, stored_rows
    return XGBoostEngine(booster)
