"""When things happen to flights, and when they are known: the one place that decides it.

A departure is known once both its scheduled and its actual time have passed, an arrival likewise: so a flight that left
early tells nothing before its time, and none ever sees itself. A flight that has not departed is known only as *not
departed*: the data hold no time of announcement for a cancellation, so a cancelled flight looks, at any moment, exactly
like one that is still waiting. The published schedule is known months before.

Every time is a whole minute since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from usecase.asof import NEVER, Array, BoolArray, IntArray, combine

MINUTES_PER_DAY = 1440
# Puerto Rico and the US Virgin Islands: four destinations missing from the table of airports, all in one zone.
UNLISTED_ZONE = "America/Puerto_Rico"
# No flight takes less than this from gate to gate; it only settles which day a scheduled arrival belongs to.
SHORTEST_BLOCK = 20
_DELAY_LIMIT = 100_000


@dataclass(frozen=True)
class Timeline:
    """Flights as arrays of minutes and group codes, in the order of the table they come from."""

    departure: IntArray
    """Scheduled departure."""
    arrival: IntArray
    """Scheduled arrival."""
    departure_known: IntArray
    """First minute at which the departure is known; `NEVER` for a cancelled flight."""
    arrival_known: IntArray
    """First minute at which the arrival is known; `NEVER` for a cancelled or diverted flight."""
    departure_delay: IntArray
    """Minutes; means nothing before `departure_known`."""
    arrival_delay: IntArray
    """Minutes; means nothing before `arrival_known`."""
    cutoff: IntArray
    """The moment of the prediction."""
    codes: dict[str, IntArray]
    """Group codes: origin, carrier, dest, flight, hour, date, tailnum (-1 where the aircraft is not recorded)."""

    def group(self, columns: Sequence[str]) -> IntArray:
        """Number the combinations of some coded columns; no column: everything is one group."""
        if not columns:
            return np.zeros_like(self.departure)
        return combine(*(self.codes[column] for column in columns))

    @property
    def block(self) -> IntArray:
        """Scheduled minutes from gate to gate."""
        return self.arrival - self.departure


def timeline(flights: pd.DataFrame, airports: pd.DataFrame, horizon_hours: float) -> Timeline:
    """Work out every flight's times, known times and cut-off."""
    departure = scheduled_departure(flights)
    arrival = _scheduled_arrival(flights, airports, departure)
    departure_delay, departed = _delay(flights["dep_delay"])
    arrival_delay, arrived = _delay(flights["arr_delay"])
    departure_known = np.where(departed, departure + np.maximum(departure_delay, 0) + 1, NEVER)
    arrival_known = np.where(arrived, arrival + np.maximum(arrival_delay, 0) + 1, NEVER)
    return Timeline(
        departure=departure,
        arrival=arrival,
        departure_known=departure_known,
        arrival_known=np.maximum(arrival_known, departure_known),
        departure_delay=departure_delay,
        arrival_delay=arrival_delay,
        cutoff=departure - round(horizon_hours * 60),
        codes=_codes(flights),
    )


def scheduled_departure(flights: pd.DataFrame) -> IntArray:
    """The minute of the scheduled departure: the UTC hour of the record plus its minute."""
    hour = pd.to_datetime(flights["time_hour"], utc=True)
    return minutes(hour) + flights["minute"].to_numpy(dtype=np.int64)


def minutes(moments: pd.Series) -> IntArray:
    """Whole minutes since 1970 of a column of times in UTC."""
    naive = moments.dt.tz_localize(None).to_numpy(dtype="datetime64[s]")
    return naive.astype(np.int64) // 60


def _scheduled_arrival(flights: pd.DataFrame, airports: pd.DataFrame, departure: IntArray) -> IntArray:
    """Turn the local clock time at the destination into the first such minute after departure."""
    zones = pd.Series(airports["tzone"].to_numpy(), index=airports["faa"].to_numpy())
    zone = zones.reindex(flights["dest"].to_numpy()).fillna(UNLISTED_ZONE).to_numpy().astype(str)
    clock = flights["sched_arr_time"].to_numpy(dtype=np.int64)
    local = pd.to_datetime(flights[["year", "month", "day"]]) + pd.to_timedelta(clock // 100 * 60 + clock % 100, "m")
    arrival = _utc_minutes(local, zone)
    overnight = arrival < departure + SHORTEST_BLOCK
    arrival[overnight] = _utc_minutes(local[overnight] + pd.Timedelta(days=1), zone[overnight])
    return arrival


def _utc_minutes(local: pd.Series, zone: Array) -> IntArray:
    utc = np.zeros(len(local), dtype=np.int64)
    for name in np.unique(zone):
        here = zone == name
        summer_first = np.ones(here.sum(), dtype=bool)
        zoned = local[here].dt.tz_localize(name, ambiguous=summer_first, nonexistent="shift_forward")
        utc[here] = minutes(zoned.dt.tz_convert("UTC"))
    return utc


def _delay(column: pd.Series) -> tuple[IntArray, BoolArray]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(values)
    whole = np.rint(np.clip(np.where(known, values, 0.0), -_DELAY_LIMIT, _DELAY_LIMIT))
    return whole.astype(np.int64), known


def _codes(flights: pd.DataFrame) -> dict[str, IntArray]:
    codes = {name: _code(flights[name]) for name in ("origin", "carrier", "dest", "flight", "hour", "tailnum")}
    date = flights["year"] * 10_000 + flights["month"] * 100 + flights["day"]
    return codes | {"date": _code(date)}


def _code(column: pd.Series) -> IntArray:
    return pd.factorize(column.to_numpy())[0].astype(np.int64)
