"""Rows of `application/x-parquet`: one file, columns by name in any order; null and NaN are missing."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from inference.columns import Columns, shown
from inference.errors import PayloadError, PayloadTooLargeError
from inference.limits import refuse_too_many
from inference.raw_rows import encode_records

# Six megabytes of Parquet can say "the same value a billion times".
_MAX_UNPACKED_BYTES = 64 * 1024 * 1024
# pandas stores an index that way.
_PANDAS_INDEX = "__index_level_"


def read_parquet(body: bytes, columns: Columns) -> NDArray[np.float32]:
    """Read a Parquet file."""
    try:
        file = pq.ParquetFile(pa.BufferReader(body), pre_buffer=False)
        _refuse_large(file.metadata)
        names = [name for name in file.schema_arrow.names if not name.startswith(_PANDAS_INDEX)]
        is_raw = columns.is_raw(names)
        if is_raw:
            columns.refuse_unknown(0, names)
        else:
            columns.require_all(names)
        wanted = [name for name in names if name in columns.places or is_raw]
        table = file.read(columns=wanted, use_threads=False)
    except (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError) as error:
        raise PayloadError(f"the body is not a readable Parquet file: {shown(str(error))}") from error
    if not table.num_rows:
        raise PayloadError("the body holds no row")
    refuse_too_many(table.num_rows)
    return encode_records(table.to_pylist(), columns) if is_raw else _encode(table, columns)


def _refuse_large(metadata: Any) -> None:
    refuse_too_many(metadata.num_rows)
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    unpacked = sum(group.total_byte_size for group in groups)
    if unpacked > _MAX_UNPACKED_BYTES:
        raise PayloadTooLargeError(
            f"the Parquet file unpacks to {unpacked:,} bytes; allowed are {_MAX_UNPACKED_BYTES:,}: send fewer rows"
        )


def _encode(table: pa.Table, columns: Columns) -> NDArray[np.float32]:
    matrix = np.empty((table.num_rows, len(columns.names)), dtype=np.float32)
    for place, name in enumerate(columns.names):
        column = table.column(name)
        encode = _codes if place in columns.codes else _numbers
        matrix[:, place] = encode(column, place, columns)
    if not columns.is_valid(matrix):
        _refuse_exactly(table, columns)
    return matrix


def _numbers(column: pa.ChunkedArray, place: int, columns: Columns) -> NDArray[np.float32]:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        _refuse_type(columns.names[place], kind, "a number")
    values = column.cast(pa.float64(), safe=False).to_numpy()
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _codes(column: pa.ChunkedArray, place: int, columns: Columns) -> NDArray[np.float32]:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
        _refuse_type(columns.names[place], kind, "text")
    texts = column.cast(pa.string())
    if texts.null_count and not columns.features[place].nullable:
        missing = texts.is_null().to_pylist().index(True)
        columns.value(missing, place, None)
    codes = pc.index_in(texts, value_set=pa.array(list(columns.codes[place]), pa.string()))
    return codes.to_numpy().astype(np.float32)


def _refuse_type(name: str, kind: Any, allowed: str) -> None:
    raise PayloadError(f"row 0, column {name!r}: the column's Parquet type is {kind}; allowed is {allowed}")


def _refuse_exactly(table: pa.Table, columns: Columns) -> None:
    """Find the value that does not fit."""
    for place in columns.numeric:
        for row, value in enumerate(table.column(columns.names[place]).to_pylist()):
            columns.value(row, place, value)
