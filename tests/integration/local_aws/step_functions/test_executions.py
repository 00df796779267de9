"""Executions of state machines: names, stops, timeouts, redrives, histories, and what a restart leaves."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from local_aws.server import LocalAws
from local_aws.settings import Settings

PASS = {"Type": "Pass", "End": True}
HOUR = {"Type": "Wait", "Seconds": 3600, "Next": "Done"}


def test_a_wait_lasts_local_time_and_shows_in_the_context(aws, machine, start):
    done = {
        "Type": "Pass",
        "Parameters": {"at.$": "$$.State.EnteredTime", "from.$": "$$.Execution.StartTime"},
        "End": True,
    }
    execution = start(machine({"Pause": HOUR, "Done": done}))
    execution.until_event("WaitStateEntered")

    aws.plane.clock.advance(3601)

    output = execution.output()
    assert output["at"] > output["from"]
    assert (execution.described()["stopDate"] - execution.described()["startDate"]).total_seconds() >= 3600


def test_the_same_name_and_input_is_the_same_execution_while_it_runs(api, machine, start):
    arn = machine({"Pause": HOUR, "Done": PASS})
    first = start(arn, {"a": 1}, name="once")

    again = start(arn, {"a": 1}, name="once")

    assert again.arn == first.arn
    with pytest.raises(api("stepfunctions").exceptions.ExecutionAlreadyExists):
        start(arn, {"a": 2}, name="once")


def test_a_name_is_not_given_twice(api, machine, start):
    arn = machine({"Done": PASS})
    start(arn, name="once").ended()

    with pytest.raises(api("stepfunctions").exceptions.ExecutionAlreadyExists):
        start(arn, name="once")


def test_a_stopped_execution_is_aborted_with_its_reason(api, machine, start):
    execution = start(machine({"Pause": HOUR, "Done": PASS}))
    execution.until_event("WaitStateEntered")

    api("stepfunctions").stop_execution(executionArn=execution.arn, error="Superseded", cause="by v8")

    ended = execution.ended()
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Superseded", "by v8")
    assert execution.kinds()[-1] == "ExecutionAborted"


def test_the_time_of_a_machine_can_be_over(aws, machine, start):
    execution = start(machine({"Pause": HOUR, "Done": PASS}, definition={"TimeoutSeconds": 60}))
    execution.until_event("WaitStateEntered")

    aws.plane.clock.advance(61)

    assert execution.ended()["status"] == "TIMED_OUT"
    assert execution.kinds()[-1] == "ExecutionTimedOut"


def test_a_redrive_goes_on_from_the_state_that_failed(api, machine, start, stored):
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket.$": "$.Bucket", "Key.$": "$.Key"},
        "End": True,
    }
    arn = machine({"First": {"Type": "Pass", "Next": "Get"}, "Get": state}, "s3:GetObject")
    place = stored(None)
    execution = start(arn, place)
    assert execution.ended()["status"] == "FAILED"
    api("s3").put_object(**place, Body=b"there")

    api("stepfunctions").redrive_execution(executionArn=execution.arn)

    assert execution.output()["Body"] == "there"
    assert execution.kinds().count("PassStateEntered") == 1
    assert execution.described()["redriveCount"] == 1


def test_what_states_hand_on_has_a_limit(machine, start):
    partition = {"Type": "Pass", "Parameters": {"l.$": "States.ArrayRange(1, 999, 1)"}, "Next": "Many"}
    flow = {"StartAt": "Do", "States": {"Do": {"Type": "Pass", "InputPath": "$$.Execution.Input", "End": True}}}
    many = {"Type": "Map", "ItemsPath": "$.l", "ItemProcessor": flow, "End": True}

    ended = start(machine({"List": partition, "Many": many}), {"text": "x" * 300}).ended()

    assert ended["error"] == "States.DataLimitExceeded"


def test_a_name_has_no_special_characters(api, machine, start):
    with pytest.raises(api("stepfunctions").exceptions.InvalidName):
        start(machine({"Done": PASS}), name="a b")


def test_executions_are_listed_by_status(api, machine, start):
    arn = machine(
        {
            "Which": {"Type": "Choice", "Choices": [{"Variable": "$.ok", "BooleanEquals": True, "Next": "Done"}]},
            "Done": PASS,
        }
    )
    good, bad = start(arn, {"ok": True}), start(arn, {"ok": False})
    good.ended()
    assert bad.ended()["error"] == "States.NoChoiceMatched"

    listed = api("stepfunctions").list_executions(stateMachineArn=arn, statusFilter="FAILED")["executions"]

    assert [item["executionArn"] for item in listed] == [bad.arn]


def test_a_history_comes_in_pages_and_reversed(api, machine, start):
    arn = machine({"A": {"Type": "Pass", "Next": "B"}, "B": PASS})
    execution = start(arn)
    execution.ended()

    pages = (
        api("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution.arn, maxResults=2)
    )
    numbers = [event["id"] for page in pages for event in page["events"]]
    last = api("stepfunctions").get_execution_history(executionArn=execution.arn, reverseOrder=True)["events"][0]

    assert numbers == [1, 2, 3, 4, 5, 6]
    assert last["type"] == "ExecutionSucceeded"


@pytest.mark.parametrize(
    ("states", "problem"),
    [
        ({"A": {"Type": "Pass", "Next": "B"}}, "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next"),
        ({"A": PASS, "B": PASS}, 'UNREACHABLE_STATE: State "B" is not reachable at /States/B'),
        ({"A": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:nope", "End": True}}, "has no action 'nope'"),
        ({"A": {"Type": "Wait", "End": True}}, "Exactly one of these fields is required: [Seconds"),
        ({"A": {"Type": "Pass", "InputPath": "x", "End": True}}, "Value is not a valid JSONPath"),
    ],
)
def test_a_definition_that_cannot_run_is_refused(machine, states, problem):
    with pytest.raises(ClientError) as caught:
        machine(states)

    assert caught.value.response["Error"]["Code"] == "InvalidDefinition"
    assert problem in caught.value.response["Error"]["Message"]


def test_an_error_of_a_branch_ends_the_others_and_can_be_caught(machine, start):
    slow = {"StartAt": "Pause", "States": {"Pause": {**HOUR, "Next": "Done"}, "Done": PASS}}
    bad = {"StartAt": "Bad", "States": {"Bad": {"Type": "Fail", "Error": "Mine", "Cause": "no"}}}
    catch = [{"ErrorEquals": ["Mine"], "ResultPath": "$.why", "Next": "Done"}]
    arn = machine({"Both": {"Type": "Parallel", "Branches": [slow, bad], "Catch": catch, "Next": "Done"}, "Done": PASS})

    assert start(arn).output() == {"why": {"Error": "Mine", "Cause": "no"}}


def test_a_map_runs_the_same_states_for_every_item(machine, start):
    template = {"item.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index", "all.$": "$.name"}
    flow = {"StartAt": "Do", "States": {"Do": PASS}}
    state = {
        "Type": "Map",
        "ItemsPath": "$.list",
        "ItemSelector": template,
        "ItemProcessor": flow,
        "MaxConcurrency": 1,
        "End": True,
    }

    output = start(machine({"Each": state}), {"list": ["a", "b"], "name": "x"}).output()

    assert output == [{"item": "a", "at": 0, "all": "x"}, {"item": "b", "at": 1, "all": "x"}]


def test_an_execution_goes_on_after_a_restart(tmp_path, unique):
    settings = Settings(root=tmp_path, is_persistent=True)
    name = unique("machine")
    remember = {"Type": "Pass", "Assign": {"seen.$": "$.a"}, "Next": "Pause"}
    done = {"Type": "Pass", "Parameters": {"seen.$": "$seen"}, "End": True}
    definition = {"StartAt": "Remember", "States": {"Remember": remember, "Pause": HOUR, "Done": done}}
    with LocalAws(settings) as aws:
        states = aws.boto3_session().client("stepfunctions")
        role = "arn:aws:iam::123456789012:role/machine"
        arn = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)["stateMachineArn"]
        execution = states.start_execution(stateMachineArn=arn, input='{"a": 1}')["executionArn"]
        wait(lambda: len(states.get_execution_history(executionArn=execution)["events"]) == 4)

    with LocalAws(settings) as aws:
        states = aws.boto3_session().client("stepfunctions")
        assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
        wait(lambda: aws.plane.executions.count == 1)
        aws.plane.clock.advance(3601)
        wait(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")

        assert json.loads(states.describe_execution(executionArn=execution)["output"]) == {"seen": 1}
        kinds = [event["type"] for event in states.get_execution_history(executionArn=execution)["events"]]
        assert kinds.count("WaitStateEntered") == 1


def wait(is_so):
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
