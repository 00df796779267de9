"""Run executions: start, end, stop, redrive, and go on with them after a restart."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.errors import ApiError
from local_aws.iam import service_roles
from local_aws.step_functions import notices
from local_aws.step_functions.errors import RUNTIME, InterruptedFlowError, StatesError
from local_aws.step_functions.flow import run_flow
from local_aws.step_functions.history import History, payload
from local_aws.step_functions.records import EXECUTION, RUNNING
from local_aws.step_functions.run import Branch, Run, Stop
from local_aws.step_functions.timestamps import text_of
from local_aws.store import Key, Record

_LOG = logging.getLogger(__name__)
_TIMED_OUT = "States.Timeout"


def start(plane: DataPlane, key: Key) -> None:
    """Run an execution whose record has just been inserted, on a thread of its own."""
    record = plane.store.get(key) or {}
    run = _opened(plane, key, record)
    entry = {**payload("input", json.loads(record["input"])), "roleArn": run.role_arn}
    first = run.history.add("ExecutionStarted", 0, plane.clock.now(), entry)
    notices.status_changed(plane, record)
    plane.spawn(record["name"], lambda: _run(run, record, first))


def redrive(plane: DataPlane, key: Key) -> None:
    """Run an execution again from the state in which it ended; its record says RUNNING already."""
    record = plane.store.get(key) or {}
    run = _opened(plane, key, record)
    previous = run.history.add("ExecutionRedriven", 0, plane.clock.now(), {"redriveCount": record["redriveCount"]})
    notices.status_changed(plane, record)
    plane.spawn(record["name"], lambda: _run(run, record, previous, again=True))


def resume_all(plane: DataPlane) -> None:
    """Go on with every execution that ran when the last local AWS ended."""
    for key in plane.store.keys():  # noqa: SIM118 - a store is no dict
        if key.kind != EXECUTION:
            continue
        record = plane.store.get(key)
        if record and record["status"] == RUNNING:
            run = _opened(plane, key, record)
            plane.spawn(record["name"], lambda run=run, record=record: _run(run, record, 0))  # type: ignore[misc]


def run_here(plane: DataPlane, key: Key) -> None:
    """Run an execution to its end on this thread."""
    record = plane.store.get(key) or {}
    run = _opened(plane, key, record)
    _run(run, record, run.history.add("ExecutionStarted", 0, plane.clock.now(), payload("input", None)))


def end(plane: DataPlane, key: Key, status: str, **members: Any) -> Record | None:
    """Set how a running execution ended; return None where it has ended before."""
    ended = []

    def change(record: Record) -> None:
        if record["status"] == RUNNING:
            record.update(members, status=status, stopDate=plane.clock.now())
            ended.append(True)

    record = plane.store.update(key, change)
    if not ended:
        return None
    notices.status_changed(plane, record)
    return record


class _Handle:
    """What StopExecution and the end of the local AWS reach of a run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def suspend(self) -> None:
        self._run.suspend()

    def abort(self) -> None:
        self._run.history.close()
        self._run.stop.set()


def _opened(plane: DataPlane, key: Key, record: Record) -> Run:
    definition = json.loads(record["_definition"])
    run = Run(
        plane,
        key,
        record["_role_arn"],
        record["stateMachineArn"],
        definition,
        History(plane.store, key, notices.logger(plane, record)),
        Stop(),
    )
    if "TimeoutSeconds" in definition:
        run.deadline = record["_started"] + definition["TimeoutSeconds"]
    plane.executions.add(key, _Handle(run))
    return run


def _context(record: Mapping[str, Any]) -> dict[str, Any]:
    machine = str(record["stateMachineArn"])
    execution = {
        "Id": record["executionArn"],
        "Input": json.loads(record["input"]),
        "StartTime": text_of(record["startDate"]),
        "Name": record["name"],
        "RoleArn": record["_role_arn"],
        "RedriveCount": record["redriveCount"],
    }
    return {"Execution": execution, "StateMachine": {"Id": machine, "Name": machine.rpartition(":")[2]}}


def _run(run: Run, record: Record, previous: int, *, again: bool = False) -> None:
    branch = Branch(run, _context(record), previous=previous, stop=run.stop, is_main=True)
    value, state = json.loads(record["input"]), None
    if position := record.get("_position"):
        value, state = position["input"], position["state"]
        branch.variables = dict(position["variables"])
        if not again:
            branch.previous, branch.resumed = position["previous"], position
    try:
        _conclude(run, branch, value, state)
    finally:
        run.plane.executions.remove(run.key)


def _conclude(run: Run, branch: Branch, value: Any, state: str | None) -> None:
    """Run the main flow and record its end."""
    try:
        service_roles.check_trust(run.plane, run.role_arn, "states.amazonaws.com", run.machine_arn)
        output = run_flow(branch, run.definition, value, state)
    except InterruptedFlowError:
        if run.is_timed_out and not run.is_suspended:
            _ended(run, branch, "TIMED_OUT", {})
    except StatesError as err:
        _ended(run, branch, "FAILED", _shown(err))
    except ApiError as err:
        _ended(run, branch, "FAILED", {"error": "States.Permissions", "cause": err.message})
    except Exception as err:  # noqa: BLE001 - the boundary of the execution
        _LOG.exception("execution %s crashed", run.key.name)
        _ended(run, branch, "FAILED", {"error": RUNTIME, "cause": f"The local AWS failed: {type(err).__name__}: {err}"})
    else:
        _ended(run, branch, "SUCCEEDED", payload("output", output))


def _shown(error: StatesError) -> dict[str, str]:
    members = {"error": error.name, "cause": error.cause}
    return {name: text for name, text in members.items() if text}


_EVENTS = {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed", "TIMED_OUT": "ExecutionTimedOut"}


def _ended(run: Run, branch: Branch, status: str, members: Mapping[str, Any]) -> None:
    if run.is_suspended:
        return
    kept = {name: value for name, value in members.items() if name != "outputDetails"}
    more = {"outputDetails": {"included": True}} if "output" in kept else {}
    branch.event(_EVENTS[status], members)
    run.history.close()
    end(run.plane, run.key, status, **kept, **more)
