"""Read requests and write answers in AWS's Query protocol: forms in, XML out."""

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape

Form = dict[str, str]


def form_of(body: bytes, query: str) -> Form:
    """Return the fields of a request."""
    text = body.decode("utf-8") or query
    return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=False))


def parsed(operation: OperationModel, form: Form) -> dict[str, Any]:
    """Return a request's members."""
    shape = operation.input_shape
    result: dict[str, Any] = _parse(shape, form, "") if shape is not None else {}
    return result


def answer(operation: OperationModel, response: dict[str, Any]) -> bytes:
    """Return a response's XML."""
    name, shape = operation.name, operation.output_shape
    inner = ""
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{name}Result")
        inner = f"<{wrapper}>{''.join(_members(shape, response))}</{wrapper}>"
    meta = f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
    namespace = operation.metadata.get("xmlNamespace", "http://cloudformation.amazonaws.com/doc/2010-05-15/")
    return f'<{name}Response xmlns="{namespace}">{inner}{meta}</{name}Response>'.encode()


def _parse(shape: Any, form: Form, prefix: str) -> Any:
    kind = shape.type_name
    if kind == "structure":
        found = {}
        for name, member in shape.members.items():
            path = f"{prefix}.{name}" if prefix else name
            if _has(form, path):
                found[name] = _parse(member, form, path)
        return found
    if kind == "list":
        items: list[Any] = []
        while _has(form, f"{prefix}.member.{len(items) + 1}"):
            items.append(_parse(shape.member, form, f"{prefix}.member.{len(items) + 1}"))
        return items
    text = form[prefix]
    if kind in {"integer", "long"}:
        return int(text)
    return text.lower() == "true" if kind == "boolean" else text


def _has(form: Form, path: str) -> bool:
    return path in form or any(name.startswith(f"{path}.") for name in form)


def _members(shape: Any, values: dict[str, Any]) -> Iterator[str]:
    for name, member in shape.members.items():
        if values.get(name) is not None:
            yield f"<{name}>{_render(member, values[name])}</{name}>"


def _render(shape: Shape | Any, value: Any) -> str:
    kind = shape.type_name
    if kind == "structure":
        return "".join(_members(shape, value))
    if kind == "list":
        return "".join(f"<member>{_render(shape.member, item)}</member>" for item in value)
    if kind == "timestamp" and isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if kind == "boolean":
        return "true" if value else "false"
    return escape(str(value), {"\r": "&#13;"})
