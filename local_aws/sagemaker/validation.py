"""Check a request against the API's own model, with the messages of the AWS front end."""

import datetime as dt
import functools
import re
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from local_aws.errors import SerializationError, ValidationError

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}
_MAX_SHOWN = 1000


@functools.cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's model of a service."""
    return botocore.session.Session().get_service_model(service)


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    """Return botocore's model of one operation."""
    return service_model(service).operation_model(operation)


@functools.cache
def speaks_xml(service: str) -> bool:
    """Return whether a service, by its signing name, answers errors as XML."""
    try:
        return str(service_model(service).protocol) in {"query", "ec2", "rest-xml"}
    except botocore.exceptions.UnknownServiceError:
        return False


def checked_request(service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the request with typed values and without members that the API does not know.

    Raises:
        SerializationError: A value has the wrong JSON type.
        ValidationError: A value breaks a constraint.
    """
    shape = operation_model(service, operation).input_shape
    if shape is None:
        return {}
    parsed: dict[str, Any] = _parse(shape, request)
    problems = list(_problems(shape, parsed, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        raise ValidationError(count + "; ".join(problems))
    return parsed


def pruned_response(service: str, operation: str, response: dict[str, Any]) -> dict[str, Any]:
    """Return only what the operation's output shape knows, with timestamps as epoch seconds."""
    shape = operation_model(service, operation).output_shape
    return {} if shape is None else _render(shape, response)


def _parse(shape: Shape, value: Any, name: str = "") -> Any:
    kind = shape.type_name
    if kind == "timestamp":
        return _timestamp(value)
    allowed = _TYPES.get(kind, (str,))
    is_of_type = isinstance(value, allowed) and (kind == "boolean" or not isinstance(value, bool))
    if not is_of_type:
        where = f" for member {name}" if name else ""
        raise SerializationError(f"{type(value).__name__} value cannot be converted to {kind}{where}")
    if isinstance(shape, StructureShape):
        known = shape.members
        return {key: _parse(known[key], item, key) for key, item in value.items() if key in known and item is not None}
    if isinstance(shape, ListShape):
        return [_parse(shape.member, item, name) for item in value if item is not None]
    if isinstance(shape, MapShape):
        return {key: _parse(shape.value, item, key) for key, item in value.items() if item is not None}
    return value


def _timestamp(value: Any) -> dt.datetime:
    if isinstance(value, (int, float)):
        return dt.datetime.fromtimestamp(value, dt.UTC)
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError as err:
        raise SerializationError(f"'{value}' cannot be converted to a timestamp") from err
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    yield from (_problem(value, path, constraint) for constraint in _broken_constraints(shape, value))
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            if name not in value:
                yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
        for name, item in value.items():
            yield from _problems(shape.members[name], item, _join(path, name))
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, 1):
            yield from _problems(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _map_problems(shape, value, path)


def _map_problems(shape: MapShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for key, item in value.items():
        for constraint in _broken_constraints(shape.key, key):
            yield _problem(key, path, f"Map keys must satisfy constraint: [{constraint}]")
        yield from _problems(shape.value, item, f"{path}.{key}.member")


def _problem(value: Any, path: str, constraint: str) -> str:
    return f"Value '{_shown(value)}' at '{path}' failed to satisfy constraint: {constraint}"


def _broken_constraints(shape: Shape, value: Any) -> Iterator[str]:
    limits = shape.metadata
    if isinstance(value, (str, list, dict)) and not isinstance(shape, StructureShape):
        if "max" in limits and len(value) > limits["max"]:
            yield f"Member must have length less than or equal to {limits['max']}"
        if "min" in limits and len(value) < limits["min"]:
            yield f"Member must have length greater than or equal to {limits['min']}"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if "max" in limits and value > limits["max"]:
            yield f"Member must have value less than or equal to {limits['max']}"
        if "min" in limits and value < limits["min"]:
            yield f"Member must have value greater than or equal to {limits['min']}"
    if isinstance(value, str):
        if limits.get("enum") and value not in limits["enum"]:
            yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"
        if "pattern" in limits and not _matches(limits["pattern"], value):
            yield f"Member must satisfy regular expression pattern: {limits['pattern']}"


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a Java pattern; None where Python cannot express it, and then anything matches."""
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:
        return None


def _render(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        members = shape.members
        return {k: _render(members[k], v) for k, v in value.items() if k in members and v is not None}
    if isinstance(shape, ListShape):
        return [_render(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _render(shape.value, item) for key, item in value.items()}
    return value.timestamp() if isinstance(value, dt.datetime) else value


def _join(path: str, member: str) -> str:
    name = member[:1].lower() + member[1:]
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
