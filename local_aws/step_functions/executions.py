"""Answer the operations of executions and task tokens."""

import json
import uuid

from local_aws.sagemaker.operations import Context
from local_aws.step_functions import execution, history, machines
from local_aws.step_functions.errors import states_api_error
from local_aws.step_functions.operations import Request, Response, checked_name, operation, page
from local_aws.step_functions.records import EXECUTION, RUNNING, execution_arn, execution_key
from local_aws.step_functions.tasks import tokens
from local_aws.store import Key, Record

_REDRIVABLE = {"FAILED", "TIMED_OUT", "ABORTED"}


@operation
def start_execution(context: Context, request: Request) -> Response:
    """Start an execution; the same name and input again, while it runs, returns the same execution."""
    machine = machines.find_machine(context, request["stateMachineArn"])
    record = _record(context, machine, request, "execution")
    key = execution_key(record["executionArn"])
    if context.plane.store.insert(key, record):
        execution.start(context.plane, key)
        return record
    existing = context.plane.store.get(key) or record
    if existing["status"] != RUNNING or json.loads(existing["input"]) != json.loads(record["input"]):
        raise states_api_error("ExecutionAlreadyExists", f"Execution Already Exists: '{record['executionArn']}'")
    return existing


@operation
def start_sync_execution(context: Context, request: Request) -> Response:
    """Run an execution of an EXPRESS machine to its end."""
    machine = machines.find_machine(context, request["stateMachineArn"])
    if machine["type"] != "EXPRESS":
        raise states_api_error(
            "StateMachineTypeNotSupported", "This operation is not supported by this type of state machine"
        )
    record = _record(context, machine, request, "express")
    key = execution_key(record["executionArn"])
    context.plane.store.insert(key, record)
    execution.run_here(context.plane, key)
    ended = context.plane.store.get(key) or record
    context.plane.store.delete(key)
    history.forget(context.plane.store, key)
    return {**ended, "billingDetails": {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}}


@operation
def describe_execution(context: Context, request: Request) -> Response:
    """Return an execution."""
    return _public(_find(context, request["executionArn"]))


@operation
def list_executions(context: Context, request: Request) -> Response:
    """Return a page of a machine's executions, the newest first."""
    if "stateMachineArn" not in request:
        raise states_api_error("ValidationException", "Must provide a stateMachineArn; map runs are not simulated")
    machines.find_machine(context, request["stateMachineArn"])
    records = _of_machine(context, request["stateMachineArn"])
    if wanted := request.get("statusFilter"):
        records = [record for record in records if _public(record)["status"] == wanted]
    if wanted := request.get("redriveFilter"):
        records = [record for record in records if bool(record["redriveCount"]) == (wanted == "REDRIVEN")]
    found, token = page(sorted(records, key=lambda record: record["startDate"], reverse=True), request)
    return {"executions": found, **token}


@operation
def get_execution_history(context: Context, request: Request) -> Response:
    """Return a page of an execution's events."""
    record = _find(context, request["executionArn"])
    events = history.read(context.plane.store, execution_key(record["executionArn"]))
    if request.get("reverseOrder"):
        events.reverse()
    if not request.get("includeExecutionData", True):
        events = [_without_data(event) for event in events]
    found, token = page(events, {"maxResults": 100, **request})
    return {"events": found, **token}


@operation
def describe_state_machine_for_execution(context: Context, request: Request) -> Response:
    """Return the machine as it was when the execution started."""
    record = _find(context, request["executionArn"])
    arn = record["stateMachineArn"]
    return {
        "stateMachineArn": arn,
        "name": arn.rpartition(":")[2],
        "definition": record["_definition"],
        "roleArn": record["_role_arn"],
        "updateDate": record["_machine_updated"],
        "loggingConfiguration": record["_logging"],
    }


@operation
def stop_execution(context: Context, request: Request) -> Response:
    """Stop an execution; one that has ended stays as it is."""
    record = _find(context, request["executionArn"])
    given = {name: request[name] for name in ("error", "cause") if request.get(name)}
    stopped = _stop(context, record, given)
    return {"stopDate": (stopped or _find(context, request["executionArn"]))["stopDate"]}


@operation
def redrive_execution(context: Context, request: Request) -> Response:
    """Run an execution that did not succeed again from the state in which it ended."""
    record = _find(context, request["executionArn"])
    key = execution_key(record["executionArn"])
    was = []

    def reopen(found: Record) -> None:
        was.append(found["status"])
        if found["status"] in _REDRIVABLE:
            for name in ("stopDate", "error", "cause"):
                found.pop(name, None)
            count = found["redriveCount"] + 1
            found.update(status=RUNNING, redriveCount=count, redriveDate=context.plane.clock.now())
            found["_started"] = context.plane.clock.time()

    reopened = context.plane.store.update(key, reopen)
    if was[0] not in _REDRIVABLE:
        raise states_api_error(
            "ExecutionNotRedrivable",
            f"Execution is {was[0]} and cannot be redriven; allowed are {', '.join(sorted(_REDRIVABLE))}",
        )
    execution.redrive(context.plane, key)
    return {"redriveDate": reopened["redriveDate"]}


@operation
def send_task_success(context: Context, request: Request) -> Response:
    """Answer a task token with an output."""
    try:
        json.loads(request["output"])
    except ValueError as err:
        raise states_api_error("InvalidOutput", f"Invalid Output: '{err}'; it must be JSON") from err
    tokens.answer(context.plane, _token(context, request), status="SUCCEEDED", output=request["output"])
    return {}


@operation
def send_task_failure(context: Context, request: Request) -> Response:
    """Answer a task token with an error."""
    given = {name: request[name] for name in ("error", "cause") if name in request}
    tokens.answer(context.plane, _token(context, request), status="FAILED", **given)
    return {}


@operation
def send_task_heartbeat(context: Context, request: Request) -> Response:
    """Say that a task token's work goes on."""
    tokens.answer(context.plane, _token(context, request), beat=context.plane.clock.time())
    return {}


def stop_all_of(context: Context, machine: str) -> None:
    """Stop the executions of a machine."""
    for record in _of_machine(context, machine):
        if record["status"] == RUNNING:
            _stop(context, record, {})


def _record(context: Context, machine: Record, request: Request, kind: str) -> Record:
    text = request.get("input", "{}")
    try:
        json.loads(text)
    except ValueError as err:
        raise states_api_error("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{err}'") from err
    name = checked_name(request.get("name") or str(uuid.uuid4()))
    clock = context.plane.clock
    return {
        "executionArn": execution_arn(machine["stateMachineArn"], name, kind),
        "stateMachineArn": machine["stateMachineArn"],
        "name": name,
        "status": RUNNING,
        "startDate": clock.now(),
        "input": text,
        "inputDetails": {"included": True},
        "redriveCount": 0,
        "_started": clock.time(),
        "_definition": machine["definition"],
        "_role_arn": machine["roleArn"],
        "_logging": machine["loggingConfiguration"],
        "_machine_updated": machine["_updated"],
    }


def _public(record: Record) -> Record:
    is_redrivable = record["status"] in _REDRIVABLE
    return {**record, "redriveStatus": "REDRIVABLE" if is_redrivable else "NOT_REDRIVABLE"}


def _find(context: Context, arn: str) -> Record:
    if ":execution:" not in arn:
        raise states_api_error(
            "InvalidArn",
            f"Invalid Arn: '{arn}'; allowed is arn:aws:states:<region>:<account>:execution:<machine>:<name>",
        )
    record = context.plane.store.get(execution_key(arn))
    if record is None:
        raise states_api_error("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return record


def _of_machine(context: Context, machine: str) -> list[Record]:
    records = context.plane.store.list(EXECUTION, context.account_id, context.region)
    return [record for record in records if record["stateMachineArn"] == machine]


def _stop(context: Context, record: Record, given: Request) -> Record | None:
    """End an execution as ABORTED; return None where it has ended before."""
    key = execution_key(record["executionArn"])
    stopped = execution.end(context.plane, key, "ABORTED", **given)
    if stopped:
        context.plane.executions.abort(key)
        events = history.History(context.plane.store, key)
        events.add("ExecutionAborted", 0, context.plane.clock.now(), given)
    return stopped


def _token(context: Context, request: Request) -> Key:
    return Key(tokens.TOKEN, request["taskToken"], context.account_id, context.region)


def _without_data(event: Record) -> Record:
    data = {"input", "output", "parameters", "assignedVariables"}
    return {
        name: {key: item for key, item in value.items() if key not in data} if isinstance(value, dict) else value
        for name, value in event.items()
    }
