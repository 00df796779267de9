"""Speak CloudWatch's three protocols: Smithy's RPC v2 CBOR, which boto3 uses, AWS JSON 1.0, and the old Query."""

import datetime as dt
import io
import json
import zlib
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.serialize import CBORSerializer

from local_aws.errors import ApiError, SerializationError
from local_aws.http_server import Environ
from local_aws.iam.calls import Call, read_call
from local_aws.sagemaker.validation import operation_model, service_model

SERVICE = "monitoring"
_NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
_MOST_BYTES = 64 << 20
_NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def decompress(environ: Environ) -> None:
    """Unpack a request's body: clients send large ones in gzip.

    Raises:
        ApiError: It is no gzip, or more than 64 MB.
    """
    if environ.get("HTTP_CONTENT_ENCODING", "").lower() != "gzip":
        return
    packed = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or -1))
    try:
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        body = unpacker.decompress(packed, _MOST_BYTES)
    except zlib.error as err:
        raise SerializationError(f"The body is no gzip: {err}") from err
    if unpacker.unconsumed_tail:
        raise SerializationError(f"The body unpacks to more than {_MOST_BYTES} bytes.")
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
    del environ["HTTP_CONTENT_ENCODING"]


def read(environ: Environ) -> Call:
    """Return the operation that a request calls, with typed parameters."""
    call = read_call(environ, SERVICE)
    if _protocol(environ) != "query" or call.operation not in service_model("cloudwatch").operation_names:
        return call
    shape = operation_model("cloudwatch", call.operation).input_shape
    parameters = _typed(shape, call.parameters) if shape else {}
    return Call(call.service, call.operation, parameters, call.context)


def answer(environ: Environ, operation: str, response: dict[str, Any]) -> Answer:
    """Return the response of an operation in the request's protocol."""
    shape = operation_model("cloudwatch", operation).output_shape
    match _protocol(environ):
        case "cbor":
            data = bytearray(b"" if shape else b"\xa0")
            if shape:
                _Cbor()._serialize_data_item(data, response, shape)  # noqa: SLF001 - botocore has no public writer
            return _answer(200, bytes(data), *_CBOR)
        case "json":
            return _answer(200, json.dumps(_plain(response)).encode(), _JSON)
        case _:
            inner = _xml(shape, response) if shape else ""
            result = f"<{operation}Result>{inner}</{operation}Result>" if shape else ""
            tail = "<ResponseMetadata><RequestId>local</RequestId></ResponseMetadata>"
            text = f'<{operation}Response xmlns="{_NAMESPACE}">{result}{tail}</{operation}Response>'
            return _answer(200, text.encode(), _XML)


def error(environ: Environ, err: ApiError) -> Answer:
    """Return an error in the request's protocol."""
    code, message = err.code, err.message
    # Where the shape of an error is not called as its code, clients learn the code from this header.
    query = ("x-amzn-query-error", f"{code};{'Sender' if err.status < 500 else 'Receiver'}")  # noqa: PLR2004 - HTTP
    match _protocol(environ):
        case "cbor":
            data = bytearray(b"\xa2")
            for text in ("__type", code, "message", message):
                _Cbor()._serialize_type_string(data, text, None, None)  # noqa: SLF001 - as above
            return _answer(err.status, bytes(data), *_CBOR, query)
        case "json":
            body = json.dumps({"__type": code, "message": message}).encode()
            return _answer(err.status, body, _JSON, ("x-amzn-ErrorType", code), query)
        case _:
            inner = f"<Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
            text = f'<ErrorResponse xmlns="{_NAMESPACE}"><Error>{inner}</Error></ErrorResponse>'
            return _answer(err.status, text.encode(), _XML)


_CBOR = (("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"))
_JSON = ("Content-Type", "application/x-amz-json-1.0")
_XML = ("Content-Type", "text/xml")


class _Cbor(CBORSerializer):
    """Write a value of a shape as CBOR."""

    @staticmethod
    def _convert_timestamp_to_str(value: dt.datetime) -> float:
        return value.timestamp()

    def _serialize_type_double(self, serialized: bytearray, value: float, shape: Any, key: Any) -> None:
        super()._serialize_type_double(serialized, float(value), shape, key)


def _protocol(environ: Environ) -> str:
    if "/operation/" in environ["PATH_INFO"] or "cbor" in environ.get("CONTENT_TYPE", ""):
        return "cbor"
    return "json" if environ.get("HTTP_X_AMZ_TARGET") else "query"


def _answer(status: int, body: bytes, *headers: tuple[str, str]) -> Answer:
    return Answer(status, [*headers, ("Content-Length", str(len(body)))], body)


def _typed(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return {name: _typed(shape.members[name], item) for name, item in value.items()}
    if isinstance(shape, ListShape):
        return [_typed(shape.member, item) for item in value]
    if shape.type_name == "boolean":
        return str(value).lower() == "true"
    try:
        return _NUMBERS.get(shape.type_name, str)(value)
    except ValueError:
        return value  # the check against the model says what is wrong


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.timestamp() if isinstance(value, dt.datetime) else value


def _xml(shape: Shape, value: Any) -> str:
    if isinstance(shape, StructureShape):
        members = ((name, shape.members[name], value.get(name)) for name in shape.members)
        return "".join(f"<{name}>{_xml(member, item)}</{name}>" for name, member, item in members if item is not None)
    if isinstance(shape, ListShape):
        return "".join(f"<member>{_xml(shape.member, item)}</member>" for item in value)
    if isinstance(shape, MapShape):
        pairs = ((escape(str(key)), _xml(shape.value, item)) for key, item in value.items())
        return "".join(f"<entry><key>{key}</key><value>{item}</value></entry>" for key, item in pairs)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value).lower() if isinstance(value, bool) else escape(str(value))
