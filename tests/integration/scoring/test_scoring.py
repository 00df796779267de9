"""A day scored by the deployed state machine, and its predictions read as Athena reads them."""

import datetime as dt
import json

import numpy as np
import pytest
import xgboost as xgb

from inference.columns import Columns
from inference.json_rows import read_json_lines
from pipelines.errors import ExecutionFailedError
from pipelines.scoring import score
from processing.prepare_scoring import main as prepare_scoring
from tests.athena_table import AthenaTable
from usecase.dataset import flight_ids
from usecase.feature_spec import FeatureSpec
from usecase.ingest import load_source_table

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DAY = "2013-12-05"


@pytest.fixture(scope="session")
def table(scoring):
    facts = scoring.facts
    return AthenaTable(scoring.client("glue"), scoring.s3, facts["database"], facts["table"])


@pytest.fixture(scope="session")
def scored(scoring, table):
    """A day scored by the command line's own code: what it returned, what it showed, the table's rows then."""
    shown = []
    result = score(scoring.target, "sandbox", dt.date.fromisoformat(DAY), shown.append)
    return result, shown, table.rows(DAY)


@pytest.fixture(autouse=True)
def nothing_is_denied(scoring):
    yield
    assert [(item["role"], item["action"], item["resource"]) for item in scoring.denied()] == []


def scheduled(day):
    flights = load_source_table("flights")
    date = dt.date.fromisoformat(day)
    return set(flight_ids(flights[(flights["month"] == date.month) & (flights["day"] == date.day)]))


def test_before_the_first_release_there_is_nothing_to_do_and_no_job(scoring):
    assert scoring.without_endpoint["outcome"] == "no champion"
    assert "Approve a model package" in scoring.without_endpoint["reason"]


def test_every_scheduled_flight_is_scored_once_by_the_champion(scored):
    rows = scored[2]

    ids = [row["flight_id"] for row in rows]
    answers = [row["sagemakeroutput"] for row in rows]
    assert len(ids) == len(set(ids)) == scored[0].flights
    assert set(ids) == scheduled(DAY)
    assert all(0 <= answer["probability"] <= 1 for answer in answers)
    assert {answer["model_version"] for answer in answers} == {"7"}
    assert {answer["label"] for answer in answers} <= {0, 1}
    assert len({answer["probability"] for answer in answers}) > 10
    assert {row["date"] for row in rows} == {DAY}


def test_predictions_are_the_models_own_for_what_the_evening_knew(scored, table, model_dir, raw, tmp_path):
    flags = ["--day", DAY, "--raw-dir", raw, "--output-dir", tmp_path, "--message-file", tmp_path / "message"]
    assert prepare_scoring([str(flag) for flag in flags]) == 0
    text = (tmp_path / "requests/requests.jsonl").read_text()
    spec = FeatureSpec.load(model_dir / "feature_spec.json")
    matrix = read_json_lines(text, Columns(spec))
    kinds = ["c" if feature.kind == "categorical" else "float" for feature in spec.features]
    data = xgb.DMatrix(matrix, feature_names=list(spec.names), feature_types=kinds, enable_categorical=True)
    expected = xgb.Booster(model_file=model_dir / "model.ubj").predict(data)

    rows = {row["flight_id"]: row for row in table.rows(DAY)}

    requests = [json.loads(line) for line in text.splitlines()]
    found = [rows[request["flight_id"]]["sagemakeroutput"]["probability"] for request in requests]
    assert np.abs(np.array(found) - expected).max() < 1e-6
    assert [rows[request["flight_id"]]["h_fl_mean28"] for request in requests] == [r["h_fl_mean28"] for r in requests]


def test_table_declares_every_member_of_a_row(scored, scoring, table):
    (content,) = scoring.predictions(DAY).values()
    members = {name.lower() for line in content.decode().splitlines() for name in json.loads(line)}

    assert members == set(table.columns) - {"date"}


def test_command_line_shows_the_way_and_the_query(scored):
    result, shown, _ = scored

    assert shown == [
        "looks for the champion",
        "writes the day's schedule as requests",
        "has the champion answer them",
    ]
    assert result.model_version == "7"
    assert "FROM flight_delay_sandbox.predictions\nWHERE \"date\" = '2013-12-05'" in result.query


def test_second_run_replaces_the_day(scored, scoring, table):
    before = scoring.predictions(DAY)

    output = scoring.run({"scheduled_time": "2026-12-05T01:05:00Z"})

    assert (output["outcome"], output["day"]) == ("scored", DAY)
    assert scoring.predictions(DAY) == before
    assert len(before) == 1
    assert len(table.rows(DAY)) == scored[0].flights


def test_failed_transform_leaves_the_earlier_predictions_and_says_why(scored, scoring):
    before = scoring.predictions(DAY)
    scoring.break_the_model()
    try:
        output = scoring.run({"day": DAY})
    finally:
        scoring.repair_the_model()

    assert output["outcome"] == "FAILED"
    assert output["reason"].startswith("ClientError: Failed to extract the model data archive")
    assert output["reason"].endswith(f"python -m pipelines score --day {DAY}")
    assert scoring.predictions(DAY) == before


def test_day_that_never_was_scored_has_no_rows_after_a_failure(scored, scoring, table):
    scoring.break_the_model()
    try:
        assert scoring.run({"day": "2013-12-04"})["outcome"] == "FAILED"
    finally:
        scoring.repair_the_model()

    assert table.rows("2013-12-04") == []


@pytest.mark.parametrize("given", [{"day": "2014-06-01"}, {"scheduled_time": "2028-02-29T01:05:00Z"}])
def test_day_without_a_schedule_is_nothing_to_score_and_no_transform_job(scored, scoring, given):
    before = scoring.transforms()

    output = scoring.run(given)

    assert output["outcome"] == "nothing to score"
    assert scoring.transforms() == before


def test_command_line_says_what_to_do_where_there_is_no_schedule(scored, scoring):
    with pytest.raises(ExecutionFailedError, match="2014-06-01: the raw zone holds no flight") as caught:
        score(scoring.target, "sandbox", dt.date(2014, 6, 1), lambda _: None)

    assert "--day 2013-12-05" in caught.value.hint


def test_execution_without_a_day_says_what_it_needs(scoring):
    output = scoring.run({})

    assert (output["outcome"], output["error"]) == ("FAILED", "DayIsMissing")


def test_next_champion_answers_the_next_run(scored, scoring, table):
    scoring.serve("8")

    output = scoring.run({"day": DAY})

    assert output["model_version"] == "8"
    assert {row["sagemakeroutput"]["model_version"] for row in table.rows(DAY)} == {"8"}
    assert len(table.rows(DAY)) == scored[0].flights
