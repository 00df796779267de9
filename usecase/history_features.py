"""How often flights like this one came late in the last days and weeks: arrivals known at the cut-off only."""

from __future__ import annotations

import numpy as np

from usecase.asof import Array, EventLog, ratio
from usecase.live_features import LATE_MINUTES
from usecase.timeline import MINUTES_PER_DAY, Timeline

HISTORY_DAYS = 28
_BOUNDS = (-60, 180)
# So many flights of the average are mixed into a route's own history.
_PRIOR_FLIGHTS = 8


def history_features(times: Timeline) -> dict[str, Array]:
    """Share late of all flights in the last 1 and 7 days; late share and mean delay of this very flight in 28 days."""
    delay = times.arrival_delay
    values = np.column_stack([np.ones_like(delay), np.clip(delay, *_BOUNDS), (delay >= LATE_MINUTES).astype(np.int64)])
    everywhere = times.group([])
    everything = EventLog(everywhere, times.arrival_known, values)
    windows = [days * MINUTES_PER_DAY for days in (1, 7, HISTORY_DAYS)]
    day, week, month = everything.sums(everywhere, times.cutoff, windows)
    same = times.group(["carrier", "flight", "dest"])
    (own,) = EventLog(same, times.arrival_known, values).sums(same, times.cutoff, windows[-1:])
    return {
        "h_all_late1": ratio(day[:, 2], day[:, 0]),
        "h_all_late7": ratio(week[:, 2], week[:, 0]),
        "h_fl_mean28": _smoothed(own, month, quantity=1),
        "h_fl_late28": _smoothed(own, month, quantity=2),
    }


def _smoothed(own: Array, average: Array, *, quantity: int) -> Array:
    """The own mean, pulled towards the average where there are few flights: (sum + k·average) / (n + k)."""
    prior = ratio(average[:, quantity], average[:, 0])
    return (own[:, quantity] + _PRIOR_FLIGHTS * prior) / (own[:, 0] + _PRIOR_FLIGHTS)
