"""Answer the SageMaker runtime API: InvokeEndpoint and its relatives."""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from local_aws.errors import ApiError, NotSimulatedError
from local_aws.hosting import async_inference, response_stream
from local_aws.hosting.endpoint import LiveEndpoint
from local_aws.hosting.errors import InvocationValidationError
from local_aws.hosting.invocation import MODEL_SECONDS, Invocation, Reply, invoke
from local_aws.http_server import Environ, StartResponse
from local_aws.sagemaker.operations import Context

_PATH = re.compile(r"/endpoints/(?P<name>[^/]+)/(?P<verb>invocations|async-invocations|invocations-response-stream)/?")
MAX_BODY = 6_291_456
_MAX_ID, _MAX_ATTRIBUTES = 64, 1024
_SERVING = {"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"}
_REFUSED = {
    "TARGET_MODEL": "TargetModel, which only multi-model endpoints have",
    "TARGET_CONTAINER_HOSTNAME": "TargetContainerHostname, which only endpoints with direct invocation have",
    "INFERENCE_COMPONENT": "InferenceComponentName",
    "SESSION_ID": "SessionId",
    "ENABLE_EXPLANATIONS": "EnableExplanations",
}
"""Headers of features that are not simulated."""

Headers = list[tuple[str, str]]


def is_runtime_path(path: str) -> bool:
    """Whether a request's path is one of the runtime API."""
    return path.startswith("/endpoints/")


def answer(context: Context, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request; errors become the runtime API's."""
    try:
        status, headers, body = _dispatch(context, environ)
    except ApiError as err:
        status, headers, body = _error(err)
    headers += [("Content-Length", str(len(body))), ("x-amzn-RequestId", str(uuid.uuid4()))]
    start_response(f"{status} {HTTPStatus(status).phrase if status in _KNOWN else 'Error'}", headers)
    return [body]


_KNOWN = frozenset(item.value for item in HTTPStatus)


def _dispatch(context: Context, environ: Environ) -> tuple[int, Headers, bytes]:
    found = _PATH.fullmatch(environ["PATH_INFO"])
    if not found or environ["REQUEST_METHOD"] != "POST":
        raise NotSimulatedError(f"The runtime API has no {environ['REQUEST_METHOD']} {environ['PATH_INFO']}.")
    endpoint = _endpoint(context, found["name"])
    for header, what in _REFUSED.items():
        if environ.get(f"HTTP_X_AMZN_SAGEMAKER_{header}"):
            raise InvocationValidationError(f"The local AWS does not simulate {what}.")
    if found["verb"] == "async-invocations":
        return _take(context, endpoint, environ)
    if async_inference.async_config(endpoint):
        raise InvocationValidationError(
            f"Endpoint {endpoint.key.name} is asynchronous: use InvokeEndpointAsync, or an endpoint configuration "
            "without AsyncInferenceConfig."
        )
    is_stream = found["verb"] != "invocations"
    accept = environ.get("HTTP_X_AMZN_SAGEMAKER_ACCEPT" if is_stream else "HTTP_ACCEPT", "")
    reply = invoke(context.plane, endpoint, _invocation(environ, environ.get("CONTENT_TYPE", ""), accept))
    return _answered(reply, is_stream=is_stream)


def _answered(reply: Reply, *, is_stream: bool) -> tuple[int, Headers, bytes]:
    headers: Headers = [("x-Amzn-Invoked-Production-Variant", reply.variant)]
    content_type = reply.answer.content_type
    if is_stream:
        headers.append(("Content-Type", response_stream.CONTENT_TYPE))
    if content_type:
        headers.append(("X-Amzn-SageMaker-Content-Type" if is_stream else "Content-Type", content_type))
    if reply.custom_attributes:
        headers.append(("X-Amzn-SageMaker-Custom-Attributes", reply.custom_attributes))
    body = reply.answer.body
    return 200, headers, response_stream.encode(body) if is_stream else body


def _take(context: Context, endpoint: LiveEndpoint, environ: Environ) -> tuple[int, Headers, bytes]:
    """Take a request of an asynchronous endpoint."""
    prefix = "HTTP_X_AMZN_SAGEMAKER_"
    given = {name.removeprefix(prefix): value for name, value in environ.items() if name.startswith(prefix)}
    seconds = float(given.get("INVOCATIONTIMEOUTSECONDS", async_inference.DEFAULT_SECONDS))
    request = _invocation(environ, given.get("CONTENT_TYPE", ""), given.get("ACCEPT", ""), timeout=seconds)
    ticket = async_inference.submit(context.plane, endpoint, given, request)
    headers: Headers = [
        ("Content-Type", "application/json"),
        ("X-Amzn-SageMaker-OutputLocation", ticket.output),
        *([("X-Amzn-SageMaker-FailureLocation", ticket.failure)] if ticket.failure else []),
    ]
    return 202, headers, json.dumps({"InferenceId": ticket.inference_id}).encode()


def _endpoint(context: Context, name: str) -> LiveEndpoint:
    key = context.key("endpoint", name)
    endpoint = context.plane.endpoints.get(key)
    if endpoint is None or endpoint.fleet is None:
        record = context.plane.store.get(key)
        if record is None or record["EndpointStatus"] not in _SERVING:
            raise InvocationValidationError(f"Endpoint {name} of account {context.account_id} not found.")
    if endpoint is None:
        raise InvocationValidationError(f"Endpoint {name} of account {context.account_id} not found.")
    return endpoint


def _invocation(environ: Environ, content_type: str, accept: str, *, timeout: float = MODEL_SECONDS) -> Invocation:
    size = int(environ.get("CONTENT_LENGTH") or 0)
    body = b"" if size > MAX_BODY else environ["wsgi.input"].read()
    if max(size, len(body)) > MAX_BODY:
        raise _too_long("body", MAX_BODY)
    own = {name: environ.get(f"HTTP_X_AMZN_SAGEMAKER_{name}", "") for name in _OWN}
    for name, limit in (("INFERENCE_ID", _MAX_ID), ("CUSTOM_ATTRIBUTES", _MAX_ATTRIBUTES)):
        if len(own[name]) > limit:
            raise _too_long(_MEMBERS[name], limit)
    return Invocation(
        body,
        content_type=content_type or "application/octet-stream",
        accept=accept,
        custom_attributes=own["CUSTOM_ATTRIBUTES"],
        inference_id=own["INFERENCE_ID"],
        target_variant=own["TARGET_VARIANT"],
        timeout=timeout,
    )


_OWN = ("CUSTOM_ATTRIBUTES", "INFERENCE_ID", "TARGET_VARIANT")
_MEMBERS = {"INFERENCE_ID": "inferenceId", "CUSTOM_ATTRIBUTES": "customAttributes"}


def _too_long(member: str, limit: int) -> InvocationValidationError:
    return InvocationValidationError(
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less "
        f"than or equal to {limit}"
    )


def _error(err: ApiError) -> tuple[int, Headers, bytes]:
    fields: Mapping[str, object] = getattr(err, "fields", {})
    code = "ValidationError" if err.code == "ValidationException" else err.code
    body = json.dumps({"Message": err.message, "message": err.message, **fields}).encode()
    return err.status, [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)], body
