"""The two functions that SageMaker's XGBoost image calls in script mode: load a model, answer a request.

`transform_fn` takes the place of input_fn, predict_fn and output_fn, which the image forbids beside it: the request
goes from bytes to bytes without a DMatrix. A refusal is a response with its own status; without Flask, the image's own
web framework, it is raised.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inference.errors import InferenceError
from inference.model import ServedModel, load_model
from inference.scoring import Request, Response, answer


def model_fn(model_dir: str, environ: Mapping[str, str] = os.environ) -> ServedModel:
    """Load the model of an unpacked archive."""
    return load_model(Path(model_dir), environ)


def transform_fn(model: ServedModel, request_body: bytes | str, content_type: str, accept: str) -> Any:
    """Answer one request: the body with its content type, or a response that refuses it."""
    (response,) = answer(model, [Request(request_body, content_type or "", accept or "")])
    if response.status == 200:  # noqa: PLR2004 - OK
        return response.body.decode(), response.content_type
    return _refusal(response)


def _refusal(response: Response) -> Any:
    try:
        import flask  # noqa: PLC0415 - on the image, and not in a server of one's own
    except ImportError:
        raise InferenceError(response.body.decode()) from None
    return flask.Response(response.body, status=response.status, content_type=response.content_type)
