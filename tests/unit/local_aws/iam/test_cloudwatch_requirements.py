"""Calls of CloudWatch take the permissions that AWS checks."""

import pytest

from local_aws.iam.call_requirements import requirements_of
from local_aws.iam.calls import Call
from local_aws.iam.requirements import Place

PLACE = Place("123456789012", "us-east-1")
ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"


def needed(operation, **given):
    found = requirements_of(Call("cloudwatch", operation, given, {}), PLACE, lambda _: 0)
    return [(item.action.partition(":")[2], item.resource, dict(item.context)) for item in found]


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        ("PutMetricData", {"Namespace": "n"}, [("PutMetricData", "*", {"cloudwatch:namespace": "n"})]),
        ("GetMetricData", {}, [("GetMetricData", "*", {})]),
        ("DescribeAlarms", {"AlarmNames": ["a", "b"]}, [("DescribeAlarms", ALARM + name, {}) for name in "ab"]),
        ("DescribeAlarms", {"AlarmNamePrefix": "a"}, [("DescribeAlarms", f"{ALARM}*", {})]),
        ("SetAlarmState", {"AlarmName": "a", "StateValue": "OK"}, [("SetAlarmState", f"{ALARM}a", {})]),
        (
            "DeleteDashboards",
            {"DashboardNames": ["d"]},
            [("DeleteDashboards", "arn:aws:cloudwatch::123456789012:dashboard/d", {})],
        ),
        ("ListDashboards", {}, [("ListDashboards", "*", {})]),
    ],
)
def test_a_call_takes_its_permission_on_what_it_names(operation, given, expected):
    assert needed(operation, **given) == expected


def test_an_alarm_with_actions_and_tags_takes_more():
    tags = {"aws:RequestTag/team": "a", "aws:TagKeys": ["team"]}

    found = needed("PutMetricAlarm", AlarmName="a", AlarmActions=["topic"], Tags=[{"Key": "team", "Value": "a"}])

    assert found == [
        ("PutMetricAlarm", f"{ALARM}a", {**tags, "cloudwatch:AlarmActions": ["topic"]}),
        ("TagResource", f"{ALARM}a", tags),
    ]
