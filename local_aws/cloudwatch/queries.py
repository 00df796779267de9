"""Answer metric data queries: metrics with a statistic and a period, and expressions over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.cloudwatch import metric_math
from local_aws.cloudwatch.expression_parser import ExpressionError, names_in, parse
from local_aws.cloudwatch.metric_math import Scope, Series, Value
from local_aws.cloudwatch.samples import Samples, statistic
from local_aws.cloudwatch.series import MetricName, MetricStore, Place

_MOST_PERIODS = 100_800
Query = Mapping[str, Any]
"""A MetricDataQuery of the API."""


@dataclass(frozen=True)
class Window:
    """A time in which to look: epoch seconds, from the first to before the second."""

    start: float
    end: float


def metric_of(metric: Mapping[str, Any]) -> MetricName:
    """Return the metric that an API structure with Namespace, MetricName and Dimensions names."""
    dimensions = {item["Name"]: item["Value"] for item in metric.get("Dimensions") or []}
    return MetricName.of(metric.get("Namespace", ""), metric.get("MetricName", ""), dimensions)


def period_of(queries: Sequence[Query], default: int = 60) -> int:
    """Return the longest period of the metrics in some queries."""
    periods = [query["MetricStat"]["Period"] for query in queries if "MetricStat" in query]
    periods += [query["Period"] for query in queries if query.get("Period")]
    return max(periods, default=default)


def evaluate(store: MetricStore, place: Place, queries: Sequence[Query], window: Window) -> dict[str, Value]:
    """Return the value of every query by its id.

    Raises:
        ExpressionError: An expression is wrong, or refers to itself.
    """
    by_id = {query["Id"]: query for query in queries}
    if len(by_id) < len(queries):
        raise ExpressionError("The Ids of the metric data queries are not unique.")
    found: dict[str, Value] = {}
    for name, query in by_id.items():
        if "MetricStat" in query:
            found[name] = _metric(store, place, query["MetricStat"], window)
    period = period_of(queries)
    if (window.end - window.start) / period > _MOST_PERIODS:
        raise ExpressionError(
            f"The time asked for has more than {_MOST_PERIODS} periods of {period} seconds. Ask for fewer or longer."
        )
    scope = Scope(found, list(found), stamps(window, period), period)
    for name in _ordered(by_id, set(found)):
        found[name] = metric_math.evaluate(parse(by_id[name]["Expression"]), scope)
    return found


def stamps(window: Window, period: int) -> list[int]:
    """Return where the periods of a window begin."""
    return list(range(int(window.start), int(window.end), period))


def _metric(store: MetricStore, place: Place, stat: Mapping[str, Any], window: Window) -> Series:
    found = {}
    for start, samples in samples_of(store, place, stat, window).items():
        value = statistic(samples, stat["Stat"])
        if value is not None:
            found[start] = value
    return found


def samples_of(store: MetricStore, place: Place, stat: Mapping[str, Any], window: Window) -> dict[int, Samples]:
    """Return the samples of a MetricStat by period; periods without any are left out."""
    name, unit, period = metric_of(stat["Metric"]), stat.get("Unit"), stat["Period"]
    return store.read_periods(place, name, unit, start=int(window.start), end=window.end, period=period)


def _ordered(by_id: Mapping[str, Query], done: set[str]) -> list[str]:
    """Return the expressions' ids, each after those that it refers to."""
    left = {name: query for name, query in by_id.items() if name not in done}
    waiting = {name: names_in(parse(query["Expression"])) & set(by_id) for name, query in left.items()}
    ordered: list[str] = []
    while waiting:
        ready = [name for name, needs in waiting.items() if needs <= done | set(ordered)]
        if not ready:
            raise ExpressionError(f"The expressions {', '.join(sorted(waiting))} refer to each other.")
        ordered += ready
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}
    return ordered
