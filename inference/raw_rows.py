"""Rows of raw records: what can be derived from them is, the rest is missing.

The model never saw some features missing (counts of the network's state): there it would follow branches that mean
nothing, so the training months' median stands in. docs/reference/model-server.md has what either way costs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.columns import Columns, shown
from inference.errors import PayloadError
from usecase.request_features import RAW_NAMES, RawRecordError, derive_features


def encode_records(rows: Sequence[Mapping[str, Any]], columns: Columns) -> NDArray[np.float32]:
    """Encode records, raw ones and ready ones mixed; a feature that a raw record names itself is taken as it is."""
    return np.array([_encode(number, row, columns) for number, row in enumerate(rows)], dtype=np.float32)


def _encode(number: int, row: Mapping[str, Any], columns: Columns) -> list[float]:
    is_raw = columns.is_raw(row)
    features = {**columns.typical, **_known(_derive(number, row)), **_given(row, columns)} if is_raw else row
    return [
        columns.value(number, place, features.get(name), may_miss=is_raw) for place, name in enumerate(columns.names)
    ]


def _given(row: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    return _known({name: value for name, value in row.items() if name in columns.places})


def _known(features: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in features.items() if value is not None}


def _derive(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return derive_features({name: value for name, value in row.items() if name in RAW_NAMES})
    except RawRecordError as error:
        raise PayloadError(
            f"row {number}, column {error.field!r}: {shown(error.value)} {error.problem}; allowed is {error.allowed}"
        ) from error
