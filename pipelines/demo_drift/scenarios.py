"""Name the planted faults: what breaks, on which day of December, and which gate must notice."""

from dataclasses import dataclass

from pipelines.demo_drift import faults
from pipelines.demo_drift.faults import Fault

DATA, MODEL, BIAS, ATTRIBUTION = KINDS = ("data-quality", "model-quality", "bias", "attribution")
LABELS, JOB = "labels", "job"
GATES = (*KINDS, LABELS, JOB)
"""The four monitors and what watches them: do the labels come, did the job run?"""

TITLES = {
    DATA: "Data quality",
    MODEL: "Model quality",
    BIAS: "Bias drift",
    ATTRIBUTION: "Attribution drift",
    LABELS: "Ground truth comes",
    JOB: "Monitoring works",
}


@dataclass(frozen=True)
class Scenario:
    """One planted fault.

    Attributes:
        name: In `summary.json`.
        title: What breaks, for people.
        day: Of December, on which it is planted, from midnight to midnight.
        expected: Gates of which one at least must raise its alarm within one day of traffic.
        fault: What it does to the day's requests or labels; None where the platform itself breaks.
        settles: Days after it whose windows it still reaches, by labels that come late: neither planted nor fault-free.
        check: Type of the violation that must be among those found; any where it is empty.
        grace: Days before anybody can notice: a label may take a day, only then it is late.
    """

    name: str
    title: str
    day: int
    expected: tuple[str, ...]
    fault: Fault | None = None
    settles: int = 0
    check: str = ""
    grace: int = 0


CAPTURE_STOPPED, JOB_BROKEN, LATE_LABELS = "capture-stopped", "monitor-job-broken", "late-labels"

SCENARIOS = (
    Scenario("label-shift", "Far more flights are late than predicted", 2, (MODEL,), faults.label_shift, settles=1),
    Scenario(
        "concept-change", "The flights that looked safest are late", 5, (MODEL,), faults.concept_change, settles=1
    ),
    Scenario("feature-null", "A feature is null in every request", 9, (DATA,), faults.feature_null),
    Scenario("unit-change", "Temperatures come in °C, not °F", 11, (DATA,), faults.unit_change),
    Scenario("slice-only-harm", "Only LaGuardia's flights are late", 13, (BIAS,), faults.slice_only_harm, settles=1),
    Scenario("new-category", "An airline flies under a code never seen", 16, (DATA,), faults.new_category),
    Scenario(CAPTURE_STOPPED, "A configuration without data capture goes live", 18, (DATA,), check="capture_check"),
    Scenario(JOB_BROKEN, "What the last run left for the next is overwritten", 20, (JOB,), settles=1),
    Scenario(
        "shuffled-column",
        "A join gives flights each other's dew point",
        23,
        (DATA, ATTRIBUTION, MODEL),
        faults.shuffled_column,
    ),
    Scenario(LATE_LABELS, "For a day no label arrives", 25, (LABELS,), settles=2, check="ground_truth_check", grace=1),
)
"""Faults that retrain come first: the training runs while the month goes on."""

DAYS = 27
"""How much of December is replayed; the night after the last day is the last run."""


def planted_on(day: int) -> Scenario | None:
    """Return what is planted on a day of December."""
    return next((scenario for scenario in SCENARIOS if scenario.day == day), None)


def reached_by(day: int) -> Scenario | None:
    """Return the scenario that a day's monitoring window can still see."""
    return next((scenario for scenario in SCENARIOS if scenario.day <= day <= scenario.day + scenario.settles), None)


def fault_free_days() -> list[int]:
    """Return the days whose windows no planted fault reaches."""
    return [day for day in range(1, DAYS + 1) if reached_by(day) is None]
