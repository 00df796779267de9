"""Run cloudwatch_alarms.json: CloudWatch's documented examples of alarm evaluation, each with its page.

A case has `datapoints` of the evaluation range, oldest first (X breaching, 0 not, - missing), the alarm's settings, and
the `state` that must come: `retained` keeps the state the alarm had. Each runs twice: against the rule alone, and with
published metrics on a local AWS whose clock is advanced.
"""

import json
from pathlib import Path

import pytest

from local_aws.cloudwatch.alarm_states import Rule, state_of
from local_aws.server import LocalAws
from local_aws.settings import Settings

FILE = Path(__file__).with_name("cloudwatch_alarms.json")
CASES = [pytest.param(case, id=case["name"]) for case in json.loads(FILE.read_text(encoding="utf-8"))]
BREACHING = {"X": True, "0": False, "-": None}
PERIOD = 60


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(Settings(root=tmp_path_factory.mktemp("alarms"))) as running:
        yield running


def is_expected(state, case, before):
    if case["state"] == "not ALARM":
        return state != "ALARM"
    return state == (before if case["state"] == "retained" else case["state"])


@pytest.mark.parametrize("case", CASES)
def test_the_rule_gives_the_documented_state(case):
    rule = Rule(case["evaluation_periods"], case["datapoints_to_alarm"], case["treat_missing_data"])

    found = state_of([BREACHING[item] for item in case["datapoints"].split()], rule)

    assert is_expected(found or "what it was", case, "what it was")


@pytest.mark.parametrize("case", CASES)
def test_an_alarm_gets_the_documented_state(aws, case, unique):
    name, clock, points = unique("alarm"), aws.plane.clock, case["datapoints"].split()
    cloudwatch = aws.clients("cloudwatch", "us-east-1")
    clock.advance(PERIOD - clock.time() % PERIOD + 1)
    for number, item in enumerate(points, 1):
        if item != "-":
            aws.plane.metrics.put("Compliance", name, 5.0 if item == "X" else 1.0, "None", {}, region="us-east-1")
        if number < len(points):
            clock.advance(PERIOD)
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="Compliance", MetricName=name, Statistic="Average", Period=PERIOD, Threshold=3,
        ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=case["evaluation_periods"],
        DatapointsToAlarm=case["datapoints_to_alarm"], TreatMissingData=case["treat_missing_data"],
    )  # fmt: skip
    clock.advance(PERIOD - clock.time() % PERIOD - 2)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="the state before")
    clock.advance(4)

    [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    cloudwatch.delete_alarms(AlarmNames=[name])

    assert is_expected(alarm["StateValue"], case, "OK")
