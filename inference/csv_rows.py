"""Rows of `text/csv`, with a header that names columns in any order, or without one in the specification's order.

A number is decimal text. An empty field is missing, and so are NA, NaN, nan, null and None.
"""

import csv
import io
import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.columns import Columns, shown
from inference.csv_blocks import encode_block
from inference.errors import PayloadError
from inference.limits import refuse_too_many
from inference.missing_text import MISSING_TEXTS
from inference.raw_rows import encode_records
from usecase.request_features import RAW_MARKER, RAW_NUMBERS

# float() reads more than that: 1_000, infinity, digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
# From here on a block's fixed cost is less than reading cell by cell.
_BLOCK_ROWS = 16


def read_csv(text: str, columns: Columns) -> NDArray[np.float32]:
    """Read a table."""
    refuse_too_many(text.count("\n"))
    plain = text.replace("\r\n", "\n").lstrip("\n") if "\r" in text else text.lstrip("\n")
    matrix = None
    if plain.isascii() and "\r" not in plain:
        matrix = _block(plain, columns) if plain.count("\n") >= _BLOCK_ROWS else _quick(plain, columns)
    return _read_exactly(text, columns) if matrix is None else matrix


def _block(text: str, columns: Columns) -> NDArray[np.float32] | None:
    """Many rows; None where a value needs a closer look."""
    if " " in text or "\t" in text:
        return None
    cells = [cell.strip('"') for cell in text.partition("\n")[0].split(",")]
    has_header = _is_header(cells, columns)
    if has_header and columns.is_raw(cells):
        return None
    if has_header:
        columns.require_all(cells)
    return encode_block(text, cells if has_header else columns.names, columns, has_header=has_header)


def _quick(text: str, columns: Columns) -> NDArray[np.float32] | None:
    """Few rows without a header; None where one needs a closer look, as a header does, for it holds no numbers."""
    if '"' in text or "_" in text:
        return None
    rows = [line.split(",") for line in text.split("\n") if line]
    width = len(columns.names)
    try:
        for cells in rows:
            if len(cells) != width:
                return None
            for place, codes in columns.code_texts.items():
                cells[place] = codes[cells[place]]
        numbers = [[float(cell) if cell else math.nan for cell in cells] for cells in rows]
    except (KeyError, ValueError):
        return None
    with np.errstate(over="ignore"):
        matrix = np.array(numbers, dtype=np.float32)
    # float() reads "-nan", too: only an empty cell may have become NaN.
    empty = sum(cells.count("") for cells in rows)
    return matrix if columns.is_valid(matrix) and np.isnan(matrix).sum() == empty else None


def _read_exactly(text: str, columns: Columns) -> NDArray[np.float32]:
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise PayloadError(f"the body is not CSV: {error}") from error
    if not lines:
        raise PayloadError("the body holds no row")
    has_header = _is_header(lines[0], columns)
    names = [cell.strip() for cell in lines.pop(0)] if has_header else list(columns.names)
    if not lines:
        raise PayloadError("the body holds a header and no row")
    _check_widths(lines, len(names), has_header=has_header)
    if columns.is_raw(names):
        return _raw(lines, names, columns)
    columns.require_all(names)
    picked = [names.index(name) for name in columns.names]
    rows = [[_typed(cells[at], place in columns.codes) for place, at in enumerate(picked)] for cells in lines]
    return columns.encode(rows)


def _raw(lines: list[list[str]], names: list[str], columns: Columns) -> NDArray[np.float32]:
    columns.refuse_unknown(0, names)
    if len(set(names)) != len(names):
        columns.require_all(names)
    numeric = {*(columns.names[place] for place in columns.numeric), *RAW_NUMBERS}
    rows = [
        {name: _typed(cell, name not in numeric) for name, cell in zip(names, cells, strict=True)} for cells in lines
    ]
    return encode_records(rows, columns)


def _is_header(cells: Sequence[str], columns: Columns) -> bool:
    return any(name in columns.places or name == RAW_MARKER for name in (cell.strip() for cell in cells))


def _check_widths(lines: list[list[str]], width: int, *, has_header: bool) -> None:
    for number, cells in enumerate(lines):
        if len(cells) != width:
            order = "the header" if has_header else "the feature specification (send a header to use another order)"
            raise PayloadError(f"row {number}: {len(cells)} values, the first {shown(cells[0])}; {order} has {width}")


def _typed(cell: str, is_text: bool) -> str | float | None:
    """A cell's value; text that is no number stays text, for the error that will name it."""
    text = cell.strip()
    if text in MISSING_TEXTS:
        return None
    if is_text or not _NUMBER.match(text):
        return text
    return float(text)
