"""One line of captured traffic: who, when, what was sent and what was answered."""

import base64
import csv
import io
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from processing.experiment.capture import BROKEN, json_documents
from processing.experiment.moments import read_moment
from processing.monitoring.capture_files import Block

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
_LINES = frozenset({JSON_LINES, "application/x-jsonlines", "application/jsonlines", "application/x-ndjson"})
_PROBABILITY_NAMES = ("probability", "score", "predicted_score")
_TRANSFORM_OUTPUT, _TRANSFORM_INPUT = "SageMakerOutput", "SageMakerInput"
# Our server's JSON answer for one row, by far the most common: a quarter of the time of parsing it.
_OWN_ANSWER = re.compile(
    r'\{"predictions": \[\{"probability": ([0-9.e+-]+), "label": [01], "model_version": "([^"\\]*)"\}\]\}'
)
# Our server's CSV answer: probability, label, version of the model.
_ANSWER_CELLS = 3


class Payload(NamedTuple):
    """The text of a request."""

    media_type: str
    text: str


class Request(NamedTuple):
    """One line.

    Attributes:
        id: InferenceId, else eventId.
        moment: Seconds since 1970.
        input: What was sent.
        probabilities: What was answered, one number a row; None if answers are not captured.
        version: The model version that the answer names; None if it names none.
    """

    id: str
    moment: float
    input: Payload
    probabilities: Sequence[float] | None
    version: str | None


def read_capture_line(line: bytes) -> Request | None:
    """Read a line of data capture; None if it is none."""
    try:
        record = json.loads(line.decode("utf-8"))
        event, data = record["eventMetadata"], record["captureData"]
        output = data.get("endpointOutput")
        probabilities, version = (None, None) if output is None else _answer(_payload(output))
        identity = event.get("inferenceId") or event["eventId"]
        moment = _seconds(event["inferenceTime"])
        return Request(str(identity), moment, _payload(data["endpointInput"]), probabilities, version)
    except BROKEN:
        return None


def read_transform_line(
    line: bytes, block: Block, number: int, *, id_field: str | None, moment: float, features: int
) -> Request | None:
    """Read a line of batch transform's output that was joined with its input; None if it is none.

    JSON lines hold the answer as SageMakerOutput; CSV lines end with its cells.
    """
    name = f"{block.file}#{number}"
    try:
        text = line.decode("utf-8")
        if not text.lstrip().startswith(("{", "[")):
            return _transform_csv(text, name, moment, features)
        record = json.loads(text)
        output = record.pop(_TRANSFORM_OUTPUT, None)
        record = record.pop(_TRANSFORM_INPUT, record)
        identity = record.get(id_field) if isinstance(record, dict) else None
        probabilities, version = (None, None) if output is None else _answers([output])
        sent = Payload(CSV, _csv_line(record)) if isinstance(record, list) else Payload(JSON, json.dumps(record))
        return Request(str(identity or name), moment, sent, probabilities, version)
    except BROKEN:
        return None


def _transform_csv(text: str, name: str, moment: float, features: int) -> Request:
    cells = next(csv.reader([text], strict=True))
    answer = cells[features:]
    if len(answer) not in (1, _ANSWER_CELLS):
        raise ValueError(f"{len(cells)} cells are no {features} features with an answer")
    version = answer[-1] if len(answer) == _ANSWER_CELLS else None
    return Request(name, moment, Payload(CSV, _csv_line(cells[:features])), [_probability(answer[0])], version)


def _csv_line(cells: Sequence[Any]) -> str:
    target = io.StringIO()
    csv.writer(target, lineterminator="").writerow(["" if cell is None else cell for cell in cells])
    return target.getvalue()


@lru_cache(maxsize=4096)
def _seconds(text: str) -> float:
    return read_moment(text).timestamp()


def _payload(part: Any) -> Payload:
    text, encoding = part["data"], part.get("encoding")
    if not isinstance(text, str):
        raise TypeError("data is no text")
    if encoding == "BASE64":
        text = base64.b64decode(text, validate=True).decode("utf-8")
    return Payload(_media_type(str(part.get("observedContentType") or ""), encoding == "CSV"), text)


@lru_cache(maxsize=256)
def _media_type(content_type: str, is_csv: bool) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == CSV or (not kind and is_csv):
        return CSV
    return JSON_LINES if kind in _LINES else JSON


def _answer(payload: Payload) -> tuple[list[float], str | None]:
    own = _OWN_ANSWER.fullmatch(payload.text)
    if own:
        return [_probability(own[1])], own[2]
    if payload.media_type == CSV:
        return _csv_answer(payload.text)
    return _answers(json_documents(payload.text))


def _csv_answer(text: str) -> tuple[list[float], str | None]:
    """Rows that begin with the probability; or all probabilities on one line, as the built-in algorithm writes them."""
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if len(rows) == 1 and len(rows[0]) != _ANSWER_CELLS and all(map(_is_probability, rows[0])):
        return [float(cell) for cell in rows[0]], None
    version = rows[0][_ANSWER_CELLS - 1] if rows and len(rows[0]) >= _ANSWER_CELLS else None
    return [_probability(row[0]) for row in rows], version


def _answers(documents: Sequence[Any]) -> tuple[list[float], str | None]:
    answers: list[Any] = []
    for document in documents:
        inner = document.get("predictions", document) if isinstance(document, dict) else document
        answers.extend(inner if isinstance(inner, list) else [inner])
    first = answers[0] if answers else None
    version = first.get("model_version") if isinstance(first, dict) else None
    return [_probability(_score(answer)) for answer in answers], None if version is None else str(version)


def _score(answer: Any) -> Any:
    if isinstance(answer, dict):
        return next(answer[name] for name in _PROBABILITY_NAMES if name in answer)
    return answer


def _probability(value: Any) -> float:
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError(f"{value} is no probability")
    return number


def _is_probability(cell: str) -> bool:
    try:
        _probability(cell)
    except ValueError:
        return False
    return True
