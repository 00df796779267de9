"""Fire monitoring schedules when they are due by the local clock."""

import datetime as dt
import weakref
from collections.abc import Iterator

from local_aws.data_plane import DataPlane
from local_aws.jobs.failures import SERVER_STOPPED
from local_aws.monitoring import executions
from local_aws.monitoring.definition import endpoint_of
from local_aws.monitoring.timing import HOUR, NOW, Timing
from local_aws.sagemaker.operations import Context
from local_aws.store import Key, Record

KIND = "monitoring-schedule"
_TURNS: weakref.WeakKeyDictionary[object, executions.Turns] = weakref.WeakKeyDictionary()


def start(plane: DataPlane) -> None:
    """Fire from now on, and go on with the executions that waited when the server ended."""
    for key in list(plane.store.keys()):
        record = plane.store.get(key) if key.kind == executions.KIND else None
        if record and record["MonitoringExecutionStatus"] == "InProgress":
            executions.change(plane, key, MonitoringExecutionStatus="Failed", FailureReason=SERVER_STOPPED)
        if record and record["MonitoringExecutionStatus"] == "Pending":
            _work(plane, _schedule_key(key, record))
    plane.clock.every(HOUR, "monitoring-schedules", lambda: _fire_due(plane))


def fire(plane: DataPlane, key: Key, moment: float) -> None:
    """Add an execution of a schedule and let it run, after those that wait."""
    schedule = plane.store.get(key)
    if schedule is None:
        return
    now, config = plane.clock.now(), schedule["MonitoringScheduleConfig"]
    named = ("MonitoringJobDefinitionName", "MonitoringType")
    context = Context(key.account_id, key.region, plane)
    record = {
        "MonitoringScheduleName": key.name,
        "ScheduledTime": dt.datetime.fromtimestamp(moment, dt.UTC),
        "CreationTime": now,
        "LastModifiedTime": now,
        "MonitoringExecutionStatus": "Pending",
        "EndpointName": endpoint_of(context, config),
        **{name: config[name] for name in named if name in config},
    }
    known = {name: value for name, value in record.items() if value is not None}
    if plane.store.insert(_execution_key(key, moment), known):
        _work(plane, key)


def executions_of(plane: DataPlane, schedule: Key) -> list[Record]:
    """Return the executions of a schedule, the oldest first."""
    found = plane.store.list(executions.KIND, schedule.account_id, schedule.region)
    mine = (record for record in found if record["MonitoringScheduleName"] == schedule.name)
    return sorted(mine, key=lambda record: record["ScheduledTime"])


def _fire_due(plane: DataPlane) -> None:
    moment = plane.clock.time() // HOUR * HOUR
    for key in list(_schedules(plane)):
        record = plane.store.get(key)
        if record and record["MonitoringScheduleStatus"] == "Scheduled":
            expression = record["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"]
            if Timing.parse(expression).is_due(moment):
                fire(plane, key, moment)


def _schedules(plane: DataPlane) -> Iterator[Key]:
    return (key for key in plane.store.keys() if key.kind == KIND)  # noqa: SIM118 - a store is no dict


def _execution_key(schedule: Key, moment: float) -> Key:
    return Key(executions.KIND, f"{schedule.name}/{moment:.3f}", schedule.account_id, schedule.region)


def _schedule_key(key: Key, record: Record) -> Key:
    return Key(KIND, record["MonitoringScheduleName"], key.account_id, key.region)


def _work(plane: DataPlane, schedule: Key) -> None:
    """Run what waits, on a thread of its own, unless one does already."""
    turns = _TURNS.setdefault(plane.store, executions.Turns())

    def work() -> None:
        while (waiting := _next(plane, schedule)) and turns.take(schedule):
            try:
                _run_all(plane, schedule, waiting)
            finally:
                turns.give_back(schedule)

    plane.spawn(f"monitoring-{schedule.name}", work)


def _run_all(plane: DataPlane, schedule: Key, waiting: Key | None) -> None:
    while waiting:
        record = plane.store.get(schedule)
        if record is None:
            executions.change(plane, waiting, MonitoringExecutionStatus="Stopped")
        else:
            executions.run(plane, waiting, record)
            if record["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] == NOW:
                executions.change(plane, schedule, MonitoringScheduleStatus="Stopped")
        waiting = _next(plane, schedule)


def _next(plane: DataPlane, schedule: Key) -> Key | None:
    """Return the oldest execution of a schedule that waits."""
    for record in executions_of(plane, schedule):
        if record["MonitoringExecutionStatus"] == "Pending":
            return _execution_key(schedule, record["ScheduledTime"].timestamp())
    return None
