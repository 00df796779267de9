"""A small raw zone of real data, and the prepare job as a function."""

import shutil

import pytest

from processing.prepare import main
from usecase.ingest import load_source_table, write_table
from usecase.schema import TABLES


@pytest.fixture(scope="session")
def small_raw_zone(tmp_path_factory):
    """The first two days of every month; planes, airports and airlines in full. Read only."""
    folder = tmp_path_factory.mktemp("raw")
    for name, table in TABLES.items():
        rows = load_source_table(name)
        write_table(rows[rows["day"] <= 2] if table.monthly else rows, table, folder)
    return folder


@pytest.fixture
def raw_zone(small_raw_zone, tmp_path):
    """A copy of the small raw zone to spoil."""
    return shutil.copytree(small_raw_zone, tmp_path / "raw")


@pytest.fixture
def prepare(tmp_path):
    """Run the job: `prepare(raw_zone, "--max-rejected-fraction", "0.4")` gives its exit code."""

    def run(raw_dir, *flags):
        where = ["--raw-dir", raw_dir, "--output-dir", tmp_path / "output", "--message-file", tmp_path / "message"]
        return main([str(argument) for argument in (*where, *flags)], {"DATA_VERSION": "test"})

    return run
