"""Answer requests: everything between the bytes that came and the bytes that go, for any server."""

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.errors import InferenceError
from inference.media_types import JSON, answer_type
from inference.model import ServedModel
from inference.payload import read_matrix

_LOG = logging.getLogger(__name__)


class Request(NamedTuple):
    """One invocation as it came."""

    body: bytes | str
    content_type: str
    accept: str


class Response(NamedTuple):
    """One answer."""

    body: bytes
    content_type: str = JSON
    status: int = HTTPStatus.OK


def answer(model: ServedModel, requests: Sequence[Request]) -> list[Response]:
    """Answer requests in their order; those that can be scored share one call of the engine."""
    read = [_read(model, request) for request in requests]
    scorable = [each for each in read if not isinstance(each, Response)]
    if not scorable:
        return [each for each in read if isinstance(each, Response)]
    try:
        scored = iter(model.predict([matrix for matrix, _ in scorable]))
        return [each if isinstance(each, Response) else _write(model, next(scored), each[1]) for each in read]
    except Exception:  # noqa: BLE001 - the boundary: a fault in one tick must not end the server
        _LOG.exception("scoring failed")
        return [each if isinstance(each, Response) else _failed() for each in read]


def refuse(status: int, message: str) -> Response:
    """An answer that says what is wrong."""
    return Response(json.dumps({"error": message}).encode(), JSON, status)


def _read(model: ServedModel, request: Request) -> Any:
    try:
        media_type = answer_type(request.accept)
        return _matrix(model, request), media_type
    except InferenceError as error:
        return refuse(error.status, str(error))
    except Exception:  # noqa: BLE001 - the boundary
        _LOG.exception("reading a request failed")
        return _failed()


def _matrix(model: ServedModel, request: Request) -> NDArray[np.float32]:
    return read_matrix(request.body, request.content_type, model.columns, model.max_body_bytes)


def _write(model: ServedModel, probabilities: NDArray[np.float32], media_type: str) -> Response:
    return Response(model.writer.write(probabilities, media_type), media_type)


def _failed() -> Response:
    return refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; its log has the reason")
