"""Capacities are computed as AWS documents them."""

import pytest

from local_aws.autoscaling.tracking import desired_capacity, limited, stepped_capacity


@pytest.mark.parametrize(
    ("current", "metric", "target", "wanted"),
    [(2, 150, 100, 3), (2, 101, 100, 3), (4, 50, 100, 2), (3, 0, 100, 0), (10, 70.0, 70, 10), (3, 100 / 3, 100, 1)],
)
def test_tracking_brings_the_metric_to_its_target(current, metric, target, wanted):
    assert desired_capacity(current, metric, target) == wanted


OUT = {
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 15, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 15, "ScalingAdjustment": 3},
    ],
}
IN = {
    "AdjustmentType": "PercentChangeInCapacity",
    "StepAdjustments": [
        {"MetricIntervalLowerBound": -10, "MetricIntervalUpperBound": 0, "ScalingAdjustment": -10},
        {"MetricIntervalUpperBound": -10, "ScalingAdjustment": -30},
    ],
}


@pytest.mark.parametrize(
    ("policy", "current", "breach", "wanted"),
    [
        (OUT, 2, 0, 3),
        (OUT, 2, 14.9, 3),
        (OUT, 2, 15, 5),
        (IN, 10, -5, 9),
        (IN, 10, -10, 7),
        (IN, 5, -5, 4),
        ({**IN, "MinAdjustmentMagnitude": 2}, 5, -5, 3),
        ({**OUT, "AdjustmentType": "ExactCapacity"}, 9, 20, 3),
        ({**OUT, "StepAdjustments": OUT["StepAdjustments"][1:]}, 2, 3, 2),
    ],
)
def test_a_step_is_chosen_by_how_far_the_metric_is_off(policy, current, breach, wanted):
    assert stepped_capacity(current, breach, policy) == wanted


def test_a_capacity_stays_within_its_limits():
    assert [limited(wanted, 2, 5) for wanted in (0, 3, 9)] == [2, 3, 5]
