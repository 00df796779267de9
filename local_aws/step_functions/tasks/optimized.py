"""Call the optimised integrations, which take JSON where the service takes a text, and the other way round."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from local_aws.step_functions.errors import TASK_FAILED, StatesError
from local_aws.step_functions.resources import Resource, method_of
from local_aws.step_functions.run import Branch, compact
from local_aws.step_functions.tasks import service_call
from local_aws.step_functions.tasks.error_names import error_of

_TEXTS = {"sns": ("Message",), "sqs": ("MessageBody",), "stepfunctions": ("Input",)}
"""Service → parameters that may be JSON, and go out as text."""


def call(branch: Branch, resource: Resource, given: Any, role_arn: str) -> Any:
    """Return the response of a call.

    Raises:
        StatesError: The service refused it.
    """
    special = _SPECIAL.get(resource.service)
    return (special or _plain)(branch, resource, given, role_arn)


def _plain(branch: Branch, resource: Resource, given: Mapping[str, Any], role_arn: str) -> Any:
    texts = {name: _text(given[name]) for name in _TEXTS.get(resource.service, ()) if name in given}
    return service_call.call(branch, resource, {**given, **texts}, role_arn)


def _put_events(branch: Branch, resource: Resource, given: Mapping[str, Any], role_arn: str) -> Any:
    entries = [{**entry, "Detail": _text(entry.get("Detail", {}))} for entry in given.get("Entries", ())]
    response = service_call.call(branch, resource, {**given, "Entries": entries}, role_arn)
    if response.get("FailedEntryCount"):
        raise StatesError("EventBridge.FailedEntry", compact(response))
    return response


def _invoke(branch: Branch, resource: Resource, given: Any, role_arn: str) -> Any:
    """Invoke a function: by its parameters, or, where the function is the resource itself, with the input."""
    if resource.function:
        request = {"FunctionName": resource.function, "Payload": json.dumps(given)}
    else:
        request = {**given, "Payload": json.dumps(given.get("Payload", {}))}
    try:
        response = getattr(branch.run.client("lambda", role_arn), method_of(resource))(**request)
    except ClientError as err:
        raise error_of(resource, err) from err
    payload = _parsed(response["Payload"].read())
    if "FunctionError" in response:
        name = payload.get("errorType", TASK_FAILED) if isinstance(payload, dict) else TASK_FAILED
        raise StatesError(str(name), compact(payload))
    if resource.function:
        return payload
    return {"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": response["StatusCode"]}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else compact(value)


def _parsed(body: bytes) -> Any:
    return json.loads(body) if body else None


_SPECIAL: dict[str, Callable[[Branch, Resource, Any, str], Any]] = {"events": _put_events, "lambda": _invoke}
