"""Answer every AWS request: SageMaker operations from the store, everything else from moto."""

import io
import json
import logging
import os
import re
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from local_aws import clock_page
from local_aws.cloudformation import service as cloudformation
from local_aws.cloudwatch import service as cloudwatch
from local_aws.cloudwatch import wire as cloudwatch_wire
from local_aws.data_plane import DataPlane
from local_aws.errors import ApiError, SerializationError
from local_aws.functions import invocation
from local_aws.hosting import page as endpoints_page
from local_aws.hosting import runtime_api
from local_aws.http_server import Environ, StartResponse, WsgiApplication
from local_aws.iam.guard import Guard
from local_aws.launcher import CLOCK_PATH, ENDPOINTS_PATH, HEALTH_PATH, USAGE_PATH
from local_aws.sagemaker import validation
from local_aws.sagemaker.operations import OPERATIONS, Context, NotOursError, Request
from local_aws.small_services import ANSWERS

_LOG = logging.getLogger(__name__)
_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_OLDER_SIGNATURE = re.compile(r"(?:^AWS |(?:^|&)AWSAccessKeyId=)(?P<key>[^:&]+)")


@dataclass(frozen=True)
class Caller:
    """Who signed a request, and for which service and region."""

    access_key: str
    region: str
    service: str

    @classmethod
    def of(cls, environ: Environ, default_region: str) -> "Caller":
        """Read the credential scope of a request; nothing is verified."""
        source = environ.get("HTTP_AUTHORIZATION") or environ.get("QUERY_STRING", "").replace("%2F", "/")
        found = _SCOPE.search(source)
        if found:
            return cls(found["key"], found["region"], found["service"])
        if older := _OLDER_SIGNATURE.search(source):  # boto3 still signs S3's URLs by version 2
            return cls(older["key"], default_region, "s3")
        # The one service that clients call unsigned is STS, with a token instead.
        is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        return cls("", default_region, "sts" if is_form else "")


_HTTP_ANSWERS: tuple[
    tuple[Callable[[str, Environ], bool], Callable[[Context, Environ, StartResponse], Iterable[bytes]]], ...
] = (
    (
        lambda service, environ: service == "sagemaker" and runtime_api.is_runtime_path(environ["PATH_INFO"]),
        runtime_api.answer,
    ),
    (invocation.is_invocation, invocation.answer),
)
"""Whether a request is one of a service of ours that has its own HTTP paths → what answers it."""


@dataclass(frozen=True)
class _OwnAnswer:
    body: dict[str, Any]


class Gateway:
    """The WSGI application of the local AWS."""

    def __init__(self, plane: DataPlane, moto: WsgiApplication, account_of: Callable[[str], str], guard: Guard) -> None:
        self._plane, self._moto, self._account_of, self._guard = plane, moto, account_of, guard
        self.last_request = time.monotonic()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] in {HEALTH_PATH, USAGE_PATH, CLOCK_PATH, ENDPOINTS_PATH}:
            return self._page(environ, start_response)
        self.last_request = time.monotonic()
        caller = Caller.of(environ, self._plane.settings.region)
        try:
            if caller.service == cloudwatch_wire.SERVICE:
                cloudwatch_wire.decompress(environ)
            self._guard.check(environ, caller.access_key, caller.service, caller.region)
            context = Context(self._account_of(caller.access_key), caller.region, self._plane)
            if answer := self._own_answer(caller.service, environ, context):
                return _send(200, answer.body, start_response)
            return self._answer(caller, environ, context, start_response)
        except ApiError as err:
            if caller.service == cloudwatch_wire.SERVICE:
                return _forward(cloudwatch_wire.error(environ, err), start_response)
            return _send_error(err, caller, start_response)
        except Exception as err:  # noqa: BLE001 - the boundary to the client
            _LOG.exception("%s %s failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            return _send_error(_internal(err), caller, start_response)

    def _answer(
        self, caller: Caller, environ: Environ, context: Context, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer by a service of our own that speaks another protocol than JSON, or by moto."""
        for is_ours, answer in _HTTP_ANSWERS:
            if is_ours(caller.service, environ):
                return answer(context, environ, start_response)
        if caller.service == cloudwatch_wire.SERVICE:
            return _forward(cloudwatch.answer(context, environ), start_response)
        if caller.service == cloudformation.SERVICE:
            body = cloudformation.answer(context, environ, caller.access_key)
            return _respond(200, body, start_response, _xml_headers(body))
        return self._moto(environ, start_response)

    def _own_answer(self, service: str, environ: Environ, context: Context) -> "_OwnAnswer | None":
        """Answer an operation of a JSON service that is ours."""
        name = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        is_sagemaker = service == "sagemaker" and name in OPERATIONS
        if not is_sagemaker and (service, name) not in ANSWERS:
            return None
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or -1))
        try:
            request = _parsed(raw)
            body = self.call(name, context, request) if is_sagemaker else ANSWERS[service, name](context, request)
        except NotOursError:
            environ["wsgi.input"] = io.BytesIO(raw)
            return None
        return _OwnAnswer(body)

    def _page(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer what is the local AWS's own, and no AWS service's."""
        if environ["PATH_INFO"] == HEALTH_PATH:
            return _send(200, {"pid": os.getpid()}, start_response)
        if environ["PATH_INFO"] == USAGE_PATH:
            return _send(200, self._guard.answer(environ["REQUEST_METHOD"]), start_response)
        if environ["PATH_INFO"] == ENDPOINTS_PATH:
            return _send(200, endpoints_page.answer(self._plane), start_response)
        try:
            return _send(200, clock_page.answer(self._plane.clock, environ), start_response)
        except ApiError as err:
            return _send_error(err, Caller("", "", ""), start_response)

    def call(self, name: str, context: Context, request: Request) -> dict[str, Any]:
        """Check a request, run its operation and shape the response, as over HTTP."""
        checked = validation.checked_request("sagemaker", name, request)
        response = OPERATIONS[name](context, checked)
        public = {key: value for key, value in response.items() if not key.startswith("_")}
        return validation.pruned_response("sagemaker", name, public)


def _parsed(raw: bytes) -> Request:
    try:
        body = json.loads(raw or b"{}")
    except (ValueError, RecursionError) as err:
        raise SerializationError("The request body is not valid JSON") from err
    if not isinstance(body, dict):
        raise SerializationError("The request body is not a JSON object")
    return body


def _internal(err: Exception) -> ApiError:
    error = ApiError(f"The local AWS failed while it answered: {type(err).__name__}: {err}. Its log says more.")
    error.status = 500
    return error


def _send(
    status: int, body: dict[str, Any], start_response: StartResponse, *headers: tuple[str, str]
) -> Iterable[bytes]:
    payload = json.dumps(body).encode()
    kinds = [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(payload)))]
    return _respond(status, payload, start_response, [*kinds, *headers])


def _respond(
    status: int, payload: bytes, start_response: StartResponse, headers: list[tuple[str, str]]
) -> Iterable[bytes]:
    reason = "OK" if status < HTTPStatus.BAD_REQUEST else "Error"
    start_response(f"{status} {reason}", [*headers, ("x-amzn-RequestId", str(uuid.uuid4()))])
    return [payload]


def _forward(answer: cloudwatch_wire.Answer, start_response: StartResponse) -> Iterable[bytes]:
    return _respond(answer.status, answer.body, start_response, answer.headers)


def _send_error(err: ApiError, caller: Caller, start_response: StartResponse) -> Iterable[bytes]:
    if not validation.speaks_xml(caller.service):
        body = {"__type": err.code, "message": err.message, "Message": err.message}
        return _send(err.status, body, start_response, ("x-amzn-ErrorType", err.code))
    inner = f"<Code>{escape(err.code)}</Code><Message>{escape(err.message)}</Message>"
    xml = (
        f"<Error>{inner}</Error>"
        if caller.service == "s3"
        else f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
    )
    return _respond(err.status, xml.encode(), start_response, _xml_headers(xml.encode()))


def _xml_headers(body: bytes) -> list[tuple[str, str]]:
    return [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))]
