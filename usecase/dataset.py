"""From accepted tables to labelled rows: label, metadata and slices beside the features.

A cancelled flight (2.5 % of them: it never departed) and a diverted one (0.3 %: it landed elsewhere) have no arrival
delay, so the question "30 minutes late or more?" has no answer for them. They are left out of the rows of every split
and counted in the data report; they still act as events in other flights' features. The model therefore answers for
flights that will be operated: whoever uses it must say what becomes of the cancelled.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from usecase.feature_spec import FeatureSpec
from usecase.features import HORIZON_HOURS, build_features, describe_features
from usecase.live_features import LATE_MINUTES
from usecase.split import SPLIT_MONTHS
from usecase.timeline import scheduled_departure

LABEL = "label"
LABEL_DESCRIPTION = (
    f"1: the flight arrives at least {LATE_MINUTES} minutes late; cancelled and diverted flights have none"
)
OUTCOME_DECISION = (
    "cancelled and diverted flights have no arrival delay, so no label: they are no rows of any split; "
    "they remain events in the features of other flights"
)
METADATA = ("flight_id", "flight_date", "sched_dep_utc", "month", "hour_block", "day_type", "distance_band")
SLICES = ("origin", "carrier", "month", "hour_block", "day_type", "distance_band")

_HOLIDAYS = (
    "2013-01-01", "2013-01-21", "2013-02-18", "2013-05-27", "2013-07-04",
    "2013-09-02", "2013-10-14", "2013-11-11", "2013-11-28", "2013-12-25",
)  # fmt: skip
_SATURDAY = 6
_HOUR_EDGES, _HOUR_NAMES = (6, 10, 14, 18), ("night", "morning", "midday", "afternoon", "evening")
_MILE_EDGES, _MILE_NAMES = (500, 1000, 1500), ("under-500", "500-999", "1000-1499", "1500-up")


def labelled_rows(tables: dict[str, pd.DataFrame], horizon_hours: float = HORIZON_HOURS) -> pd.DataFrame:
    """Build the features of all flights and keep the rows that have a label, with label, metadata and slices."""
    flights = tables["flights"]
    features = build_features(flights, tables["weather"], tables["planes"], tables["airports"], horizon_hours)
    late = (flights["arr_delay"] >= LATE_MINUTES).astype("int8").rename(LABEL)
    rows = pd.concat([features, late, _metadata(flights)], axis=1)[flights["arr_delay"].notna()]
    return rows.sort_values("sched_dep_utc", kind="stable", ignore_index=True)


def outcomes(flights: pd.DataFrame) -> dict[str, int]:
    """Count the flights by what became of them."""
    departed, arrived = flights["dep_delay"].notna(), flights["arr_delay"].notna()
    return {
        "arrived": int(arrived.sum()),
        "cancelled": int((~departed).sum()),
        "diverted": int((departed & ~arrived).sum()),
    }


def flight_ids(flights: pd.DataFrame) -> pd.Series:
    """The identity of a flight: its day, airline, number, origin and scheduled time; unique in the year."""
    number = flights["carrier"] + _padded(flights["flight"], 4)
    return _dates(flights) + "-" + number + "-" + flights["origin"] + "-" + _padded(flights["sched_dep_time"], 4)


def specification(training: pd.DataFrame, *, horizon_hours: float, data_version: str) -> FeatureSpec:
    """Describe the prepared columns; vocabularies and ranges come from the training months alone."""
    return FeatureSpec(
        features=describe_features(training),
        label=LABEL,
        label_description=LABEL_DESCRIPTION,
        metadata=METADATA,
        slices=SLICES,
        horizon_hours=horizon_hours,
        split_months=SPLIT_MONTHS,
        data_version=data_version,
    )


def _metadata(flights: pd.DataFrame) -> pd.DataFrame:
    date = _dates(flights)
    hours = np.searchsorted(_HOUR_EDGES, flights["hour"], side="right")
    miles = np.searchsorted(_MILE_EDGES, flights["distance"], side="right")
    return pd.DataFrame(
        {
            "flight_id": flight_ids(flights),
            "flight_date": date,
            "sched_dep_utc": pd.to_datetime(scheduled_departure(flights) * 60, unit="s", utc=True),
            "month": flights["month"].astype("int8"),
            "hour_block": np.array(_HOUR_NAMES, dtype=object)[hours],
            "day_type": _by_value(date, _day_type),
            "distance_band": np.array(_MILE_NAMES, dtype=object)[miles],
        },
        index=flights.index,
    )


def _dates(flights: pd.DataFrame) -> pd.Series:
    number = flights["year"] * 10_000 + flights["month"] * 100 + flights["day"]
    return _by_value(number, _iso_date)


def _iso_date(number: float) -> str:
    digits = f"{number:08.0f}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _day_type(date: str) -> str:
    if date in _HOLIDAYS:
        return "holiday"
    return "weekend" if dt.date.fromisoformat(date).isoweekday() >= _SATURDAY else "weekday"


def _padded(column: pd.Series, digits: int) -> pd.Series:
    return _by_value(column, lambda value: f"{value:0{digits}.0f}")


def _by_value(column: pd.Series, make: Callable[[Any], str]) -> pd.Series:
    """Make one text for each distinct value: a year of flights has 365 dates."""
    codes, values = pd.factorize(column)
    texts = np.array([make(value) for value in values], dtype=object)
    return pd.Series(texts[codes], index=column.index)
