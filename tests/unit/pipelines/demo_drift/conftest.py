import json
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.demo.traffic import Day
from pipelines.demo_drift.scenarios import DAYS, KINDS, SCENARIOS
from pipelines.demo_drift.story import Execution, MonitorRun, Portion, Raised, Registered, Retraining, Story

START = datetime(2026, 12, 1, tzinfo=UTC)
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/flight-delay/2"


def flight(number):
    return {
        "carrier": ("EV", "UA", "B6")[number % 3],
        "origin": ("EWR", "LGA", "JFK")[number // 3 % 3],
        "dep_minute": 300 + 3 * number,
        "block": 120,
        "o_late_180": (number % 10) / 10,
        "p1_dep_delay": None if number % 4 == 0 else float(number % 30),
        "h_all_late7": 0.1,
        "wl_temp": 32.0 + number % 20,
        "wl_dewp": None if number == 7 else 20.0 + number % 20,
    }


@pytest.fixture
def day():
    flights = [f"2013-12-05-{number}" for number in range(300)]
    bodies = [json.dumps(flight(number)).encode() for number in range(300)]
    return Day("2013-12-05", flights, bodies, [int(number % 10 > 7) for number in range(300)])


@pytest.fixture
def tell():
    """A function that makes up a story: nothing planted stays unnoticed, unless a test says so."""
    return _story


def _story(*, unnoticed=(), false_alarms=()):
    told = Story(START, DAYS)
    for day in range(1, DAYS + 1):
        told.portions += [Portion(told.midnight(day) + timedelta(hours=hour), 50) for hour in (6, 10, 14, 18, 22)]
    planted = [
        (scenario.day + scenario.grace, scenario.expected[0])
        for scenario in SCENARIOS
        if scenario.name not in unnoticed
    ]
    found = [*planted, *false_alarms]
    for day in range(1, DAYS + 1):
        for kind in KINDS:
            is_found = (day, kind) in found
            status = "CompletedWithViolations" if is_found else "Completed"
            checks = ("drift", "capture_check") * is_found
            told.runs.append(MonitorRun(day, kind, status, 250, checks, ("<drift> is & was",) * is_found))
    told.runs.append(
        MonitorRun(26, "model-quality", "CompletedWithViolations", 250, ("ground_truth_check",), ("late",))
    )
    for day, gate in found:
        at = told.midnight(day + 1) + timedelta(hours=1, minutes=4)
        told.raised.append(Raised(gate, f"alarm-{gate}", at))
    told.labelled = {f"flight-{number}" for number in range(6500)}
    told.uncaptured = {f"flight-{number}" for number in range(250)}
    told.requests_read, told.labels_judged = told.requests - 250, 6250
    began = told.midnight(3) + timedelta(hours=1, minutes=5)
    run = Execution("arn:run", "Succeeded", began, began + timedelta(days=6), "model-quality drift")
    asked = [
        Execution("arn:asked", "SUCCEEDED", began + timedelta(days=day), began + timedelta(days=day), "an alarm")
        for day in (0, 3)
    ]
    told.retraining = Retraining(asked, [run], [Registered(PACKAGE, began + timedelta(days=6), "model-quality drift")])
    return told
