"""Tell the demonstration in plain values: `summary.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.demo.release import Story


@dataclass(frozen=True)
class Scenario:
    """One release and how it must end.

    Attributes:
        name: In `summary.json`.
        title: On the page.
        expected: `released`, `promoted` or `withdrawn`.
    """

    name: str
    title: str
    expected: str


SCENARIOS = (
    Scenario("first-release", "The first model is released", "released"),
    Scenario("better-challenger", "A better challenger takes over", "promoted"),
    Scenario("broken-challenger", "A challenger with a broken feature is withdrawn", "withdrawn"),
)


def outcome_of(story: Story, package: Mapping[str, Any], live_model_version: str) -> str:
    """Return how a release ended, by what is live and how its package is marked, not by what the workflow says."""
    version = str(package["ModelPackageVersion"])
    if package["ModelApprovalStatus"] == "Approved" and live_model_version == version:
        return "promoted" if story.verdicts else "released"
    if package["ModelApprovalStatus"] == "Rejected" and live_model_version != version:
        return "withdrawn"
    return f"unclear: execution {story.status}, package {package['ModelApprovalStatus']}, live is {live_model_version}"


def scenario_record(scenario: Scenario, story: Story, outcome: str, reason: str) -> dict[str, Any]:
    """Return what the summary tells of one release."""
    return {
        "name": scenario.name,
        "title": scenario.title,
        "expected": scenario.expected,
        "outcome": outcome,
        "as_expected": outcome == scenario.expected,
        "reason": reason,
        "execution_arn": story.execution,
        "execution_status": story.status,
        "days": story.days,
        "requests_by_variant": dict(story.requests),
        "errors": dict(story.errors),
        "weights_over_time": [
            {"at": when.isoformat(), "champion": champion, "challenger": challenger}
            for when, champion, challenger in story.weights
        ],
        "verdicts": story.verdicts,
        "states_visited": story.states,
    }


def summarise(scenarios: Sequence[dict[str, Any]], *, seconds: float, usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole summary."""
    return {
        "schema_version": 1,
        "target": "local",
        "as_expected": all(scenario["as_expected"] for scenario in scenarios),
        "seconds_total": round(seconds, 1),
        "requests": sum(sum(scenario["requests_by_variant"].values()) for scenario in scenarios),
        "errors": sum(sum(scenario["errors"].values()) for scenario in scenarios),
        "days": sum(len(scenario["days"]) for scenario in scenarios),
        "used_but_not_granted": usage.get("used_but_not_granted", []),
        "scenarios": list(scenarios),
    }
