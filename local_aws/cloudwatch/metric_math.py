"""Compute metric math expressions over time series.

A value is a number, a time series, or an array of time series. Between two series an operator works where both have
data; with a number it works on every data point. A division by zero gives no data point.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html.
"""

import itertools
import math
import operator
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from local_aws.cloudwatch.expression_parser import Apply, Array, ExpressionError, Name, Node, Number, Text

Series = dict[int, float]
"""Start of the period in epoch seconds → value; a missing data point is not there."""
Value = float | Series | list[Series] | str
_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "AND": lambda a, b: float(bool(a) and bool(b)),
    "OR": lambda a, b: float(bool(a) or bool(b)),
}
_POINTWISE: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
    "LOG": math.log,
    "LOG10": math.log10,
}
_FOLDS: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": statistics.fmean,
    "MAX": max,
    "MIN": min,
    "STDDEV": statistics.pstdev,
    "SUM": math.fsum,
}


@dataclass(frozen=True)
class Scope:
    """What an expression may refer to.

    Attributes:
        series: Id → value of the other queries.
        metrics: Ids of the queries that are metrics, for METRICS().
        stamps: Every period of the time asked for, oldest first.
        period: Seconds between them.
    """

    series: Mapping[str, Value]
    metrics: Sequence[str]
    stamps: Sequence[int]
    period: int


def evaluate(node: Node, scope: Scope) -> Value:
    """Return the value of an expression.

    Raises:
        ExpressionError: It uses an unknown id, a function that is not simulated, or arguments of the wrong kind.
    """
    match node:
        case Number(value) | Text(value):
            return value
        case Name(value):
            if value not in scope.series:
                known = ", ".join(sorted(scope.series)) or "none"
                raise ExpressionError(f"Error in expression: id '{value}' is not known; known are {known}.")
            return scope.series[value]
        case Array(items):
            return [_series(evaluate(item, scope), scope) for item in items]
        case Apply(function, arguments):
            return _apply(function, arguments, scope)


def _apply(name: str, arguments: tuple[Node, ...], scope: Scope) -> Value:
    if name in _OPERATORS:
        left, right = (evaluate(item, scope) for item in arguments)
        return _pairwise(_OPERATORS[name], left, right)
    if name in _FOLDS:
        return _fold(_FOLDS[name], evaluate(_only(name, arguments), scope))
    if name in _POINTWISE:
        function = _POINTWISE[name]
        return _pairwise(lambda value, _: function(value), evaluate(_only(name, arguments), scope), 0.0)
    if name not in _FUNCTIONS:
        known = ", ".join(sorted({*_FUNCTIONS, *_FOLDS, *_POINTWISE}))
        raise ExpressionError(f"The local AWS does not simulate the metric math function {name}; it knows {known}.")
    return _FUNCTIONS[name](arguments, scope)


def _pairwise(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        raise ExpressionError("Error in expression: a text is no operand.")
    if isinstance(left, list):
        return [cast(Series, _pairwise(function, item, right)) for item in left]
    if isinstance(right, list):
        return [cast(Series, _pairwise(function, left, item)) for item in right]
    if isinstance(left, dict):
        other = right if isinstance(right, dict) else dict.fromkeys(left, right)
        both = ((stamp, _number(function, value, other[stamp])) for stamp, value in left.items() if stamp in other)
        return {stamp: value for stamp, value in both if value is not None}
    if isinstance(right, dict):
        return _pairwise(function, dict.fromkeys(right, left), right)
    found = _number(function, left, right)
    return {} if found is None else found


def _number(function: Callable[[float, float], float], left: float, right: float) -> float | None:
    try:
        value = function(left, right)
    except (ArithmeticError, ValueError):
        return None
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _fold(function: Callable[[Sequence[float]], float], value: Value) -> Value:
    """Make one series of an array, period by period, or one number of a series."""
    if isinstance(value, list):
        stamps = sorted(set().union(*value)) if value else []
        return {stamp: float(function([item[stamp] for item in value if stamp in item])) for stamp in stamps}
    if isinstance(value, dict):
        return float(function(list(value.values()))) if value else {}
    if isinstance(value, str):
        raise ExpressionError("Error in expression: a text is no operand.")
    return value


def _metrics(arguments: tuple[Node, ...], scope: Scope) -> Value:
    part = arguments[0].value if arguments and isinstance(arguments[0], Text) else ""
    return [_series(scope.series[name], scope) for name in scope.metrics if part in name]


def _fill(arguments: tuple[Node, ...], scope: Scope) -> Value:
    if len(arguments) != 2:  # noqa: PLR2004 - a value and a filling
        raise ExpressionError("FILL takes two arguments: a metric, and a number, REPEAT or LINEAR.")
    value = evaluate(arguments[0], scope)
    if isinstance(value, list):
        return [_filled(item, arguments[1], scope) for item in value]
    return _filled(_series(value, scope), arguments[1], scope)


def _filled(series: Series, filling: Node, scope: Scope) -> Series:
    if isinstance(filling, Name) and filling.value.upper() == "LINEAR":
        return _interpolated(series, scope.stamps)
    if isinstance(filling, Name) and filling.value.upper() == "REPEAT":
        filled, last = {}, None
        for stamp in scope.stamps:
            last = series.get(stamp, last)
            if last is not None:
                filled[stamp] = last
        return filled
    other = _series(evaluate(filling, scope), scope)
    return {stamp: series.get(stamp, other.get(stamp, 0.0)) for stamp in scope.stamps}


def _interpolated(series: Series, stamps: Sequence[int]) -> Series:
    known = sorted(series)
    filled = dict(series)
    for left, right in itertools.pairwise(known):
        for stamp in (item for item in stamps if left < item < right):
            share = (stamp - left) / (right - left)
            filled[stamp] = series[left] * (1 - share) + series[right] * share
    return dict(sorted(filled.items()))


def _if(arguments: tuple[Node, ...], scope: Scope) -> Value:
    if len(arguments) not in {2, 3}:
        raise ExpressionError("IF takes a condition, a value, and a value for otherwise.")
    condition = evaluate(arguments[0], scope)
    chosen, other = evaluate(arguments[1], scope), evaluate(arguments[2], scope) if len(arguments) > 2 else {}  # noqa: PLR2004
    if isinstance(condition, (int, float)):
        return chosen if condition else other
    yes, no = _series(chosen, scope), _series(other, scope)
    found: Series = {}
    for stamp, is_true in _series(condition, scope).items():
        source = yes if is_true else no
        if stamp in source:
            found[stamp] = source[stamp]
    return found


def _rate(arguments: tuple[Node, ...], scope: Scope) -> Value:
    changes = _diff(arguments, scope)
    return _pairwise(operator.truediv, changes, float(scope.period))


def _diff(arguments: tuple[Node, ...], scope: Scope) -> Value:
    series = _series(evaluate(_only("DIFF", arguments), scope), scope)
    ordered = sorted(series)
    return {stamp: series[stamp] - series[before] for before, stamp in itertools.pairwise(ordered)}


def _running_sum(arguments: tuple[Node, ...], scope: Scope) -> Value:
    total, found = 0.0, {}
    for stamp, value in sorted(_series(evaluate(_only("RUNNING_SUM", arguments), scope), scope).items()):
        total += value
        found[stamp] = total
    return found


def _metric_count(arguments: tuple[Node, ...], scope: Scope) -> Value:
    value = evaluate(_only("METRIC_COUNT", arguments), scope)
    return float(len(value)) if isinstance(value, list) else 1.0


def _period(arguments: tuple[Node, ...], scope: Scope) -> Value:
    evaluate(_only("PERIOD", arguments), scope)
    return float(scope.period)


def _time_series(arguments: tuple[Node, ...], scope: Scope) -> Value:
    return _series(evaluate(_only("TIME_SERIES", arguments), scope), scope)


def _end(index: int) -> Callable[[tuple[Node, ...], Scope], Value]:
    def pick(arguments: tuple[Node, ...], scope: Scope) -> Value:
        series = sorted(_series(evaluate(_only("FIRST or LAST", arguments), scope), scope).items())
        return series[index][1] if series else {}

    return pick


_FUNCTIONS: dict[str, Callable[[tuple[Node, ...], Scope], Value]] = {
    "DIFF": _diff,
    "FILL": _fill,
    "FIRST": _end(0),
    "IF": _if,
    "LAST": _end(-1),
    "METRICS": _metrics,
    "METRIC_COUNT": _metric_count,
    "PERIOD": _period,
    "RATE": _rate,
    "RUNNING_SUM": _running_sum,
    "TIME_SERIES": _time_series,
}


def _only(name: str, arguments: tuple[Node, ...]) -> Node:
    if len(arguments) != 1:
        raise ExpressionError(f"{name} takes one argument, {len(arguments)} are given.")
    return arguments[0]


def _series(value: Value, scope: Scope) -> Series:
    """Return a value as one series: a number has it in every period."""
    if isinstance(value, dict):
        return value
    if isinstance(value, (int, float)):
        return dict.fromkeys(scope.stamps, float(value))
    raise ExpressionError("Error in expression: one time series is needed, not a text or an array of them.")
