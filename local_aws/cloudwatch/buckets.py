"""Keep the samples of one metric in buckets, and know where equal ones follow each other.

A service that publishes the same value each minute, as an endpoint without traffic does, makes a run of equal buckets:
they share one object, are read at once, and tell that an alarm has nothing new to see.
"""

import bisect
import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local_aws.cloudwatch.samples import Samples

STEP = 60
"""Seconds between the buckets of a run."""
_DAY = 86_400
_ROLL_UPS = ((3 * 3_600, 60), (15 * _DAY, 300), (63 * _DAY, 3_600))
"""Age in seconds from which data is kept at this many seconds."""
_RETENTION = 455 * _DAY


@dataclass(eq=False)
class Series:
    """The buckets of one metric in one unit.

    Attributes:
        edges: Starts of the buckets that do not simply repeat the one a minute before them, in order. One too many does
            no harm.
        version: Grows with every change that is no such repetition.
    """

    starts: list[int] = field(default_factory=list)
    buckets: dict[int, Samples] = field(default_factory=dict)
    rolled: dict[int, float] = field(default_factory=dict)
    """Width → the time before which everything has it."""
    edges: list[int] = field(default_factory=list)
    version: int = 0

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read what an older version saved, too."""
        self.edges, self.version = list(state["starts"]), 0
        self.__dict__.update(state)

    def put(self, start: int, value: float) -> None:
        """Add one value to the bucket that starts at a time."""
        if self.starts and start - self.starts[-1] == STEP:
            last = self.buckets[self.starts[-1]]
            if last.count == 1.0 and last.total == value and last.has_all_values:
                self.starts.append(start)
                self.buckets[start] = last
                return
        self.bucket(start).add(value)

    def put_all(self, start: int, values: Iterable[float]) -> None:
        """Add several values at once, as a variant's instances publish them; they may repeat the minute before."""
        fresh = Samples()
        for value in values:
            fresh.add(value)
        if self.starts and start - self.starts[-1] == STEP and self.buckets[self.starts[-1]] == fresh:
            self.starts.append(start)
            self.buckets[start] = fresh
        else:
            self.bucket(start).merge(fresh)

    def bucket(self, start: int) -> Samples:
        """Return the bucket that starts at a time, to be changed; made where there is none."""
        self.version += 1
        found = self.buckets.get(start)
        if found is None:
            found = self.buckets[start] = Samples()
            if self.starts and start < self.starts[-1]:
                bisect.insort(self.starts, start)
            else:
                self.starts.append(start)
        elif found.count == 1.0:
            # It may be shared with the others of its run.
            found = self.buckets[start] = dataclasses.replace(found, values=dict(found.values))
        if not self.edges or self.edges[-1] != start or self.starts[-1] != start:
            self._mark(start)
        return found

    def runs(self, start: float, end: float) -> Iterator[tuple[int, int]]:
        """Iterate over the runs of equal buckets in [start, end): indices into `starts`, from and to before."""
        position, last = bisect.bisect_left(self.starts, start), bisect.bisect_left(self.starts, end)
        first_edge, last_edge = bisect.bisect_right(self.edges, start), bisect.bisect_left(self.edges, end)
        for edge in self.edges[first_edge:last_edge]:
            index = bisect.bisect_left(self.starts, edge, position, last)
            if index > position:
                yield position, index
            position = index
        if last > position:
            yield position, last

    def merge_into(self, found: Samples, first: int, last: int) -> None:
        """Add a run, or a part of one, to samples."""
        bucket = self.buckets[self.starts[first]]
        if last - first == 1:
            found.merge(bucket)
        else:
            for value, times in bucket.values.items():
                found.add(value, times * (last - first))

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
                taken = self._take(start)
                self.bucket(start // width * width).merge(taken)

    def _take(self, start: int) -> Samples:
        self._mark(start)
        del self.starts[bisect.bisect_left(self.starts, start)]
        del self.edges[bisect.bisect_left(self.edges, start)]
        self.version += 1
        return self.buckets.pop(start)

    def _mark(self, start: int) -> None:
        """Make a bucket that changes an edge, and the one after it, which can no longer repeat it."""
        following = bisect.bisect_right(self.starts, start)
        for edge in (start, *self.starts[following : following + 1]):
            index = bisect.bisect_left(self.edges, edge)
            if index == len(self.edges) or self.edges[index] != edge:
                self.edges.insert(index, edge)
