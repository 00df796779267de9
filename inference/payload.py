"""Read requests: from a body and its Content-Type to the matrix that the engine takes."""

import numpy as np
from numpy.typing import NDArray

from inference.columns import Columns
from inference.csv_rows import read_csv
from inference.errors import PayloadError, PayloadTooLargeError
from inference.json_rows import read_json, read_json_lines
from inference.limits import refuse_too_many
from inference.media_types import CSV, JSON, JSON_LINES, PARQUET, request_type
from inference.parquet_rows import read_parquet

_TEXTS = {CSV: read_csv, JSON: read_json, JSON_LINES: read_json_lines}


def read_matrix(body: bytes | str, content_type: str, columns: Columns, max_bytes: int) -> NDArray[np.float32]:
    """Read a request's rows.

    Raises:
        ContentTypeError: The content type is not supported.
        PayloadTooLargeError: The body, or the number of rows, is over the limit.
        PayloadError: The body does not hold rows that fit the model.
    """
    media_type = request_type(content_type)
    if len(body) > max_bytes:
        raise PayloadTooLargeError(f"the body has {len(body):,} bytes; allowed are {max_bytes:,}: send fewer rows")
    if media_type == PARQUET:
        return read_parquet(body if isinstance(body, bytes) else body.encode(errors="surrogateescape"), columns)
    if media_type == CSV:
        quick = _quick_csv(body, columns)
        if quick is not None:
            return quick
    text = _text(body)
    if not text or text.isspace():
        raise PayloadError("the body is empty; expected at least one row")
    return _TEXTS[media_type](text, columns)


def _quick_csv(body: bytes | str, columns: Columns) -> NDArray[np.float32] | None:
    """The usual table by compiled loops; None where a closer look is needed."""
    try:
        content = body if isinstance(body, bytes) else body.encode("ascii")
    except UnicodeEncodeError:
        return None
    # Before the matrix is made: it takes more memory than the rows of a body of newlines.
    refuse_too_many(content.count(b"\n"))
    return columns.csv_reader.read(content)


def _text(body: bytes | str) -> str:
    try:
        text = body if isinstance(body, str) else body.decode()
    except UnicodeDecodeError as error:
        raise PayloadError(f"the body is not UTF-8 text ({error.reason} at byte {error.start})") from error
    return text.removeprefix("\ufeff")
