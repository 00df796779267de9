"""What the published schedule says about a flight and its surroundings: known long before the cut-off."""

from __future__ import annotations

import numpy as np
import pandas as pd

from usecase.asof import Array, EventLog
from usecase.timeline import Timeline


def schedule_features(flights: pd.DataFrame, times: Timeline) -> dict[str, Array]:
    """The flight's own place in the schedule, and how busy its airport is planned to be.

    Cancelled flights stand in the schedule as all others do.
    """
    origin = times.group(["origin"])
    scheduled = EventLog(origin, times.departure)
    day = times.group(["origin", "date"])
    return {
        "origin": flights["origin"].to_numpy(dtype=object),
        "carrier": flights["carrier"].to_numpy(dtype=object),
        "dest": flights["dest"].to_numpy(dtype=object),
        "dep_minute": (flights["hour"] * 60 + flights["minute"]).to_numpy(),
        "day_of_week": pd.to_datetime(flights[["year", "month", "day"]]).dt.dayofweek.to_numpy(),
        "distance": flights["distance"].to_numpy(),
        "block": times.block,
        "sched_around_60": scheduled.counts(origin, times.departure + 60, window=120),
        "day_flights_origin": _group_sizes(day),
    }


def _group_sizes(codes: Array) -> Array:
    _, place, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    return sizes[place]
