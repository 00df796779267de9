"""Rows of many requests as one frame: CSV with or without a header, JSON and JSON Lines, ready features or raw records.

Rows of the same columns are parsed together by Arrow. What Arrow cannot take is read request by request, as the
experiment's judge reads it; a request that is not readable has no row.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.json as arrow_json
from numpy.typing import NDArray

from processing.experiment.capture import BROKEN, json_rows
from processing.monitoring.capture_lines import CSV, JSON_LINES, Payload
from processing.monitoring.frames import stack
from processing.monitoring.raw_records import with_derived_features
from usecase.feature_spec import FeatureSpec

MISSING_TEXTS = ("", "NA", "NaN", "nan", "null", "None")
"""What means a missing value in CSV, to the server and so to us."""

# Fewer rows are read one by one: Arrow's fixed cost for a table is that of some ten rows.
_FEW = 8


@dataclass(frozen=True)
class Rows:
    """Rows in the order of their requests; `parents` names the request of each."""

    frame: pd.DataFrame
    parents: NDArray[np.int64]


class RowReader:
    """Reads payloads for one feature specification."""

    def __init__(self, spec: FeatureSpec) -> None:
        self.names = spec.names
        self._spec = spec
        self._texts = frozenset(spec.categorical)
        self._numbers = frozenset(spec.numeric)
        types = {name: pa.string() if name in self._texts else pa.float64() for name in spec.names}
        self._types = types
        rows = pa.list_(pa.struct([pa.field(name, kind) for name, kind in types.items()]))
        self._json = arrow_json.ParseOptions(
            explicit_schema=pa.schema([("r", rows)]), unexpected_field_behavior="infer"
        )

    def read(self, payloads: Sequence[Payload]) -> Rows:
        """Read requests; those that cannot be read have no rows."""
        parts = [*self._csv(payloads), *self._json_parts(payloads)]
        if not parts:
            return Rows(pd.DataFrame(), np.empty(0, dtype=np.int64))
        frame = stack([with_derived_features(part.frame, self._spec) for part in parts], self._numbers)
        parents = np.concatenate([part.parents for part in parts])
        if len(parts) > 1:
            order = np.argsort(parents, kind="stable")
            frame, parents = frame.iloc[order].reset_index(drop=True), parents[order]
        return Rows(frame, parents)

    def _csv(self, payloads: Sequence[Payload]) -> list[Rows]:
        tables: dict[tuple[str, int], tuple[list[str], list[int]]] = defaultdict(lambda: ([], []))
        odd = []
        for parent, (media_type, text) in enumerate(payloads):
            if media_type != CSV:
                continue
            lines = _plain_lines(text)
            if not lines:
                odd.append(parent)
                continue
            header = lines.pop(0) if len(lines) > 1 and _is_header(lines[0].split(",")) else ""
            rows, parents = tables[header, lines[0].count(",")]
            rows.extend(lines)
            parents.extend([parent] * len(lines))
        found = []
        for (header, commas), (rows, parents) in tables.items():
            frame = self._csv_table(header, commas, rows)
            if frame is None:
                odd.extend(dict.fromkeys(parents))
            else:
                found.append(Rows(frame, np.array(parents, dtype=np.int64)))
        return [*found, *self._one_by_one(payloads, odd)]

    def _csv_table(self, header: str, commas: int, rows: list[str]) -> pd.DataFrame | None:
        names = [name.strip() for name in header.split(",")] if header else self._names_by_place(commas + 1)
        if len(names) != commas + 1 or len(set(names)) != len(names) or len(rows) < _FEW:
            return None
        text = pa.py_buffer("\n".join(rows).encode())
        for types in (self._types, dict.fromkeys(names, pa.string())):
            try:
                table = arrow_csv.read_csv(
                    pa.BufferReader(text),
                    arrow_csv.ReadOptions(column_names=names, block_size=max(text.size, 1), use_threads=False),
                    arrow_csv.ParseOptions(quote_char=False),
                    arrow_csv.ConvertOptions(column_types=types, null_values=MISSING_TEXTS, strings_can_be_null=True),
                )
            except pa.ArrowInvalid:
                continue
            if table.num_rows == len(rows):
                return self._typed(_to_frame(table), is_csv=True)
        return None

    def _json_parts(self, payloads: Sequence[Payload]) -> list[Rows]:
        parents = [parent for parent, payload in enumerate(payloads) if payload.media_type != CSV]
        if len(parents) >= _FEW:
            whole = self._json_table([_as_list(payloads[parent]) for parent in parents])
            if whole is not None:
                frame, counts = whole
                return [Rows(frame, np.repeat(np.array(parents, dtype=np.int64), counts))]
        return self._one_by_one(payloads, parents)

    def _json_table(self, lists: list[str]) -> tuple[pd.DataFrame, NDArray[np.int64]] | None:
        text = "\n".join([f'{{"r":{rows}}}' for rows in lists]).encode()
        options = arrow_json.ReadOptions(block_size=len(text) + 1, use_threads=False)
        try:
            table = arrow_json.read_json(pa.BufferReader(text), options, self._json)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return None
        column = table.column("r").combine_chunks()
        if table.num_rows != len(lists) or table.num_columns != 1 or column.null_count:
            return None
        rows = column.flatten()
        if rows.null_count:
            return None
        frame = _to_frame(pa.Table.from_struct_array(rows))
        # Arrow cannot tell null from left out.
        absent = [name for name in frame.columns if frame[name].isna().all() and f'"{name}"'.encode() not in text]
        return self._typed(frame.drop(columns=absent), is_csv=False), column.value_lengths().to_numpy()

    def _one_by_one(self, payloads: Sequence[Payload], parents: Sequence[int]) -> list[Rows]:
        found: dict[bool, tuple[list[Mapping[str, Any]], list[int]]] = {True: ([], []), False: ([], [])}
        for parent in parents:
            media_type, text = payloads[parent]
            try:
                rows = self._csv_rows(text) if media_type == CSV else json_rows(text)
            except BROKEN:
                continue
            records, places = found[media_type == CSV]
            records.extend(rows)
            places.extend([parent] * len(rows))
        return [
            Rows(self._typed(pd.DataFrame(records, dtype=object), is_csv=is_csv), np.array(places, dtype=np.int64))
            for is_csv, (records, places) in found.items()
            if records
        ]

    def _csv_rows(self, text: str) -> list[Mapping[str, Any]]:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
        if not lines:
            return []
        if len(lines) > 1 and _is_header(lines[0]):
            names = [cell.strip() for cell in lines.pop(0)]
        else:
            names = self._names_by_place(len(lines[0]))
        if len(set(names)) != len(names):
            raise ValueError("a column stands there twice")
        return [dict(zip(names, map(_cell, row), strict=True)) for row in lines]

    def _names_by_place(self, width: int) -> list[str]:
        """Columns without a header are the features in the model's order; Model Monitor numbers those beyond."""
        return [*self.names[:width], *(f"_c{place}" for place in range(len(self.names), width))]

    def _typed(self, frame: pd.DataFrame, *, is_csv: bool) -> pd.DataFrame:
        """Numeric features as float64, unless a value is no number: then the column stays as it was sent."""
        for name in frame.columns:
            if name in self._numbers and frame[name].dtype != np.float64:
                frame[name] = _numbers(frame[name], from_text=is_csv)
        return frame


def _numbers(column: pd.Series, *, from_text: bool) -> pd.Series:
    if column.dtype.kind in "iuf":
        return column.astype(np.float64)
    numbers = pd.to_numeric(column, errors="coerce") if from_text else column.map(_number)
    is_wrong = numbers.isna() & column.notna()
    if is_wrong.any():
        return column.astype(object).where(is_wrong, numbers.astype(object))
    return numbers.astype(np.float64)


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return float(value) if is_number else np.nan
    except OverflowError:
        return np.nan


def _plain_lines(text: str) -> list[str]:
    """The lines of simple CSV; none where it needs a closer look."""
    only = text.rstrip("\n")
    if only and not ("\n" in only or '"' in only or "\r" in only or only.isspace()):
        return [only]
    if '"' in text or "\r" in text.replace("\r\n", "\n"):
        return []
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    return lines if len({line.count(",") for line in lines}) == 1 else []


def _is_header(cells: Sequence[str]) -> bool:
    """A header names columns: names are identifiers, values never are all of them."""
    return all(cell.strip().isidentifier() for cell in cells)


def _cell(text: str) -> str | None:
    text = text.strip()
    return None if text in MISSING_TEXTS else text


def _as_list(payload: Payload) -> str:
    """The rows of a JSON payload as a JSON list on one line."""
    text = payload.text.strip()
    if payload.media_type == JSON_LINES:
        return f"[{','.join(line for line in text.split(chr(10)) if line.strip())}]"
    text = text.replace("\n", " ").replace("\r", " ")
    if text.startswith("["):
        return text
    start, _, end = text.partition('"instances"')
    if start.strip() == "{" and end.lstrip().startswith(":"):
        return end.lstrip()[1:].rstrip()[:-1]
    return f"[{text}]"


def _to_frame(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas(integer_object_nulls=True, date_as_object=True)
