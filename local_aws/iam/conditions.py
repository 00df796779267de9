"""Evaluate the Condition block of a policy statement.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
and, for keys with several values, reference_policies_condition-single-vs-multi-valued-context-keys.html.
"""

import base64
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from local_aws.iam.patterns import Context, lookup, matches, matches_arn, substitute

Comparison = Callable[[str, str], bool]


def holds(block: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Tell whether every operator and every key of a Condition block is satisfied."""
    return all(
        _key_holds(operator, key, _as_list(wanted), context)
        for operator, keys in block.items()
        for key, wanted in keys.items()
    )


def _key_holds(operator: str, key: str, wanted: Sequence[str], context: Context) -> bool:
    quantifier, _, rest = operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    value = lookup(context, key)
    given = [] if value is None else _as_list(value)
    if name == "Null":
        return any((str(item).lower() == "true") == (value is None) for item in wanted)
    if value is None and rest.endswith("IfExists"):
        return True
    negated, compare = _comparison(name)
    resolved = [substitute(str(item), context) for item in wanted]
    patterns = [pattern for pattern in resolved if pattern is not None]
    # Where a variable has no value, nobody can say what the value must not be.
    is_open = negated and len(patterns) < len(resolved)
    if quantifier.lower() == "forallvalues":
        return not (given and is_open) and all(_satisfies(compare, patterns, item, negated=negated) for item in given)
    if quantifier.lower() == "foranyvalue":
        return not is_open and any(_satisfies(compare, patterns, item, negated=negated) for item in given)
    if value is None or is_open:
        return negated and value is None
    return any(_satisfies(compare, patterns, item, negated=negated) for item in given)


def _satisfies(compare: Comparison, wanted: Sequence[str], given: str, *, negated: bool) -> bool:
    found = any(compare(pattern, given) for pattern in wanted)
    return found != negated


def _comparison(name: str) -> tuple[bool, Comparison]:
    """Return whether an operator negates, and the comparison of a wanted with a given value.

    Raises:
        ValueError: No such operator.
    """
    if name not in _OPERATORS:
        allowed = ", ".join(sorted(_OPERATORS))
        raise ValueError(f"condition operator {name!r} is unknown; allowed are {allowed}, each with IfExists")
    return _OPERATORS[name]


def _as_list(value: Any) -> list[str]:
    values = [value] if isinstance(value, str | bool | int | float) else list(value)
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in values]


def _literal(pattern: str) -> str:
    return pattern.replace("\x00", "*").replace("\x01", "?")


def _numeric(compare: Callable[[float, float], bool]) -> Comparison:
    def compare_numbers(wanted: str, given: str) -> bool:
        try:
            return compare(float(given), float(wanted))
        except ValueError:
            return False

    return compare_numbers


def _date(compare: Callable[[datetime, datetime], bool]) -> Comparison:
    def compare_dates(wanted: str, given: str) -> bool:
        try:
            return compare(_moment(given), _moment(wanted))
        except ValueError:
            return False

    return compare_dates


def _moment(text: str) -> datetime:
    if text.replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_network(wanted: str, given: str) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _equal_bytes(wanted: str, given: str) -> bool:
    try:
        return base64.b64decode(wanted, validate=True) == base64.b64decode(given, validate=True)
    except ValueError:
        return False


def _equals(wanted: str, given: str) -> bool:
    return _literal(wanted) == given


def _equals_ignoring_case(wanted: str, given: str) -> bool:
    return _literal(wanted).lower() == given.lower()


_OPERATORS: dict[str, tuple[bool, Comparison]] = {
    "StringEquals": (False, _equals),
    "StringNotEquals": (True, _equals),
    "StringEqualsIgnoreCase": (False, _equals_ignoring_case),
    "StringNotEqualsIgnoreCase": (True, _equals_ignoring_case),
    "StringLike": (False, matches),
    "StringNotLike": (True, matches),
    "NumericEquals": (False, _numeric(lambda a, b: a == b)),
    "NumericNotEquals": (True, _numeric(lambda a, b: a == b)),
    "NumericLessThan": (False, _numeric(lambda a, b: a < b)),
    "NumericLessThanEquals": (False, _numeric(lambda a, b: a <= b)),
    "NumericGreaterThan": (False, _numeric(lambda a, b: a > b)),
    "NumericGreaterThanEquals": (False, _numeric(lambda a, b: a >= b)),
    "DateEquals": (False, _date(lambda a, b: a == b)),
    "DateNotEquals": (True, _date(lambda a, b: a == b)),
    "DateLessThan": (False, _date(lambda a, b: a < b)),
    "DateLessThanEquals": (False, _date(lambda a, b: a <= b)),
    "DateGreaterThan": (False, _date(lambda a, b: a > b)),
    "DateGreaterThanEquals": (False, _date(lambda a, b: a >= b)),
    "Bool": (False, _equals_ignoring_case),
    "BinaryEquals": (False, _equal_bytes),
    "IpAddress": (False, _in_network),
    "NotIpAddress": (True, _in_network),
    # ArnEquals and ArnLike behave alike, likewise their negations.
    "ArnEquals": (False, matches_arn),
    "ArnLike": (False, matches_arn),
    "ArnNotEquals": (True, matches_arn),
    "ArnNotLike": (True, matches_arn),
}
