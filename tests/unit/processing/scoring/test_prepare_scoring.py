"""The prepare-scoring job: a raw zone in, requests that the model server takes out."""

import datetime as dt
import json

import pandas as pd
import pytest

from inference.columns import Columns
from inference.json_rows import read_json_lines
from processing.monitoring.captured import CaptureStream
from processing.prepare_scoring import main
from tests.sample_flights import airports, cancelled, flight, flights, observation, planes, weather
from usecase.dataset import labelled_rows, specification
from usecase.ingest import write_table
from usecase.schema import TABLES

DAY = "2013-06-10"
HISTORY = [flight(f"2013-06-{day:02d} 12:00", arr_delay=45.0, dep_delay=45.0) for day in range(1, 10)]
TODAY = [
    flight("2013-06-10 09:00", flight=900, tailnum="N9", dest="BUF"),
    cancelled("2013-06-10 12:00"),
    flight("2013-06-10 23:30", flight=700, arr_delay=500.0),
]
TOMORROW = [flight("2013-06-11 00:15", flight=800)]
EVENING = observation("2013-06-09T23:00:00Z", temp=71.0)
AIRLINES = pd.DataFrame({"carrier": ["AA"], "name": ["American Airlines"]})


def land(folder, rows, *observations):
    tables = {
        "flights": flights(*rows),
        "weather": weather(*(observations or (EVENING, observation("2013-06-10T14:00:00Z", temp=99.0)))),
        "planes": planes(),
        "airports": airports(),
        "airlines": AIRLINES,
    }
    for name, frame in tables.items():
        write_table(frame, TABLES[name], folder)
    return folder


def learned_specification():
    tables = {
        "flights": flights(*HISTORY, *TODAY),
        "weather": weather(EVENING),
        "planes": planes(),
        "airports": airports(),
    }
    return specification(labelled_rows(tables), horizon_hours=2.0, data_version="test")


@pytest.fixture
def job(tmp_path):
    """Run it: `job(raw, day)` → exit code, requests, summary."""

    def run(raw, day=DAY, *flags):
        out = tmp_path / "out"
        given = ["--day", day, "--raw-dir", raw, "--output-dir", out, "--message-file", tmp_path / "message", *flags]
        code = main([str(item) for item in given])
        lines = [line for file in out.glob("requests/*") for line in file.read_text().splitlines()]
        summary = json.loads((out / "summary/summary.json").read_text()) if (out / "summary").exists() else None
        return code, [json.loads(line) for line in lines], summary

    return run


def test_every_flight_of_the_day_is_asked_once_with_its_id(job, tmp_path):
    code, requests, summary = job(land(tmp_path / "raw", [*HISTORY, *TODAY, *TOMORROW]))

    assert code == 0
    assert [request["flight_id"][:10] for request in requests] == [DAY] * 3
    assert [request["sched_dep_time"] for request in requests] == [900, 1200, 2330]
    assert summary == {
        "schema_version": 1,
        "day": DAY,
        "known_at": "2013-06-10T01:00:00+00:00",
        "flights": 3,
        "rejected": 0,
    }


def test_request_holds_no_outcome_and_what_the_evening_knew(job, tmp_path):
    _, requests, _ = job(land(tmp_path / "raw", [*HISTORY, *TODAY, *TOMORROW]))

    assert not {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"} & set(requests[0])
    assert [request["wl_temp"] for request in requests] == [71.0] * 3
    assert [request["h_all_late1"] for request in requests] == [1.0] * 3
    assert requests[2]["sched_around_60"] == 2
    assert [request["seats"] for request in requests] == [None, 149.0, 149.0]


def test_model_server_reads_every_request_and_takes_each_feature_as_it_is(job, tmp_path):
    spec = learned_specification()
    _, requests, _ = job(land(tmp_path / "raw", [*HISTORY, *TODAY, *TOMORROW]))

    matrix = read_json_lines("".join(json.dumps(request) + "\n" for request in requests), Columns(spec))

    assert len(matrix) == 3
    for place, name in enumerate(spec.names):
        for row, request in zip(matrix, requests, strict=True):
            given = request.get(name)
            if isinstance(given, float | int):
                assert row[place] == pytest.approx(given, rel=1e-7), name


def test_monitors_read_the_predictions_as_they_read_captured_requests(job, tmp_path):
    _, requests, _ = job(land(tmp_path / "raw", [*HISTORY, *TODAY, *TOMORROW]))
    answer = {"probability": 0.25, "label": 1, "model_version": "7"}
    lines = [json.dumps({**request, "SageMakerOutput": answer}) for request in requests]
    folder = tmp_path / "predictions" / f"date={DAY}"
    folder.mkdir(parents=True)
    (folder / "requests.jsonl.out").write_text("\n".join(lines) + "\n")

    day = dt.date.fromisoformat(DAY)
    stream = CaptureStream(folder, day=day, spec=learned_specification(), model_version="7", source="transform")
    (batch,) = stream

    assert list(batch.ids) == [request["flight_id"] for request in requests]
    assert list(batch.probabilities) == [0.25] * 3
    assert list(batch.frame["h_all_late1"]) == [1.0] * 3
    assert (stream.counts["rows"], stream.counts["broken_lines"]) == (3, 0)


def test_same_raw_zone_gives_the_same_bytes(job, tmp_path):
    raw = land(tmp_path / "raw", [*HISTORY, *TODAY])
    job(raw)
    first = (tmp_path / "out/requests/requests.jsonl").read_bytes()

    job(raw)

    assert (tmp_path / "out/requests/requests.jsonl").read_bytes() == first


@pytest.mark.parametrize("day", ["2013-06-20", "2012-01-01", "2026-11-22"])
def test_day_without_a_schedule_is_no_failure_and_leaves_no_request(job, tmp_path, day):
    raw = land(tmp_path / "raw", [*HISTORY, *TODAY])
    assert job(raw)[2]["flights"] == 3

    code, requests, summary = job(raw, day)

    assert (code, requests, summary["flights"], summary["day"]) == (0, [], 0, day)


def test_broken_outcome_of_a_later_flight_does_not_take_the_flight_away(job, tmp_path):
    broken = flight("2013-06-10 12:00", dep_delay=99_999.0, arr_delay=-5_000.0)

    _, requests, summary = job(land(tmp_path / "raw", [*HISTORY, broken]))

    assert (len(requests), summary["rejected"]) == (1, 0)


def test_flight_that_breaks_the_schema_is_counted_and_not_scored(job, tmp_path):
    broken = flight("2013-06-10 12:00", flight=20_000)

    code, requests, summary = job(
        land(tmp_path / "raw", [*HISTORY, *TODAY, broken]), DAY, "--max-rejected-fraction", "0.2"
    )

    assert (code, len(requests), summary["rejected"]) == (0, 3, 1)


def test_unusable_raw_zone_fails_with_the_reason(job, tmp_path):
    code, _, summary = job(tmp_path / "nothing")

    assert (code, summary) == (1, None)
    assert (tmp_path / "message").read_text().startswith("prepare-scoring: no Parquet file of the table 'flights'")


def test_a_day_that_is_none_is_a_usage_error(job, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        job(tmp_path, "2013-02-30")

    assert stopped.value.code == 2
    assert "'2013-02-30' is no day; write it as 2013-12-05" in capsys.readouterr().err
