"""Captured traffic becomes rows: every format that the server takes, and lines that nobody should have written."""

import base64
import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.missing_text import MISSING_TEXTS as SERVER_MISSING_TEXTS
from processing.monitoring.captured import CaptureStream
from processing.monitoring.payload_rows import MISSING_TEXTS

DAY = date(2026, 1, 2)
ROW = {"carrier": "AA", "warmth": 40.5, "dampness": None, "seats": 150.0}
CSV_ROW = "AA,40.5,,150"


@pytest.fixture
def read(tmp_path, spec):
    """Write lines as a captured file and read them: one batch of all rows, and the counts."""

    def run(*lines, version="v1", where="2026/01/02/10/a.jsonl", source="endpoint"):
        file = tmp_path / where
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\n".join(lines) + b"\n")
        stream = CaptureStream(tmp_path, day=DAY, spec=spec, model_version=version, source=source)
        batches = list(stream)
        return (batches[0] if batches else None), stream.counts

    return run


def features(batch, spec):
    frame = batch.frame[list(spec.names)].astype(object)
    return frame.where(frame.notna(), None).to_dict("records")


HEADER = "seats,carrier,warmth,dampness\n150,AA,40.5,\n150,AA,40.5,NA\n"
FORMATS = {
    "csv": (CSV_ROW + "\n", "text/csv", 1),
    "csv with charset": (CSV_ROW, "text/csv; charset=utf-8", 1),
    "csv of two rows": (f"{CSV_ROW}\r\n{CSV_ROW}\r\n", "text/csv", 2),
    "csv with header": (HEADER, "text/csv", 2),
    "quoted csv": ('"AA",40.5,"",150', "text/csv", 1),
    "json object": (json.dumps(ROW), "application/json", 1),
    "json list": (json.dumps([ROW, ROW], indent=1), "application/json", 2),
    "json instances": (json.dumps({"instances": [ROW, ROW]}), "application/json", 2),
    "json lines": (f"{json.dumps(ROW)}\n{json.dumps(ROW)}\n", "application/jsonlines", 2),
}


@pytest.mark.parametrize("copies", [1, 20], ids=["few", "many"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_rows(read, line, spec, name, copies):
    data, media_type, rows = FORMATS[name]
    answer = "0.25,0,v1\n" * rows

    batch, counts = read(*[line(data, media_type=media_type, answer=answer)] * copies)

    assert features(batch, spec) == [ROW] * rows * copies
    assert batch.frame["warmth"].dtype == np.float64
    assert (counts["lines"], counts["requests"], counts["rows"]) == (copies, copies, rows * copies)
    assert batch.probabilities.tolist() == [0.25] * rows * copies


def test_base64_payloads_are_decoded(read, line, spec):
    data = base64.b64encode(CSV_ROW.encode()).decode()

    batch, _ = read(line(data, encoding="BASE64"))

    assert features(batch, spec) == [ROW]


def test_rows_of_a_request_have_ids_of_their_own(read, line):
    batch, _ = read(line(f"{CSV_ROW}\n{CSV_ROW}", answer="0.25,0,v1\n0.75,1,v1\n"), line(CSV_ROW, inferenceId=None))

    assert batch.ids.tolist() == ["i", "i#1", "e"]
    assert batch.probabilities.tolist() == [0.25, 0.75, 0.25]
    assert batch.moments.tolist() == [pd.Timestamp("2026-01-02T10:00:00Z").timestamp()] * 3


def test_formats_may_be_mixed_and_keep_their_order(read, line, spec):
    lines = [
        line(json.dumps({**ROW, "warmth": float(number)}), media_type="application/json")
        if number % 2
        else line(f"AA,{number},,150")
        for number in range(40)
    ]

    batch, _ = read(*lines)

    assert [row["warmth"] for row in features(batch, spec)] == list(range(40))


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({"inferenceId": "smoke-1"}, "smoke"),
        ({"inferenceTime": "2026-01-05T10:00:00Z"}, "outside_window"),
        ({"answer": "0.25,0,v2\n"}, "other_versions"),
        (
            {
                "answer": '{"predictions": [{"probability": 0.2, "model_version": "v2"}]}',
                "answer_type": "application/json",
            },
            "other_versions",
        ),
        ({"answer": "0.25,0,v1\n0.25,0,v1\n"}, "broken_lines"),
        ({"answer": "7\n"}, "broken_lines"),
        ({"data": ""}, "broken_lines"),
        ({"data": "[1, 2]", "media_type": "application/json"}, "broken_lines"),
        ({"data": "not base64!", "encoding": "BASE64"}, "broken_lines"),
    ],
)
def test_what_is_no_traffic_of_this_version_is_counted_by_its_reason(read, line, changes, counted):
    batch, counts = read(line(**{"data": CSV_ROW, **changes}))

    assert batch is None
    assert {name: count for name, count in counts.items() if count} == {"lines": 1, counted: 1}


def test_other_days_are_not_opened(read, line):
    _, counts = read(line(CSV_ROW), where="endpoint/variant/2026/01/03/10/a.jsonl")

    assert counts["lines"] == 0


def test_a_request_near_midnight_belongs_to_the_hour_folder_that_the_service_chose(read, line):
    late = line(CSV_ROW, inferenceTime="2026-01-01T23:59:59Z")

    assert read(late)[1]["requests"] == 1
    assert read(late, where="flat.jsonl")[1]["outside_window"] == 1


def test_answers_need_not_be_captured(read, line):
    batch, _ = read(line(CSV_ROW, answer=None))

    assert np.isnan(batch.probabilities).all()


def test_our_servers_answer_names_probability_and_version(read, line):
    answer = '{"predictions": [{"probability": 2.5e-05, "label": 0, "model_version": "%s"}]}'
    lines = [line(CSV_ROW, answer=answer % version, answer_type="application/json") for version in ("v1", "v2")]

    batch, counts = read(*lines)

    assert batch.probabilities.tolist() == [2.5e-05]
    assert counts["other_versions"] == 1


def test_probabilities_of_the_built_in_algorithm_stand_on_one_line(read, line):
    batch, _ = read(line(f"{CSV_ROW}\n{CSV_ROW}", answer="0.25,0.5"))

    assert batch.probabilities.tolist() == [0.25, 0.5]


def test_a_value_of_the_wrong_type_stays_as_it_was_sent(read, line, spec):
    batch, counts = read(*[line(CSV_ROW)] * 20, line("AA,warm,,150"))

    assert counts["rows"] == 21
    assert batch.frame["warmth"].tolist() == [40.5] * 20 + ["warm"]
    assert batch.frame["seats"].dtype == np.float64


def test_null_and_left_out_are_told_apart(read, line):
    sent = {name: ROW[name] for name in ("carrier", "dampness", "seats")}

    batch, _ = read(*[line(json.dumps(sent), media_type="application/json")] * 20)

    assert "warmth" not in batch.frame.columns
    assert batch.frame["dampness"].isna().all()


def test_columns_beyond_the_features_are_kept(read, line):
    batch, _ = read(*[line(f"{CSV_ROW},9")] * 20)

    assert batch.frame["_c4"].tolist() == [9.0] * 20


def test_the_model_got_the_median_where_a_raw_record_knew_nothing(read, line, spec):
    batch, _ = read(line(json.dumps({"carrier": "AA", "warmth": 1.0}), media_type="application/json"))

    assert batch.model_input(spec)["seats"].tolist() == [150.0]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({**ROW, "flight_id": "F1", "SageMakerOutput": {"probability": 0.25, "model_version": "v1"}}),
        f"{CSV_ROW},0.25,0,v1",
        f"{CSV_ROW},0.25",
    ],
)
def test_batch_transform_output_is_read_like_captured_traffic(read, spec, text):
    batch, counts = read(*[text.encode()] * 2, b"{", where="part-0.jsonl.out", source="transform")

    assert features(batch, spec) == [ROW] * 2
    assert batch.probabilities.tolist() == [0.25] * 2
    assert batch.ids[0] in ("F1", "part-0.jsonl.out#0")
    assert (counts["lines"], counts["broken_lines"]) == (3, 1)


def test_missing_texts_are_those_of_the_server():
    assert set(MISSING_TEXTS) == SERVER_MISSING_TEXTS


NESTED = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
PAYLOADS = st.text(max_size=40) | NESTED.map(json.dumps) | st.sampled_from([CSV_ROW, HEADER, json.dumps(ROW)])
TYPES = st.sampled_from(["text/csv", "application/json", "application/jsonlines", "", "x"])


@given(data=st.data(), count=st.integers(0, 25))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_wild_lines_never_raise_and_are_counted_once(read, line, data, count, tmp_path):
    wild = st.one_of(
        st.binary(max_size=60).map(lambda content: content.replace(b"\n", b"") or b"x"),
        NESTED.map(lambda value: json.dumps(value).encode()),
        st.builds(
            lambda payload, media_type, encoding, answer: line(
                payload, media_type=media_type, encoding=encoding, answer=answer
            ),
            PAYLOADS,
            TYPES,
            st.sampled_from(["CSV", "JSON", "BASE64", ""]),
            st.sampled_from(["0.25,0,v1\n", "0.5", None]) | PAYLOADS,
        ),
    )
    lines = [found for found in (data.draw(wild) for _ in range(count)) if found.strip()]

    batch, counts = read(*lines)

    accounted = ("broken_lines", "smoke", "outside_window", "other_versions", "requests")
    assert counts["lines"] == len(lines) == sum(counts[name] for name in accounted)
    assert (0 if batch is None else len(batch)) == counts["rows"]
