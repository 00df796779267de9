"""Validate a raw table: refuse what is no table of its schema, reject bad rows with a reason, count everything.

RawDataError            a file or a table as a whole cannot be used; the message says where, what, and what is allowed
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from usecase.schema import Column, Table

Array: TypeAlias = NDArray[Any]

_FILE = "_file"
_MISSING, _TYPE, _RANGE, _ALLOWED, _DUPLICATE = (
    "is missing",
    "is of the wrong type",
    "is out of range",
    "is not allowed",
    "is a duplicate",
)


class RawDataError(Exception):
    """Raw data that cannot be used."""


@dataclass(frozen=True)
class Validated:
    """A table after validation. `rejected` holds the raw rows plus file, column, value and reason."""

    table: Table
    files: int
    accepted: pd.DataFrame
    rejected: pd.DataFrame
    nullified: dict[str, int] = field(default_factory=dict)

    @property
    def rows_read(self) -> int:
        """Accepted and rejected rows."""
        return len(self.accepted) + len(self.rejected)

    @property
    def rejected_fraction(self) -> float:
        """The share of the rows that was rejected."""
        return len(self.rejected) / self.rows_read if self.rows_read else 0.0

    @property
    def reasons(self) -> dict[str, int]:
        """How many rows were rejected for each reason, most frequent first."""
        counts = self.rejected["reason"].value_counts()
        return {
            str(reason): int(count) for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        }


def read_table(folder: Path, table: Table) -> pd.DataFrame:
    """Read all Parquet files of a table, in the order of their names; remember each row's file.

    Raises:
        RawDataError: there is no file, or one is empty, unreadable or has other columns than the schema.
    """
    files = sorted((folder / table.name).rglob("*.parquet"))
    if not files:
        raise RawDataError(
            f"no Parquet file of the table {table.name!r} below {folder / table.name}; "
            "land the raw zone first, and check that the input's prefix ends above the table's folder"
        )
    parts = [_read_file(file, table).assign(**{_FILE: file.relative_to(folder).as_posix()}) for file in files]
    return pd.concat(parts, ignore_index=True)


def validate(frame: pd.DataFrame, table: Table, *, max_rejected_fraction: float) -> Validated:
    """Check every row against the schema; the first rule a row breaks is its reason.

    Raises:
        RawDataError: a larger share of the rows is bad than allowed.
    """
    files = frame[_FILE] if _FILE in frame else pd.Series("", index=frame.index)
    raw = frame[list(table.column_names)]
    clean, verdict, nullified = _check(raw, table)
    bad = verdict.bad
    validated = Validated(
        table=table,
        files=int(files.nunique()),
        accepted=clean[~bad].astype(_whole_columns(table)).reset_index(drop=True),
        rejected=verdict.rejections(raw, files),
        nullified=nullified,
    )
    _refuse_above(validated, max_rejected_fraction)
    return validated


def _whole_columns(table: Table) -> dict[str, str]:
    return {column.name: "int64" for column in table.columns if column.type == "integer" and not column.nullable}


def _read_file(file: Path, table: Table) -> pd.DataFrame:
    if file.stat().st_size == 0:
        raise RawDataError(f"{file}: the file is empty (0 bytes); expected a Parquet file of the table {table.name!r}")
    try:
        with pq.ParquetFile(file) as parquet:
            _refuse_columns(file, parquet.schema_arrow.names, table)
            frame = parquet.read(columns=list(table.column_names)).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RawDataError(f"{file}: cannot be read as Parquet ({reason}); land the file again") from error
    if frame.empty:
        raise RawDataError(f"{file}: the file has no rows; expected at least one row of the table {table.name!r}")
    return frame


def _refuse_columns(file: Path, names: list[str], table: Table) -> None:
    missing = [name for name in table.column_names if name not in names]
    unexpected = [name for name in names if name not in table.column_names]
    if not missing and not unexpected and len(set(names)) == len(names):
        return
    faults = [f"missing: {', '.join(missing)}"] if missing else []
    faults += [f"unexpected: {', '.join(unexpected)}"] if unexpected else []
    faults = faults or ["a column stands there twice"]
    expected = ", ".join(table.column_names)
    raise RawDataError(
        f"{file}: wrong columns for the table {table.name!r} ({'; '.join(faults)}); expected: {expected}"
    )


def _refuse_above(validated: Validated, limit: float) -> None:
    if validated.rejected_fraction <= limit and len(validated.accepted):
        return
    reasons = "; ".join(f"{reason} ({count})" for reason, count in list(validated.reasons.items())[:5])
    raise RawDataError(
        f"table {validated.table.name!r}: {len(validated.rejected)} of {validated.rows_read} rows are bad "
        f"({validated.rejected_fraction:.1%}), allowed are {limit:.1%}: {reasons}; "
        "repair the source, or allow more with --max-rejected-fraction"
    )


class _Verdict:
    """The first broken rule of each row."""

    def __init__(self, index: pd.Index) -> None:
        self._rule = np.full(len(index), -1, dtype=np.int32)
        self._rules: list[tuple[str, str]] = []

    @property
    def bad(self) -> Array:
        return self._rule >= 0

    def reject(self, rows: Array, column: str, reason: str) -> None:
        if rows.any():
            self._rules.append((column, reason))
            self._rule[rows & ~self.bad] = len(self._rules) - 1

    def rejections(self, raw: pd.DataFrame, files: pd.Series) -> pd.DataFrame:
        bad = self.bad
        broken = [self._rules[rule] for rule in self._rule[bad]]
        rows = raw[bad].copy()
        values = [row[column] for row, (column, _) in zip(rows.to_dict("records"), broken, strict=True)]
        rows.insert(0, "reason", [f"{column} {reason}" for column, reason in broken])
        rows.insert(1, "rejected_column", [column for column, _ in broken])
        rows.insert(2, "rejected_value", pd.Series(values, index=rows.index, dtype=object))
        rows.insert(3, "file", files[bad])
        return rows.reset_index(drop=True)


def _check(raw: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, _Verdict, dict[str, int]]:
    verdict, nullified = _Verdict(raw.index), dict[str, int]()
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        columns[column.name] = _check_column(raw[column.name], column, verdict, nullified)
    clean = pd.DataFrame(columns, index=raw.index)
    for rule in table.rules:
        verdict.reject(rule.broken(clean).to_numpy(dtype=bool), rule.column, rule.reason)
    good = clean.loc[~verdict.bad, list(table.key)]
    repeated = np.zeros(len(clean), dtype=bool)
    repeated[~verdict.bad] = good.duplicated().to_numpy()
    verdict.reject(repeated, table.key[-1], f"{_DUPLICATE} of ({', '.join(table.key)})")
    return clean, verdict, nullified


def _check_column(raw: pd.Series, column: Column, verdict: _Verdict, nullified: dict[str, int]) -> pd.Series:
    values, mistyped = _typed(raw, column)
    missing = raw.isna().to_numpy()
    if not column.nullable:
        verdict.reject(missing, column.name, _MISSING)
    verdict.reject(mistyped, column.name, _TYPE)
    if column.allowed:
        verdict.reject(~missing & ~mistyped & ~values.isin(column.allowed).to_numpy(), column.name, _ALLOWED)
    outside = _outside(values, column)
    if column.out_of_range == "nullify" and outside.any():
        nullified[column.name] = int(outside.sum())
        return values.mask(outside)
    verdict.reject(outside, column.name, _RANGE)
    return values


def _outside(values: pd.Series, column: Column) -> Array:
    outside = np.zeros(len(values), dtype=bool)
    if column.minimum is not None:
        outside |= (values < column.minimum).to_numpy(dtype=bool)
    if column.maximum is not None:
        outside |= (values > column.maximum).to_numpy(dtype=bool)
    return outside


def _typed(raw: pd.Series, column: Column) -> tuple[pd.Series, Array]:
    """Turn a column into its type; what cannot be turned becomes missing and is marked."""
    values = _CONVERSIONS[column.type](raw)
    return values, (values.isna() & raw.notna()).to_numpy(dtype=bool)


def _number(raw: pd.Series) -> pd.Series:
    if raw.dtype.kind in "iu":
        return raw
    if raw.dtype.kind in "bMm":
        return pd.Series(np.nan, index=raw.index)
    return pd.to_numeric(raw, errors="coerce").astype("float64").replace([np.inf, -np.inf], np.nan)


def _integer(raw: pd.Series) -> pd.Series:
    values = _number(raw)
    if values.dtype.kind in "iu":
        return values
    whole = values.where(values == values.round())
    return whole if raw.isna().any() or whole.isna().any() else whole.astype("int64")


def _text(raw: pd.Series) -> pd.Series:
    if raw.dtype.kind != "O":
        return pd.Series(None, index=raw.index, dtype=object)
    values = raw.astype(object)
    if pd.api.types.infer_dtype(values, skipna=True) in ("string", "empty"):
        return values
    return values.where(values.map(lambda value: isinstance(value, str)), None)


def _time(raw: pd.Series) -> pd.Series:
    if raw.dtype.kind in "iufb":
        return pd.Series(pd.NaT, index=raw.index, dtype="datetime64[ns, UTC]")
    return pd.to_datetime(raw, errors="coerce", utc=True, format="ISO8601")


_CONVERSIONS: dict[str, Any] = {"number": _number, "integer": _integer, "text": _text, "time": _time}
