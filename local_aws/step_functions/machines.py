"""Answer the operations of state machines."""

import uuid
from typing import Any

from local_aws.sagemaker.operations import Context
from local_aws.step_functions import definition, executions, managed_rules
from local_aws.step_functions.errors import states_api_error
from local_aws.step_functions.operations import Request, Response, checked_name, operation, page
from local_aws.step_functions.records import MACHINE, machine_arn, machine_key
from local_aws.store import Record

_KEPT = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
_SAME = ("definition", "roleArn", "type", "loggingConfiguration", "tracingConfiguration")


@operation
def create_state_machine(context: Context, request: Request) -> Response:
    """Make a machine; the same request again returns the machine it made."""
    managed_rules.make(context, _checked(request["definition"]), request["roleArn"])
    now = context.plane.clock.now()
    arn = machine_arn(context.account_id, context.region, checked_name(request["name"]))
    record = {
        "stateMachineArn": arn,
        "name": request["name"],
        "status": "ACTIVE",
        "type": request.get("type", "STANDARD"),
        "creationDate": now,
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
        **{name: request[name] for name in _KEPT if name in request},
        "_tags": {tag["key"]: tag.get("value", "") for tag in request.get("tags", ())},
        "_updated": now,
    }
    if not context.plane.store.insert(machine_key(arn), record):
        existing = find_machine(context, arn)
        if any(existing.get(name) != record.get(name) for name in _SAME):
            raise states_api_error("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        record = existing
    return {"stateMachineArn": arn, "creationDate": record["creationDate"]}


@operation
def describe_state_machine(context: Context, request: Request) -> Response:
    """Return a machine."""
    return find_machine(context, request["stateMachineArn"])


@operation
def update_state_machine(context: Context, request: Request) -> Response:
    """Change a machine; running executions keep the definition they started with."""
    record = find_machine(context, request["stateMachineArn"])
    changed: dict[str, Any] = {name: request[name] for name in _KEPT if name in request}
    if not changed:
        raise states_api_error(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration or the TracingConfiguration must be given",
        )
    wanted = {**record, **changed}
    managed_rules.make(context, _checked(wanted["definition"]), wanted["roleArn"])
    now = context.plane.clock.now()
    changed |= {"revisionId": str(uuid.uuid4()), "_updated": now}
    context.plane.store.update(machine_key(record["stateMachineArn"]), lambda found: found.update(changed))
    return {"updateDate": now, "revisionId": changed["revisionId"]}


@operation
def delete_state_machine(context: Context, request: Request) -> Response:
    """Remove a machine and stop its executions."""
    key = machine_key(_checked_arn(request["stateMachineArn"]))
    executions.stop_all_of(context, request["stateMachineArn"])
    context.plane.store.delete(key)
    return {}


@operation
def list_state_machines(context: Context, request: Request) -> Response:
    """Return a page of machines by their names."""
    records = context.plane.store.list(MACHINE, context.account_id, context.region)
    found, token = page(sorted(records, key=lambda record: str(record["name"]).lower()), request)
    return {"stateMachines": found, **token}


@operation
def validate_state_machine_definition(_: Context, request: Request) -> Response:
    """Say what is wrong with a definition."""
    problems = definition.check(request["definition"])[1]
    shown = [
        {"severity": "ERROR", "code": one.code, "message": one.message, "location": one.location} for one in problems
    ]
    return {"result": "FAIL" if shown else "OK", "diagnostics": shown, "truncated": False}


@operation
def tag_resource(context: Context, request: Request) -> Response:
    """Add tags to a machine."""
    tags = {tag["key"]: tag.get("value", "") for tag in request["tags"]}
    _change_tags(context, request, lambda found: found.update(tags))
    return {}


@operation
def untag_resource(context: Context, request: Request) -> Response:
    """Remove tags from a machine."""
    _change_tags(context, request, lambda found: [found.pop(key, None) for key in request["tagKeys"]])
    return {}


@operation
def list_tags_for_resource(context: Context, request: Request) -> Response:
    """Return a machine's tags."""
    tags = _tagged(context, request)["_tags"]
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


def find_machine(context: Context, arn: str) -> Record:
    """Return a machine's record.

    Raises:
        ApiError: InvalidArn or StateMachineDoesNotExist.
    """
    record = context.plane.store.get(machine_key(_checked_arn(arn)))
    if record is None:
        raise states_api_error("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return record


def _tagged(context: Context, request: Request) -> Record:
    record = context.plane.store.get(machine_key(_checked_arn(request["resourceArn"])))
    if record is None:
        raise states_api_error("ResourceNotFound", f"Resource not found: '{request['resourceArn']}'")
    return record


def _change_tags(context: Context, request: Request, change: Any) -> None:
    record = _tagged(context, request)
    context.plane.store.update(machine_key(record["stateMachineArn"]), lambda found: change(found["_tags"]))


def _checked_arn(arn: str) -> str:
    if len(arn.split(":")) != 7 or ":stateMachine:" not in arn:  # noqa: PLR2004 - the parts of such an ARN
        raise states_api_error(
            "InvalidArn",
            f"Invalid Arn: '{arn}'; allowed is arn:aws:states:<region>:<account>:stateMachine:<name>",
        )
    return arn


def _checked(text: str) -> dict[str, Any]:
    parsed, problems = definition.check(text)
    if problems:
        shown = ", ".join(map(str, problems))
        raise states_api_error("InvalidDefinition", f"Invalid State Machine Definition: '{shown}'")
    return parsed
