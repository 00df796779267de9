"""Ground truth as it really comes: hours after the request, some of it twice, out of order, a little of it never."""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipelines.demo.traffic import Day
from pipelines.demo_drift.faults import records_of

NEVER, TWICE = 0.01, 0.02
_MEAN_REPORTING_HOURS = 1.5
_NIGHTLY_BATCH = 0.05
"""Share that comes with the next day's batch, whenever the flight landed."""
_LATE_HOURS = 0.75
_DAY_HOURS = 24
_BATCH_HOUR = 12


@dataclass(frozen=True)
class Label:
    """What became of one flight, and when that is known.

    Attributes:
        known_hour: Whole hours since the midnight that began the replay.
    """

    flight: str
    late: int
    known_hour: int


def labels_of(day: Day, start_hour: int) -> list[Label]:
    """Return the labels of a day in a shuffled order, those told twice twice, those never told not at all.

    Args:
        day: The flights, with what became of them.
        start_hour: The day's midnight, in hours since the replay's.
    """
    luck = random.Random(f"truth-{day.date}")
    labels: list[Label] = []
    for flight, record, late in zip(day.flights, records_of(day), day.labels, strict=True):
        if luck.random() < NEVER:
            continue
        label = Label(flight, late, start_hour + _known_after(record, late, luck))
        labels.append(label)
        if luck.random() < TWICE:
            labels.append(Label(flight, late, label.known_hour + luck.randint(1, 20)))
    luck.shuffle(labels)
    return labels


def _known_after(record: dict[str, float], late: int, luck: random.Random) -> int:
    landed = (record["dep_minute"] + record["block"]) / 60 + late * _LATE_HOURS
    if luck.random() < _NIGHTLY_BATCH:
        return _DAY_HOURS + _BATCH_HOUR
    return int(landed + luck.expovariate(1 / _MEAN_REPORTING_HOURS))


@dataclass
class GroundTruth:
    """All labels that are on their way.

    Attributes:
        told: How many were delivered, by the hour since the replay's midnight.
    """

    _waiting: dict[int, list[Label]] = field(default_factory=lambda: defaultdict(list))
    _held: list[tuple[int, int, int]] = field(default_factory=list)
    told: int = 0

    def add(self, labels: Iterable[Label]) -> None:
        """Send labels on their way."""
        for label in labels:
            self._waiting[self._delivered_at(label.known_hour)].append(label)

    def hold(self, first_hour: int, last_hour: int, until: int) -> None:
        """Let nothing through that would come in the hours [first, last); it comes later, all at once."""
        self._held.append((first_hour, last_hour, until))
        held = [hour for hour in self._waiting if first_hour <= hour < last_hour]
        self._waiting[until] += [label for hour in sorted(held) for label in self._waiting.pop(hour)]

    def due(self, hour: int) -> list[Label]:
        """Take what is known by the end of an hour and was not delivered yet."""
        ready = sorted(at for at in self._waiting if at <= hour)
        taken = [label for at in ready for label in self._waiting.pop(at)]
        self.told += len(taken)
        return taken

    @property
    def is_silent(self) -> bool:
        """Whether nothing is on its way."""
        return not any(self._waiting.values())

    def _delivered_at(self, hour: int) -> int:
        return next((until for first, last, until in self._held if first <= hour < last), hour)


def as_jsonl(labels: Sequence[Label]) -> bytes:
    """Return labels as Model Monitor reads ground truth."""
    lines = [
        json.dumps(
            {
                "groundTruthData": {"data": str(label.late), "encoding": "CSV"},
                "eventMetadata": {"eventId": label.flight},
                "eventVersion": "0",
            }
        )
        for label in labels
    ]
    return "\n".join(lines).encode() + b"\n"
