"""Decode request bodies and encode predictions as the images' default handlers do."""

import io
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse

from local_aws.containers.toolkit.serving.predictor import InvocationError

LIBSVM_TYPES = {"text/libsvm", "text/x-libsvm"}


def media_type(header: str) -> str:
    """Return a Content-Type or Accept header without its parameters."""
    return header.partition(";")[0].strip().lower()


def decode_csv(body: bytes | str) -> Any:
    """Return the numbers of a CSV without header."""
    text = body.decode() if isinstance(body, bytes) else body
    return pd.read_csv(io.StringIO(text), header=None, dtype=np.float32).to_numpy()


def decode_libsvm(body: bytes | str) -> Any:
    """Return the sparse rows of libsvm lines, with or without a label."""
    text = body.decode() if isinstance(body, bytes) else body
    rows, columns, values = [], [], []
    lines = text.strip().splitlines()
    for number, line in enumerate(lines):
        for token in line.split():
            index, colon, value = token.partition(":")
            if colon and index != "qid":
                rows.append(number)
                columns.append(int(index))
                values.append(float(value))
    shape = (len(lines), max(columns, default=-1) + 1)
    return scipy.sparse.csr_matrix((np.array(values, dtype=np.float32), (rows, columns)), shape=shape)


def decode(body: bytes | str, content_type: str) -> Any:
    """Return the array that a request holds.

    Raises:
        InvocationError: 415, for another content type or a body that is not what it says.
    """
    kind = media_type(content_type)
    decoders: dict[str, Callable[[Any], Any]] = {
        "text/csv": decode_csv,
        "application/json": lambda text: np.array(json.loads(text), dtype=np.float32),
        "application/x-npy": lambda data: np.load(io.BytesIO(data), allow_pickle=False),
        **dict.fromkeys(LIBSVM_TYPES, decode_libsvm),
    }
    if kind not in decoders:
        raise InvocationError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type {kind!r} is not accepted; use {', '.join(decoders)}"
        )
    try:
        return decoders[kind](body)
    except ValueError as error:
        raise InvocationError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Loading {kind} failed: {error}") from error


def encode(predictions: Any, accept: str) -> bytes:
    """Return predictions in the form a client accepts.

    Raises:
        InvocationError: 406, for another form.
    """
    kind, array = media_type(accept), np.asarray(predictions)
    if kind == "text/csv":
        rows = array.reshape(len(array), -1).tolist() if array.ndim else [[array.item()]]
        return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()
    if kind == "application/json":
        return json.dumps(array.tolist()).encode()
    if kind == "application/jsonlines":
        return "".join(json.dumps(row) + "\n" for row in array.tolist()).encode()
    if kind == "application/x-npy":
        buffer = io.BytesIO()
        np.save(buffer, array)
        return buffer.getvalue()
    raise InvocationError(
        HTTPStatus.NOT_ACCEPTABLE,
        f"Accept {kind!r} is not available; use text/csv, application/json, application/jsonlines or application/x-npy",
    )
