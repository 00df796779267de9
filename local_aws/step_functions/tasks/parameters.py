"""Shape the parameters of an SDK integration, which are PascalCase, as the request of the API."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


class ParameterError(ValueError):
    """A parameter is none of the operation's."""


def as_request(shape: Shape, value: Any, where: str = "Parameters") -> Any:
    """Return parameters with the members' own names, whatever their case.

    Raises:
        ParameterError: The operation has no such member.
    """
    if isinstance(shape, StructureShape):
        return _structure(shape, value, where)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [as_request(shape.member, item, where) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: as_request(shape.value, item, where) for key, item in value.items()}
    if shape.type_name == "blob":
        return value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return value


def _structure(shape: StructureShape, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ParameterError(f"The field '{where}' must be an object")
    members = shape.members
    names = {name.lower(): name for name in members}
    if unknown := [key for key in value if key.lower() not in names]:
        raise ParameterError(f"The field '{unknown[0]}' is not supported; allowed are {', '.join(members)}")
    given = {names[key.lower()]: item for key, item in value.items() if item is not None}
    return {name: as_request(members[name], item, name) for name, item in given.items()}
