"""Store metrics compactly: hosting publishes thousands of values a second, alarms read a few minutes of them.

A metric's samples lie in buckets of its storage resolution: a minute, or what a high-resolution metric asks for. As in
CloudWatch, data finer than a minute is kept for 3 hours, minutes for 15 days, then five minutes; 455 days in all.
"""

import bisect
import datetime as dt
import pickle
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from local_aws.clock import Clock
from local_aws.cloudwatch.buckets import Series
from local_aws.cloudwatch.outlook import Outlook, Reading, outlook
from local_aws.cloudwatch.samples import Samples

MINUTE = 60
_HIGH_RESOLUTION = {"ConcurrentRequestsPerModel": 10, "ConcurrentRequestsPerCopy": 10}
"""Metrics that AWS services publish more often than each minute, and how often."""
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
        with self._lock:
            series, width = self._own(namespace, metric, unit, dimensions, region)
            series.put(int(moment // width) * width, value)

    def put_all(
        self,
        namespace: str,
        metric: str,
        values: Sequence[float],
        unit: str,
        dimensions: Mapping[str, str],
        *,
        region: str,
        timestamp: dt.datetime | None = None,
    ) -> None:
        """Record what several instances publish at the same time."""
        moment = timestamp.timestamp() if timestamp else self._clock.time()
        with self._lock:
            series, width = self._own(namespace, metric, unit, dimensions, region)
            series.put_all(int(moment // width) * width, values)

    def _own(
        self, namespace: str, metric: str, unit: str, dimensions: Mapping[str, str], region: str
    ) -> tuple[Series, int]:
        """Return a service's own series, to be changed, and how wide its buckets are."""
        hot = (region, namespace, metric, unit, *dimensions.items())
        series = self._hot.get(hot)
        if series is None:
            name = MetricName.of(namespace, metric, dimensions)
            series = self._hot[hot] = self._find((self._account_id, region), name, unit)
        self._has_changed = True
        return series, _HIGH_RESOLUTION.get(metric, MINUTE)

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
                    for first, last in series.runs(start, end):
                        series.merge_into(found, first, last)
        return found

    def read_periods(
        self, place: Place, name: MetricName, unit: str | None, *, start: int, end: float, period: int
    ) -> dict[int, Samples]:
        """Return the samples of every period in [start, end) that has any, by where it begins."""
        found: dict[int, Samples] = {}
        with self._lock:
            for key, series in self._series.get(place, {}).get(name, {}).items():
                for first, last in series.runs(start, end) if unit in {None, key} else ():
                    position = first
                    while position < last:
                        slot = start + (series.starts[position] - start) // period * period
                        following = bisect.bisect_left(series.starts, slot + period, position, last)
                        series.merge_into(found.setdefault(slot, Samples()), position, following)
                        position = following
        return dict(sorted(found.items()))

    def outlook(self, place: Place, name: MetricName, reading: Reading) -> Outlook:
        """Return until when what is read of a metric stays the same."""
        with self._lock:
            units = self._series.setdefault(place, {}).setdefault(name, {})
            return outlook(units, reading)

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
