"""The permissions that calls of Step Functions, EventBridge, its Scheduler, SNS and SQS take."""

import json

import pytest

from local_aws.iam.call_requirements import requirements_of
from local_aws.iam.calls import Call
from local_aws.iam.requirements import Place

PLACE = Place("123456789012", "us-east-1")
ROLE = "arn:aws:iam::123456789012:role/own"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
RUN = "arn:aws:states:us-east-1:123456789012:execution:m:run"
TOPIC = "arn:aws:sns:us-east-1:123456789012:topic"


def needed(service, operation, **parameters):
    found = requirements_of(Call(service, operation, parameters, {}), PLACE, lambda _: 0)
    return [
        (item.action, item.resource.removeprefix("arn:aws:").replace("us-east-1:123456789012:", "")) for item in found
    ]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        (
            "states",
            "StartExecution",
            {"stateMachineArn": MACHINE},
            [("states:StartExecution", "states:stateMachine:m")],
        ),
        ("states", "StopExecution", {"executionArn": RUN}, [("states:StopExecution", "states:execution:m:run")]),
        (
            "states",
            "GetExecutionHistory",
            {"executionArn": RUN},
            [("states:GetExecutionHistory", "states:execution:m:run")],
        ),
        (
            "states",
            "ListExecutions",
            {"stateMachineArn": MACHINE},
            [("states:ListExecutions", "states:stateMachine:m")],
        ),
        ("states", "SendTaskSuccess", {"taskToken": "t"}, [("states:SendTaskSuccess", "*")]),
        (
            "states",
            "CreateStateMachine",
            {"name": "m", "roleArn": ROLE, "tags": [{"key": "a", "value": "b"}]},
            [
                ("states:CreateStateMachine", "states:stateMachine:m"),
                ("states:TagResource", "states:stateMachine:m"),
                ("iam:PassRole", "iam::123456789012:role/own"),
            ],
        ),
        ("events", "PutRule", {"Name": "r"}, [("events:PutRule", "events:rule/r")]),
        ("events", "DescribeRule", {"Name": "r", "EventBusName": "b"}, [("events:DescribeRule", "events:rule/b/r")]),
        ("events", "CreateEventBus", {"Name": "b"}, [("events:CreateEventBus", "events:event-bus/b")]),
        ("events", "PutEvents", {"Entries": [{"Source": "s"}]}, [("events:PutEvents", "events:event-bus/default")]),
        (
            "events",
            "PutTargets",
            {"Rule": "r", "Targets": [{"Arn": MACHINE, "RoleArn": ROLE}]},
            [("events:PutTargets", "events:rule/r"), ("iam:PassRole", "iam::123456789012:role/own")],
        ),
        (
            "scheduler",
            "CreateSchedule",
            {"Name": "s", "GroupName": "g", "Target": {"Arn": MACHINE, "RoleArn": ROLE}},
            [("scheduler:CreateSchedule", "scheduler:schedule/g/s"), ("iam:PassRole", "iam::123456789012:role/own")],
        ),
        ("scheduler", "GetSchedule", {"Name": "s"}, [("scheduler:GetSchedule", "scheduler:schedule/default/s")]),
        ("sns", "Publish", {"TopicArn": TOPIC}, [("sns:Publish", "sns:topic")]),
        ("sns", "CreateTopic", {"Name": "topic"}, [("sns:CreateTopic", "sns:topic")]),
        ("sns", "Unsubscribe", {"SubscriptionArn": f"{TOPIC}:1-2"}, [("sns:Unsubscribe", "sns:topic")]),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "http://127.0.0.1:1/123456789012/q"},
            [("sqs:SendMessage", "sqs:q")],
        ),
        (
            "sqs",
            "CreateQueue",
            {"QueueName": "q", "tags": {"a": "b"}},
            [("sqs:CreateQueue", "sqs:q"), ("sqs:TagQueue", "sqs:q")],
        ),
    ],
)
def test_a_call_takes(service, operation, parameters, expected):
    assert needed(service, operation, **parameters) == expected


def test_a_rule_shows_the_sources_of_its_pattern_to_conditions():
    pattern = json.dumps({"source": ["aws.sagemaker", {"prefix": "x"}], "detail-type": ["Kind"]})

    (found,) = requirements_of(
        Call("events", "PutRule", {"Name": "r", "EventPattern": pattern}, {}), PLACE, lambda _: 0
    )

    assert found.context == {"events:source": ["aws.sagemaker"], "events:detail-type": ["Kind"]}


def test_a_role_of_a_schedule_is_passed_to_the_scheduler():
    call = Call("scheduler", "UpdateSchedule", {"Name": "s", "Target": {"RoleArn": ROLE}}, {})

    assert requirements_of(call, PLACE, lambda _: 0)[-1].context == {"iam:PassedToService": "scheduler.amazonaws.com"}
