"""Answer CloudWatch's operations on alarms."""

import json
import uuid
from typing import Any

from local_aws.cloudwatch import alarm_events, alarms
from local_aws.cloudwatch.alarm_actions import perform
from local_aws.cloudwatch.alarm_checks import check_composite, check_metric_alarm
from local_aws.cloudwatch.alarm_states import INSUFFICIENT_DATA
from local_aws.cloudwatch.service import InvalidParameterError, Request, ResourceNotFoundError, operation
from local_aws.errors import ApiError
from local_aws.sagemaker.operations import Context
from local_aws.store import Record

_MOST_DELETED = 100
_PAGE = 50
_STATE = ("StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp", "StateTransitionedTimestamp")
_NO_ACTIONS = {"ActionsEnabled": True, "OKActions": [], "AlarmActions": [], "InsufficientDataActions": []}


class InvalidFormatError(ApiError):
    """Data that is no JSON."""

    code = "InvalidFormat"


@operation
def put_metric_alarm(context: Context, request: Request) -> dict[str, Any]:
    """Make an alarm on a metric or an expression, or replace its configuration."""
    check_metric_alarm(request)
    if "MetricName" in request:
        request = {"Dimensions": [], "_query_id": str(uuid.uuid4()), **request}
    return _put(context, request)


@operation
def put_composite_alarm(context: Context, request: Request) -> dict[str, Any]:
    """Make an alarm on other alarms, or replace its configuration."""
    check_composite(context, request)
    return _put(context, request)


def _put(context: Context, request: Request) -> dict[str, Any]:
    name, plane = request["AlarmName"], context.plane
    key, now = context.key(alarms.KIND, name), plane.clock.now()
    tags = request.pop("Tags", [])
    alarm = {
        **_NO_ACTIONS,
        **request,
        "AlarmArn": f"arn:aws:cloudwatch:{context.region}:{context.account_id}:alarm:{name}",
        "AlarmConfigurationUpdatedTimestamp": now,
    }
    old = plane.store.get(key)
    if old is not None and alarms.is_composite(old) != alarms.is_composite(alarm):
        raise InvalidParameterError(f"An alarm of another type with the name {name} exists already. Choose another.")
    kept = {field: old[field] for field in (*_STATE, "_tags") if field in old} if old else _initial(now, tags)
    record: Record = {**alarm, **kept}
    plane.store.delete(key)
    plane.store.insert(key, record)
    summary = f'Alarm "{name}" {"updated" if old else "created"}'
    kind = "Update" if old else "Create"
    configuration = json.loads(json.dumps(_public(record), default=str))
    shown = {"type": kind, f"{'updated' if old else 'created'}Alarm": configuration}
    alarms.remember(plane, key, "ConfigurationUpdate", summary, shown)
    alarm_events.configuration_changed(plane, key, kind.lower(), record, old)
    return {}


def _initial(now: Any, tags: list[Record]) -> Record:
    reason = "Unchecked: Initial alarm creation"
    times = {"StateUpdatedTimestamp": now, "StateTransitionedTimestamp": now}
    return {"StateValue": INSUFFICIENT_DATA, "StateReason": reason, **times, "_tags": tags}


@operation
def describe_alarms(context: Context, request: Request) -> dict[str, Any]:
    """Return alarms by name, prefix, state, action, or kinship with a composite alarm."""
    found = [alarm for alarm in _all(context) if _is_wanted(alarm, request)]
    found = _kin(context, request, found)
    kinds = request.get("AlarmTypes") or ["MetricAlarm"]
    if request.get("AlarmNames") or "ChildrenOfAlarmName" in request or "ParentsOfAlarmName" in request:
        kinds = request.get("AlarmTypes") or ["MetricAlarm", "CompositeAlarm"]
    found = [alarm for alarm in found if _type(alarm) in kinds]
    start, size = int(request.get("NextToken") or 0), request.get("MaxRecords", _PAGE)
    page = [_public(alarm) for alarm in found[start : start + size]]
    more = {"NextToken": str(start + size)} if start + size < len(found) else {}
    metric = [alarm for alarm in page if not alarms.is_composite(alarm)]
    return {"MetricAlarms": metric, "CompositeAlarms": [item for item in page if alarms.is_composite(item)], **more}


def _is_wanted(alarm: Record, request: Request) -> bool:
    names, prefix = request.get("AlarmNames"), request.get("AlarmNamePrefix", "")
    action = request.get("ActionPrefix", "")
    actions = [arn for name in alarms.ACTIONS.values() for arn in alarm.get(name, [])]
    return (
        (not names or alarm["AlarmName"] in names)
        and alarm["AlarmName"].startswith(prefix)
        and request.get("StateValue") in {None, alarm["StateValue"]}
        and (not action or any(arn.startswith(action) for arn in actions))
    )


def _kin(context: Context, request: Request, found: list[Record]) -> list[Record]:
    from local_aws.cloudwatch.alarm_rule import parse  # noqa: PLC0415 - only composite alarms need it

    if parent := request.get("ChildrenOfAlarmName"):
        rule = next((item["AlarmRule"] for item in _all(context) if item["AlarmName"] == parent), "FALSE")
        names = set(parse(rule).names)
        return [alarm for alarm in found if alarm["AlarmName"] in names]
    if child := request.get("ParentsOfAlarmName"):
        return [item for item in found if alarms.is_composite(item) and child in parse(item["AlarmRule"]).names]
    return found


@operation
def describe_alarms_for_metric(context: Context, request: Request) -> dict[str, Any]:
    """Return the alarms on one metric."""
    wanted = {item["Name"]: item["Value"] for item in request.get("Dimensions", [])}
    names = ("Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Period", "Unit")
    found = []
    for alarm in _all(context):
        own = {item["Name"]: item["Value"] for item in alarm.get("Dimensions", [])}
        if "MetricName" in alarm and own == wanted and all(request.get(n) in {None, alarm.get(n)} for n in names):
            found.append(_public(alarm))
    return {"MetricAlarms": found}


@operation
def describe_alarm_history(context: Context, request: Request) -> dict[str, Any]:
    """Return what happened to alarms, the newest first."""
    records = context.plane.store.list(alarms.HISTORY, context.account_id, context.region)
    items = [item for record in records for item in record["items"]]
    kinds = request.get("AlarmTypes") or ["MetricAlarm"] if "AlarmName" not in request else request.get("AlarmTypes")
    found = [
        item
        for item in items
        if request.get("AlarmName") in {None, item["AlarmName"]}
        and request.get("HistoryItemType") in {None, item["HistoryItemType"]}
        and (not kinds or item["AlarmType"] in kinds)
        and ("StartDate" not in request or item["Timestamp"] >= request["StartDate"])
        and ("EndDate" not in request or item["Timestamp"] <= request["EndDate"])
    ]
    found.sort(key=lambda item: item["Timestamp"], reverse=request.get("ScanBy") != "TimestampAscending")
    start, size = int(request.get("NextToken") or 0), request.get("MaxRecords", _PAGE)
    more = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return {"AlarmHistoryItems": found[start : start + size], **more}


@operation
def delete_alarms(context: Context, request: Request) -> dict[str, Any]:
    """Remove alarms; those that do not exist are no error, as on AWS."""
    names = request["AlarmNames"]
    if len(names) > _MOST_DELETED:
        raise InvalidParameterError(f"You can delete up to {_MOST_DELETED} alarms in one call; {len(names)} are named.")
    for name in names:
        key = context.key(alarms.KIND, name)
        if alarm := context.plane.store.get(key):
            context.plane.store.delete(key)
            alarm_events.configuration_changed(context.plane, key, "delete", alarm, None)
    return {}


@operation
def set_alarm_state(context: Context, request: Request) -> dict[str, Any]:
    """Give an alarm a state until its next evaluation, and perform that state's actions."""
    key = context.key(alarms.KIND, request["AlarmName"])
    if context.plane.store.get(key) is None:
        raise ResourceNotFoundError(f"Alarm {request['AlarmName']} does not exist.")
    data = request.get("StateReasonData")
    if data:
        try:
            json.loads(data)
        except ValueError as err:
            raise InvalidFormatError(f"StateReasonData is no JSON: {err}") from err
    old = alarms.move(context.plane, key, request["StateValue"], request["StateReason"], data)
    if old:
        perform(context.plane, key, old)
    return {}


@operation
def enable_alarm_actions(context: Context, request: Request) -> dict[str, Any]:
    """Let alarms perform their actions."""
    return _set_enabled(context, request, is_enabled=True)


@operation
def disable_alarm_actions(context: Context, request: Request) -> dict[str, Any]:
    """Let alarms change their states without actions."""
    return _set_enabled(context, request, is_enabled=False)


def _set_enabled(context: Context, request: Request, *, is_enabled: bool) -> dict[str, Any]:
    for name in request["AlarmNames"]:
        key = context.key(alarms.KIND, name)
        if context.plane.store.get(key):
            context.plane.store.update(key, lambda record: record.update(ActionsEnabled=is_enabled))
    return {}


@operation
def list_tags_for_resource(context: Context, request: Request) -> dict[str, Any]:
    """Return an alarm's tags."""
    return {"Tags": _tagged(context, request)[1]}


@operation
def tag_resource(context: Context, request: Request) -> dict[str, Any]:
    """Add tags to an alarm."""
    name, old = _tagged(context, request)
    new = {tag["Key"] for tag in request["Tags"]}
    tags = [*(tag for tag in old if tag["Key"] not in new), *request["Tags"]]
    context.plane.store.update(context.key(alarms.KIND, name), lambda record: record.update(_tags=tags))
    return {}


@operation
def untag_resource(context: Context, request: Request) -> dict[str, Any]:
    """Remove tags from an alarm."""
    name, old = _tagged(context, request)
    tags = [tag for tag in old if tag["Key"] not in request["TagKeys"]]
    context.plane.store.update(context.key(alarms.KIND, name), lambda record: record.update(_tags=tags))
    return {}


def _tagged(context: Context, request: Request) -> tuple[str, list[Record]]:
    name = request["ResourceARN"].partition(":alarm:")[2]
    alarm = context.plane.store.get(context.key(alarms.KIND, name))
    if alarm is None:
        raise ResourceNotFoundError(f"{request['ResourceARN']} does not exist.")
    return name, list(alarm.get("_tags", []))


def _all(context: Context) -> list[Record]:
    found = context.plane.store.list(alarms.KIND, context.account_id, context.region)
    return sorted(found, key=lambda alarm: alarm["AlarmName"])


def _type(alarm: Record) -> str:
    return "CompositeAlarm" if alarms.is_composite(alarm) else "MetricAlarm"


def _public(alarm: Record) -> Record:
    return {name: value for name, value in alarm.items() if not name.startswith("_")}
