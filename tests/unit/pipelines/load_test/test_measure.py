import json

import pytest

from pipelines.errors import ExecutionFailedError
from pipelines.load_test.measure import Step, invocations_per_instance, read_statistics, sustained


def locust(requests, failures, times, seconds=2.0):
    entry = {
        "num_requests": requests,
        "num_failures": failures,
        "start_time": 100.0,
        "last_request_timestamp": 100.0 + seconds,
        "response_times": times,
    }
    return json.dumps([entry])


def test_rate_counts_answers_only_and_percentiles_come_from_the_histogram():
    step = read_statistics(locust(200, 20, {"5": 150, "9": 48, "80": 2}), clients=4)

    assert step == Step(4, 90.0, 5.0, 9.0, 20)


def test_output_that_is_no_statistics_says_what_locust_said():
    with pytest.raises(ExecutionFailedError, match="4 clients: No such file"):
        read_statistics("", 4, "No such file")


def test_the_fastest_step_within_the_target_and_without_failures_counts():
    steps = [Step(1, 80, 5, 9, 0), Step(4, 200, 9, 40, 0), Step(8, 240, 30, 90, 0), Step(16, 300, 60, 95, 3)]

    assert sustained(steps, latency_target_ms=50) == steps[1]
    assert sustained(steps, latency_target_ms=100) == steps[2]
    assert sustained(steps, latency_target_ms=1) is None


def test_target_is_awss_formula():
    assert invocations_per_instance(20.0, 0.5) == 600.0


@pytest.mark.parametrize(("rps", "factor"), [(0, 0.5), (10, 0), (10, 1.5)])
def test_senseless_factors_are_refused(rps, factor):
    with pytest.raises(ValueError, match="must be above 0"):
        invocations_per_instance(rps, factor)
