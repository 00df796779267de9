"""Days monitored once each, whatever dies on the way."""

import datetime as dt

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(autouse=True)
def nothing_is_denied(monitoring):
    yield
    assert [(item["role"], item["action"], item["resource"]) for item in monitoring.denied()] == []


def test_a_gap_of_three_days_is_caught_up_once(monitoring):
    first = monitoring.start_at(3)

    ended, again = monitoring.run(), monitoring.run()

    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert [(item["variant"], item["days"]) for item in ended["output"]["variants"]] == [("champion", 3)]
    assert [item["days"] for item in again["output"]["variants"]] == [0]
    assert monitoring.pointer()["next_day"] == monitoring.today.isoformat()
    assert monitoring.read() == monitoring.expected(3)
    report = monitoring.report(first)
    assert report["flags"]["--model-version"] == "1"
    assert report["inputs"] == {
        "model": ["model.tar.gz"],
        "baseline": ["constraints.json", "statistics.json"],
        "evaluation": ["evaluation.json"],
    }


def test_a_failed_job_leaves_the_pointer_and_alarms_until_the_days_are_caught_up(monitoring):
    first = monitoring.start_at(2, orders=["FAIL"])
    alarm = monitoring.facts["failed_alarms"]["champion"]

    failed = monitoring.run()

    assert failed["status"] == "FAILED"
    assert failed["error"] == "VariantNotMonitored"
    assert "told to fail" in failed["cause"]
    assert monitoring.pointer()["next_day"] == first.isoformat()
    monitoring.until(lambda: monitoring.alarm(alarm) == "ALARM")

    monitoring.forget(first, "FAIL")
    assert monitoring.run()["status"] == "SUCCEEDED"
    assert monitoring.read() == monitoring.expected(2)
    monitoring.until(lambda: monitoring.alarm(alarm) == "OK")


def test_a_killed_job_is_started_again_by_the_same_run(monitoring):
    monitoring.start_at(1, orders=["SLOW"])
    execution = monitoring.start()
    (job,) = monitoring.until(monitoring.jobs)

    monitoring.sagemaker.stop_processing_job(ProcessingJobName=job)

    assert monitoring.end(execution)["status"] == "SUCCEEDED"
    assert monitoring.read() == monitoring.expected(1)


def test_a_stopped_execution_is_made_up_for_by_the_next(monitoring):
    first = monitoring.start_at(2, orders=["SLOW"])
    execution = monitoring.start()
    monitoring.until(monitoring.jobs)

    monitoring.states.stop_execution(executionArn=execution)
    monitoring.until(lambda: not monitoring.jobs())
    assert monitoring.pointer()["next_day"] == first.isoformat()

    assert monitoring.run()["status"] == "SUCCEEDED"
    assert monitoring.read() == monitoring.expected(2)


def test_two_executions_do_not_monitor_at_once(monitoring):
    monitoring.start_at(2, orders=["SLOW"])

    ended = [monitoring.end(execution) for execution in (monitoring.start(), monitoring.start())]

    assert sorted(item["output"]["outcome"] for item in ended) == ["another run is under way", "monitored"]
    assert monitoring.read() == monitoring.expected(2)


def test_a_restart_of_the_server_midway_loses_no_day_and_does_none_twice(monitoring):
    monitoring.start_at(3, orders=["SLOW"])
    execution = monitoring.start()
    monitoring.until(monitoring.jobs)

    monitoring.restart()

    if monitoring.end(execution)["status"] != "SUCCEEDED":
        assert monitoring.run()["status"] == "SUCCEEDED"
    assert monitoring.pointer()["next_day"] == monitoring.today.isoformat()
    assert monitoring.read() == monitoring.expected(3)


def test_requests_that_no_run_looks_at_are_told_a_day_later(monitoring):
    first, hour = monitoring.start_at(1, orders=["FAIL"]), 3600
    alarm = monitoring.facts["did_not_run_alarms"]["champion"]
    monitoring.clock(advance_seconds=hour)  # the runs of the other tests are in the hour before
    monitoring.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=monitoring.endpoint, Body=b"{}", ContentType="application/json", InferenceId="unseen"
    )
    asked = monitoring.local_time()
    monitoring.clock(advance_seconds=20 * hour)
    assert monitoring.alarm(alarm) != "ALARM"

    # Not longer than needed: a day after the only request there is none in the alarm's day any more.
    due = asked + dt.timedelta(hours=24, minutes=10)
    monitoring.clock(advance_seconds=(due - monitoring.local_time()).total_seconds())
    monitoring.until(lambda: monitoring.alarm(alarm) == "ALARM")
    monitoring.until(lambda: monitoring.alarm(monitoring.facts["failed_alarms"]["champion"]) == "ALARM")

    for execution in monitoring.executions():
        monitoring.end(execution)
    monitoring.today = monitoring.local_time().date()
    monitoring.forget(first, "FAIL")
    assert monitoring.run()["status"] == "SUCCEEDED"
    assert monitoring.pointer()["next_day"] == monitoring.today.isoformat()
    monitoring.clock(advance_seconds=2 * hour)
    monitoring.until(lambda: monitoring.alarm(alarm) == "OK")
