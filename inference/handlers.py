"""Serve the model: the four functions that SageMaker's XGBoost server calls in script mode.

Every answer holds `probability` of a late arrival, `label` (1 at or above the decision threshold) and
`model_version`. Threshold and version are facts of the registered model, not of its training, and arrive as
environment variables of the endpoint: DECISION_THRESHOLD and MODEL_VERSION.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xgboost as xgb

from inference.errors import ModelError, PayloadError
from inference.payload import Answer, read_rows, write_answers
from usecase.feature_spec import FeatureSpec, FeatureSpecError, FeatureValueError

# Where no threshold is registered: a missed late flight costs five times a false alarm.
DEFAULT_THRESHOLD = 1 / 6
UNREGISTERED = "unregistered"


@dataclass(frozen=True)
class ServedModel:
    """A Booster with what it needs to answer."""

    booster: xgb.Booster
    spec: FeatureSpec
    threshold: float
    version: str

    def probabilities(self, encoded: pd.DataFrame) -> list[float]:
        """Probability of the label 1 for each encoded row."""
        # Outside in-place prediction XGBoost would first copy small requests into a matrix of its own.
        return [float(value) for value in self.booster.predict(xgb.DMatrix(encoded, enable_categorical=True))]


@dataclass(frozen=True)
class Request:
    """Rows as they came; they are encoded when the model is at hand."""

    body: bytes | str
    content_type: str


def model_fn(model_dir: str, environ: Mapping[str, str] = os.environ) -> ServedModel:
    """Load the model of an unpacked archive."""
    folder = Path(model_dir)
    booster = xgb.Booster()
    try:
        booster.load_model(folder / "model.ubj")
        spec = FeatureSpec.load(folder / "feature_spec.json")
    except (xgb.core.XGBoostError, FeatureSpecError) as error:
        raise ModelError(f"model folder {folder} cannot be served: {str(error).splitlines()[0]}") from error
    # A server runs one worker per CPU.
    booster.set_param({"nthread": 1})
    return ServedModel(booster, spec, _threshold(environ), environ.get("MODEL_VERSION", UNREGISTERED))


def input_fn(request_body: bytes | str, request_content_type: str) -> Request:
    """Keep the request: only the model's own specification can say what its columns mean."""
    return Request(request_body, request_content_type)


def predict_fn(input_data: Request, model: ServedModel) -> list[Answer]:
    """Check, encode and score the rows."""
    rows = read_rows(input_data.body, input_data.content_type, model.spec)
    try:
        encoded = model.spec.encode(rows)
    except FeatureValueError as error:
        raise PayloadError(f"{error}; {_allowed(model.spec, error.feature)}") from error
    return [
        {
            "probability": round(probability, 6),
            "label": int(probability >= model.threshold),
            "model_version": model.version,
        }
        for probability in model.probabilities(encoded)
    ]


def output_fn(prediction: list[Answer], accept: str) -> tuple[str, str]:
    """Write the answers as the client wants them: the body and its content type."""
    return write_answers(prediction, accept)


def _threshold(environ: Mapping[str, str]) -> float:
    text = environ.get("DECISION_THRESHOLD", "")
    try:
        value = float(text) if text else DEFAULT_THRESHOLD
    except ValueError:
        value = math.nan
    # Just above 1 means: flag nothing.
    if not 0 <= value <= 1 + 1e-9:
        raise ModelError(f"environment variable DECISION_THRESHOLD is {text!r}; allowed is a number from 0 to 1")
    return value


def _allowed(spec: FeatureSpec, name: str) -> str:
    """What a feature may be, for an error's last clause."""
    feature: Any = next((each for each in spec.features if each.name == name), None)
    if feature is None:
        return f"allowed are the features {', '.join(spec.names)}"
    missing = " or missing" if feature.nullable else ", never missing"
    return f"allowed is {'text' if feature.kind == 'categorical' else 'a finite number'}{missing}"
