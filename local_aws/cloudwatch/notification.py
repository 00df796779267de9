"""Write the message that an alarm publishes to an SNS topic."""

import json
from typing import Any

from local_aws.cloudwatch.timestamps import in_data
from local_aws.store import Key, Record

_REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
}
_STATISTICS = {
    "Average": "AVERAGE",
    "Maximum": "MAXIMUM",
    "Minimum": "MINIMUM",
    "SampleCount": "SAMPLE_COUNT",
    "Sum": "SUM",
}
_MOST_SUBJECT = 100


def subject(alarm: Record, region: str) -> str:
    """Return the subject, which SNS limits to 100 characters."""
    return f'{alarm["StateValue"]}: "{alarm["AlarmName"]}" in {_REGIONS.get(region, region)}'[:_MOST_SUBJECT]


def message(alarm: Record, old: Record, key: Key) -> str:
    """Return the message, a JSON object."""
    shown: dict[str, Any] = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": key.account_id,
        "AlarmConfigurationUpdatedTimestamp": _time(alarm, "AlarmConfigurationUpdatedTimestamp"),
        "NewStateValue": alarm["StateValue"],
        "NewStateReason": alarm["StateReason"],
        "StateChangeTime": _time(alarm, "StateUpdatedTimestamp"),
        "Region": _REGIONS.get(key.region, key.region),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old["StateValue"],
        **{name: alarm[name] for name in ("OKActions", "AlarmActions", "InsufficientDataActions")},
    }
    if "AlarmRule" in alarm:
        data = json.loads(alarm.get("StateReasonData", "{}"))
        children = [
            {"Arn": item["arn"], "State": {"Value": item["state"]["value"], "Timestamp": item["state"]["timestamp"]}}
            for item in data.get("triggeringAlarms", [])
        ]
        return json.dumps({**shown, "AlarmRule": alarm["AlarmRule"], "TriggeringChildren": children})
    return json.dumps({**shown, "Trigger": _trigger(alarm)})


def _trigger(alarm: Record) -> dict[str, Any]:
    trigger: dict[str, Any] = {
        "Period": alarm.get("Period"),
        "EvaluationPeriods": alarm["EvaluationPeriods"],
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]),
        "ComparisonOperator": alarm["ComparisonOperator"],
        "Threshold": alarm["Threshold"],
        "TreatMissingData": alarm.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile", ""),
    }
    if "Metrics" in alarm:
        return {**trigger, "Metrics": alarm["Metrics"]}
    is_simple = "Statistic" in alarm
    dimensions = [{"value": item["Value"], "name": item["Name"]} for item in alarm["Dimensions"]]
    return {
        "MetricName": alarm["MetricName"],
        "Namespace": alarm["Namespace"],
        "StatisticType": "Statistic" if is_simple else "ExtendedStatistic",
        **({"Statistic": _STATISTICS[alarm["Statistic"]]} if is_simple else {}),
        **({} if is_simple else {"ExtendedStatistic": alarm["ExtendedStatistic"]}),
        "Unit": alarm.get("Unit"),
        "Dimensions": dimensions,
        **trigger,
    }


def _time(alarm: Record, name: str) -> str:
    return in_data(alarm[name].timestamp())
