"""The summary says what was noticed, by whom, when; and it is honest where nothing noticed."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from pipelines.demo_drift.plain import scenario_lines, timeline_text
from pipelines.demo_drift.scenarios import DAYS, SCENARIOS, fault_free_days
from pipelines.demo_drift.story import Raised
from pipelines.demo_drift.summary import one_at_a_time, summarise

USAGE = {"used_but_not_granted": []}


def summary_of(story, usage=USAGE):
    return summarise(story, seconds=200.04, usage=usage)


def scenario_of(summary, name):
    return next(record for record in summary["scenarios"] if record["name"] == name)


def test_all_noticed(tell):
    summary = summary_of(tell())

    assert summary["as_expected"]
    assert all(record["within_one_day"] and record["after_requests"] == 250 for record in summary["scenarios"])
    assert summary["false_alarm_runs"] == 0
    assert summary["requests"] == 250 * DAYS
    assert summary["retraining"]["executions_started"] == 1
    assert summary["retraining"]["alarms_that_asked"] == 2


def test_there_are_enough_days_without_a_fault_and_one_between_two_faults():
    assert len(fault_free_days()) >= 8
    for before, after in itertools.pairwise(SCENARIOS):
        assert any(before.day < day < after.day for day in fault_free_days()), (before.name, after.name)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda it: it.name)
def test_a_fault_that_nobody_notices_is_told(tell, scenario):
    summary = summary_of(tell(unnoticed=(scenario.name,)))

    assert not summary["as_expected"]
    record = scenario_of(summary, scenario.name)
    assert (record["detected_by"], record["detected_at"], record["as_expected"]) == ([], None, False)
    assert any(line.startswith("FAIL") and scenario.name in line for line in scenario_lines(summary))


def test_an_alarm_two_days_later_is_too_late(tell):
    story = tell(unnoticed=("label-shift",))
    story.raised.append(Raised("model-quality", "alarm", story.midnight(4) + timedelta(hours=1, minutes=5)))

    record = scenario_of(summary_of(story), "label-shift")

    assert record["detected_by"] == ["model-quality"]
    assert record["after_requests"] == 500
    assert not record["as_expected"]


def test_another_gate_is_no_detection(tell):
    story = tell(unnoticed=("feature-null",))
    story.raised.append(Raised("bias", "alarm-bias", story.midnight(10) + timedelta(hours=1, minutes=5)))

    record = scenario_of(summary_of(story), "feature-null")

    assert (record["also_alarmed"], record["as_expected"]) == (["bias"], False)


def test_alarms_with_nothing_planted_are_counted_and_do_not_hide(tell):
    summary = summary_of(tell(false_alarms=((8, "model-quality"),)))

    assert summary["false_alarm_runs"] == 1
    assert summary["false_alarms"][0]["day"] == 8
    assert summary["alarms_on_fault_free_days"] == [{"day": 8, "alarm": "alarm-model-quality"}]
    assert summary["false_alarm_rate"] == pytest.approx(1 / summary["fault_free_runs"], abs=1e-4)


@pytest.mark.parametrize("reason", ["", "none"])
def test_a_challenger_without_its_reason_is_not_as_expected(tell, reason):
    story = tell()
    story.retraining.registered = [replace(story.retraining.registered[0], reason=reason)]

    assert not summary_of(story)["as_expected"]


def test_two_executions_at_once_or_on_one_day_are_a_storm(tell):
    first = tell().retraining.executions[0]
    meanwhile = replace(first, started=first.started + timedelta(days=2))
    much_later = replace(first, started=first.started + timedelta(days=7), ended=first.started + timedelta(days=8))
    short = replace(first, ended=first.started + timedelta(hours=2))
    same_day = replace(short, started=first.started + timedelta(hours=3), ended=first.started + timedelta(hours=4))

    assert not one_at_a_time([first, meanwhile])
    assert not one_at_a_time([short, same_day])
    assert one_at_a_time([first, much_later])
    assert one_at_a_time([])


def test_a_missing_right_or_an_error_fails_the_demonstration(tell):
    assert not summary_of(tell(), {"used_but_not_granted": ["s3:GetObject"]})["as_expected"]
    story = tell()
    story.errors["ModelError"] = 1
    assert not summary_of(story)["as_expected"]


def test_the_plain_timeline_has_a_column_for_each_day(tell):
    lines = timeline_text(tell()).splitlines()

    marks = next(line for line in lines if line.startswith("data-quality"))[17:]
    assert len(marks) == DAYS
    assert [day for day, mark in enumerate(marks, start=1) if mark == "!"] == [9, 11, 16, 18, 23]
    assert next(line for line in lines if line.startswith("retraining"))[17:].strip() == "======R"


def test_an_alarm_for_another_reason_is_no_detection_of_what_a_check_must_find(tell):
    story = tell()
    story.runs = [replace(run, checks=("drift",)) if run.checks else run for run in story.runs]

    wrong = [record["name"] for record in summary_of(story)["scenarios"] if not record["as_expected"]]

    assert wrong == ["capture-stopped", "late-labels"]


@pytest.mark.parametrize("field", ["requests_read", "labels_judged"])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_request_or_a_label_that_was_lost_or_read_twice_is_a_problem(tell, field, change):
    story = tell()
    setattr(story, field, getattr(story, field) + change)

    summary = summary_of(story)

    assert not summary["as_expected"]
    assert len(summary["problems"]) == 1


def test_a_day_that_no_run_caught_up_with_is_a_problem(tell):
    story = tell()
    story.runs = [run for run in story.runs if run.day != 20]

    assert summary_of(story)["problems"] == ["no run ever judged December 20"]


def test_the_gate_that_had_to_notice_speaks_first(tell):
    story = tell()
    aside = [
        replace(run, status="CompletedWithViolations", descriptions=("aside",)) for run in story.runs if run.day == 13
    ]
    story.runs = [*(run for run in aside if run.kind != "bias"), *(run for run in story.runs if run.kind == "bias")]

    assert scenario_of(summary_of(story), "slice-only-harm")["violations"][0].startswith("bias:")
