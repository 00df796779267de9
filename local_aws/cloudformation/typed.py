"""Shape CloudFormation's loosely typed properties as an API's own model wants them."""

import json
from typing import Any

from botocore.model import Shape

from local_aws.cloudformation.errors import ResourceError
from local_aws.sagemaker.validation import operation_model

Members = dict[str, Any]


def request(service: str, operation: str, members: Members, *, is_partial: bool = False) -> Members:
    """Return the members as the operation's input: names in its casing, numbers as numbers, documents as JSON text.

    Args:
        service: A botocore service name.
        operation: An operation in CamelCase.
        members: The properties.
        is_partial: Leave out the members which the operation does not have.

    Raises:
        ResourceError: The operation has no such member.
    """
    shape: Any = operation_model(service, operation).input_shape
    if is_partial:
        known = members_of(service, operation)
        members = {name: value for name, value in members.items() if name.lower() in known}
    return dict(_structure(shape, members, ""))


def members_of(service: str, operation: str) -> set[str]:
    """Return the names of an operation's members in lower case."""
    shape: Any = operation_model(service, operation).input_shape
    return {name.lower() for name in shape.members}


def typed(shape: Shape | Any, value: Any, where: str) -> Any:
    """Return a value in the type of a shape."""
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, where)
    if kind == "list":
        member: Any = shape.member
        items = value if isinstance(value, list) else [value]
        return [typed(member, item, f"{where}/{number}") for number, item in enumerate(items)]
    if kind == "map":
        pairs = {_get(pair, "key"): _get(pair, "value") for pair in value} if isinstance(value, list) else value
        return {str(key): typed(shape.value, item, f"{where}/{key}") for key, item in pairs.items()}
    return _scalar(kind, value, where)


def _structure(shape: Any, value: Any, where: str) -> Members:
    if not isinstance(value, dict):
        raise ResourceError(f"Model validation failed (#{where}: expected type: JSONObject, found: {value!r})")
    names = {name.lower(): name for name in shape.members}
    result = {}
    for key, item in value.items():
        name = names.get(key.lower()) or names.get(f"tag{key.lower()}")  # KMS has TagKey and TagValue
        if name is None:
            raise ResourceError(f"Model validation failed (#{where}: extraneous key [{key}] is not permitted)")
        result[name] = typed(shape.members[name], item, f"{where}/{key}")
    return result


def _scalar(kind: str, value: Any, where: str) -> Any:
    try:
        if kind in {"integer", "long"}:
            return int(value)
        if kind in {"float", "double"}:
            return float(value)
    except (TypeError, ValueError) as err:
        raise ResourceError(f"Model validation failed (#{where}: expected type: Number, found: {value!r})") from err
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    if kind == "timestamp" or isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, (dict, list, bool)) else str(value)


def _get(pair: dict[str, Any], name: str) -> Any:
    return next(value for key, value in pair.items() if key.lower() == name)
