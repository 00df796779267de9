"""How the network is running at the cut-off: delays of the last hours, and flights that should have left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from usecase.asof import Array, EventLog, IntArray, open_at, ratio
from usecase.timeline import Timeline

LATE_MINUTES = 30

# A departure's delay counts between these bounds: a record of 20 hours must not drown an hour's mean.
_DEPARTURE_BOUNDS = (-15, 240)
_ARRIVAL_BOUNDS = (-60, 240)


@dataclass(frozen=True)
class _Recent:
    """Statistics of recent delays: the features' prefix, what the flights share, and the statistics of each window."""

    prefix: str
    shared: tuple[str, ...]
    statistics: dict[int, tuple[str, ...]]


_DEPARTURES = (
    _Recent("nyc", (), {60: ("mean", "late"), 360: ("n",)}),
    _Recent("o", ("origin",), {60: ("mean", "late"), 180: ("n", "mean", "late")}),
    _Recent("c", ("carrier",), {180: ("mean", "late")}),
    _Recent("oc", ("origin", "carrier"), {180: ("mean",)}),
)
_ARRIVALS = (
    _Recent("nyc_arr", (), {360: ("mean",)}),
    _Recent("c_arr", ("carrier",), {360: ("mean",)}),
    _Recent("d_arr", ("dest",), {360: ("mean",)}),
)
# (name, what shares it, minutes since the scheduled departure: from, up to)
_WAITING: tuple[tuple[str, tuple[str, ...], int, int], ...] = (
    ("o_overdue_n", ("origin",), 0, 360),
    ("d_overdue_n", ("dest",), 0, 360),
    ("c_overdue_n", ("carrier",), 0, 360),
    ("oc_overdue_n", ("origin", "carrier"), 0, 360),
    ("nyc_overdue_1h_n", (), 60, 360),
    ("o_overdue_3h_n", ("origin",), 180, 360),
)


def live_features(times: Timeline) -> dict[str, Array]:
    """Recent delays by airport, carrier and destination, and waiting flights, all as known at the cut-off."""
    features: dict[str, Array] = {}
    departed = _outcomes(times.departure_delay, _DEPARTURE_BOUNDS)
    for wanted in _DEPARTURES:
        features |= _recent(wanted, times, times.departure_known, departed)
    arrived = _outcomes(times.arrival_delay, _ARRIVAL_BOUNDS)
    for wanted in _ARRIVALS:
        features |= _recent(wanted, times, times.arrival_known, arrived)
    for name, columns, since, until in _WAITING:
        features[name] = _waiting(times, columns, since, until)
    return features


def _outcomes(delay: IntArray, bounds: tuple[int, int]) -> IntArray:
    return np.column_stack([np.ones_like(delay), np.clip(delay, *bounds), (delay >= LATE_MINUTES).astype(np.int64)])


def _recent(wanted: _Recent, times: Timeline, known: IntArray, values: IntArray) -> dict[str, Array]:
    groups = times.group(wanted.shared)
    sums = EventLog(groups, known, values).sums(groups, times.cutoff, list(wanted.statistics))
    return {
        f"{wanted.prefix}_{name}_{window}": _statistic(name, total)
        for (window, names), total in zip(wanted.statistics.items(), sums, strict=True)
        for name in names
    }


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
