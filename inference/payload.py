"""Requests to rows and predictions to answers: CSV, JSON and JSON Lines.

Requests: `text/csv`, with a header that names columns in any order or without one, in the order of the feature
specification; `application/json`, `{"instances": [{feature: value, …}, …]}`, a list of such objects, or one object;
`application/jsonlines`, one object a line. Empty CSV fields, null and left out JSON fields are missing values.
"""

import csv
import difflib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from inference.errors import ContentTypeError, PayloadError
from usecase.feature_spec import FeatureSpec

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
_MISSING = ("", "NA", "NaN", "nan", "null", "None")

Answer = Mapping[str, Any]


def read_rows(body: bytes | str, content_type: str, spec: FeatureSpec) -> pd.DataFrame:
    """The request's rows as raw feature columns; whether values fit is the encoder's question."""
    read = _pick(_READERS, content_type, "Content-Type")
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body
    except UnicodeDecodeError as error:
        raise PayloadError(f"the body is not UTF-8 text ({error.reason} at byte {error.start})") from error
    if not text.strip():
        raise PayloadError("the body is empty; expected at least one row")
    return read(text, spec)


def write_answers(answers: Sequence[Answer], accept: str) -> tuple[str, str]:
    """The answer's body and its content type; `*/*` or nothing means JSON."""
    wanted = accept or "*/*"
    chosen = JSON if _bare(wanted) == "*/*" else _bare(wanted)
    return _pick(_WRITERS, chosen, "Accept")(answers), chosen


def _read_csv(text: str, spec: FeatureSpec) -> pd.DataFrame:
    lines = [line for line in csv.reader(io.StringIO(text)) if line]
    has_header = any(cell.strip() in spec.names for cell in lines[0])
    names = [cell.strip() for cell in lines.pop(0)] if has_header else list(spec.names)
    if not lines:
        raise PayloadError("the body holds a header and no row")
    for number, cells in enumerate(lines):
        if len(cells) != len(names):
            order = "the header" if has_header else "the feature specification (send a header to use another order)"
            raise PayloadError(f"row {number}: {len(cells)} values; {order} has {len(names)} columns")
    rows = [[None if cell.strip() in _MISSING else cell.strip() for cell in cells] for cells in lines]
    return pd.DataFrame(rows, columns=names, dtype=object)


def _read_json(text: str, spec: FeatureSpec) -> pd.DataFrame:
    document = _parse(text, "the body")
    if isinstance(document, dict) and "instances" in document:
        document = document["instances"]
    return _from_objects(document if isinstance(document, list) else [document], spec)


def _read_json_lines(text: str, spec: FeatureSpec) -> pd.DataFrame:
    lines = [line for line in text.splitlines() if line.strip()]
    return _from_objects([_parse(line, f"row {number}") for number, line in enumerate(lines)], spec)


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise PayloadError(f"{where} is not JSON: {error}") from error


def _from_objects(rows: list[Any], spec: FeatureSpec) -> pd.DataFrame:
    if not rows:
        raise PayloadError("the body holds no row; expected at least one object of features")
    known = {*spec.names, *spec.metadata, spec.label}
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise PayloadError(f"row {number}: {row!r} is not an object; expected {{feature: value, …}}")
        if not row.keys() & set(spec.names):
            raise PayloadError(f"row {number}: names no feature; the model's features are {', '.join(spec.names)}")
        _refuse_unknown(number, sorted(row.keys() - known), spec)
    columns = {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in spec.names}
    return pd.DataFrame(columns)


def _refuse_unknown(number: int, unknown: list[str], spec: FeatureSpec) -> None:
    """A misspelt feature would silently count as missing."""
    if unknown:
        near = difflib.get_close_matches(unknown[0], spec.names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the model's features are {', '.join(spec.names)}"
        raise PayloadError(f"row {number}: {unknown[0]!r} is no feature; {hint}")


def _write_csv(answers: Sequence[Answer]) -> str:
    """One line a row, values only, in the order of the JSON answer's fields."""
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows(list(answer.values()) for answer in answers)
    return target.getvalue()


def _write_json(answers: Sequence[Answer]) -> str:
    return json.dumps({"predictions": [dict(answer) for answer in answers]})


def _write_json_lines(answers: Sequence[Answer]) -> str:
    return "".join(json.dumps(dict(answer)) + "\n" for answer in answers)


def _bare(content_type: str) -> str:
    """Without parameters: `text/csv; charset=utf-8` is `text/csv`; of several the first."""
    return content_type.partition(",")[0].partition(";")[0].strip().lower()


def _pick(table: Mapping[str, Any], content_type: str, header: str) -> Callable[..., Any]:
    chosen = _bare(content_type or "")
    if chosen not in table:
        raise ContentTypeError(f"{header} is {content_type!r}; allowed are {', '.join(table)}")
    return table[chosen]


_READERS: Mapping[str, Callable[[str, FeatureSpec], pd.DataFrame]] = {
    CSV: _read_csv,
    JSON: _read_json,
    JSON_LINES: _read_json_lines,
}
_WRITERS: Mapping[str, Callable[[Sequence[Answer]], str]] = {
    JSON: _write_json,
    CSV: _write_csv,
    JSON_LINES: _write_json_lines,
}
