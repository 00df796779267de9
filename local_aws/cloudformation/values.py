"""Resolve the intrinsic functions of a template to values."""

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.cloudformation.errors import StackValidationError

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:ssm:([^:}]+)(?::\d+)?\}\}")
_ZONES = "abc"


class NoValue:
    """AWS::NoValue: the property is not there."""


NO_VALUE = NoValue()


class Unknown:
    """A value that only the deployment will show, such as the id of a resource that does not exist yet."""


UNKNOWN = Unknown()


@dataclass
class Scope:
    """What the functions of one stack's template can see."""

    stack_name: str
    stack_id: str
    account_id: str
    region: str
    parameters: dict[str, Any]
    mappings: dict[str, Any]
    import_value: Callable[[str], Any]
    ssm_value: Callable[[str], str]
    conditions: dict[str, Any] = field(default_factory=dict)
    references: dict[str, Any] = field(default_factory=dict)
    """Logical id to physical id."""
    attributes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Logical id to the values of Fn::GetAtt; `UNKNOWN` under the key "" where they are not known yet."""

    def resolve(self, value: Any) -> Any:
        """Return a value without functions.

        Raises:
            StackValidationError: A function refers to nothing.
        """
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not NO_VALUE]
        if isinstance(value, str):
            return _DYNAMIC.sub(lambda found: self.ssm_value(found[1]), value) if "{{resolve:" in value else value
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            function = _FUNCTIONS.get(name)
            if function and (name != "Condition" or isinstance(argument, str)):
                return function(self, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def condition(self, name: str) -> bool:
        """Return whether a condition of the template holds."""
        if name not in self.conditions:
            raise StackValidationError(f"Template error: unresolved condition dependency {name}")
        return bool(self.resolve(self.conditions[name]))

    def reference(self, name: str) -> Any:
        """Return what `Ref` returns."""
        pseudo = self._pseudo(name)
        if pseudo is not None:
            return pseudo
        for known in (self.parameters, self.references):
            if name in known:
                return known[name]
        raise StackValidationError(f"Template format error: Unresolved resource dependencies [{name}] in the template")

    def attribute(self, logical_id: str, name: str) -> Any:
        """Return what `Fn::GetAtt` returns."""
        known = self.attributes.get(logical_id)
        if known is None:
            raise StackValidationError(
                f"Template error: instance of Fn::GetAtt references undefined resource {logical_id}"
            )
        if name in known:
            return known[name]
        if "" in known:
            return known[""]
        raise StackValidationError(
            f"Template error: resource {logical_id} does not support attribute type {name} in Fn::GetAtt. "
            f"The local AWS knows: {', '.join(sorted(known)) or 'none'}."
        )

    def _pseudo(self, name: str) -> Any:
        return {
            "AWS::AccountId": self.account_id,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.stack_name,
            "AWS::StackId": self.stack_id,
            "AWS::NotificationARNs": [],
            "AWS::NoValue": NO_VALUE,
        }.get(name)


def is_known(value: Any) -> bool:
    """Return whether a resolved value holds nothing unknown."""
    if isinstance(value, dict):
        return all(is_known(item) for item in value.values())
    if isinstance(value, list):
        return all(is_known(item) for item in value)
    return value is not UNKNOWN


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _get_att(scope: Scope, argument: Any) -> Any:
    logical_id, name = argument.split(".", 1) if isinstance(argument, str) else (argument[0], argument[1:])
    name = name if isinstance(name, str) else ".".join(scope.resolve(part) for part in name)
    return scope.attribute(logical_id, name)


def _join(scope: Scope, argument: Any) -> Any:
    parts = scope.resolve(argument[1])
    if not is_known(parts):
        return UNKNOWN
    return str(argument[0]).join(_text(part) for part in (parts if isinstance(parts, list) else [parts]))


def _sub(scope: Scope, argument: Any) -> Any:
    text, local = (argument, {}) if isinstance(argument, str) else (argument[0], scope.resolve(argument[1]))
    unknown = False

    def replaced(found: re.Match[str]) -> str:
        nonlocal unknown
        name = found[1].strip()
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        value = local[name] if name in local else _get_att(scope, name) if "." in name else scope.reference(name)
        unknown = unknown or value is UNKNOWN
        return _text(value)

    result = _PLACEHOLDER.sub(replaced, text)
    return UNKNOWN if unknown else result


def _select(scope: Scope, argument: Any) -> Any:
    index, items = int(scope.resolve(argument[0])), scope.resolve(argument[1])
    if items is UNKNOWN:
        return UNKNOWN
    if index >= len(items):
        raise StackValidationError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return items[index]


def _split(scope: Scope, argument: Any) -> Any:
    text = scope.resolve(argument[1])
    return UNKNOWN if text is UNKNOWN else text.split(argument[0])


def _if(scope: Scope, argument: Any) -> Any:
    return scope.resolve(argument[1] if scope.condition(argument[0]) else argument[2])


def _find_in_map(scope: Scope, argument: Any) -> Any:
    name, first, second = (scope.resolve(part) for part in argument[:3])
    try:
        return scope.resolve(scope.mappings[name][_text(first)][second])
    except KeyError as err:
        if len(argument) > 3:  # noqa: PLR2004 - {"DefaultValue": …}
            return scope.resolve(argument[3]["DefaultValue"])
        raise StackValidationError(f"Template error: Unable to get mapping for {name}::{first}::{second}") from err


def _cidr(scope: Scope, argument: Any) -> Any:
    block, count, bits = (scope.resolve(part) for part in [*argument, 0][:3])
    if block is UNKNOWN:
        return UNKNOWN
    network = ipaddress.ip_network(block)
    subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
    return [str(subnet) for subnet, _ in zip(subnets, range(int(count)), strict=False)]


def _zones(scope: Scope, argument: Any) -> list[str]:
    region = scope.resolve(argument) or scope.region
    return [region + letter for letter in _ZONES]


def _base64(scope: Scope, argument: Any) -> Any:
    text = scope.resolve(argument)
    return UNKNOWN if text is UNKNOWN else base64.b64encode(text.encode()).decode()


def _json(scope: Scope, argument: Any) -> Any:
    value = scope.resolve(argument)
    return json.dumps(value, separators=(",", ":")) if is_known(value) else UNKNOWN


def _import(scope: Scope, argument: Any) -> Any:
    return scope.import_value(scope.resolve(argument))


def _equals(scope: Scope, argument: Any) -> bool:
    first, second = scope.resolve(argument)
    return _text(first) == _text(second)


_FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "Ref": lambda scope, argument: scope.reference(argument),
    "Condition": lambda scope, argument: scope.condition(argument),
    "Fn::GetAtt": _get_att,
    "Fn::Join": _join,
    "Fn::Sub": _sub,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": _import,
    "Fn::GetAZs": _zones,
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::ToJsonString": _json,
    "Fn::Length": lambda scope, argument: len(scope.resolve(argument)),
    "Fn::Equals": _equals,
    "Fn::And": lambda scope, argument: all(scope.resolve(item) for item in argument),
    "Fn::Or": lambda scope, argument: any(scope.resolve(item) for item in argument),
    "Fn::Not": lambda scope, argument: not scope.resolve(argument[0]),
    "Fn::Contains": lambda scope, argument: scope.resolve(argument[1]) in scope.resolve(argument[0]),
}
