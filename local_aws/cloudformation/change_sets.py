"""Answer CloudFormation's operations on change sets."""

import re
import uuid
from typing import Any

from local_aws.cloudformation import parameters, plan, stacks
from local_aws.cloudformation.deployment import Deployment, Wanted
from local_aws.cloudformation.errors import (
    AlreadyExistsError,
    ChangeSetNotFoundError,
    InvalidChangeSetStatusError,
    StackValidationError,
)
from local_aws.cloudformation.operations import (
    given_parameters,
    new_stack,
    operation,
    run,
    take_role,
    template_of,
    updatable,
)
from local_aws.cloudformation.stacks import Stack
from local_aws.cloudformation.template import Template
from local_aws.sagemaker.operations import Context, Request, Response
from local_aws.store import Record

_KIND = "cloudformation-change-set"
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@operation
def create_change_set(context: Context, request: Request) -> Response:
    """Plan a change of a stack; for a new one, add it in review."""
    if not _NAME.fullmatch(request["ChangeSetName"]):
        raise StackValidationError(f"Invalid change set name: {request['ChangeSetName']}")
    is_new = request.get("ChangeSetType", "UPDATE") == "CREATE"
    stack = _in_review(context, request) if is_new else updatable(context, request["StackName"])
    if _found(context, request["ChangeSetName"], stack):
        raise AlreadyExistsError(f"ChangeSet {request['ChangeSetName']} already exists")
    record = stack.record
    template = template_of(context, request, stack)
    given = given_parameters(request, record.get("_Given", {}))
    tags: list[dict[str, str]] = request.get("Tags") or record.get("Tags") or []
    name = f"changeSet/{request['ChangeSetName']}/{uuid.uuid4()}"
    arn = f"arn:aws:cloudformation:{context.region}:{context.account_id}:{name}"
    change_set = {
        "ChangeSetId": arn,
        "ChangeSetName": request["ChangeSetName"],
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "CreationTime": stacks.now(context),
        "Description": request.get("Description"),
        "Tags": tags,
        "Capabilities": request.get("Capabilities", []),
        "OnStackFailure": request.get("OnStackFailure"),
        "ChangeSetType": "CREATE" if is_new else "UPDATE",
        "RoleARN": request.get("RoleARN"),
        "_TemplateBody": template.body,
        "_Given": given,
        **_planned(stack, Wanted(template, given, tags), is_new=is_new),
    }
    context.plane.store.insert(context.key(_KIND, arn), change_set)
    return {"Id": arn, "StackId": stack.stack_id}


@operation
def describe_change_set(context: Context, request: Request) -> Response:
    """Describe a change set."""
    return _get(context, request)


@operation
def execute_change_set(context: Context, request: Request) -> Response:
    """Deploy a change set."""
    change_set = _get(context, request)
    if change_set["ExecutionStatus"] != "AVAILABLE":
        raise InvalidChangeSetStatusError(
            f"ChangeSet [{change_set['ChangeSetId']}] cannot be executed in its current status of "
            f"[{change_set['Status']}]"
        )
    stack = stacks.find(context, change_set["StackId"])
    wanted = Wanted(Template.parse(change_set["_TemplateBody"]), change_set["_Given"], change_set["Tags"])
    roll_back = not request.get("DisableRollback", change_set.get("OnStackFailure") == "DO_NOTHING")
    stack.change(ChangeSetId=change_set["ChangeSetId"], Capabilities=change_set["Capabilities"])
    take_role(stack, change_set)
    deployment = Deployment(stack)
    deploy = deployment.create if change_set["ChangeSetType"] == "CREATE" else deployment.update
    for other in _of(context, stack):
        context.plane.store.delete(context.key(_KIND, other["ChangeSetId"]))
    run(stack, lambda: deploy(wanted, roll_back=roll_back))
    return {}


@operation
def delete_change_set(context: Context, request: Request) -> Response:
    """Delete a change set; nothing happens where there is none."""
    try:
        change_set = _get(context, request)
    except ChangeSetNotFoundError:
        return {}
    context.plane.store.delete(context.key(_KIND, change_set["ChangeSetId"]))
    return {}


@operation
def list_change_sets(context: Context, request: Request) -> Response:
    """List a stack's change sets."""
    return {"Summaries": _of(context, stacks.find(context, request["StackName"]))}


def _planned(stack: Stack, wanted: Wanted, *, is_new: bool) -> Record:
    """Return what a change set tells about its changes."""
    available: Record = {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "StatusReason": None}
    try:
        scope = parameters.scope_of(stack, wanted.template, wanted.given, [])
        steps = plan.steps(stack, wanted.template, scope, wanted.tags)
    except StackValidationError as err:
        failed = {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE", "StatusReason": err.message}
        return {**failed, "Changes": [], "Parameters": []}
    record, old = stack.record, stack.template
    is_same = wanted.template.section("Outputs") == old.section("Outputs") and wanted.tags == record.get("Tags", [])
    if not is_new and not steps and is_same:
        available = {"Status": "FAILED", "ExecutionStatus": "UNAVAILABLE", "StatusReason": _NO_CHANGES}
    changes = [plan.shown(step) for step in steps]
    return {**available, "Changes": changes, "Parameters": parameters.shown(wanted.template, wanted.given, scope)}


def _in_review(context: Context, request: Request) -> Stack:
    """Return the stack that waits for its first change set, added where there is none."""
    try:
        stack = stacks.find(context, request["StackName"])
    except StackValidationError:
        return new_stack(context, request)
    if stack.record["StackStatus"] != "REVIEW_IN_PROGRESS":
        raise StackValidationError(
            f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
            f"[{request['ChangeSetName']}]."
        )
    return stack


def _get(context: Context, request: Request) -> Record:
    name = request["ChangeSetName"]
    stack = stacks.find(context, request["StackName"]) if "StackName" in request else None
    found = _found(context, name, stack)
    if found is None:
        raise ChangeSetNotFoundError(f"ChangeSet [{name}] does not exist")
    return found


def _found(context: Context, name: str, stack: Stack | None) -> Record | None:
    for record in _all(context):
        is_of_stack = stack is None or record["StackId"] == stack.stack_id
        if is_of_stack and name in {record["ChangeSetName"], record["ChangeSetId"]}:
            return record
    return None


def _of(context: Context, stack: Stack) -> list[Record]:
    return [record for record in _all(context) if record["StackId"] == stack.stack_id]


def _all(context: Context) -> list[dict[str, Any]]:
    return context.plane.store.list(_KIND, context.account_id, context.region)
