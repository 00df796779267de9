"""Early stopping: the documented median rule, and Hyperband's rungs."""

from datetime import UTC, datetime

import pytest

from local_aws.tuning.early_stopping import Hyperband, MedianRule
from local_aws.tuning.trials import Trial
from tests.unit.local_aws.tuning.fakes import MAXIMIZE, MINIMIZE, FakeTrainer, make_tuner


def trial(number, curve, status="Completed"):
    return Trial(number, 0, f"job-{number}", {}, datetime.now(UTC), status=status, objective=curve[-1], curve=curve)


EARLIER = [trial(1, [1.0, 3.0]), trial(2, [2.0, 4.0]), trial(3, [3.0, 7.0])]


@pytest.mark.parametrize(
    ("objective", "value", "stops"),
    [(MAXIMIZE, 2.9, True), (MAXIMIZE, 3.1, False), (MINIMIZE, 2.9, False), (MINIMIZE, 3.1, True)],
)
def test_a_value_is_compared_with_the_median_of_running_averages(objective, value, stops):
    """The running averages up to epoch 2 are 2, 3 and 5, their median is 3."""
    running = trial(4, [9.0, value], status="InProgress")

    assert MedianRule(objective).should_stop(running, [*EARLIER, running]) is stops


def test_too_few_earlier_curves_stop_nothing():
    running = trial(3, [-9.0], status="InProgress")

    assert not MedianRule(MAXIMIZE).should_stop(running, EARLIER[:2])


def test_curves_that_ended_before_this_epoch_do_not_count():
    running = trial(4, [0.0, 0.0, -9.0], status="InProgress")

    assert not MedianRule(MAXIMIZE).should_stop(running, EARLIER)


def test_hyperband_compares_trials_at_powers_of_three():
    assert Hyperband(MAXIMIZE, 1, 27).rungs == [1, 3, 9]
    assert Hyperband(MAXIMIZE, 2, 10).rungs == [2, 6]


def test_hyperband_stops_most_trials_early_and_keeps_the_best():
    def curve(t):
        return [t.number / 100 + epoch / 1000 for epoch in range(27)]

    tuner = make_tuner(FakeTrainer(curve), rule=Hyperband(MAXIMIZE, 1, 27), max_trials=24, max_parallel=2)
    tuner.run()

    lengths = [len(t.curve) for t in tuner.trials]
    assert {t.status for t in tuner.trials} <= {"Stopped", "Completed"}
    assert set(lengths) <= {1, 3, 9, 27}
    assert all(t.objective == max(t.curve) for t in tuner.trials)


def test_hyperband_stops_worse_trials_at_the_first_rung_of_their_bracket():
    rule = Hyperband(MAXIMIZE, 1, 3)
    trials = [trial(number, [1.0 / number], status="InProgress") for number in (1, 3, 5)]

    assert [rule.should_stop(t, trials) for t in trials] == [False, True, True]


def test_hyperband_lets_the_last_bracket_run_to_max_resource():
    rule = Hyperband(MAXIMIZE, 1, 3)
    best, worst = trial(2, [0.9], "InProgress"), trial(4, [0.1], "InProgress")

    assert [rule.should_stop(t, []) for t in (best, worst)] == [False, False]
    assert rule.should_stop(trial(4, [0.1, 0.1, 0.1], "InProgress"), [])
