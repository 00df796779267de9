"""Read what data capture wrote, requests and answers of every variant; a broken line is counted, not fatal.

Layout: `{variant}/yyyy/mm/dd/hh/*.jsonl` below the folder, one JSON object a line (SageMaker's data capture). Payloads
are text, or BASE64 where the endpoint configuration does not list their content type.
"""

import base64
import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from processing.experiment.moments import hour_of_path, read_moment

SMOKE_PREFIX = "smoke-"
"""Begin of the InferenceId of requests that are no traffic."""

BROKEN = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, csv.Error)
"""What reading a line may raise that is not what data capture writes."""

_PROBABILITY_NAMES = ("probability", "score", "predicted_score")


@dataclass(frozen=True)
class Captured:
    """One request with its answer.

    Attributes:
        id: InferenceId, else eventId: what ground truth names.
        variant: Who answered.
        assigned: Whom the client's experiment had chosen; the same unless the client fell back.
        share: The challenger's share when it was assigned; None if the client did not say.
        fallback: Whether another variant had to stand in.
        moment: When.
        rows: Fields by name, one mapping a row; names may be places (`#0`) for CSV without a header.
        probabilities: The answer, one number a row.
    """

    id: str
    variant: str
    assigned: str
    share: float | None
    fallback: bool
    moment: datetime
    rows: Sequence[Mapping[str, Any]]
    probabilities: Sequence[float]


@dataclass
class CaptureReader:
    """Reads the captured requests of a folder; afterwards `counts` says what was met.

    Attributes:
        folder: Holds a folder for each variant.
        since: Earlier requests are left out.
        until: Later ones, too: a look can be repeated.
        experiment: Requests whose client names another one are left out.
        counts: lines, broken_lines, before_start, after_now, smoke, other_experiments.
    """

    folder: Path
    since: datetime | None = None
    until: datetime | None = None
    experiment: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    def read(self) -> Iterator[Captured]:
        """Yield the requests, variant by variant and file by file."""
        for variant_folder in sorted(path for path in _listed(self.folder) if path.is_dir()):
            for file in sorted(variant_folder.rglob("*.jsonl")):
                if not self._is_before_start(file):
                    yield from self._read_file(file, variant_folder.name)

    def _is_before_start(self, file: Path) -> bool:
        hour = hour_of_path(file)
        return self.since is not None and hour is not None and hour + timedelta(hours=1) <= self.since

    def _read_file(self, file: Path, variant: str) -> Iterator[Captured]:
        with file.open("rb") as lines:
            for line in lines:
                if line.strip():
                    captured = self._read_line(line, variant)
                    if captured is not None:
                        yield captured

    def _read_line(self, line: bytes, variant: str) -> Captured | None:
        self.counts["lines"] += 1
        try:
            captured, experiment = read_line(line, variant)
        except BROKEN:
            self.counts["broken_lines"] += 1
            return None
        if captured.id.startswith(SMOKE_PREFIX):
            self.counts["smoke"] += 1
        elif self.since is not None and captured.moment < self.since:
            self.counts["before_start"] += 1
        elif self.until is not None and captured.moment > self.until:
            self.counts["after_now"] += 1
        elif experiment and self.experiment and experiment != self.experiment:
            self.counts["other_experiments"] += 1
        else:
            return captured
        return None


def read_line(line: bytes, variant: str) -> tuple[Captured, str]:
    """One line, and the experiment that its client took part in.

    Raises:
        One of BROKEN: The line is not what data capture writes.
    """
    record = json.loads(line)
    event, data = record["eventMetadata"], record["captureData"]
    facts = _facts(event.get("customAttributes") or [])
    rows = read_rows(data["endpointInput"])
    probabilities = read_probabilities(data["endpointOutput"])
    if not rows or len(rows) != len(probabilities):
        raise ValueError(f"{len(rows)} rows have {len(probabilities)} answers")
    captured = Captured(
        id=str(event.get("inferenceId") or event["eventId"]),
        variant=variant,
        assigned=facts.get("assigned", variant),
        share=float(facts["share"]) if "share" in facts else None,
        fallback="fallback" in facts,
        moment=read_moment(event["inferenceTime"]),
        rows=rows,
        probabilities=probabilities,
    )
    return captured, facts.get("experiment", "")


def read_rows(part: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
    """The rows of a request: JSON, JSON Lines, CSV with or without header."""
    text = _text(part)
    return _csv_rows(text) if _is_csv(part) else json_rows(text)


def json_rows(text: str) -> list[Mapping[str, Any]]:
    """The rows of JSON (an object, a list, or a list under `instances`) or JSON Lines.

    Raises:
        One of BROKEN: It is neither.
    """
    documents = json_documents(text)
    if len(documents) == 1:
        only = documents[0]
        documents = only if isinstance(only, list) else only.get("instances", [only])
    if not all(isinstance(row, dict) for row in documents):
        raise ValueError("a row is not an object")
    return documents


def read_probabilities(part: Mapping[str, str]) -> list[float]:
    """The probabilities of an answer: JSON, JSON Lines, or CSV with the probability first."""
    text = _text(part)
    if _is_csv(part):
        return [float(row[0]) for row in csv.reader(io.StringIO(text)) if row]
    answers: list[Any] = []
    for document in json_documents(text):
        inner = document.get("predictions", document) if isinstance(document, dict) else document
        answers.extend(inner if isinstance(inner, list) else [inner])
    return [_probability(answer) for answer in answers]


def _probability(answer: Any) -> float:
    if isinstance(answer, dict):
        answer = next(answer[name] for name in (*_PROBABILITY_NAMES, "") if name in answer or not name)
    value = float(answer)
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is no probability")
    return value


def _facts(attributes: Sequence[str]) -> dict[str, str]:
    """What a client wrote as `name=value;name=value`."""
    pairs = (part.partition("=") for text in attributes for part in str(text).split(";"))
    return {name.strip(): value.strip() for name, is_pair, value in pairs if is_pair}


def _text(part: Mapping[str, str]) -> str:
    data = part["data"]
    return base64.b64decode(data, validate=True).decode("utf-8") if part.get("encoding") == "BASE64" else data


def _is_csv(part: Mapping[str, str]) -> bool:
    kind = str(part.get("observedContentType", "")).partition(";")[0].strip().lower()
    return kind == "text/csv" or (not kind and part.get("encoding") == "CSV")


def json_documents(text: str) -> list[Any]:
    """The document that a text is, or the one on each of its lines."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.split("\n") if line.strip()]


def _csv_rows(text: str) -> list[dict[str, Any]]:
    lines = [row for row in csv.reader(io.StringIO(text)) if row]
    if not lines:
        return []
    # A header names columns: names are identifiers, values never are all of them.
    has_header = all(cell.strip().isidentifier() for cell in lines[0]) and len(lines) > 1
    names = [cell.strip() for cell in lines.pop(0)] if has_header else [f"#{n}" for n in range(len(lines[0]))]
    return [dict(zip(names, (cell or None for cell in row), strict=True)) for row in lines]


def _listed(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
