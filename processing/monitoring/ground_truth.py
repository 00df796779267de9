"""Read the labels collected on one day: Model Monitor's ground truth, JSON Lines, one record a request.

    {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "…"}, "eventVersion": "0"}

`data` is 0 or 1, in CSV, JSON or BASE64 of either; of a request of several rows one label a row. The order of
collection is that of the files' names: `yyyy/mm/dd/hh/` is the hour in which labels were collected.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from processing.experiment.moments import hour_of_path

_BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def read_labels(folder: Path, day: date, counts: Counter[str]) -> Iterator[tuple[str, int]]:
    """Yield (id, label) of each row, in the order of collection; row k > 0 of a request has the id `request#k`.

    Files whose path names another day are left out. Counts label_lines and broken_label_lines.
    """
    files = sorted(folder.rglob("*.jsonl")) if folder.is_dir() else []
    for file in files:
        hour = hour_of_path(file.relative_to(folder))
        if hour is not None and hour.date() != day:
            continue
        with file.open("rb") as lines:
            for line in lines:
                if line.strip():
                    yield from _labels(line, counts)


def read_label(data: Mapping[str, Any]) -> tuple[int, ...]:
    """The labels of a record's groundTruthData, one a row.

    Raises:
        ValueError: It holds something else than 0 and 1.
    """
    encoding, content = str(data.get("encoding", "CSV")).upper(), data["data"]
    if encoding == "BASE64":
        content = base64.b64decode(content, validate=True).decode("utf-8")
    parts = _parts(content)
    labels = tuple(_label(part) for part in parts)
    if not labels:
        raise ValueError("no label")
    return labels


def _labels(line: bytes, counts: Counter[str]) -> list[tuple[str, int]]:
    counts["label_lines"] += 1
    try:
        record = json.loads(line)
        request = record["eventMetadata"]["eventId"]
        if not isinstance(request, str) or not request:
            raise ValueError(f"{request!r} is no id")
        labels = read_label(record["groundTruthData"])
    except _BROKEN:
        counts["broken_label_lines"] += 1
        return []
    return [(row_id(request, row), label) for row, label in enumerate(labels)]


def row_id(request: str, row: int) -> str:
    """What a row of a request is called, as in the captured batches."""
    return f"{request}#{row}" if row else request


def _parts(content: Any) -> list[Any]:
    """JSON is a label, a list of them or an object of one; CSV is read as rows of one column or one row."""
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except ValueError:
            return [part.strip() for part in content.replace("\n", ",").split(",") if part.strip()]
    if isinstance(content, dict):
        (content,) = content.values()
    return content if isinstance(content, list) else [content]


def _label(value: Any) -> int:
    if isinstance(value, list):  # a row of one column
        (value,) = value
    number = float(value)
    if number not in (0.0, 1.0):
        raise ValueError(f"{value!r} is no label; allowed are 0 and 1")
    return int(number)
