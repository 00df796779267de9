"""Answer the operations of Model Monitor's schedules and their executions."""

from collections.abc import Mapping
from typing import Any

from local_aws.errors import ResourceInUseError, ResourceNotFoundError, ValidationError
from local_aws.monitoring import engine, executions, timing
from local_aws.monitoring.definition import endpoint_of
from local_aws.monitoring.engine import KIND
from local_aws.sagemaker.listing import SortKey, cut_page, select
from local_aws.sagemaker.monitoring_job_definitions import check_parts, find_definition
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Record

_SHOWN = ("MonitoringScheduleName", "MonitoringScheduleArn", "CreationTime", "LastModifiedTime")
_NAMED = ("MonitoringJobDefinitionName", "MonitoringType")


@operation
def create_monitoring_schedule(context: Context, request: Request) -> Response:
    """Record a schedule; from then on it fires."""
    config = _checked(context, request["MonitoringScheduleConfig"])
    name, now = request["MonitoringScheduleName"], context.plane.clock.now()
    arn = context.arn(f"{KIND}/{name}")
    record = {
        "MonitoringScheduleName": name,
        "MonitoringScheduleArn": arn,
        "MonitoringScheduleStatus": "Pending",
        "MonitoringScheduleConfig": config,
        "CreationTime": now,
        "LastModifiedTime": now,
        "_tags": request.get("Tags", []),
    }
    if not context.plane.store.insert(context.key(KIND, name), record):
        raise ResourceInUseError(f"Monitoring Schedule {arn} already exists. Choose another name.")
    _begin(context, name)
    return {"MonitoringScheduleArn": arn}


@operation
def update_monitoring_schedule(context: Context, request: Request) -> Response:
    """Replace a schedule's configuration."""
    record = _find(context, request)
    config = _checked(context, request["MonitoringScheduleConfig"])
    _change(context, record["MonitoringScheduleName"], MonitoringScheduleConfig=config)
    return {"MonitoringScheduleArn": record["MonitoringScheduleArn"]}


@operation
def describe_monitoring_schedule(context: Context, request: Request) -> Response:
    """Return a schedule with its last execution."""
    record = _find(context, request)
    config = record["MonitoringScheduleConfig"]
    past = engine.executions_of(context.plane, context.key(KIND, record["MonitoringScheduleName"]))
    more = {
        "MonitoringType": config.get("MonitoringType", "DataQuality"),
        "EndpointName": endpoint_of(context, config),
        "LastMonitoringExecutionSummary": past[-1] if past else None,
    }
    return {**record, **{name: item for name, item in more.items() if item is not None}}


@operation
def list_monitoring_schedules(context: Context, request: Request) -> Response:
    """List schedules, by default by creation time, newest first."""
    records = context.plane.store.list(KIND, context.account_id, context.region)
    chosen = select(records, request, name="MonitoringScheduleName", status="MonitoringScheduleStatus")
    found = _matching([_summary(context, record) for record in chosen], request)
    page, token = cut_page(
        found,
        request,
        sort_keys=_sort_keys("MonitoringScheduleName", "MonitoringScheduleStatus"),
        sort_by="CreationTime",
        order="Descending",
    )
    return {"MonitoringScheduleSummaries": page, **token}


@operation
def start_monitoring_schedule(context: Context, request: Request) -> Response:
    """Let a stopped schedule fire again."""
    record = _find(context, request)
    if record["MonitoringScheduleStatus"] == "Stopped":
        _begin(context, record["MonitoringScheduleName"])
    return {}


@operation
def stop_monitoring_schedule(context: Context, request: Request) -> Response:
    """Let a schedule fire no more; an execution that runs goes on."""
    record = _find(context, request)
    _change(context, record["MonitoringScheduleName"], MonitoringScheduleStatus="Stopped")
    return {}


@operation
def delete_monitoring_schedule(context: Context, request: Request) -> Response:
    """Delete a schedule; the history of its executions stays."""
    record = _find(context, request)
    context.plane.store.delete(context.key(KIND, record["MonitoringScheduleName"]))
    return {}


@operation
def list_monitoring_executions(context: Context, request: Request) -> Response:
    """List executions, by default by the time for which they were scheduled, newest first."""
    records = context.plane.store.list(executions.KIND, context.account_id, context.region)
    found = select(records, request, name="MonitoringScheduleName", status="MonitoringExecutionStatus")
    for member, sign in (("ScheduledTimeAfter", 1), ("ScheduledTimeBefore", -1)):
        if bound := request.get(member):
            found = [item for item in found if sign * (item["ScheduledTime"] - bound).total_seconds() > 0]
    if name := request.get("MonitoringScheduleName"):
        found = [item for item in found if item["MonitoringScheduleName"] == name]
    page, token = cut_page(
        _matching(found, request),
        request,
        sort_keys=_sort_keys("ScheduledTime", "MonitoringExecutionStatus"),
        sort_by="ScheduledTime",
        order="Descending",
    )
    return {"MonitoringExecutionSummaries": page, **token}


def _checked(context: Context, config: Request) -> Request:
    """Return a configuration that Model Monitor takes.

    Raises:
        ValidationError: It has neither or both of a job definition's name and a definition, or a part is wrong.
        ResourceNotFoundError: The job definition does not exist.
    """
    if "ScheduleConfig" not in config:
        raise ValidationError("MonitoringScheduleConfig needs ScheduleConfig, with a ScheduleExpression.")
    timing.check(config["ScheduleConfig"])
    own, name = config.get("MonitoringJobDefinition"), config.get("MonitoringJobDefinitionName")
    if (own is None) == (name is None):
        raise ValidationError(
            "MonitoringScheduleConfig needs one of MonitoringJobDefinition and MonitoringJobDefinitionName."
        )
    if name is not None:
        if "MonitoringType" not in config:
            raise ValidationError("MonitoringType is required with MonitoringJobDefinitionName.")
        find_definition(context, config["MonitoringType"], name)
    elif own:
        given = own["MonitoringInputs"]
        check_parts(given[0] if given else {}, own["MonitoringOutputConfig"])
    return config


def _begin(context: Context, name: str) -> None:
    """Schedule a recorded schedule; one that fires once does so at once."""
    record = _change(context, name, MonitoringScheduleStatus="Scheduled")
    if record["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] == timing.NOW:
        engine.fire(context.plane, context.key(KIND, name), context.plane.clock.time())


def _change(context: Context, name: str, **fields: Any) -> Record:
    now = context.plane.clock.now()
    return context.plane.store.update(
        context.key(KIND, name), lambda record: record.update(fields, LastModifiedTime=now)
    )


def _find(context: Context, request: Request) -> Record:
    name = request["MonitoringScheduleName"]
    record = context.plane.store.get(context.key(KIND, name))
    if record is None:
        raise ResourceNotFoundError(f"Monitoring Schedule {context.arn(f'{KIND}/{name}')} does not exist.")
    return record


def _summary(context: Context, record: Record) -> Record:
    config = record["MonitoringScheduleConfig"]
    found = {name: record[name] for name in (*_SHOWN, "MonitoringScheduleStatus")}
    endpoint = endpoint_of(context, config)
    named = {name: config[name] for name in _NAMED if name in config}
    return {**found, **named, **({"EndpointName": endpoint} if endpoint else {})}


def _matching(records: list[Record], request: Mapping[str, Any]) -> list[Record]:
    wanted = {
        "EndpointName": request.get("EndpointName"),
        "MonitoringJobDefinitionName": request.get("MonitoringJobDefinitionName"),
        "MonitoringType": request.get("MonitoringTypeEquals"),
    }
    given = {name: item for name, item in wanted.items() if item is not None}
    return [record for record in records if all(record.get(name) == item for name, item in given.items())]


def _sort_keys(name: str, status: str) -> dict[str, SortKey]:
    return {
        "Name": lambda record: record[name],
        "ScheduledTime": lambda record: record.get("ScheduledTime"),
        "CreationTime": lambda record: record["CreationTime"],
        "Status": lambda record: record[status],
    }
