"""Answer one request of each format before anyone asks: a server that is ready has shown that it can.

It also pays what the first request of a format costs: imports, buffers, memory.
"""

import csv
import io
import json
import math
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inference.columns import Columns
from inference.errors import ModelError
from inference.media_types import CSV, JSON, JSON_LINES, PARQUET
from inference.model import ServedModel
from inference.scoring import Request, answer

Record = dict[str, float | str | None]
# Enough rows for the ways that many rows take.
_ROWS = 64


def warm_up(model: ServedModel) -> None:
    """Answer sample requests.

    Raises:
        ModelError: One is not answered as it should be.
    """
    record = _record(model.columns, model.sample)
    for content_type, body in _bodies(record, model.columns):
        for accept in (JSON, CSV, JSON_LINES):
            (response,) = answer(model, [Request(body, content_type, accept)])
            if response.status != 200:  # noqa: PLR2004 - OK
                raise ModelError(f"a sample request of {content_type} is refused: {response.body.decode()}")


def _record(columns: Columns, row: NDArray[np.float32]) -> Record:
    """An encoded row as a client would send it."""
    record: Record = {}
    for place, (feature, value) in enumerate(zip(columns.features, row.tolist(), strict=True)):
        if place not in columns.codes:
            record[feature.name] = _number(value, is_required=not feature.nullable)
        elif math.isnan(value) or not 0 <= value < len(feature.vocabulary):
            record[feature.name] = None if feature.nullable else "?"
        else:
            record[feature.name] = feature.vocabulary[int(value)]
    return record


def _number(value: float, *, is_required: bool) -> float | None:
    if math.isnan(value):
        return 0.0 if is_required else None
    return value


def _bodies(record: Record, columns: Columns) -> Iterator[tuple[str, bytes]]:
    for rows in (1, _ROWS):
        table, file = io.StringIO(), io.BytesIO()
        csv.writer(table, lineterminator="\n").writerows([list(record.values())] * rows)
        text = table.getvalue()
        yield CSV, text.encode()
        yield CSV, ",".join(columns.names).encode() + b"\r\n" + text.encode()
        yield JSON, json.dumps({"instances": [record] * rows}).encode()
        yield JSON_LINES, (json.dumps(record) + "\n").encode() * rows
        pq.write_table(pa.table({name: [value] * rows for name, value in record.items()}), file)
        yield PARQUET, file.getvalue()
