"""Nothing that stands in a capture or ground-truth file may end the judge."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.experiment.capture import CaptureReader, read_probabilities, read_rows
from processing.experiment.ground_truth import read_ground_truth
from processing.experiment.metrics_file import read_metrics
from processing.experiment.plan import Plan
from processing.experiment.requests import RequestTable
from tests.captured_traffic import START, append, archive, capture_line, label_line

ROW = {"flight_id": "f1", "delay_mean": 1.0, "wind": None, "hour": 9, "carrier": "AA", "origin": "JFK"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TOLERANT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(line=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
@TOLERANT
def test_any_line_is_read_or_counted(line: bytes, tmp_path: Path):
    reader = CaptureReader(tmp_path)

    reader._read_line(line, "champion")

    assert reader.counts["lines"] == reader.counts["broken_lines"] == 1


@given(part=VALUES, field=st.sampled_from(["endpointInput", "endpointOutput", "eventMetadata"]), member=VALUES)
@TOLERANT
def test_any_member_of_a_record_is_read_or_counted(part: object, field: str, member: object, tmp_path: Path):
    record = json.loads(capture_line(ROW, 0.5, START))
    place = record if field == "eventMetadata" else record["captureData"]
    for wrong in (part, {**place[field], "data": member, "inferenceTime": member, "customAttributes": member}):
        place[field] = wrong
        reader = CaptureReader(tmp_path)
        reader._read_line(json.dumps(record).encode(), "champion")
        assert reader.counts["lines"] == 1


@given(rows=st.lists(st.dictionaries(st.sampled_from([*ROW, "else"]), VALUES, max_size=6), min_size=1, max_size=5))
@settings(TOLERANT, max_examples=40)
def test_any_rows_are_scored_or_counted(rows: list, model_folder: Path):
    _, model = _archived(model_folder)
    table = RequestTable(Plan("r"), {"champion": model, "challenger": model})
    reader = CaptureReader(model_folder)
    lines = [json.dumps({**json.loads(capture_line(ROW, 0.5, START)), "n": n}) for n in range(len(rows))]
    records = []
    for number, (line, row) in enumerate(zip(lines, rows, strict=True)):
        record = json.loads(line)
        record["captureData"]["endpointInput"]["data"] = json.dumps(row)
        record["eventMetadata"]["inferenceId"] = f"f{number}"
        records.append(reader._read_line(json.dumps(record).encode(), "champion"))

    table.add(record for record in records if record is not None)
    requests, _ = table.finish(read_ground_truth(model_folder / "none"), None)

    assert len(requests.labels) == requests.counts["unscorable"] + int(requests.is_scored.sum())


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model")


_MODELS: dict = {}


def _archived(folder: Path) -> tuple:
    if folder not in _MODELS:
        _MODELS[folder] = (folder, archive(folder / "champion"))
    return _MODELS[folder]


def test_one_bad_row_does_not_cost_the_others(model_folder: Path):
    _, model = _archived(model_folder)
    table = RequestTable(Plan("r"), {"champion": model, "challenger": model})
    good = [json.loads(capture_line({**ROW, "flight_id": f"g{n}"}, 0.5, START)) for n in range(50)]
    good[17]["captureData"]["endpointInput"]["data"] = json.dumps({**ROW, "hour": [1]})
    reader = CaptureReader(model_folder)

    table.add(reader._read_line(json.dumps(record).encode(), "champion") for record in good)
    requests, now = table.finish(read_ground_truth(model_folder / "none"), None)

    assert np.flatnonzero(np.isnan(requests.scores["champion"])).tolist() == [17]
    assert now == START


@pytest.mark.parametrize("line", ["{", "[]", "null", label_line("f1", 2), label_line("f1", ""), label_line("f1", "x")])
def test_broken_labels_are_counted(line: str, tmp_path: Path):
    append(tmp_path, START, line)
    append(tmp_path, START, label_line("f2", 1))

    truth = read_ground_truth(tmp_path)

    assert truth.counts["broken_label_lines"] == 1
    assert truth.of("f2", datetime.max.replace(tzinfo=UTC)) == ((1,), False)


def test_labels_without_an_hour_folder_are_always_in_time(tmp_path: Path):
    (tmp_path / "all.jsonl").write_text(label_line("f1", 1) + "\n")

    assert read_ground_truth(tmp_path).of("f1", START) == ((1,), False)


@pytest.mark.parametrize(
    ("content_type", "data", "rows"),
    [
        ("application/json", '{"a": 1}', [{"a": 1}]),
        ("application/json", '{"instances": [{"a": 1}, {"a": 2}]}', [{"a": 1}, {"a": 2}]),
        ("application/jsonlines", '{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        ("text/csv; charset=utf-8", "a,b\n1,\n", [{"a": "1", "b": None}]),
        ("text/csv", "1,AA\n", [{"#0": "1", "#1": "AA"}]),
    ],
)
def test_forms_of_requests(content_type: str, data: str, rows: list):
    assert list(read_rows({"observedContentType": content_type, "data": data, "encoding": "JSON"})) == rows


@pytest.mark.parametrize(
    ("content_type", "data", "answers"),
    [
        ("application/json", '{"predictions": [{"probability": 0.5}]}', [0.5]),
        ("application/json", '{"predictions": [{"score": 0.5}]}', [0.5]),
        ("application/jsonlines", '{"probability": 0.5}\n{"probability": 0.25}\n', [0.5, 0.25]),
        ("application/json", "[0.5, 0.25]", [0.5, 0.25]),
        ("text/csv", "0.5,1,7\n0.25,0,7\n", [0.5, 0.25]),
    ],
)
def test_forms_of_answers(content_type: str, data: str, answers: list):
    assert read_probabilities({"observedContentType": content_type, "data": data, "encoding": "JSON"}) == answers


@given(document=VALUES)
@TOLERANT
def test_any_metrics_are_read_or_told(document: object, tmp_path: Path):
    (tmp_path / "metrics.json").write_text(json.dumps(document))

    read_metrics(tmp_path)
