"""A slice of the real data, read once."""

import pytest

from usecase.ingest import load_source_table


@pytest.fixture(scope="session")
def real_tables():
    """The real tables, flights and weather of the first five weeks."""
    tables = {name: load_source_table(name) for name in ("flights", "weather", "planes", "airports")}
    for name in ("flights", "weather"):
        table = tables[name]
        early = (table["month"] == 1) | ((table["month"] == 2) & (table["day"] <= 4))
        tables[name] = table[early].reset_index(drop=True)
    return tables
