"""Read what became of the requests: Model Monitor's ground truth, which may come late, twice, out of order or never.

Layout: `yyyy/mm/dd/hh/*.jsonl`, the hour in which the labels were collected; one JSON object a line.

Of several labels of a request the last collected wins (by hour folder, then file name, then line). A day of the
experiment waits a fixed time for its labels and is then closed: what is collected later changes it no more. That keeps
every look reproducible and the sequence valid; how much came too late is reported.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from processing.experiment.moments import hour_of_path

_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass
class GroundTruth:
    """All labels that were collected.

    Attributes:
        labels: Request id → (hour of collection, label of each row), in the order of collection.
        counts: label_lines, broken_label_lines, repeated_labels.
        latest: The last hour of collection.
    """

    labels: dict[str, list[tuple[datetime, tuple[int, ...]]]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    latest: datetime | None = None

    def of(self, request: str, closes: datetime) -> tuple[tuple[int, ...] | None, bool]:
        """The labels of a request as known when its day was closed, and whether others came too late."""
        found = self.labels.get(request, ())
        in_time = [label for collected, label in found if collected < closes]
        return (in_time[-1] if in_time else None), len(in_time) < len(found)


def read_ground_truth(folder: Path) -> GroundTruth:
    """Read all labels below a folder; a missing folder holds none."""
    truth = GroundTruth()
    files = list(folder.rglob("*.jsonl")) if folder.is_dir() else []
    for file in sorted(files, key=lambda path: (hour_of_path(path) or _ALWAYS, path.as_posix())):
        collected = hour_of_path(file)
        with file.open("rb") as lines:
            for line in lines:
                if line.strip():
                    _add(truth, line, collected or _ALWAYS)
        if collected is not None:
            truth.latest = max(truth.latest or collected, collected)
    return truth


def _add(truth: GroundTruth, line: bytes, collected: datetime) -> None:
    truth.counts["label_lines"] += 1
    try:
        record = json.loads(line)
        request, label = str(record["eventMetadata"]["eventId"]), _label(record["groundTruthData"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        truth.counts["broken_label_lines"] += 1
        return
    known = truth.labels.setdefault(request, [])
    truth.counts["repeated_labels"] += bool(known)
    known.append((collected, label))


def _label(data: Mapping[str, object]) -> tuple[int, ...]:
    """One label for each row of the request."""
    parts = [part for part in str(data["data"]).replace("\n", ",").split(",") if part.strip()]
    values = tuple(float(part) for part in parts)
    if not values or any(value not in (0.0, 1.0) for value in values):
        raise ValueError(f"{data['data']!r} is no label; allowed are 0 and 1")
    return tuple(int(value) for value in values)
