"""The flight's aircraft: what it is, and where it is at the cut-off, by its previous departure from New York.

The tail number on record is the aircraft that really flew. Airlines swap aircraft at the last moment, so these features
are a little better informed than a forecaster was: a mild optimism which the model card states. Only legs scheduled
before the cut-off are looked at, so a later flight's aircraft tells nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from usecase.asof import Array, BoolArray, IntArray
from usecase.timeline import MINUTES_PER_DAY, Timeline

_OVERDUE_LIMIT = 360


def aircraft_features(times: Timeline) -> dict[str, Array]:
    """Gap since the previous leg, its delays as known at the cut-off, and the slack left for its return."""
    found, leg = _previous_leg(times)
    departed = found & (times.departure_known[leg] <= times.cutoff)
    arrived = found & (times.arrival_known[leg] <= times.cutoff)
    scheduled, block = times.departure[leg], times.block[leg]
    waited = np.clip(times.cutoff - scheduled, 0, _OVERDUE_LIMIT)
    delay = np.where(departed, times.departure_delay[leg], waited)
    # An aircraft that should have landed and is not known to have done so lands now at the earliest.
    landing = np.maximum(scheduled + delay + block, np.where(departed, times.cutoff, 0))
    landing = np.where(arrived, times.arrival[leg] + times.arrival_delay[leg], landing)
    return {
        "p1_gap": np.where(found, times.departure - scheduled, np.nan),
        "p1_dep_delay": np.where(found, delay, np.nan),
        "p1_arr_delay": np.where(arrived, times.arrival_delay[leg], np.nan),
        "p1_slack": np.where(found, times.departure - (landing + block), np.nan),
    }


def plane_features(flights: pd.DataFrame, planes: pd.DataFrame) -> dict[str, Array]:
    """Size and age of the aircraft; missing for the one in six that the register lacks."""
    registered = planes.drop_duplicates("tailnum").set_index("tailnum").reindex(flights["tailnum"].to_numpy())
    return {
        "seats": registered["seats"].to_numpy(dtype=np.float64),
        "plane_age": flights["year"].to_numpy(dtype=np.float64) - registered["year"].to_numpy(dtype=np.float64),
    }


def _previous_leg(times: Timeline) -> tuple[BoolArray, IntArray]:
    """Find the same aircraft's last leg scheduled before the cut-off, within a day of the flight."""
    tail = times.codes["tailnum"]
    keys = (tail << 32) + times.departure
    order = np.argsort(keys, kind="stable")
    place = np.searchsorted(keys[order], (tail << 32) + times.cutoff, side="left") - 1
    leg = order[np.maximum(place, 0)]
    same = (place >= 0) & (tail >= 0) & (tail[leg] == tail)
    found = same & (times.departure - times.departure[leg] < MINUTES_PER_DAY)
    return found, np.where(found, leg, 0)
