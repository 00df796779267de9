"""Schedules: what becomes due as local time passes."""

import datetime as dt
import json
import time
from zoneinfo import ZoneInfo

import pytest

SCHEDULER, EVENTS = "scheduler.amazonaws.com", "events.amazonaws.com"
ONCE = {"Mode": "OFF"}


@pytest.fixture
def schedule(api, unique):
    """Make a schedule: `schedule("rate(1 hour)", {…target})` → its name; it is removed at the end."""
    names = []

    def make(expression, target, **members):
        name = unique("schedule")
        given = {"FlexibleTimeWindow": ONCE, **members}
        api("scheduler").create_schedule(Name=name, ScheduleExpression=expression, Target=target, **given)
        names.append(name)
        return name

    yield make
    left = {item["Name"] for item in api("scheduler").list_schedules()["Schedules"]}
    for name in left.intersection(names):
        api("scheduler").delete_schedule(Name=name)


def test_a_rule_fires_by_its_cron_expression(aws, queue, rule):
    target = queue()
    tomorrow = aws.plane.clock.now() + dt.timedelta(days=1)
    cron = f"cron(30 6 {tomorrow.day} {tomorrow.month} ? {tomorrow.year})"
    rule_arn = rule(None, {"Arn": target.arn}, ScheduleExpression=cron)
    target.allow(EVENTS, rule_arn)

    aws.plane.clock.advance(86_400 * 2)

    (event,) = target.bodies()
    assert (event["detail-type"], event["source"], event["resources"]) == ("Scheduled Event", "aws.events", [rule_arn])
    assert event["time"] == f"{tomorrow:%Y-%m-%d}T06:30:00Z"


def test_a_rate_fires_once_per_period_while_hours_pass_at_once(aws, queue, role, schedule):
    target = queue()
    text = '{"at": "<aws.scheduler.scheduled-time>"}'
    given = {"Arn": target.arn, "RoleArn": role(SCHEDULER, "sqs:SendMessage"), "Input": text}
    start = aws.plane.clock.now() + dt.timedelta(hours=1)
    schedule("rate(1 hour)", given, StartDate=start, EndDate=start + dt.timedelta(hours=3, minutes=30))

    aws.plane.clock.advance(86_400)

    moments = sorted(body["at"] for body in target.bodies(4))
    assert moments == [f"{start + dt.timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour in range(4)]


def test_a_schedule_at_a_time_in_a_zone_starts_a_machine_once(aws, api, machine, role, schedule):
    arn = machine({"Done": {"Type": "Pass", "End": True}})
    target = {"Arn": arn, "RoleArn": role(SCHEDULER, "states:StartExecution"), "Input": '{"a": 1}'}
    moment = (aws.plane.clock.now() + dt.timedelta(hours=5)).replace(tzinfo=None, microsecond=0)
    paris = moment + dt.timedelta(hours=2) if dt_is_summer(moment) else moment + dt.timedelta(hours=1)
    name = schedule(
        f"at({paris:%Y-%m-%dT%H:%M:%S})",
        target,
        ScheduleExpressionTimezone="Europe/Paris",
        ActionAfterCompletion="DELETE",
    )

    aws.plane.clock.advance(4.9 * 3600)
    assert api("stepfunctions").list_executions(stateMachineArn=arn)["executions"] == []
    aws.plane.clock.advance(0.2 * 3600)

    (execution,) = until(lambda: api("stepfunctions").list_executions(stateMachineArn=arn)["executions"])
    described = api("stepfunctions").describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"]) == {"a": 1}
    aws.plane.clock.advance(120)
    assert name not in {item["Name"] for item in api("scheduler").list_schedules()["Schedules"]}


def test_a_universal_target_calls_any_operation(aws, api, role, schedule, unique):
    name = f"/{unique('parameter')}"
    given = {"Name": name, "Value": "x", "Type": "String"}
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:ssm:putParameter",
        "RoleArn": role(SCHEDULER, "ssm:PutParameter"),
        "Input": json.dumps(given),
    }
    schedule("rate(1 day)", target, StartDate=aws.plane.clock.now() + dt.timedelta(minutes=5))

    aws.plane.clock.advance(600)

    found = until(lambda: api("ssm").get_parameters(Names=[name])["Parameters"])
    assert found[0]["Value"] == "x"


def test_what_a_schedule_may_not_do_ends_in_its_dead_letter_queue(aws, queue, role, machine, schedule):
    dead = queue()
    target = {
        "Arn": machine({"Done": {"Type": "Pass", "End": True}}),
        "RoleArn": role(SCHEDULER),
        "DeadLetterConfig": {"Arn": dead.arn},
    }
    name = schedule("rate(1 day)", target, StartDate=aws.plane.clock.now() + dt.timedelta(minutes=5))

    aws.plane.clock.advance(600)

    (message,) = dead.messages()
    assert message["MessageAttributes"]["SCHEDULE_ARN"]["StringValue"].endswith(f"/default/{name}")


def test_an_expression_that_is_none_is_refused(api, unique):
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": "arn:aws:iam::123456789012:role/r"}
    given = {"Name": unique("schedule"), "Target": target, "FlexibleTimeWindow": ONCE}

    with pytest.raises(api("scheduler").exceptions.ValidationException, match="Mars"):
        api("scheduler").create_schedule(
            **given, ScheduleExpression="rate(1 day)", ScheduleExpressionTimezone="Mars/Olympus"
        )


def dt_is_summer(moment):
    return moment.replace(tzinfo=dt.UTC).astimezone(ZoneInfo("Europe/Paris")).utcoffset() == dt.timedelta(hours=2)


def until(found):
    end = time.monotonic() + 15
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return value
