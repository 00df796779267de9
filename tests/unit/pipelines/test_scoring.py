"""What `python -m pipelines score` says: progress, where the predictions are, and what to do where there are none."""

import datetime as dt
import json

import pytest
from botocore.exceptions import ClientError

from pipelines.__main__ import main
from pipelines.errors import ExecutionFailedError, ResourcesError
from pipelines.scoring import score

DAY = dt.date(2013, 12, 5)
FACTS = {
    "score_machine": "arn:aws:states:us-east-1:123456789012:stateMachine:FlightDelay-sandbox-score",
    "database": "flight_delay_sandbox",
    "table": "predictions",
    "workgroup": "flight-delay-sandbox",
}
SCORED = {
    "outcome": "scored",
    "reason": "969 flights of 2013-12-05 were scored by version 7.",
    "flights": 969,
    "model_version": "7",
    "predictions": "s3://curated/predictions/date=2013-12-05/",
}


class Account:
    """A target whose state machine goes through `states` and ends as told."""

    name, poll_seconds = "local", 0.0

    def __init__(self, states=(), *, deployed=True, **end):
        self.states, self.deployed, self.end = list(states), deployed, {"status": "SUCCEEDED", **end}
        self.looks, self.started = 0, []

    def client(self, _service):
        return self

    def describe_stacks(self, **_):
        if not self.deployed:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
        return {"Stacks": [{"Outputs": [{"OutputKey": "Scoring", "OutputValue": json.dumps(FACTS)}]}]}

    def start_execution(self, **request):
        self.started.append(request)
        return {"executionArn": "arn:aws:states:us-east-1:123456789012:execution:FlightDelay-sandbox-score:1"}

    def describe_execution(self, executionArn):
        self.looks += 1
        over = self.looks > len(self.states)
        return {"executionArn": executionArn, **(self.end if over else {"status": "RUNNING"})}

    def get_paginator(self, _operation):
        return self

    def paginate(self, **_):
        entered = self.states[: self.looks]
        events = [{"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name}} for name in entered]
        return [{"events": [{"type": "ExecutionStarted"}, *events]}]


def run(account, show=lambda _: None, **more):
    return score(account, "sandbox", DAY, show, **{"sleep": lambda _: None, **more})


def ended(outcome, reason):
    return Account(output=json.dumps({"outcome": outcome, "reason": reason, "day": "2013-12-05"}))


def test_each_step_is_shown_once_and_the_result_says_where_to_look():
    shown, account = [], Account(["DescribeEndpoint", "Prepare", "Prepare", "Score"], output=json.dumps(SCORED))

    scored = run(account, shown.append)

    assert shown == ["looks for the champion", "writes the day's schedule as requests", "has the champion answer them"]
    assert account.started == [{"stateMachineArn": FACTS["score_machine"], "input": '{"day": "2013-12-05"}'}]
    assert (scored.flights, scored.model_version, scored.predictions) == (969, "7", SCORED["predictions"])
    assert "FROM flight_delay_sandbox.predictions\nWHERE \"date\" = '2013-12-05'" in scored.query


def test_without_a_champion_it_says_how_to_get_one():
    with pytest.raises(ExecutionFailedError, match="does not serve") as caught:
        run(ended("no champion", "The endpoint flight-delay-sandbox does not serve."))

    assert "approve` releases it" in caught.value.hint


def test_without_a_schedule_it_says_which_days_there_are():
    with pytest.raises(ExecutionFailedError, match="2013-12-05: the raw zone holds no flight") as caught:
        run(ended("nothing to score", "The raw zone holds no flight that is scheduled on the day."))

    assert "the year 2013" in caught.value.hint


def test_failure_is_told_with_its_cause_and_the_guide():
    account = Account(status="FAILED", error="States.TaskFailed", cause="prepare-scoring: the file is empty")

    with pytest.raises(ExecutionFailedError, match=r"ended as FAILED: States\.TaskFailed prepare-scoring") as caught:
        run(account)

    assert "docs/how-to/score.md" in caught.value.hint


def test_stage_without_the_stack_is_told_to_deploy():
    with pytest.raises(ResourcesError, match="FlightDelay-sandbox-Scoring is not deployed"):
        run(Account(deployed=False))


def test_who_no_longer_wants_to_follow_learns_that_it_goes_on():
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(ExecutionFailedError, match="no longer following the scoring of 2013-12-05; it goes on"):
        run(Account(["Prepare"]), sleep=interrupt)


@pytest.mark.parametrize("text", ["tomorrow", "2013-02-30", "2013-12-5x", ""])
def test_day_that_is_none_is_a_usage_error(text, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["score", "--day", text])

    assert stopped.value.code == 2
    assert f"{text!r} is no day; write it as 2013-12-05" in capsys.readouterr().err
