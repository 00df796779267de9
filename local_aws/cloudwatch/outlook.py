"""Tell until when what an alarm reads of a metric stays the same, so that it need not be evaluated each minute.

An evaluation range slides. What is in each of its periods changes when a bucket goes from one to the next; runs of
equal buckets, of which one comes as another goes, change nothing.
"""

import bisect
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local_aws.cloudwatch.buckets import STEP, Series

_BLIND_TO_ZEROS = ("Sum", "Maximum", "Minimum")
"""Statistics for which it makes no difference how many zeros there are, as long as there are any."""


@dataclass(frozen=True)
class Reading:
    """What is read: periods of so many seconds in [start, end), and a statistic of each."""

    start: float
    end: float
    period: int
    statistic: str


@dataclass(frozen=True)
class _Seen:
    """A series at a version; its newest bucket is repeated each minute, or not at all."""

    series: Series
    version: int
    goes_on: bool
    newest: int | None

    def is_as_it_was(self, end: float) -> bool:
        starts = self.series.starts
        if self.series.version != self.version:
            return False
        return starts[-1] + STEP >= end if self.goes_on else self.newest == (starts[-1] if starts else None)


@dataclass(frozen=True)
class Outlook:
    """Until when a reading stays the same.

    Attributes:
        until: The last end of a range that gives the same, as long as nothing but repetitions comes.
        units: The metric's series, which may become more.
        seen: Each series as it was.
    """

    until: float
    units: Mapping[str, Series]
    seen: tuple["_Seen", ...]

    def holds(self, end: float) -> bool:
        """Tell whether a reading whose range ends at a later time gives the same."""
        if end > self.until or len(self.units) != len(self.seen):
            return False
        return all(item.is_as_it_was(end) for item in self.seen)


def outlook(units: Mapping[str, Series], reading: Reading) -> Outlook:
    """Return until when a reading of a metric stays the same."""
    until, seen = math.inf, []
    for series in units.values():
        has_any = bool(series.starts) and series.starts[-1] >= reading.start
        goes_on = has_any and series.starts[-1] + STEP >= reading.end
        newest = series.starts[-1] if series.starts else None
        seen.append(_Seen(series, series.version, goes_on, newest))
        if has_any:
            until = min(until, _until(series, reading, goes_on=goes_on))
    return Outlook(until, units, tuple(seen))


def _until(series: Series, reading: Reading, *, goes_on: bool) -> float:
    start, end, period = reading.start, reading.end, reading.period
    changes = bisect.bisect_right(series.edges, start) < len(series.edges)
    if not changes and goes_on and period % STEP == 0:
        return math.inf
    edges = series.edges[bisect.bisect_left(series.edges, start) :]
    count = len(series.starts) - bisect.bisect_left(series.starts, start)
    if len(edges) == count and not goes_on:
        moments: Iterator[int] = iter(edges)
    elif period > STEP and reading.statistic in _BLIND_TO_ZEROS and _repeats_only_zeros(series, start, goes_on=goes_on):
        moments = _borders(series, edges, goes_on=goes_on)
    else:
        return end
    length = end - start
    return min(
        (
            moment if moment >= end else moment - (moment - start) // period * period + length
            for moment in moments
            if moment >= start
        ),
        default=math.inf,
    )


def _repeats_only_zeros(series: Series, start: float, *, goes_on: bool) -> bool:
    newest = series.buckets[series.starts[-1]]
    if goes_on and newest.count == 1.0 and newest.total:
        return False  # it may be repeated
    runs = series.runs(start, math.inf)
    return all(last - first == 1 or not series.buckets[series.starts[first]].total for first, last in runs)


def _borders(series: Series, edges: list[int], *, goes_on: bool) -> Iterator[int]:
    """Yield every bucket at which something begins or ends, and its neighbours."""
    for edge in edges:
        yield from (edge - STEP, edge, edge + STEP)
        index = bisect.bisect_left(series.starts, edge)
        if index and (before := series.starts[index - 1]) < edge - STEP:
            yield from (before - STEP, before, before + STEP)
    if not goes_on:
        last = series.starts[-1]
        yield from (last - STEP, last, last + STEP)
