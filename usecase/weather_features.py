"""The weather at the origin as last observed before the cut-off, never the weather at departure.

An observation stamped with an hour is taken within that hour (at New York's airports at minute 51), so it counts as
known when the hour is over.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from usecase.asof import Array, FloatArray, IntArray
from usecase.timeline import minutes

KNOWN_AFTER_MINUTES = 60
# An older observation is no news: the features are missing then.
_OLDEST_MINUTES = 180
_COLUMNS = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "pressure", "visib")


def weather_features(weather: pd.DataFrame, origins: pd.Series, cutoff: IntArray) -> dict[str, Array]:
    """The last observation known at each cut-off, its tendency over three hours and the wind as a vector."""
    log = _Observations(weather, origins.to_numpy())
    known = cutoff - KNOWN_AFTER_MINUTES
    row = log.latest(known)
    one, two, three = (log.exactly(log.minute[row] - 60 * hours) for hours in (1, 2, 3))
    now = {name: log.value(name, row) for name in _COLUMNS}
    angle = np.deg2rad(now["wind_dir"])
    visibility = np.fmin(np.fmin(now["visib"], log.value("visib", one)), log.value("visib", two))
    return {
        **{f"wl_{name}": now[name] for name in ("temp", "dewp", "humid", "wind_dir", "pressure", "visib")},
        "wl_wsin": np.sin(angle) * now["wind_speed"],
        "wl_wcos": np.cos(angle) * now["wind_speed"],
        "wl_press_d3": now["pressure"] - log.value("pressure", three),
        "wl_visib_min3": visibility,
    }


class _Observations:
    """Hourly observations, looked up by each flight's own origin and a minute; row -1 is a row of missing values."""

    def __init__(self, weather: pd.DataFrame, origins: Array) -> None:
        places = pd.Index(np.unique(weather["origin"].to_numpy(dtype=str)).astype(object))
        stamped = minutes(pd.to_datetime(weather["time_hour"], utc=True))
        keys = (places.get_indexer(pd.Index(weather["origin"])).astype(np.int64) << 32) + stamped
        order = np.argsort(keys, kind="stable")
        self._keys, self._frame = keys[order], weather.iloc[order]
        self.minute = np.append(stamped[order], 0)
        self._group = places.get_indexer(pd.Index(origins)).astype(np.int64)

    def latest(self, moments: IntArray) -> IntArray:
        """The row of the last observation stamped at or before each moment; -1 where there is none, or an old one."""
        wanted = (self._group << 32) + moments
        row = np.searchsorted(self._keys, wanted, side="right") - 1
        age = wanted - np.append(self._keys, 0)[row]
        return np.where((row >= 0) & (self._group >= 0) & (age <= _OLDEST_MINUTES), row, -1)

    def exactly(self, moments: IntArray) -> IntArray:
        """The row stamped with each moment itself; -1 where there is none."""
        row = self.latest(moments)
        return np.where(self.minute[row] == moments, row, -1)

    def value(self, column: str, row: IntArray) -> FloatArray:
        """One column at some rows."""
        return np.append(self._frame[column].to_numpy(dtype=np.float64, na_value=np.nan), np.nan)[row]
