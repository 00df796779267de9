"""Match events against event patterns.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import functools
import ipaddress
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Pattern = Mapping[str, Any]
_MISSING = object()
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class InvalidPatternError(ValueError):
    """A text is no event pattern."""


@functools.lru_cache(maxsize=512)
def parse(text: str) -> Pattern:
    """Return the pattern.

    Raises:
        InvalidPatternError: The text is no pattern; the message says why.
    """
    try:
        pattern = json.loads(text)
    except ValueError as err:
        raise InvalidPatternError(f"Invalid JSON: {err}") from err
    if not isinstance(pattern, dict) or not pattern:
        raise InvalidPatternError("Filter is not an object, or is empty")
    _check(pattern, "")
    return pattern


def matches(pattern: Pattern, event: Any) -> bool:
    """Tell whether an event, or a part of one, has all that the pattern names."""
    if isinstance(event, list):
        # Every field of the pattern must match within one and the same element.
        return any(matches(pattern, item) for item in event)
    found = event if isinstance(event, Mapping) else {}
    return all(_field_matches(name, wanted, found) for name, wanted in pattern.items())


def _field_matches(name: str, wanted: Any, event: Mapping[str, Any]) -> bool:
    if name == "$or" and isinstance(wanted, list):
        return any(matches(item, event) for item in wanted)
    value = event.get(name, _MISSING)
    if isinstance(wanted, Mapping):
        return matches(wanted, value)
    return any(_leaf_matches(rule, value) for rule in wanted)


def _leaf_matches(rule: Any, value: Any) -> bool:
    if isinstance(rule, Mapping) and "exists" in rule:
        is_leaf = value is not _MISSING and not isinstance(value, Mapping) and value != []
        return is_leaf == rule["exists"]
    values = value if isinstance(value, list) else [value]
    return any(_value_matches(rule, item) for item in values if item is not _MISSING and not isinstance(item, Mapping))


def _value_matches(rule: Any, value: Any) -> bool:
    if not isinstance(rule, Mapping):
        # Numbers are compared as they are written: 300 is not 300.0.
        return type(rule) is type(value) and rule == value
    ((name, operand),) = rule.items()
    return _OPERATORS[name](operand, value)


def _anything_but(operand: Any, value: Any) -> bool:
    if isinstance(operand, Mapping):
        ((name, inner),) = operand.items()
        options = inner if isinstance(inner, list) else [inner]
        return isinstance(value, str) and not any(_OPERATORS[name](option, value) for option in options)
    options = operand if isinstance(operand, list) else [operand]
    return not any(type(option) is type(value) and option == value for option in options)


def _numeric(operand: Sequence[Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return all(_ORDERS[name](value, limit) for name, limit in zip(operand[::2], operand[1::2], strict=True))


def _prefix(operand: Any, value: Any) -> bool:
    if isinstance(operand, Mapping):
        return isinstance(value, str) and value.lower().startswith(operand["equals-ignore-case"].lower())
    return isinstance(value, str) and value.startswith(operand)


def _suffix(operand: Any, value: Any) -> bool:
    if isinstance(operand, Mapping):
        return isinstance(value, str) and value.lower().endswith(operand["equals-ignore-case"].lower())
    return isinstance(value, str) and value.endswith(operand)


def _equals_ignoring_case(operand: str, value: Any) -> bool:
    return isinstance(value, str) and value.lower() == operand.lower()


def _wildcard(operand: str, value: Any) -> bool:
    return isinstance(value, str) and _wildcard_of(operand).fullmatch(value) is not None


@functools.lru_cache(maxsize=256)
def _wildcard_of(text: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|\*|[^\\*]+|\\", text)
    return re.compile(
        "".join(".*" if part == "*" else re.escape(re.sub(r"^\\(.)$", r"\1", part)) for part in parts), re.DOTALL
    )


def _cidr(operand: str, value: Any) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(operand, strict=False)
    except ValueError:
        return False


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _equals_ignoring_case,
    "exists": lambda operand, _: bool(operand),
    "numeric": _numeric,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}
_NEGATABLE = {"prefix", "suffix", "equals-ignore-case", "wildcard"}


def _check(pattern: Pattern, where: str) -> None:
    for name, wanted in pattern.items():
        at = f"{where}.{name}" if where else name
        if name == "$or" and isinstance(wanted, list) and all(isinstance(item, Mapping) for item in wanted):
            if len(wanted) < 2:  # noqa: PLR2004 - one alternative is none
                raise InvalidPatternError(f"'{at}' must have at least two alternatives")
            for item in wanted:
                _check(item, at)
        elif isinstance(wanted, Mapping):
            if not wanted:
                raise InvalidPatternError("Empty objects are not allowed")
            _check(wanted, at)
        elif not isinstance(wanted, list):
            raise InvalidPatternError(f"'{at}' must be an object or an array")
        elif not wanted:
            raise InvalidPatternError("Empty arrays are not allowed")
        else:
            for rule in wanted:
                _check_rule(rule, at)


def _check_rule(rule: Any, where: str) -> None:
    if isinstance(rule, list):
        raise InvalidPatternError(f"'{where}' holds an array in an array")
    if not isinstance(rule, Mapping):
        return
    if len(rule) != 1 or next(iter(rule)) not in _OPERATORS:
        raise InvalidPatternError(
            f"Unrecognized match type {', '.join(rule)} at '{where}'; allowed are {', '.join(_OPERATORS)}"
        )
    ((name, operand),) = rule.items()
    if not _is_operand(name, operand):
        raise InvalidPatternError(f"'{where}': {operand!r} is no value for {name}")


def _is_operand(name: str, operand: Any) -> bool:
    if name == "exists":
        return isinstance(operand, bool)
    if name == "numeric":
        return _is_numeric_operand(operand)
    if name == "anything-but":
        return _is_negated_operand(operand)
    if name == "cidr":
        return _is_network(operand)
    if name in {"prefix", "suffix"} and isinstance(operand, Mapping):
        return set(operand) == {"equals-ignore-case"} and isinstance(operand["equals-ignore-case"], str)
    return isinstance(operand, str)


def _is_negated_operand(operand: Any) -> bool:
    if isinstance(operand, Mapping):
        if len(operand) != 1 or next(iter(operand)) not in _NEGATABLE:
            return False
        operand = next(iter(operand.values()))
        return all(isinstance(item, str) for item in (operand if isinstance(operand, list) else [operand]))
    items = operand if isinstance(operand, list) else [operand]
    return bool(items) and all(isinstance(item, str | int | float) for item in items)


def _is_numeric_operand(operand: Any) -> bool:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return False
    numbers = operand[1::2]
    return all(name in _ORDERS for name in operand[::2]) and all(
        isinstance(limit, int | float) and not isinstance(limit, bool) for limit in numbers
    )


def _is_network(operand: Any) -> bool:
    try:
        ipaddress.ip_network(str(operand), strict=False)
    except ValueError:
        return False
    return "/" in str(operand)
