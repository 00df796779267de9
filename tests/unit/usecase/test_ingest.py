"""The raw zone's layout and bytes."""

import hashlib

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.sample_flights import flight, flights, planes
from usecase import ingest
from usecase.schema import FLIGHTS, PLANES, TABLES


def test_monthly_tables_are_partitioned_and_others_are_not(tmp_path):
    table = flights(flight("2013-01-05 12:00"), flight("2013-11-05 12:00"))

    files = ingest.write_table(table, FLIGHTS, tmp_path) + ingest.write_table(planes(), PLANES, tmp_path)

    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        "flights/year=2013/month=01/flights.parquet",
        "flights/year=2013/month=11/flights.parquet",
        "planes/planes.parquet",
    ]


def test_files_keep_the_sources_columns(tmp_path):
    (file,) = ingest.write_table(flights(flight()), FLIGHTS, tmp_path)

    assert tuple(pq.ParquetFile(file).schema_arrow.names) == FLIGHTS.column_names


def test_the_same_rows_give_the_same_bytes(tmp_path):
    table = ingest.load_source_table("planes")

    digests = {
        hashlib.sha256(ingest.write_table(table, PLANES, tmp_path / name)[0].read_bytes()).hexdigest()
        for name in ("one", "other")
    }

    assert len(digests) == 1


@pytest.mark.parametrize("name", ["weather", "planes", "airports", "airlines"])
def test_the_sources_tables_have_the_schemas_columns(name):
    assert tuple(ingest.load_source_table(name).columns) == TABLES[name].column_names


def test_the_whole_source_lands_as_one_file_a_month_or_table(tmp_path, monkeypatch):
    small = {name: pd.DataFrame({"year": [2013], "month": [1]}) for name in TABLES}
    monkeypatch.setattr(ingest, "load_source_table", small.__getitem__)

    assert len(ingest.write_raw_zone(tmp_path)) == len(TABLES)


def test_a_missing_source_package_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(ingest, "SOURCE_PACKAGE", "no_such_package")

    with pytest.raises(ingest.SourceMissingError, match=r"'no_such_package' .* is not installed"):
        ingest.load_source_table("planes")
