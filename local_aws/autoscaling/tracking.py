"""The arithmetic of target tracking and step scaling: pure functions.

Sources: https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html,
https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

LOW_SHARE = 0.9
"""Target tracking scales in only when the metric is below this share of the target: AWS's own alarms have it."""


def desired_capacity(current: int, metric: float, target: float) -> int:
    """Return the capacity at which a metric per unit of capacity would be at its target.

    >>> desired_capacity(2, 150.0, 100.0)
    3
    """
    return math.ceil(round(current * metric / target, 9))


def stepped_capacity(current: int, breach: float, policy: Mapping[str, Any]) -> int:
    """Return the capacity that a step scaling policy gives.

    Args:
        current: Present capacity.
        breach: The metric minus the alarm's threshold.
        policy: StepScalingPolicyConfiguration.
    """
    amount = _adjustment(breach, policy.get("StepAdjustments", ()))
    if amount is None:
        return current
    match policy.get("AdjustmentType"):
        case "ExactCapacity":
            return amount
        case "PercentChangeInCapacity":
            return current + _of_percent(current, amount, int(policy.get("MinAdjustmentMagnitude", 1)))
        case _:
            return current + amount


def limited(wanted: int, low: int, high: int) -> int:
    """Return a capacity within its limits."""
    return max(low, min(high, wanted))


def _adjustment(breach: float, steps: Sequence[Mapping[str, Any]]) -> int | None:
    for step in steps:
        low = step.get("MetricIntervalLowerBound", -math.inf)
        high = step.get("MetricIntervalUpperBound", math.inf)
        # The bound farther from the threshold is exclusive on its side: lower inclusive above, upper inclusive below.
        is_inside = low <= breach < high if breach >= 0 else low < breach <= high
        if is_inside:
            return int(step["ScalingAdjustment"])
    return None


def _of_percent(current: int, percent: int, magnitude: int) -> int:
    """Return the change: away from zero below one, towards zero above, and at least the minimal magnitude."""
    exact = current * percent / 100
    change = math.trunc(exact) if abs(exact) >= 1 else (exact > 0) - (exact < 0)
    if change and abs(change) < magnitude:
        return magnitude if change > 0 else -magnitude
    return change
