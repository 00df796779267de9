"""What is known of a day's flights the evening before: the published schedule, the aircraft, history, the weather.

The prediction's moment is one for all flights of the day, `known_at`: 20:00 in New York's winter, 21:00 in its summer.
No outcome of a flight that is scheduled later is looked at, whatever the raw tables hold; of earlier ones only what was
known by then (`usecase.timeline`). How the network runs and where each aircraft is two hours before departure cannot be
known, so these features are missing: the evening's own delays in their place would mislead (docs/how-to/score.md has
the figures).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from usecase.aircraft_features import plane_features
from usecase.asof import Array
from usecase.catalogue import CATALOGUE, STATIC
from usecase.history_features import HISTORY_DAYS, history_features
from usecase.schedule_features import schedule_features
from usecase.timeline import timeline
from usecase.weather_features import weather_features

KNOWN_AT = dt.time(1, tzinfo=dt.UTC)
"""On the scored day itself, in UTC; in New York that is still the evening before."""

FEATURES = tuple(feature.name for feature in CATALOGUE if feature.known_at in STATIC or feature.name.startswith("h_"))
"""What can be known so early, in the catalogue's order."""

OUTCOME_COLUMNS = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")


def known_at(day: dt.date) -> dt.datetime:
    """Return the moment of a day's predictions."""
    return dt.datetime.combine(day, KNOWN_AT)


def relevant(flights: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    """Keep the flights that a day's features may look at: those of the day, of its neighbours, and history."""
    dates = pd.to_datetime(flights[["year", "month", "day"]], errors="coerce")
    first = pd.Timestamp(day) - pd.Timedelta(days=HISTORY_DAYS + 2)
    return flights[(dates >= first) & (dates <= pd.Timestamp(day) + pd.Timedelta(days=1))]


def without_future(flights: pd.DataFrame, moment: dt.datetime) -> pd.DataFrame:
    """Take the outcomes out of all flights that are scheduled after a moment, readable or not."""
    hour = pd.to_datetime(flights["time_hour"], errors="coerce", utc=True, format="ISO8601")
    departure = hour + pd.to_timedelta(pd.to_numeric(flights["minute"], errors="coerce"), unit="min")
    is_future = ~(departure <= pd.Timestamp(moment))
    return flights.assign(**{name: flights[name].astype(float).mask(is_future) for name in OUTCOME_COLUMNS})


def day_ahead_features(tables: Mapping[str, pd.DataFrame], day: dt.date) -> pd.DataFrame:
    """Return the features of a day's flights that are known the evening before, with the flights' own index."""
    flights = tables["flights"]
    times = timeline(flights, tables["airports"], horizon_hours=0)
    moment = np.full_like(times.departure, int(known_at(day).timestamp()) // 60)
    times = dataclasses.replace(times, cutoff=moment)
    columns: dict[str, Array] = {
        **schedule_features(flights, times),
        **plane_features(flights, tables["planes"]),
        **history_features(times),
        **weather_features(tables["weather"], flights["origin"], moment),
    }
    known = {name: columns[name] for name in FEATURES}
    return pd.DataFrame(known, index=flights.index)[is_of_day(flights, day)]


def is_of_day(flights: pd.DataFrame, day: dt.date) -> pd.Series:
    """Mark the flights that are scheduled on a day, by New York's calendar."""
    return (flights["year"] == day.year) & (flights["month"] == day.month) & (flights["day"] == day.day)
