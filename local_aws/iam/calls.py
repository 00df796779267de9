"""Read which operation of which service an HTTP request calls, with which parameters; botocore's models say how."""

import base64
import functools
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.parsers import RpcV2CBORParser

from local_aws.http_server import Environ
from local_aws.iam import s3_calls
from local_aws.sagemaker.validation import operation_model, service_model

Parameters = Mapping[str, Any]

_MODELS = {"elasticfilesystem": "efs", "monitoring": "cloudwatch", "states": "stepfunctions"}
"""Signing name → botocore's name, where they differ."""
_RUNTIME_PATH = "/endpoints/"
_CBOR_PATH = re.compile(r"^/service/\w+/operation/(?P<operation>\w+)$")


@dataclass(frozen=True)
class Call:
    """One API call.

    Attributes:
        service: The prefix of the service's IAM actions.
        operation: The API's name of it; empty where the request names none that the service has.
        context: Condition keys that only the HTTP request tells, such as S3's headers.
    """

    service: str
    operation: str
    parameters: Parameters
    context: Mapping[str, str | list[str]]


def read_call(environ: Environ, signing_name: str) -> Call:
    """Return the call that a request makes; the body of an S3 upload stays unread.

    Raises:
        botocore.exceptions.UnknownServiceError: botocore knows no service of that name.
    """
    if signing_name == "s3":
        return Call("s3", *s3_calls.read(environ))
    if signing_name == "sagemaker" and environ["PATH_INFO"].startswith(_RUNTIME_PATH):
        # What a model is asked is no parameter of the call, and may have any form and megabytes.
        return Call("sagemaker", *_rest(environ, b"", "sagemaker-runtime", {}), {})
    body = read_body(environ)
    operation, parameters = _read(environ, body, _MODELS.get(signing_name, signing_name))
    return Call("cloudwatch" if signing_name == "monitoring" else signing_name, operation, parameters, {})


def read_body(environ: Environ) -> bytes:
    """Return a request's body, and leave it to be read again."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or -1))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _read(environ: Environ, body: bytes, model: str) -> tuple[str, Parameters]:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2], _json(body)
    if cbor := _CBOR_PATH.match(environ["PATH_INFO"]):
        return cbor["operation"], _cbor(body)
    form = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if "json" not in environ.get("CONTENT_TYPE", ""):
        form.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if "Action" in form:
        return form["Action"], _query(model, form["Action"], form)
    return _rest(environ, body, model, form)


def _json(body: bytes) -> Parameters:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}  # the service itself answers what is wrong with it
    return parsed if isinstance(parsed, dict) else {}


def _cbor(body: bytes) -> Parameters:
    if not body:
        return {}
    parser = RpcV2CBORParser()
    parsed = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    return parsed if isinstance(parsed, dict) else {}


def _query(model: str, operation: str, form: Mapping[str, str]) -> Parameters:
    if operation not in service_model(model).operation_names:
        return {}
    shape = operation_model(model, operation).input_shape
    is_ec2 = service_model(model).protocol == "ec2"
    return {} if shape is None else _structure(shape, form, "", is_ec2=is_ec2)


def _structure(shape: Shape, form: Mapping[str, str], prefix: str, *, is_ec2: bool) -> dict[str, Any]:
    assert isinstance(shape, StructureShape)
    found = {
        name: _value(member, form, prefix + _form_name(member, name, is_ec2=is_ec2), is_ec2=is_ec2)
        for name, member in shape.members.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def _form_name(shape: Shape, name: str, *, is_ec2: bool) -> str:
    serialized = shape.serialization
    if is_ec2:
        given = serialized.get("queryName") or serialized.get("name", name)
        return str(given[:1].upper() + given[1:])
    return str(serialized.get("name", name))


def _value(shape: Shape, form: Mapping[str, str], name: str, *, is_ec2: bool) -> Any:
    if isinstance(shape, StructureShape):
        below = any(key.startswith(f"{name}.") for key in form)
        return _structure(shape, form, f"{name}.", is_ec2=is_ec2) if below else None
    if isinstance(shape, ListShape):
        inner = "" if is_ec2 or shape.serialization.get("flattened") else f".{_member_name(shape)}"
        return list(_items(shape, form, name + inner, is_ec2=is_ec2)) or None
    if isinstance(shape, MapShape):
        entries = (f"{name}.entry.{number}" for number in range(1, len(form) + 1))
        return {form[f"{e}.key"]: form.get(f"{e}.value", "") for e in entries if f"{e}.key" in form} or None
    return form.get(name)


def _member_name(shape: ListShape) -> str:
    return str(shape.member.serialization.get("name", "member"))


def _items(shape: ListShape, form: Mapping[str, str], name: str, *, is_ec2: bool) -> Iterator[Any]:
    number = 1
    while (value := _value(shape.member, form, f"{name}.{number}", is_ec2=is_ec2)) is not None:
        yield value
        number += 1


def _rest(environ: Environ, body: bytes, model: str, form: Mapping[str, str]) -> tuple[str, Parameters]:
    path = environ["PATH_INFO"]
    for method, pattern, operation, names in _routes(model):
        if method == environ["REQUEST_METHOD"] and (found := pattern.match(path)):
            labels = {label: unquote(value) for label, value in zip(names, found.groups(), strict=True)}
            return operation, {**form, **_json(body), **_headers(environ), **labels}
    return "", {}


def _headers(environ: Environ) -> dict[str, str]:
    """Return the modelled headers that a policy can look at."""
    target = environ.get("HTTP_X_AMZN_SAGEMAKER_TARGET_MODEL")
    return {"TargetModel": target} if target else {}


@functools.cache
def _routes(model: str) -> list[tuple[str, re.Pattern[str], str, list[str]]]:
    """Return method, path, operation and labels of every REST operation, the most specific path first."""
    routes = []
    for operation in service_model(model).operation_names:
        http = operation_model(model, operation).http
        uri = http.get("requestUri", "/").partition("?")[0].rstrip("/") or "/"
        parts = re.split(r"\{(\w+)\+?\}", uri)
        pattern = "".join("([^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
        routes.append((http.get("method", "POST"), re.compile(f"^{pattern}/?$"), operation, parts[1::2]))
    return sorted(routes, key=lambda route: len(route[3]))


def key_id_of_ciphertext(blob: object) -> str:
    """Return the id of the KMS key that a ciphertext of the local AWS names in its first 36 characters."""
    data = base64.b64decode(blob + "==") if isinstance(blob, str) else bytes(blob if isinstance(blob, bytes) else b"")
    return data[:36].decode("ascii", "replace")
