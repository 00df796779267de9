"""Evaluate the rules of a Choice state.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

import datetime as dt
import functools
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.step_functions import paths, timestamps
from local_aws.step_functions.errors import RUNTIME, StatesError
from local_aws.step_functions.payloads import Scope

Rule = Mapping[str, Any]
_MISSING = object()


def holds(rule: Rule, scope: Scope) -> bool:
    """Tell whether a rule is true of the value in hand.

    Raises:
        StatesError: A Variable or a ...Path selects nothing; only IsPresent may ask for what is not there.
    """
    if "And" in rule:
        return all(holds(item, scope) for item in rule["And"])
    if "Or" in rule:
        return any(holds(item, scope) for item in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], scope)
    name = comparison_of(rule)
    value = _selected(rule["Variable"], scope)
    if name == "IsPresent":
        return (value is not _MISSING) == rule[name]
    if value is _MISSING:
        raise _no_value(rule["Variable"])
    wanted = rule[name]
    if name.endswith("Path"):
        wanted = _selected(wanted, scope)
        if wanted is _MISSING:
            raise _no_value(rule[name])
        name = name.removesuffix("Path")
    return COMPARISONS[name](value, wanted)


def comparison_of(rule: Rule) -> str:
    """Return the name of a rule's comparison operator; empty where it has none."""
    return next((name for name in rule if name in COMPARISONS or name.removesuffix("Path") in COMPARISONS), "")


def _selected(path: str, scope: Scope) -> Any:
    try:
        return scope.path(path)
    except paths.PathError:
        return _MISSING


def _no_value(path: str) -> StatesError:
    return StatesError(
        RUNTIME, f"Invalid path '{path}': The choice state's condition path references an invalid value."
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_texts(compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    return isinstance(value, str) and isinstance(wanted, str) and compare(value, wanted)


def _of_numbers(compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    return _is_number(value) and _is_number(wanted) and compare(value, wanted)


def _of_moments(compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    left, right = timestamps.read(value), timestamps.read(wanted)
    return isinstance(left, dt.datetime) and isinstance(right, dt.datetime) and compare(left, right)


def _matches(value: Any, pattern: Any) -> bool:
    if not isinstance(value, str) or not isinstance(pattern, str):
        return False
    parts = re.findall(r"\\\\|\\\*|\*|[^\\*]+|\\", pattern)
    expression = "".join(
        ".*" if part == "*" else re.escape(part.replace("\\*", "*").replace("\\\\", "\\")) for part in parts
    )
    return re.fullmatch(expression, value, re.DOTALL) is not None


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
}
_KINDS: dict[str, Callable[[Callable[[Any, Any], bool], Any, Any], bool]] = {
    "String": _of_texts,
    "Numeric": _of_numbers,
    "Timestamp": _of_moments,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    **{f"{kind}{name}": functools.partial(of, order) for kind, of in _KINDS.items() for name, order in _ORDERS.items()},
    "BooleanEquals": lambda value, wanted: isinstance(value, bool) and value is wanted,
    "StringMatches": _matches,
    "IsBoolean": lambda value, wanted: isinstance(value, bool) == wanted,
    "IsNull": lambda value, wanted: (value is None) == wanted,
    "IsNumeric": lambda value, wanted: _is_number(value) == wanted,
    "IsPresent": lambda _, wanted: bool(wanted),
    "IsString": lambda value, wanted: isinstance(value, str) == wanted,
    "IsTimestamp": lambda value, wanted: (timestamps.read(value) is not None) == wanted,
}
"""Comparison operator → (value, wanted) → whether it holds; each but the Is... ones also exists as ...Path."""
