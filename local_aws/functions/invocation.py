"""Answer Invoke: run a function's zip in a process, wait for what it returns, or let it run.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import contextlib
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from local_aws.errors import ApiError, LocalAwsError
from local_aws.http_server import Environ, StartResponse
from local_aws.moto_adapters.lambda_code import LambdaFunction, find_function
from local_aws.pipeline_engine.lambda_process import LambdaFailedError, invoke
from local_aws.sagemaker.operations import Context

_PATH = re.compile(r"^/2015-03-31/functions/(?P<name>.+)/invocations$")


class InvalidRequestContentError(ApiError):
    """The payload is no JSON."""

    code = "InvalidRequestContentException"


class FunctionNotFoundError(ApiError):
    """There is no such function."""

    code = "ResourceNotFoundException"
    status = 404


def is_invocation(service: str, environ: Environ) -> bool:
    """Tell whether a request invokes a function."""
    return service == "lambda" and environ["REQUEST_METHOD"] == "POST" and bool(_PATH.match(environ["PATH_INFO"]))


def answer(context: Context, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Invoke a function and answer as Lambda does: an error of the function is a payload with a header.

    Raises:
        ApiError: There is no such function, or the payload is no JSON.
    """
    function = _function(context, environ["PATH_INFO"])
    event = _event(environ)
    kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
    if kind == "DryRun":
        return _respond(start_response, "204 No Content", b"")
    if kind == "Event":
        context.plane.spawn(f"lambda-{function.name}", lambda: _run_unseen(context, function, event))
        return _respond(start_response, "202 Accepted", b"")
    try:
        returned = invoke(context.plane, function, event, timeout_seconds=function.timeout_seconds)
    except LambdaFailedError as err:
        name, _, message = str(err).partition(": ")
        payload = {"errorMessage": message or name, "errorType": name if message else "Runtime.Unknown"}
        return _respond(start_response, "200 OK", json.dumps(payload).encode(), ("X-Amz-Function-Error", "Unhandled"))
    return _respond(start_response, "200 OK", json.dumps(returned).encode())


def _function(context: Context, path: str) -> LambdaFunction:
    found = _PATH.match(path)
    name = unquote(found["name"]) if found else ""
    if not name.startswith("arn:"):
        name = f"arn:aws:lambda:{context.region}:{context.account_id}:function:{name}"
    try:
        return find_function(name)
    except LocalAwsError as err:
        raise FunctionNotFoundError(str(err)) from err


def _event(environ: Environ) -> Any:
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        return json.loads(raw or b"{}")
    except ValueError as err:
        raise InvalidRequestContentError(f"Could not parse request body into json: {err}") from err


def _run_unseen(context: Context, function: LambdaFunction, event: Any) -> None:
    """Run a function whose caller does not wait; Lambda tries twice more."""
    for _ in range(3):
        with contextlib.suppress(LambdaFailedError):
            invoke(context.plane, function, event, timeout_seconds=function.timeout_seconds)
            return


def _respond(start_response: StartResponse, status: str, body: bytes, *headers: tuple[str, str]) -> Iterable[bytes]:
    own = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, [*own, ("X-Amz-Executed-Version", "$LATEST"), *headers])
    return [body]
