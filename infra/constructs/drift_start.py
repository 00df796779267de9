"""Start the machine that retrains when a monitor has found drift: ours by alarms, Model Monitor's by events."""

from collections.abc import Sequence

from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.event_start import EventStart


def start_on_alarms(scope: Construct, *, alarm_arns: Sequence[str], machine_arn: str, lost: sns.ITopic) -> EventStart:
    """Start the machine with the alarm's name, reason and time when one of the alarms begins to ring."""
    return EventStart(
        scope,
        "Drift",
        description="A monitor of the champion found drift",
        machine_arn=machine_arn,
        alarms=lost,
        pattern={
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "resources": list(alarm_arns),
            "detail": {"state": {"value": ["ALARM"]}},
        },
        paths={"alarm": "$.detail.alarmName", "why": "$.detail.state.reason", "at": "$.time"},
        template='{"alarm": <alarm>, "why": <why>, "at": <at>}',
    )


def start_on_violations(
    scope: Construct, *, schedule_arns: Sequence[str], machine_arn: str, lost: sns.ITopic
) -> EventStart:
    """Start the machine with the schedule's ARN when one of Model Monitor's jobs found violations.

    Model Monitor has no metric of its violations: the job says so when it ends.
    """
    return EventStart(
        scope,
        "Drift",
        description="Model Monitor found violations",
        machine_arn=machine_arn,
        alarms=lost,
        pattern={
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Processing Job State Change"],
            "detail": {
                "MonitoringScheduleArn": list(schedule_arns),
                "ExitMessage": [{"prefix": "CompletedWithViolations"}],
            },
        },
        paths={"alarm": "$.detail.MonitoringScheduleArn", "why": "$.detail.ExitMessage", "at": "$.time"},
        template='{"alarm": <alarm>, "why": <why>, "at": <at>}',
    )
