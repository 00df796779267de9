"""Check and evaluate the conditions of Condition steps."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.pipeline_engine.errors import DefinitionError, StepFailedError

Condition = Mapping[str, Any]
Resolve = Callable[[Any], Any]

_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_MEMBERS: dict[str, tuple[str, ...]] = {
    "Equals": ("LeftValue", "RightValue"),
    **dict.fromkeys(_ORDERINGS, ("LeftValue", "RightValue")),
    "In": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
}


def check_condition(condition: Any, where: str) -> None:
    """Raise DefinitionError where a condition, or one inside it, is malformed."""
    if not isinstance(condition, dict):
        raise DefinitionError(where, f"Expecting start of Json Object, got {condition!r}.")
    kind = condition.get("Type")
    if kind not in _MEMBERS:
        raise DefinitionError(where, f"Unknown condition Type '{kind}'; supported are {', '.join(sorted(_MEMBERS))}.")
    missing = [member for member in _MEMBERS[kind] if member not in _with_aliases(condition)]
    if missing:
        raise DefinitionError(where, f"A condition of Type {kind} needs {', '.join(missing)}.")
    if kind == "Not":
        check_condition(_negated(condition), f"{where}.Condition")
    elif kind in {"Or", "In"}:
        _check_list(condition, kind, where)


def evaluate_all(conditions: list[Condition], resolve: Resolve) -> bool:
    """Return whether every condition holds."""
    return all(evaluate(condition, resolve) for condition in conditions)


def evaluate(condition: Condition, resolve: Resolve) -> bool:
    """Return whether a condition holds; `resolve` gives the values of its expressions.

    Raises:
        StepFailedError: Two values that have no order are compared, such as a number and a text.
    """
    kind = condition["Type"]
    if kind == "Not":
        return not evaluate(_negated(condition), resolve)
    if kind == "Or":
        return any(evaluate(item, resolve) for item in condition["Conditions"])
    if kind == "In":
        return resolve(condition["QueryValue"]) in resolve(condition["Values"])
    left, right = resolve(condition["LeftValue"]), resolve(condition["RightValue"])
    if kind == "Equals":
        return bool(left == right)
    return _compare(kind, left, right)


def _compare(kind: str, left: Any, right: Any) -> bool:
    if _order_class(left) is None or _order_class(left) != _order_class(right):
        raise StepFailedError(
            f"ClientError: Condition {kind} compares {left!r} ({type(left).__name__}) with {right!r} "
            f"({type(right).__name__}); both must be numbers, or both text."
        )
    return _ORDERINGS[kind](left, right)


def _order_class(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else None


def _check_list(condition: Condition, kind: str, where: str) -> None:
    member = "Conditions" if kind == "Or" else "Values"
    items = condition[member]
    if not isinstance(items, list) or not items:
        raise DefinitionError(f"{where}.{member}", "Expecting a Json Array with at least one item.")
    if kind == "Or":
        for position, item in enumerate(items):
            check_condition(item, f"{where}.Conditions[{position}]")


def _negated(condition: Condition) -> Any:
    """Return the inner condition of Not; SDK v1 and early v2 wrote it as Expression."""
    return condition["Condition"] if "Condition" in condition else condition["Expression"]


def _with_aliases(condition: Condition) -> set[str]:
    members = set(condition)
    return members | {"Condition"} if "Expression" in members else members
