"""Serve bare XGBoost models, as the image's algorithm mode does."""

import csv
import io
import json
import os
import pickle
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import xgboost

from local_aws.containers.toolkit.errors import ClientError, without_stack
from local_aws.containers.toolkit.serving import encoding
from local_aws.containers.toolkit.serving.predictor import Answer, InvocationError
from local_aws.containers.toolkit.serving.script import ACCEPT_VARIABLE

_OUTPUT_VARIABLE, _BATCH_VARIABLE = "SAGEMAKER_INFERENCE_OUTPUT", "SAGEMAKER_BATCH"
_HALF = 0.5
_OUTPUTS = (
    *("predicted_label", "labels", "probability", "probabilities", "raw_score", "raw_scores", "predicted_score"),
)
_ACCEPTED = ("text/csv", "application/json", "application/jsonlines")


class XGBoostPredictor:
    """All models of a folder; several are an ensemble whose predictions are averaged."""

    def __init__(self, model_dir: Path) -> None:
        """Load the models.

        Raises:
            ClientError: A file is no model, or there is none.
        """
        paths = sorted(path for path in model_dir.iterdir() if path.is_file() and not path.name.startswith("."))
        if not paths:
            raise ClientError(
                f"no model file in {model_dir}; algorithm mode expects xgboost-model at the archive's top"
            )
        self._models = [_load(path) for path in paths]
        learner = json.loads(self._models[0].save_config())["learner"]
        self._objective = learner["objective"]["name"]
        self._classes = int(learner["learner_model_param"]["num_class"])

    def invoke(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Predict the rows of a request."""
        if not body.strip():
            return Answer(b"", "text/csv", HTTPStatus.NO_CONTENT)
        wanted = encoding.media_type(accept or os.environ.get(ACCEPT_VARIABLE, "text/csv"))
        if wanted not in _ACCEPTED:
            raise InvocationError(HTTPStatus.NOT_ACCEPTABLE, f"Accept {wanted!r} is not one of {', '.join(_ACCEPTED)}")
        predictions = self._predict(self._rows(body, content_type))
        selected = [name.strip() for name in os.environ.get(_OUTPUT_VARIABLE, "").split(",") if name.strip()]
        if selected:
            records = [self._record(prediction, selected) for prediction in predictions]
            return Answer(_encode_records(records, wanted), wanted)
        return Answer(_encode_scores(predictions, wanted), wanted)

    def _rows(self, body: bytes, content_type: str) -> Any:
        kind = encoding.media_type(content_type or "text/libsvm")
        if kind not in {"text/csv", *encoding.LIBSVM_TYPES}:
            raise InvocationError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type {kind!r} is not accepted; use text/csv or text/libsvm"
            )
        rows = encoding.decode(body, kind)
        if scipy.sparse.issparse(rows):
            rows.resize((rows.shape[0], max(rows.shape[1], self._models[0].num_features())))
        return rows

    def _predict(self, rows: Any) -> Any:
        expected = self._models[0].num_features()
        if rows.shape[1] != expected:
            raise InvocationError(
                HTTPStatus.BAD_REQUEST, f"the rows have {rows.shape[1]} features, the model has {expected}"
            )
        matrix = xgboost.DMatrix(rows)
        return np.mean([model.predict(matrix, validate_features=False) for model in self._models], axis=0)

    def _record(self, prediction: Any, selected: list[str]) -> dict[str, Any]:
        known = _describe(prediction, self._objective, self._classes)
        return {name: known.get(name, float("nan")) for name in selected if name in _OUTPUTS}


def _load(path: Path) -> Any:
    data = path.read_bytes()
    try:
        if data.startswith(b"\x80"):  # what older versions of the image wrote
            return pickle.loads(data)  # noqa: S301 - the user's own model
        return xgboost.Booster(model_file=bytearray(data))
    except (pickle.UnpicklingError, xgboost.core.XGBoostError) as error:
        raise ClientError(f"unable to load the model {path.name}: {without_stack(error)}") from error


def _describe(prediction: Any, objective: str, classes: int) -> dict[str, Any]:
    """Return every output that an objective has for one row."""
    if objective == "multi:softprob":
        best = int(np.argmax(prediction))
        scores = [float(score) for score in prediction]
        names = {"predicted_label": best, "labels": list(range(classes)), "probability": scores[best]}
        return {**names, "probabilities": scores, "raw_score": scores[best], "raw_scores": scores}
    score = float(prediction)
    if objective == "multi:softmax":
        return {"predicted_label": int(score), "labels": list(range(classes)), "raw_score": score}
    if objective == "binary:logistic":
        both = [1 - score, score]
        names = {"predicted_label": int(score > _HALF), "labels": [0, 1], "probability": score, "probabilities": both}
        return {**names, "raw_score": score, "raw_scores": both}
    if objective.startswith("binary:"):
        return {"predicted_label": int(score > 0), "labels": [0, 1], "raw_score": score, "raw_scores": [-score, score]}
    return {"predicted_score": score}


def _encode_scores(predictions: Any, kind: str) -> bytes:
    values = predictions.tolist()
    if kind != "text/csv":
        return _encode_records([{"score": value} for value in values], kind)
    if os.environ.get(_BATCH_VARIABLE):
        return ("\n".join(map(str, values)) + "\n").encode()
    return ",".join(map(str, values)).encode()


def _encode_records(records: list[dict[str, Any]], kind: str) -> bytes:
    encoders: dict[str, Callable[[list[dict[str, Any]]], str]] = {
        "application/json": lambda rows: json.dumps({"predictions": rows}),
        "application/jsonlines": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
        "text/csv": _csv,
    }
    return encoders[kind](records).encode()


def _csv(records: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(list(record.values()) for record in records)
    return buffer.getvalue()
