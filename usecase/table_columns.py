"""Say how the columns of the lake's tables are stored, for whoever queries them: names and logical types."""

from __future__ import annotations

from typing import Literal

from usecase.catalogue import CATALOGUE
from usecase.dataset import LABEL, METADATA
from usecase.schema import TABLES, Column
from usecase.split import SPLIT_MONTHS

StoredType = Literal["int8", "int64", "float32", "float64", "string", "timestamp"]

SPLITS = tuple(SPLIT_MONTHS)

# The source writes these numbers without a decimal point, so they land as whole ones.
_WHOLE_NUMBERS = {("flights", "distance"), ("airports", "alt"), ("airports", "tz")}
_STORED_METADATA: dict[str, StoredType] = {"sched_dep_utc": "timestamp", "month": "int8"}


def raw_columns(table: str) -> dict[str, StoredType]:
    """Return the columns of a raw table as `usecase.ingest` lands them."""
    return {column.name: _landed(table, column) for column in TABLES[table].columns}


def curated_columns() -> dict[str, StoredType]:
    """Return the columns of every split of the prepared data: features, label, metadata."""
    features: dict[str, StoredType] = {
        feature.name: "string" if feature.kind == "categorical" else "float32" for feature in CATALOGUE
    }
    return {**features, LABEL: "int8", **{name: _STORED_METADATA.get(name, "string") for name in METADATA}}


def _landed(table: str, column: Column) -> StoredType:
    if column.type in ("text", "time"):
        return "string"
    # A whole number that may be missing is a float in pandas.
    is_whole = column.type == "integer" and not column.nullable
    return "int64" if is_whole or (table, column.name) in _WHOLE_NUMBERS else "float64"
