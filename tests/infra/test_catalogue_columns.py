"""The catalogue's types are those of the files: Athena fails on a Parquet column of another type."""

import pyarrow.parquet as pq
import pytest

from pipelines.parameters import pipeline_parameters
from pipelines.resources import Resources
from pipelines.settings import Settings
from processing.outputs import write_rows
from tests.sample_flights import airports, flight, flights, observation, planes, weather
from usecase.dataset import labelled_rows
from usecase.ingest import SOURCE_PACKAGE, load_source_table, write_table
from usecase.schema import TABLES
from usecase.table_columns import curated_columns, raw_columns

ARROW = {
    "int8": "int8",
    "int64": "int64",
    "float": "float32",
    "double": "float64",
    "string": "string",
    "large_string": "string",
    "timestamp[ns, tz=UTC]": "timestamp",
}


@pytest.mark.parametrize("name", ["weather", "planes", "airports", "airlines", "flights"])
def test_raw_columns_are_stored_as_the_catalogue_says(name, tmp_path):
    frame = load_source_table(name)

    file = write_table(frame, TABLES[name], tmp_path)[0]

    stored = {field.name: ARROW[str(field.type)] for field in pq.read_schema(file)}
    assert stored == raw_columns(name)


def test_prepared_columns_are_stored_as_the_catalogue_says(tmp_path):
    tables = {
        "flights": flights(flight(), flight("2013-06-10 15:00")),
        "weather": weather(observation("2013-06-10T12:00:00Z")),
        "planes": planes(),
        "airports": airports(),
    }
    write_rows(labelled_rows(tables), tmp_path / "part.parquet")

    stored = {field.name: ARROW[str(field.type)] for field in pq.read_schema(tmp_path / "part.parquet")}
    assert stored == curated_columns()


def test_tables_lie_below_the_prefix_that_the_pipeline_reads():
    parameters = {p.name: p.default for p in pipeline_parameters(Resources.example(), Settings())}

    assert parameters["RawDataUri"].endswith(f"/{SOURCE_PACKAGE}")
