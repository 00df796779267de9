"""A model as the server holds it: loaded from its folder, its engine checked, ready to answer.

Decision threshold and version are facts of the registered model, not of its training. They arrive as environment
variables of the endpoint: DECISION_THRESHOLD and MODEL_VERSION.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from inference.answers import AnswerWriter
from inference.columns import Columns
from inference.engine import Engine, open_engine
from inference.errors import ModelError
from inference.limits import MAX_BODY_BYTES
from inference.parity_rows import load_parity_rows
from usecase.feature_spec import FeatureSpec, FeatureSpecError

MODEL_NAME, SPECIFICATION_NAME = "model.ubj", "feature_spec.json"
# Where no threshold is registered: a missed late flight costs five times a false alarm.
DEFAULT_THRESHOLD = 1 / 6
UNREGISTERED = "unregistered"
TOLERANCE = 1e-6


@dataclass(frozen=True)
class ServedModel:
    """An engine with what it needs to answer."""

    engine: Engine
    columns: Columns
    writer: AnswerWriter
    sample: NDArray[np.float32]
    """An encoded row."""
    max_body_bytes: int = MAX_BODY_BYTES

    @property
    def threshold(self) -> float:
        """From this probability on a flight is called late."""
        return self.writer.threshold

    @property
    def version(self) -> str:
        """Version of the model package."""
        return self.writer.version

    def predict(self, matrices: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Score the rows of several requests in one call of the engine."""
        if len(matrices) == 1:
            return [self.engine.predict(matrices[0])]
        probabilities = self.engine.predict(np.concatenate(matrices))
        return np.split(probabilities, np.cumsum([len(matrix) for matrix in matrices[:-1]]))


def load_model(folder: Path, environ: Mapping[str, str] = os.environ) -> ServedModel:
    """Load the model of an unpacked archive, and check it against its stored rows.

    Raises:
        ModelError: It cannot be served.
    """
    booster = xgb.Booster()
    try:
        booster.load_model(folder / MODEL_NAME)
        spec = FeatureSpec.load(folder / SPECIFICATION_NAME)
    except (xgb.core.XGBoostError, FeatureSpecError) as error:
        raise ModelError(f"model folder {folder} cannot be served: {str(error).splitlines()[0]}") from error
    if booster.num_features() != len(spec.names):
        raise ModelError(
            f"{folder}: the model has {booster.num_features()} features, its specification {len(spec.names)}"
        )
    # A server runs one worker per CPU.
    booster.set_param({"nthread": 1})
    rows, trained = load_parity_rows(folder, spec)
    engine = _checked_engine(booster, spec, rows, trained, environ)
    writer = AnswerWriter(_threshold(environ), environ.get("MODEL_VERSION") or UNREGISTERED)
    return ServedModel(engine, Columns(spec), writer, rows[0], _max_body_bytes(environ))


def _checked_engine(
    booster: xgb.Booster,
    spec: FeatureSpec,
    rows: NDArray[np.float32],
    trained: NDArray[np.float32] | None,
    environ: Mapping[str, str],
) -> Engine:
    expected = booster.inplace_predict(rows, validate_features=False)
    if trained is not None and not np.allclose(expected, trained, rtol=0, atol=TOLERANCE):
        furthest = float(np.abs(expected - trained).max())
        raise ModelError(f"XGBoost's probabilities differ by {furthest:.2g} from the training job's")
    engine = open_engine(booster, spec, rows, environ)
    if not np.allclose(engine.predict(rows), expected, rtol=0, atol=TOLERANCE):
        raise ModelError(f"engine {engine.name!r} differs from XGBoost on the stored rows")
    return engine


def _threshold(environ: Mapping[str, str]) -> float:
    text = environ.get("DECISION_THRESHOLD", "")
    try:
        value = float(text) if text else DEFAULT_THRESHOLD
    except ValueError:
        value = math.nan
    # Just above 1 means: flag nothing.
    if not 0 <= value <= 1 + TOLERANCE:
        raise ModelError(f"environment variable DECISION_THRESHOLD is {text!r}; allowed is a number from 0 to 1")
    return value


def _max_body_bytes(environ: Mapping[str, str]) -> int:
    """The managed image reads the same variable."""
    text = environ.get("MAX_CONTENT_LENGTH", "")
    if text and not (text.isdecimal() and int(text) > 0):
        raise ModelError(f"environment variable MAX_CONTENT_LENGTH is {text!r}; allowed is a number of bytes")
    return int(text) if text else MAX_BODY_BYTES
