"""Serve with the user's functions: model_fn, and input_fn, predict_fn, output_fn or transform_fn."""

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import scipy.sparse
import xgboost

from local_aws.containers.toolkit.errors import ClientError
from local_aws.containers.toolkit.serving import encoding
from local_aws.containers.toolkit.serving.predictor import Answer

_TEXT_TYPES = {"application/json", "text/csv"}
ACCEPT_VARIABLE = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"


class ScriptPredictor:
    """The user's functions around the user's model; what is missing has the image's default."""

    def __init__(self, module: ModuleType, model_dir: Path, family: str) -> None:
        """Load the model.

        Raises:
            ClientError: The functions do not fit together.
        """
        self._functions = {
            name: getattr(module, name)
            for name in ("model_fn", "input_fn", "predict_fn", "output_fn", "transform_fn")
            if hasattr(module, name)
        }
        self._family = family
        self._check(module.__name__)
        self._model = self._functions["model_fn"](str(model_dir))

    def invoke(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Pass a request through the functions."""
        kind = encoding.media_type(content_type) or "application/json"
        content = body.decode() if kind in _TEXT_TYPES else body
        wanted = accept or os.environ.get(
            ACCEPT_VARIABLE, "text/csv" if self._family == "xgboost" else "application/json"
        )
        if "transform_fn" in self._functions:
            return _answer(self._functions["transform_fn"](self._model, content, content_type, wanted), wanted)
        data = self._functions.get("input_fn", self._default_input)(content, content_type)
        prediction = self._functions.get("predict_fn", self._default_predict)(data, self._model)
        return _answer(self._functions.get("output_fn", _default_output)(prediction, wanted), wanted)

    def _check(self, module: str) -> None:
        if "model_fn" not in self._functions:
            raise ClientError(f"module {module} defines no model_fn; the image has no default for it")
        mixed = self._functions.keys() & {"input_fn", "predict_fn", "output_fn"}
        if "transform_fn" in self._functions and mixed:
            raise ClientError(f"module {module} defines transform_fn and also {', '.join(sorted(mixed))}; use either")

    def _default_input(self, body: Any, content_type: str) -> Any:
        data = encoding.decode(body, content_type)
        return xgboost.DMatrix(data) if self._family == "xgboost" else data

    def _default_predict(self, data: Any, model: Any) -> Any:
        if self._family == "xgboost":
            return model.predict(data, validate_features=False)
        return model.predict(data.toarray() if scipy.sparse.issparse(data) else data)


def _default_output(prediction: Any, accept: str) -> Any:
    return encoding.encode(prediction, accept)


def _answer(returned: Any, accept: str) -> Answer:
    """Return what a user's function returned as an answer: a body, a body with its type, or a Flask response."""
    if isinstance(returned, tuple):
        body, accept = returned[0], returned[1]
    elif hasattr(returned, "get_data"):
        return Answer(returned.get_data(), returned.mimetype or accept, returned.status_code)
    else:
        body = returned
    return Answer(body if isinstance(body, bytes) else str(body).encode(), accept)
