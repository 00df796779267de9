"""Evaluate one metric alarm: read its data points, decide its state, and word the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.cloudwatch import alarm_reasons
from local_aws.cloudwatch.alarm_states import COMPARISONS, EXTRA_PERIODS, Rule, state_of
from local_aws.cloudwatch.expression_parser import ExpressionError
from local_aws.cloudwatch.metric_math import Value
from local_aws.cloudwatch.outlook import Outlook, Reading
from local_aws.cloudwatch.queries import Window, evaluate, metric_of, samples_of
from local_aws.cloudwatch.samples import percentile_of
from local_aws.cloudwatch.series import MetricStore, Place
from local_aws.store import Record

_MINUTE = 60


@dataclass(frozen=True)
class Point:
    """A data point of an evaluation; a missing one has no value."""

    start: int
    value: float | None
    count: float = 0.0


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        state: The state; None to keep the alarm's own.
    """

    state: str | None
    _alarm: Record
    _finding: alarm_reasons.Finding

    @property
    def reason(self) -> str:
        """The StateReason."""
        return alarm_reasons.text(self._alarm, self._finding)

    @property
    def data(self) -> dict[str, Any]:
        """The StateReasonData."""
        return alarm_reasons.data(self._alarm, self._finding)


def period_of(alarm: Record) -> int:
    """Return the period of an alarm's data points, in seconds."""
    stats = [query["MetricStat"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    return int(stats[0]["Period"] if stats else alarm["Period"])


def interval_of(alarm: Record) -> int:
    """Return how often an alarm is evaluated: each minute, or each period where that is shorter."""
    return min(period_of(alarm), _MINUTE)


def range_of(alarm: Record) -> int:
    """Return the length of the evaluation range in seconds: two periods more than EvaluationPeriods."""
    return int(alarm["EvaluationPeriods"] + EXTRA_PERIODS) * period_of(alarm)


def window_of(alarm: Record, now: float) -> Window:
    """Return the evaluation range, which ends with the last complete minute or shorter period."""
    step = interval_of(alarm)
    end = now // step * step
    return Window(end - range_of(alarm), end)


def outlooks_of(store: MetricStore, place: Place, alarm: Record, now: float) -> list[Outlook]:
    """Return, for every metric that an alarm reads, until when an evaluation sees the same of it."""
    window = window_of(alarm, now)
    stats = [query["MetricStat"] for query in _queries(alarm) if "MetricStat" in query]
    return [
        store.outlook(
            place, metric_of(stat["Metric"]), Reading(window.start, window.end, int(stat["Period"]), stat["Stat"])
        )
        for stat in stats
    ]


def evaluate_alarm(store: MetricStore, place: Place, alarm: Record, now: float) -> Evaluation:
    """Return what an alarm's data says at a time.

    Raises:
        ExpressionError: The expression cannot be computed.
    """
    window, queries = window_of(alarm, now), _queries(alarm)
    found = evaluate(store, place, queries, window)
    watched = next(query for query in queries if query.get("ReturnData", True))
    values = found[watched["Id"]]
    period = period_of(alarm)
    stamps = range(int(window.start), int(window.end), period)
    series = values if isinstance(values, dict) else _constant(values, stamps)
    counts = _counts(store, place, watched, window)
    points = [Point(stamp, series.get(stamp), counts.get(stamp, 0.0)) for stamp in stamps]
    return _judged(alarm, points, period, now)


def rule_of(alarm: Record) -> Rule:
    """Return when an alarm fires."""
    periods: int = alarm["EvaluationPeriods"]
    missing = str(alarm.get("TreatMissingData", "missing"))
    if alarm.get("Namespace") == "AWS/DynamoDB" and "TreatMissingData" not in alarm:
        missing = "ignore"
    return Rule(periods, int(alarm.get("DatapointsToAlarm", periods)), missing)


def _constant(value: Value, stamps: Sequence[int]) -> dict[int, float]:
    if isinstance(value, (int, float)):
        return dict.fromkeys(stamps, float(value))
    raise ExpressionError("The expression of an alarm must give one time series.")


def _judged(alarm: Record, points: Sequence[Point], period: int, now: float) -> Evaluation:
    rule, compare = rule_of(alarm), COMPARISONS[alarm["ComparisonOperator"]]
    breaching = [None if point.value is None else compare(point.value, alarm["Threshold"]) for point in points]
    state = None if _has_too_few_samples(alarm, points, rule) else state_of(breaching, rule)
    real = [point for point in points if point.value is not None]
    used = real[-rule.periods :]
    finding = alarm_reasons.Finding(
        state or alarm["StateValue"],
        [(point.start, float(point.value or 0.0), point.count) for point in used],
        rule.periods - len(used),
        period,
        now,
    )
    return Evaluation(state, alarm, finding)


def _has_too_few_samples(alarm: Record, points: Sequence[Point], rule: Rule) -> bool:
    """Tell whether a percentile alarm that ignores low sample counts has too few to be judged by."""
    percent = percentile_of(alarm.get("ExtendedStatistic", ""))
    if percent is None or alarm.get("EvaluateLowSampleCountPercentile") != "ignore":
        return False
    share = percent / 100
    if not 0 < share < 1:
        return False
    needed = 10 / (1 - share) if share >= 0.5 else 10 / share  # noqa: PLR2004 - the documented rule
    return sum(point.count for point in points[-rule.periods :]) < needed - 1e-9


def _queries(alarm: Record) -> list[Mapping[str, Any]]:
    if "Metrics" in alarm:
        return list(alarm["Metrics"])
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    stat = {"Metric": metric, "Period": alarm["Period"], "Stat": alarm.get("Statistic", alarm.get("ExtendedStatistic"))}
    return [{"Id": "m1", "MetricStat": {**stat, **({"Unit": alarm["Unit"]} if "Unit" in alarm else {})}}]


def _counts(store: MetricStore, place: Place, query: Mapping[str, Any], window: Window) -> dict[int, float]:
    if "MetricStat" not in query:
        return {}
    found = samples_of(store, place, query["MetricStat"], window)
    return {start: samples.count for start, samples in found.items()}
