"""What one run leaves to the next: requests that wait for their label, and labels that wait for their request."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from processing.monitoring.settings import MonitorInputError

PENDING_FILE = "pending.jsonl.gz"
EARLY_FILE = "early_labels.jsonl.gz"
DAYS_FILE = "label_days.json"


class Waiting(NamedTuple):
    """A request without a label; `slices` holds the values of the slice columns."""

    moment: float
    probability: float
    slices: tuple[str, ...]


@dataclass
class DayCount:
    """Requests of a day, and how many of them have a label."""

    requests: int = 0
    labelled: int = 0


@dataclass
class State:
    """Everything that a run needs from the one before.

    Attributes:
        columns: The slice columns.
        pending: Requests by id, in the order of arrival.
        early: Labels whose request is not known yet, collected on the day before.
        days: How many requests of each day within the horizon have a label.
    """

    columns: tuple[str, ...]
    pending: dict[str, Waiting] = field(default_factory=dict)
    early: dict[str, int] = field(default_factory=dict)
    days: dict[date, DayCount] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the state's files into a folder; the same state gives the same bytes."""
        _write_lines(folder / PENDING_FILE, (self._line(id_, waiting) for id_, waiting in self.pending.items()))
        _write_lines(folder / EARLY_FILE, ({"id": id_, "label": label} for id_, label in self.early.items()))
        days = {
            day.isoformat(): {"requests": count.requests, "labelled": count.labelled}
            for day, count in sorted(self.days.items())
        }
        (folder / DAYS_FILE).write_text(json.dumps(days, indent=1) + "\n", encoding="utf-8")

    def _line(self, id_: str, waiting: Waiting) -> dict[str, Any]:
        return {
            "id": id_,
            "moment": waiting.moment,
            "probability": waiting.probability,
            "slices": dict(zip(self.columns, waiting.slices, strict=True)),
        }


def read_state(folder: Path | None, columns: Iterable[str]) -> State:
    """The state that a run left in a folder; an absent folder, or one without these files, is the empty state.

    Raises:
        MonitorInputError: The files are damaged: going on would lose requests.
    """
    state = State(tuple(columns))
    if folder is None or not (folder / PENDING_FILE).is_file():
        return state
    try:
        for line in _read_lines(folder / PENDING_FILE):
            slices = tuple(str(line["slices"].get(column, "")) for column in state.columns)
            state.pending[line["id"]] = Waiting(float(line["moment"]), float(line["probability"]), slices)
        state.early = {line["id"]: int(line["label"]) for line in _read_lines(folder / EARLY_FILE)}
        days = json.loads((folder / DAYS_FILE).read_text(encoding="utf-8"))
        state.days = {date.fromisoformat(day): DayCount(**count) for day, count in days.items()}
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise MonitorInputError(
            f"{folder}: the state of the run before is damaged ({error}); restore it from an older object version, "
            "or give an empty state folder and accept that waiting requests are lost"
        ) from error
    return state


def _write_lines(file: Path, lines: Iterable[dict[str, Any]]) -> None:
    with gzip.GzipFile(file, "wb", compresslevel=3, mtime=0) as target:
        for line in lines:
            target.write(json.dumps(line).encode() + b"\n")


def _read_lines(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rb") as lines:
        for line in lines:
            yield json.loads(line)
