"""Decide the state of a metric alarm from its data points, as CloudWatch documents it.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html. What they leave open is how
many data points beyond EvaluationPeriods are looked at: their examples have two, here it is always two.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
EXTRA_PERIODS = 2
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


@dataclass(frozen=True)
class Rule:
    """When an alarm fires.

    Attributes:
        periods: EvaluationPeriods, N.
        to_alarm: DatapointsToAlarm, M.
        missing: TreatMissingData: missing, ignore, breaching or notBreaching.
    """

    periods: int
    to_alarm: int
    missing: str = "missing"


def state_of(breaching: Sequence[bool | None], rule: Rule) -> str | None:
    """Return the state that an evaluation gives; None to keep the state that the alarm has.

    Args:
        breaching: Whether each data point of the evaluation range breaches, oldest first; None is a missing one.
        rule: When the alarm fires.
    """
    real = [item for item in breaching if item is not None]
    if len(real) >= rule.periods:
        return _counted(sum(real[-rule.periods :]), rule)
    filled = rule.periods - len(real) if rule.missing == "breaching" else 0
    is_filled = rule.missing in {"breaching", "notBreaching"}
    if is_filled or not all(real) or sum(real) >= rule.to_alarm:
        return _counted(sum(real) + filled, rule)
    if rule.missing == "ignore":
        return None
    if not real:
        return INSUFFICIENT_DATA
    # Nothing but breaching and missing data: as long as the oldest is not old enough, the next may still be good.
    return ALARM if _oldest(breaching) >= rule.to_alarm else OK


def _counted(count: int, rule: Rule) -> str:
    return ALARM if count >= rule.to_alarm else OK


def _oldest(breaching: Sequence[bool | None]) -> int:
    """Return how many periods ago the oldest data point is; the newest is 1."""
    return len(breaching) - next(index for index, item in enumerate(breaching) if item is not None)
