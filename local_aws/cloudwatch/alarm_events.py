"""Emit the EventBridge events of alarms.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html.
"""

from typing import TYPE_CHECKING, Any

from local_aws.cloudwatch.timestamps import in_data
from local_aws.store import Key, Record

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

_SOURCE = "aws.cloudwatch"


def state_changed(plane: "DataPlane", key: Key, old: Record, new: Record) -> None:
    """Tell that an alarm's state has changed."""
    detail = {
        "alarmName": key.name,
        "state": _state(new),
        "previousState": _state(old),
        "configuration": _configuration(new),
    }
    plane.events.emit(_SOURCE, "CloudWatch Alarm State Change", detail, [new["AlarmArn"]], region=key.region)


def configuration_changed(plane: "DataPlane", key: Key, operation: str, alarm: Record, old: Record | None) -> None:
    """Tell that an alarm was made, changed or removed: `create`, `update` or `delete`."""
    detail: dict[str, Any] = {
        "alarmName": key.name,
        "operation": operation,
        "state": {"value": alarm["StateValue"], "timestamp": _time(alarm)},
        "configuration": _full_configuration(alarm),
    }
    if old:
        detail["previousConfiguration"] = _full_configuration(old)
    name = "CloudWatch Alarm Configuration Change"
    plane.events.emit(_SOURCE, name, detail, [alarm["AlarmArn"]], region=key.region)


def _state(alarm: Record) -> dict[str, Any]:
    state = {"value": alarm["StateValue"], "reason": alarm["StateReason"], "timestamp": _time(alarm)}
    optional = {
        "reasonData": alarm.get("StateReasonData"),
        "actionsSuppressedBy": alarm.get("ActionsSuppressedBy"),
        "actionsSuppressedReason": alarm.get("ActionsSuppressedReason"),
    }
    return {**state, **{name: value for name, value in optional.items() if value}}


def _time(alarm: Record) -> str:
    return in_data(alarm["StateUpdatedTimestamp"].timestamp())


def _configuration(alarm: Record) -> dict[str, Any]:
    found: dict[str, Any] = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if "AlarmRule" in alarm:
        names = ("AlarmRule", "ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")
        return {**found, **{_camel(name): alarm[name] for name in names if name in alarm}}
    return {**found, "metrics": [_metric(query) for query in _queries(alarm)]}


def _full_configuration(alarm: Record) -> dict[str, Any]:
    names = (
        *("EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData"),
        *("ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions"),
    )
    rest = {("okActions" if name == "OKActions" else _camel(name)): alarm[name] for name in names if name in alarm}
    changed = in_data(alarm["AlarmConfigurationUpdatedTimestamp"].timestamp())
    return {**rest, **_configuration(alarm), "alarmName": alarm["AlarmName"], "timestamp": changed}


def _queries(alarm: Record) -> list[Record]:
    if "Metrics" in alarm:
        return list(alarm["Metrics"])
    names = ("Namespace", "MetricName", "Dimensions")
    metric = {name: alarm[name] for name in names if name in alarm}
    stat = {"Metric": metric, "Period": alarm["Period"], "Stat": alarm.get("Statistic", alarm.get("ExtendedStatistic"))}
    return [{"Id": alarm["_query_id"], "MetricStat": stat, "ReturnData": True}]


def _metric(query: Record) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    shown |= {_camel(name): query[name] for name in ("Expression", "Label", "Period") if name in query}
    if "MetricStat" in query:
        stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
        dimensions = {item["Name"]: item["Value"] for item in metric.get("Dimensions", [])}
        names = {"namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions}
        shown["metricStat"] = {"metric": names, "period": stat["Period"], "stat": stat["Stat"]}
    return shown


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
