"""Answer CloudWatch's API."""

import functools
import importlib
from collections.abc import Callable
from typing import Any

from local_aws.cloudwatch import wire
from local_aws.cloudwatch.wire import Answer
from local_aws.errors import ApiError, NotSimulatedError, ValidationError
from local_aws.http_server import Environ
from local_aws.sagemaker import validation
from local_aws.sagemaker.operations import Context

Request = dict[str, Any]
Operation = Callable[[Context, Request], dict[str, Any]]
OPERATIONS: dict[str, Operation] = {}
_MODULES = ("metric_operations", "alarm_operations", "dashboard_operations")


class InvalidParameterError(ApiError):
    """A parameter has a value that it must not have."""

    code = "InvalidParameterValue"


class InvalidCombinationError(ApiError):
    """Parameters that exclude each other."""

    code = "InvalidParameterCombination"


class ResourceNotFoundError(ApiError):
    """A resource that does not exist."""

    code = "ResourceNotFound"
    status = 404


def operation(function: Operation) -> Operation:
    """Register a function as the operation of its name in CamelCase."""
    OPERATIONS["".join(word.capitalize() for word in function.__name__.split("_"))] = function
    return function


def answer(context: Context, environ: Environ) -> Answer:
    """Answer one request."""
    _import_operations()
    call = wire.read(environ)
    try:
        response = _response(context, call.operation, dict(call.parameters))
        return wire.answer(environ, call.operation, response)
    except ApiError as err:
        return wire.error(environ, err)


def _response(context: Context, name: str, given: Request) -> dict[str, Any]:
    if name not in OPERATIONS:
        raise NotSimulatedError(
            f"The local AWS does not simulate cloudwatch:{name}. Use an operation that docs/reference/local-aws.md "
            "lists, or run this call against AWS."
        )
    try:
        checked = validation.checked_request("cloudwatch", name, given)
    except ValidationError as err:
        err.code = "ValidationError"
        raise
    return OPERATIONS[name](context, checked)


@functools.cache
def _import_operations() -> None:
    for name in _MODULES:
        importlib.import_module(f"local_aws.cloudwatch.{name}")
