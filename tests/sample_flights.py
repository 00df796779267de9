"""Small tables of flights, weather, planes and airports for tests: valid unless a test says otherwise."""

from typing import Any

import pandas as pd

from usecase.schema import TABLES

NEW_YORK = "America/New_York"


def flight(scheduled: str = "2013-06-10 12:00", **changes: Any) -> dict[str, Any]:
    """One flight, on time, JFK to ORD in two and a half hours; `scheduled` is New York's local time."""
    local = pd.Timestamp(scheduled)
    arrival = local + pd.Timedelta(minutes=90)  # one hour west: 150 minutes later
    row: dict[str, Any] = {
        "year": local.year,
        "month": local.month,
        "day": local.day,
        "dep_time": float(local.hour * 100 + local.minute),
        "sched_dep_time": local.hour * 100 + local.minute,
        "dep_delay": 0.0,
        "arr_time": float(arrival.hour * 100 + arrival.minute),
        "sched_arr_time": arrival.hour * 100 + arrival.minute,
        "arr_delay": 0.0,
        "carrier": "AA",
        "flight": 100,
        "tailnum": "N1",
        "origin": "JFK",
        "dest": "ORD",
        "air_time": 120.0,
        "distance": 740,
        "hour": local.hour,
        "minute": local.minute,
        "time_hour": local.floor("h").tz_localize(NEW_YORK).tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return row | changes


def cancelled(scheduled: str = "2013-06-10 12:00", **changes: Any) -> dict[str, Any]:
    """A flight that never departed."""
    return flight(scheduled, **dict.fromkeys(OUTCOMES), **changes)


def flights(*rows: dict[str, Any]) -> pd.DataFrame:
    """A table of flights; flight numbers are made unique."""
    numbered = [row | {"flight": row["flight"] + place} for place, row in enumerate(rows)]
    return pd.DataFrame(numbered).astype(dict.fromkeys(OUTCOMES, "float64"))


def observation(hour: str = "2013-06-10T12:00:00Z", **changes: Any) -> dict[str, Any]:
    """One hourly observation at JFK on a fine day; `hour` is UTC."""
    local = pd.Timestamp(hour).tz_convert(NEW_YORK)
    row = {
        "origin": "JFK",
        "year": local.year,
        "month": local.month,
        "day": local.day,
        "hour": local.hour,
        "temp": 70.0,
        "dewp": 50.0,
        "humid": 49.0,
        "wind_dir": 90.0,
        "wind_speed": 10.0,
        "wind_gust": None,
        "precip": 0.0,
        "pressure": 1015.0,
        "visib": 10.0,
        "time_hour": hour,
    }
    return row | changes


def weather(*rows: dict[str, Any]) -> pd.DataFrame:
    """A table of observations."""
    return pd.DataFrame(rows or None, columns=list(TABLES["weather"].column_names)).astype({"wind_gust": "float64"})


def planes() -> pd.DataFrame:
    """Two aircraft: N1 and N2."""
    rows = [
        ("N1", 2003.0, "Fixed wing multi engine", "BOEING", "737", 2, 149, None, "Turbo-fan"),
        ("N2", 1998.0, "Fixed wing multi engine", "AIRBUS", "A320", 2, 182, None, "Turbo-fan"),
    ]
    return pd.DataFrame(rows, columns=list(TABLES["planes"].column_names)).astype({"speed": "float64"})


def airports() -> pd.DataFrame:
    """Chicago, Los Angeles and Buffalo."""
    rows = [
        ("ORD", "Chicago", 41.98, -87.9, 668, -6, "A", "America/Chicago"),
        ("LAX", "Los Angeles", 33.94, -118.4, 126, -8, "A", "America/Los_Angeles"),
        ("BUF", "Buffalo", 42.94, -78.73, 724, -5, "A", "America/New_York"),
    ]
    return pd.DataFrame(rows, columns=list(TABLES["airports"].column_names))


OUTCOMES = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")
