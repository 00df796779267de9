"""Tell others what an execution does: EventBridge, CloudWatch's metrics and the log group of its machine.

Sources: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html,
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html, .../cw-logs.html
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.moto_adapters.logs import LogStream
from local_aws.store import Record

_METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
_DETAIL = (
    "executionArn",
    "stateMachineArn",
    "name",
    "status",
    "input",
    "output",
    "error",
    "cause",
    "redriveCount",
    "redriveStatus",
)
_ERRORS = ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


def status_changed(plane: DataPlane, record: Record) -> None:
    """Emit the event and the metrics of an execution's status."""
    region = record["executionArn"].split(":")[3]
    detail: dict[str, Any] = {name: record.get(name) for name in _DETAIL}
    detail |= {
        "startDate": _milliseconds(record["startDate"]),
        "stopDate": _milliseconds(record.get("stopDate")),
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if record.get("output") else None,
    }
    plane.events.emit(
        "aws.states", "Step Functions Execution Status Change", detail, [record["executionArn"]], region=region
    )
    dimensions = {"StateMachineArn": record["stateMachineArn"]}
    plane.metrics.put("AWS/States", _METRICS[record["status"]], 1, "Count", dimensions, region=region)
    if stopped := record.get("stopDate"):
        seconds = (stopped - record["startDate"]).total_seconds()
        plane.metrics.put("AWS/States", "ExecutionTime", seconds * 1000, "Milliseconds", dimensions, region=region)


def logger(plane: DataPlane, record: Record) -> Callable[[Mapping[str, Any]], None] | None:
    """Return what writes an execution's events to the log group of its machine; None where the machine logs nothing."""
    settings = record.get("_logging", {})
    level = settings.get("level", "OFF")
    groups = [item["cloudWatchLogsLogGroup"]["logGroupArn"] for item in settings.get("destinations", ())]
    if level == "OFF" or not groups:
        return None
    arn, has_data = record["executionArn"], bool(settings.get("includeExecutionData"))
    _, _, _, region, account_id, _, name, *_ = groups[0].split(":")
    stream = LogStream(
        account_id, region, name, f"states/{arn.split(':')[6]}/{record['startDate']:%Y-%m-%d-%H-%M}/{arn[-8:]}"
    )

    def log(event: Mapping[str, Any]) -> None:
        if _is_logged(level, event["type"]):
            now = int(plane.clock.time() * 1000)
            stream.write([(now, json.dumps(_line(event, arn, has_data=has_data), default=str))])

    return log


def _is_logged(level: str, kind: str) -> bool:
    if level == "ALL":
        return True
    is_error = kind in _ERRORS or kind.endswith(("Failed", "TimedOut", "Aborted"))
    return is_error if level == "ERROR" else kind in _ERRORS


def _line(event: Mapping[str, Any], arn: str, *, has_data: bool) -> dict[str, Any]:
    details: Mapping[str, Any] = next((item for name, item in event.items() if name.endswith("EventDetails")), {})
    data = {"input", "output", "parameters", "assignedVariables"}
    moment: dt.datetime = event["timestamp"]
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": {name: item for name, item in details.items() if has_data or name not in data},
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(int(moment.timestamp() * 1000)),
        "execution_arn": arn,
        "redrive_count": "0",
    }


def _milliseconds(moment: dt.datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None
