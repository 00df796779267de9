"""How the network is running at the cut-off: delays of the last hours, and flights that should have left."""

from __future__ import annotations

import numpy as np

from usecase.asof import Array, EventLog, IntArray, open_at, ratio
from usecase.timeline import Timeline

LATE_MINUTES = 30

# A departure's delay counts between these bounds: a record of 20 hours must not drown an hour's mean.
_DEPARTURE_BOUNDS = (-15, 240)
_ARRIVAL_BOUNDS = (-60, 240)

# (prefix, what shares it, window in minutes, statistics)
_DEPARTURES: tuple[tuple[str, tuple[str, ...], int, tuple[str, ...]], ...] = (
    ("nyc", (), 60, ("mean", "late")),
    ("nyc", (), 360, ("n",)),
    ("o", ("origin",), 60, ("mean", "late")),
    ("o", ("origin",), 180, ("n", "mean", "late")),
    ("c", ("carrier",), 180, ("mean", "late")),
    ("oc", ("origin", "carrier"), 180, ("mean",)),
)
_ARRIVALS: tuple[tuple[str, tuple[str, ...], int, tuple[str, ...]], ...] = (
    ("nyc_arr", (), 360, ("mean",)),
    ("c_arr", ("carrier",), 360, ("mean",)),
    ("d_arr", ("dest",), 360, ("mean",)),
)
# (name, what shares it, minutes since the scheduled departure: from, up to)
_WAITING: tuple[tuple[str, tuple[str, ...], int, int], ...] = (
    ("o_overdue_n", ("origin",), 0, 360),
    ("d_overdue_n", ("dest",), 0, 360),
    ("o_overdue_3h_n", ("origin",), 180, 360),
)


def live_features(times: Timeline) -> dict[str, Array]:
    """Recent delays by airport, carrier and destination, and waiting flights, all as known at the cut-off."""
    features: dict[str, Array] = {}
    departed = _outcomes(times.departure_delay, _DEPARTURE_BOUNDS)
    for prefix, columns, window, statistics in _DEPARTURES:
        sums = _sums(times, columns, times.departure_known, departed, window)
        features |= {f"{prefix}_{name}_{window}": _statistic(name, sums) for name in statistics}
    arrived = _outcomes(times.arrival_delay, _ARRIVAL_BOUNDS)
    for prefix, columns, window, statistics in _ARRIVALS:
        sums = _sums(times, columns, times.arrival_known, arrived, window)
        features |= {f"{prefix}_{name}_{window}": _statistic(name, sums) for name in statistics}
    for name, columns, since, until in _WAITING:
        features[name] = _waiting(times, columns, since, until)
    return features


def _outcomes(delay: IntArray, bounds: tuple[int, int]) -> IntArray:
    return np.column_stack([np.ones_like(delay), np.clip(delay, *bounds), (delay >= LATE_MINUTES).astype(np.int64)])


def _sums(times: Timeline, columns: tuple[str, ...], known: IntArray, values: IntArray, window: int) -> IntArray:
    groups = times.group(columns)
    return EventLog(groups, known, values).sums(groups, times.cutoff, window)


def _statistic(name: str, sums: IntArray) -> Array:
    count, delay, late = sums.T
    return {"n": count, "mean": ratio(delay, count), "late": ratio(late, count)}[name]


def _waiting(times: Timeline, columns: tuple[str, ...], since: int, until: int) -> IntArray:
    """Count the flights scheduled between `since` and `until` minutes ago that have not departed.

    A cancelled flight waits until it is no longer counted, as one that departs later still does: at the cut-off nobody
    can tell them apart. After three hours most of those that still wait turn out to be cancelled.
    """
    start = times.departure + since + 1
    end = np.minimum(times.departure_known, times.departure + until + 1)
    return open_at(times.group(columns), start, end, times.cutoff)
