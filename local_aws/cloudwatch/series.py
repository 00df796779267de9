"""Store metrics compactly: hosting publishes thousands of values a second, alarms read a few minutes of them.

A metric's samples lie in buckets of its storage resolution: a minute, or what a high-resolution metric asks for. As in
CloudWatch, data finer than a minute is kept for 3 hours, minutes for 15 days, then five minutes; 455 days in all.
"""

import bisect
import datetime as dt
import math
import pickle
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from local_aws.clock import Clock
from local_aws.cloudwatch.samples import Samples

MINUTE = 60
_HIGH_RESOLUTION = {"ConcurrentRequestsPerModel": 10, "ConcurrentRequestsPerCopy": 10}
"""Metrics that AWS services publish more often than each minute, and how often."""
_DAY = 86_400
_ROLL_UPS = ((3 * 3_600, 60), (15 * _DAY, 300), (63 * _DAY, 3_600))
"""Age in seconds from which data is kept at this many seconds."""
_RETENTION = 455 * _DAY
Dimensions = tuple[tuple[str, str], ...]
Place = tuple[str, str]
"""Account and region."""


class MetricName(NamedTuple):
    """What identifies a metric."""

    namespace: str
    name: str
    dimensions: Dimensions

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> "MetricName":
        """Make one of dimensions in any order."""
        return cls(namespace, name, tuple(sorted(dimensions.items())))


@dataclass
class Series:
    """The buckets of one metric in one unit."""

    starts: list[int] = field(default_factory=list)
    buckets: dict[int, Samples] = field(default_factory=dict)
    rolled: dict[int, float] = field(default_factory=dict)
    """Width → the time before which everything has it."""

    def bucket(self, start: int) -> Samples:
        """Return the bucket that starts at a time, made where there is none."""
        found = self.buckets.get(start)
        if found is None:
            found = self.buckets[start] = Samples()
            if self.starts and start < self.starts[-1]:
                bisect.insort(self.starts, start)
            else:
                self.starts.append(start)
        return found

    def between(self, start: float, end: float) -> list[tuple[int, Samples]]:
        """Return the buckets that start in [start, end), with their starts."""
        first, last = bisect.bisect_left(self.starts, start), bisect.bisect_left(self.starts, end)
        return [(moment, self.buckets[moment]) for moment in self.starts[first:last]]

    def roll_up(self, now: float) -> None:
        """Merge old buckets into wider ones, and forget the oldest."""
        for age, width in _ROLL_UPS:
            border = (now - age) // width * width
            self._widen(self.rolled.get(width, 0.0), border, width)
            self.rolled[width] = border
        for start in self.starts[: bisect.bisect_left(self.starts, now - _RETENTION)]:
            self._take(start)

    def _widen(self, since: float, border: float, width: int) -> None:
        first, last = bisect.bisect_left(self.starts, since), bisect.bisect_left(self.starts, border)
        for start in self.starts[first:last]:
            if start % width:
                self.bucket(start // width * width).merge(self._take(start))

    def _take(self, start: int) -> Samples:
        del self.starts[bisect.bisect_left(self.starts, start)]
        return self.buckets.pop(start)


class MetricStore:
    """Every metric of every account and region. Thread-safe."""

    def __init__(self, clock: Clock, account_id: str) -> None:
        self._clock, self._account_id = clock, account_id
        self._lock = threading.Lock()
        self._series: dict[Place, dict[MetricName, dict[str, Series]]] = {}
        self._hot: dict[tuple[object, ...], Series] = {}
        """What services publish to again and again, found without sorting dimensions."""
        self._has_changed = False

    def put(
        self,
        namespace: str,
        metric: str,
        value: float,
        unit: str,
        dimensions: Mapping[str, str],
        *,
        region: str,
        timestamp: dt.datetime | None = None,
    ) -> None:
        """Record one value that a service publishes about itself."""
        moment = timestamp.timestamp() if timestamp else self._clock.time()
        resolution = _HIGH_RESOLUTION.get(metric, MINUTE)
        hot = (region, namespace, metric, unit, *dimensions.items())
        with self._lock:
            series = self._hot.get(hot)
            if series is None:
                name = MetricName.of(namespace, metric, dimensions)
                series = self._hot[hot] = self._find((self._account_id, region), name, unit)
            self._has_changed = True
            series.bucket(int(moment // resolution) * resolution).add(value)

    def add(
        self, place: Place, name: MetricName, unit: str, moment: float, samples: Samples, *, resolution: int = MINUTE
    ) -> None:
        """Record samples."""
        with self._lock:
            self._has_changed = True
            self._find(place, name, unit).bucket(int(moment // resolution) * resolution).merge(samples)

    def _find(self, place: Place, name: MetricName, unit: str) -> Series:
        return self._series.setdefault(place, {}).setdefault(name, {}).setdefault(unit, Series())

    def read(self, place: Place, name: MetricName, unit: str | None, start: float, end: float) -> Samples:
        """Return the samples of [start, end), of one unit or of all."""
        found = Samples()
        with self._lock:
            units = self._series.get(place, {}).get(name, {})
            for key, series in units.items():
                if unit in {None, key}:
                    for _, bucket in series.between(start, end):
                        found.merge(bucket)
        return found

    def read_periods(
        self, place: Place, name: MetricName, unit: str | None, *, start: int, end: float, period: int
    ) -> dict[int, Samples]:
        """Return the samples of every period in [start, end) that has any, by where it begins."""
        found: dict[int, Samples] = {}
        with self._lock:
            for key, series in self._series.get(place, {}).get(name, {}).items():
                if unit in {None, key}:
                    for moment, bucket in series.between(start, end):
                        slot = start + (moment - start) // period * period
                        found.setdefault(slot, Samples()).merge(bucket)
        return dict(sorted(found.items()))

    def latest(self, place: Place, name: MetricName) -> float:
        """Return where the newest bucket of a metric starts; minus infinity where it has none."""
        with self._lock:
            units = self._series.get(place, {}).get(name, {})
            return max((series.starts[-1] for series in units.values() if series.starts), default=-math.inf)

    def unit_of(self, place: Place, name: MetricName) -> str:
        """Return the unit that a metric is published in; `None` where it has several or none."""
        with self._lock:
            units = list(self._series.get(place, {}).get(name, {}))
        return units[0] if len(units) == 1 else "None"

    def names(self, place: Place, since: float) -> Iterator[MetricName]:
        """Iterate over the metrics that have data since a time."""
        with self._lock:
            found = [
                name
                for name, units in self._series.get(place, {}).items()
                if any(series.starts and series.starts[-1] >= since - MINUTE for series in units.values())
            ]
        return iter(found)

    def roll_up(self) -> None:
        """Merge what is old."""
        now = self._clock.time()
        with self._lock:
            for metrics in self._series.values():
                for units in metrics.values():
                    for series in units.values():
                        series.roll_up(now)

    def save(self, file: Path) -> None:
        """Write all metrics to a file, where any changed since the last time."""
        if not self._has_changed:
            return
        with self._lock:
            self._has_changed = False
            data = pickle.dumps(self._series, protocol=pickle.HIGHEST_PROTOCOL)
        fresh = file.with_name(f".{file.name}.new")
        fresh.write_bytes(data)
        fresh.replace(file)

    def restore(self, file: Path) -> None:
        """Read all metrics from a file."""
        series = pickle.loads(file.read_bytes())  # noqa: S301 - our own file
        with self._lock:
            self._series = series
            self._hot.clear()
