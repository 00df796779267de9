"""Answer CloudFormation's operations on stacks."""

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation import registry, stacks
from local_aws.cloudformation.actor import Actor
from local_aws.cloudformation.deployment import Deployment, Wanted
from local_aws.cloudformation.errors import AlreadyExistsError, StackValidationError
from local_aws.cloudformation.stacks import Stack
from local_aws.cloudformation.template import Template
from local_aws.sagemaker.operations import Context, Operation, Request, Response

OPERATIONS: dict[str, Operation] = {}
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_URL = re.compile(r"https?://(?P<host>[^/]+)/(?P<path>.+)")
_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_FAILED")
_ANSWER_SECONDS = 20.0
_PAGE = 100


def operation(function: Operation) -> Operation:
    """Register a function as the operation of its name in CamelCase."""
    OPERATIONS["".join(word.capitalize() for word in function.__name__.split("_"))] = function
    return function


@operation
def create_stack(context: Context, request: Request) -> Response:
    """Create a stack from a template."""
    template = template_of(context, request)
    stack = new_stack(context, request)
    wanted = Wanted(template, given_parameters(request, {}), request.get("Tags", []))
    on_failure = request.get("OnFailure", "ROLLBACK")
    roll_back = not request.get("DisableRollback", on_failure == "DO_NOTHING")
    run(stack, lambda: Deployment(stack).create(wanted, roll_back=roll_back))
    return {"StackId": stack.stack_id}


@operation
def update_stack(context: Context, request: Request) -> Response:
    """Update a stack."""
    stack = updatable(context, request["StackName"])
    record = stack.record
    template = template_of(context, request, stack)
    given = given_parameters(request, record.get("_Given", {}))
    tags: list[dict[str, str]] = request.get("Tags") or record.get("Tags") or []
    is_same = template.document == stack.template.document and given == record.get("_Given")
    if is_same and tags == record.get("Tags", []):
        raise StackValidationError("No updates are to be performed.")
    roll_back = not request.get("DisableRollback", False)
    wanted = Wanted(template, given, tags)
    take_role(stack, request)
    run(stack, lambda: Deployment(stack).update(wanted, roll_back=roll_back))
    return {"StackId": stack.stack_id}


@operation
def delete_stack(context: Context, request: Request) -> Response:
    """Delete a stack; nothing happens where there is none."""
    try:
        stack = stacks.find(context, request["StackName"])
    except StackValidationError:
        return {}
    record = stack.record
    if record["StackStatus"] == "DELETE_COMPLETE":
        return {}
    if record["EnableTerminationProtection"]:
        raise StackValidationError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    for output in record.get("Outputs", []):
        if users := stacks.importers(context, output.get("ExportName", "")):
            raise StackValidationError(
                f"Export {output['ExportName']} cannot be deleted as it is in use by {', '.join(users)}"
            )
    take_role(stack, request)
    run(stack, lambda: Deployment(stack).delete())
    return {}


@operation
def describe_stacks(context: Context, request: Request) -> Response:
    """Describe one stack, or all that are not deleted."""
    if "StackName" in request:
        return {"Stacks": [stacks.find(context, request["StackName"]).record]}
    return {"Stacks": [record for record in _records(context) if record["StackStatus"] != "DELETE_COMPLETE"]}


@operation
def list_stacks(context: Context, request: Request) -> Response:
    """List stacks, deleted ones too."""
    wanted = request.get("StackStatusFilter")
    found = [record for record in _records(context) if not wanted or record["StackStatus"] in wanted]
    return {"StackSummaries": [{**record, "TemplateDescription": record.get("Description")} for record in found]}


@operation
def describe_stack_events(context: Context, request: Request) -> Response:
    """Return a stack's events, the latest first."""
    events = list(reversed(stacks.find(context, request["StackName"]).events))
    start = int(request.get("NextToken", 0))
    more = {"NextToken": str(start + _PAGE)} if start + _PAGE < len(events) else {}
    return {"StackEvents": events[start : start + _PAGE], **more}


@operation
def describe_stack_resources(context: Context, request: Request) -> Response:
    """Return a stack's resources."""
    stack = stacks.find(context, request["StackName"])
    wanted = request.get("LogicalResourceId")
    found = [item for item in _resources(stack) if wanted in {None, item["LogicalResourceId"]}]
    return {"StackResources": found}


@operation
def describe_stack_resource(context: Context, request: Request) -> Response:
    """Return one resource of a stack."""
    stack = stacks.find(context, request["StackName"])
    for item in _resources(stack):
        if item["LogicalResourceId"] == request["LogicalResourceId"]:
            return {"StackResourceDetail": item}
    raise StackValidationError(f"Resource {request['LogicalResourceId']} does not exist for stack {stack.name}")


@operation
def list_stack_resources(context: Context, request: Request) -> Response:
    """List a stack's resources."""
    return {"StackResourceSummaries": _resources(stacks.find(context, request["StackName"]))}


@operation
def get_template(context: Context, request: Request) -> Response:
    """Return the template that is deployed."""
    stack = stacks.find(context, request["StackName"])
    return {"TemplateBody": stack.record["_TemplateBody"], "StagesAvailable": ["Original", "Processed"]}


@operation
def get_template_summary(context: Context, request: Request) -> Response:
    """Tell what a template declares."""
    stack = stacks.find(context, request["StackName"]) if "StackName" in request else None
    template = template_of(context, request, stack)
    return {
        "Parameters": [
            {
                "ParameterKey": name,
                "ParameterType": item["Type"],
                "DefaultValue": item.get("Default"),
                "Description": item.get("Description"),
                "NoEcho": str(item.get("NoEcho", "")).lower() == "true",
                "ParameterConstraints": {"AllowedValues": item.get("AllowedValues", [])},
            }
            for name, item in template.section("Parameters").items()
        ],
        "ResourceTypes": sorted({item["Type"] for item in template.resources.values()}),
        "Description": template.document.get("Description"),
        "Metadata": None,
        "Version": template.document.get("AWSTemplateFormatVersion"),
        "Capabilities": [],
        "DeclaredTransforms": [],
    }


@operation
def validate_template(context: Context, request: Request) -> Response:
    """Check a template."""
    template = template_of(context, request)
    _ = template.order
    return {"Parameters": [], "Capabilities": [], "Description": template.document.get("Description")}


@operation
def list_exports(context: Context, request: Request) -> Response:
    """List the exports of all stacks."""
    del request
    return {"Exports": list(stacks.exports(context).values())}


@operation
def list_imports(context: Context, request: Request) -> Response:
    """List the stacks that import an export."""
    users = stacks.importers(context, request["ExportName"])
    if not users:
        raise StackValidationError(f"Export '{request['ExportName']}' is not imported by any stack.")
    return {"Imports": users}


@operation
def update_termination_protection(context: Context, request: Request) -> Response:
    """Protect a stack from deletion, or no more."""
    stack = stacks.find(context, request["StackName"])
    stack.change(EnableTerminationProtection=bool(request["EnableTerminationProtection"]))
    return {"StackId": stack.stack_id}


@operation
def set_stack_policy(context: Context, request: Request) -> Response:
    """Keep a stack policy; it is not enforced."""
    stacks.find(context, request["StackName"]).change(_Policy=request.get("StackPolicyBody", ""))
    return {}


@operation
def get_stack_policy(context: Context, request: Request) -> Response:
    """Return the stack policy."""
    return {"StackPolicyBody": stacks.find(context, request["StackName"]).record.get("_Policy")}


def new_stack(context: Context, request: Request) -> Stack:
    """Add the record of a stack that a request asks for.

    Raises:
        AlreadyExistsError: The name is taken.
    """
    name = request["StackName"]
    if not _NAME.fullmatch(name):
        raise StackValidationError(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    if any(record["StackName"] == name and record["StackStatus"] != "DELETE_COMPLETE" for record in _records(context)):
        raise AlreadyExistsError(f"Stack [{name}] already exists")
    fields = {
        "Tags": request.get("Tags", []),
        "Capabilities": request.get("Capabilities", []),
        "NotificationARNs": request.get("NotificationARNs", []),
        "EnableTerminationProtection": request.get("EnableTerminationProtection", False),
        **({"RoleARN": request["RoleARN"]} if "RoleARN" in request else {}),
    }
    return stacks.begin(context, name, fields)


def take_role(stack: Stack, request: Request) -> None:
    """Give a stack the role that a request names: it acts as that role from now on, also when none is named again."""
    if request.get("RoleARN"):
        stack.change(RoleARN=request["RoleARN"])


def updatable(context: Context, name: str) -> Stack:
    """Return a stack that may be updated.

    Raises:
        StackValidationError: It does not exist, or its status forbids it.
    """
    stack = stacks.find(context, name)
    status = stack.record["StackStatus"]
    if status not in _UPDATABLE:
        raise StackValidationError(f"Stack:{stack.stack_id} is in {status} state and can not be updated.")
    return stack


def template_of(context: Context, request: Request, stack: Stack | None = None) -> Template:
    """Return the template that a request names, checked for resource types that cannot be deployed."""
    if "TemplateBody" in request:
        template = Template.parse(request["TemplateBody"])
    elif "TemplateURL" in request:
        template = Template.parse(_fetched(context, request["TemplateURL"]))
    elif stack is not None:
        template = stack.template
    else:
        raise StackValidationError("Either Template URL or Template Body must be specified.")
    registry.check(template)
    return template


def given_parameters(request: Request, previous: dict[str, str]) -> dict[str, str]:
    """Return a request's parameter values."""
    given = {}
    for item in request.get("Parameters", []):
        name = item["ParameterKey"]
        if not item.get("UsePreviousValue"):
            given[name] = item.get("ParameterValue", "")
        elif name in previous:
            given[name] = previous[name]
    return given


def run(stack: Stack, action: Callable[[], Any]) -> None:
    """Deploy on a thread; the request is answered when that has ended, or takes long."""
    mark = stacks.Running(stack)
    plane = stack.context.plane

    def deploy() -> None:
        try:
            action()
        finally:
            mark.end()

    plane.spawn(f"cloudformation {stack.name}", deploy)
    mark.wait(_ANSWER_SECONDS)


def _fetched(context: Context, url: str) -> str:
    found = _URL.fullmatch(url.split("?", maxsplit=1)[0])
    if found is None:
        raise StackValidationError("TemplateURL must be a supported URL.")
    host, path = found["host"], found["path"]
    is_virtual = re.match(r"(.+)\.s3[.-]", host)
    bucket, key = (is_virtual[1], path) if is_virtual else path.split("/", 1)
    try:
        # The caller reads the template, not the stack's role.
        body = Actor.of(context, None).client("s3", context.region).get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as err:
        raise StackValidationError(f"S3 error: {err.response['Error'].get('Message')} ({url})") from err
    return str(body, "utf-8")


def _records(context: Context) -> list[dict[str, Any]]:
    return [stack.record for stack in stacks.all_of(context)]


def _resources(stack: Stack) -> list[dict[str, Any]]:
    common = {"StackId": stack.stack_id, "StackName": stack.name}
    drift = {"StackResourceDriftStatus": "NOT_CHECKED"}
    return [
        {**item, **common, "LastUpdatedTimestamp": item["Timestamp"], "DriftInformation": drift}
        for item in stack.resources.values()
    ]
