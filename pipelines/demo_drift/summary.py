"""Tell the demonstration in plain values: `summary.json`."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pipelines.demo_drift.scenarios import SCENARIOS, Scenario, fault_free_days, reached_by
from pipelines.demo_drift.story import DAY, RUN_HOUR, Execution, MonitorRun, Raised, Story

_NIGHT = timedelta(hours=RUN_HOUR + 4)
"""After midnight, until the first flights of the next day: the run that judges a day, and its alarms."""


def summarise(story: Story, *, seconds: float, usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole summary."""
    records = [scenario_record(scenario, story) for scenario in SCENARIOS]
    retraining = retraining_record(story)
    free = false_alarms(story)
    lacking = usage.get("used_but_not_granted", [])
    problems = [*story.faults, *_lost(story)]
    is_complete = not (problems or story.errors or lacking)
    return {
        "schema_version": 1,
        "target": "local",
        "as_expected": is_complete and retraining["as_expected"] and all(record["as_expected"] for record in records),
        "seconds_total": round(seconds, 1),
        "seconds_by_part": {part: round(spent, 1) for part, spent in story.seconds.items()},
        "days": story.days,
        "requests": story.requests,
        "errors": sum(story.errors.values()),
        "labels": story.labels,
        "requests_captured": story.expected_read,
        "requests_read_by_monitors": story.requests_read,
        "requests_labelled": story.expected_judged,
        "requests_judged_by_monitors": story.labels_judged,
        "scenarios": records,
        "retraining": retraining,
        **free,
        "used_but_not_granted": lacking,
        "problems": problems,
    }


def _lost(story: Story) -> list[str]:
    """Every captured request is read by one run, every label judged in one run: whatever broke in between."""
    found = []
    if story.requests_read != story.expected_read:
        found.append(f"the monitors read {story.requests_read} of {story.expected_read} captured requests")
    if story.labels_judged != story.expected_judged:
        found.append(f"the monitors judged {story.labels_judged} of {story.expected_judged} requests with a label")
    unseen = [day for day in range(1, story.days + 1) if not any(run.day == day for run in story.runs)]
    if unseen:
        found.append(f"no run ever judged December {', '.join(map(str, unseen))}")
    return found


def scenario_record(scenario: Scenario, story: Story) -> dict[str, Any]:
    """Return what the summary tells of one planted fault."""
    planted, noticeable = story.midnight(scenario.day), story.midnight(scenario.day + scenario.grace)
    seen = [alarm for alarm in story.raised if _speaks_of(scenario, story.judged_day(alarm.at))]
    right = [alarm for alarm in seen if alarm.gate in scenario.expected]
    first = right[0] if right else None
    is_soon = first is not None and first.at <= noticeable + DAY + _NIGHT
    checks = {check for run in _runs(scenario, story) for check in run.checks}
    return {
        "name": scenario.name,
        "title": scenario.title,
        "day": scenario.day,
        "planted_on": planted.isoformat(),
        "noticeable_from": noticeable.isoformat(),
        "expected": list(scenario.expected),
        "detected_by": _names(right),
        "alarms": [alarm.name for alarm in right],
        "detected_at": first.at.isoformat() if first else None,
        "after_requests": story.requests_between(noticeable, first.at) if first else None,
        "within_one_day": is_soon,
        "violations": _violations(scenario, story),
        "also_alarmed": _names([alarm for alarm in seen if alarm.gate not in scenario.expected]),
        "false_alarms": [],
        "note": story.notes.get(scenario.name, ""),
        "as_expected": is_soon and (not scenario.check or scenario.check in checks),
    }


def _speaks_of(scenario: Scenario, day: int) -> bool:
    return scenario.day <= day <= scenario.day + scenario.settles


def _names(alarms: Sequence[Raised]) -> list[str]:
    return list(dict.fromkeys(alarm.gate for alarm in alarms))


def _violations(scenario: Scenario, story: Story) -> list[str]:
    runs = sorted(_runs(scenario, story), key=lambda run: run.kind not in scenario.expected)
    return [f"{run.kind}: {text}" for run in runs for text in run.descriptions[:3]]


def _runs(scenario: Scenario, story: Story) -> list[MonitorRun]:
    return [run for run in story.runs if _speaks_of(scenario, run.day) and run.is_alarming]


def false_alarms(story: Story) -> dict[str, Any]:
    """Return how often a monitor found something on days that no planted fault reaches."""
    free = set(fault_free_days())
    runs = [run for run in story.runs if run.day in free and run.status != "NoData"]
    false = [run for run in runs if run.is_alarming]
    raised = [alarm for alarm in story.raised if reached_by(story.judged_day(alarm.at)) is None]
    return {
        "monitor_runs": len(story.runs),
        "fault_free_days": sorted(free),
        "fault_free_runs": len(runs),
        "false_alarm_runs": len(false),
        "false_alarm_rate": round(len(false) / len(runs), 4) if runs else None,
        "false_alarms": [
            {"day": run.day, "monitor": run.kind, "violations": list(run.descriptions[:3])} for run in false
        ],
        "alarms_on_fault_free_days": [{"day": story.judged_day(alarm.at), "alarm": alarm.name} for alarm in raised],
    }


def retraining_record(story: Story) -> dict[str, Any]:
    """Return what the alarms set in motion, and whether it was one execution at a time and a day."""
    told = story.retraining
    last = told.executions[-1] if told.executions else None
    package = told.registered[-1] if told.registered else None
    says_why = all(registered.reason not in {"", "none"} for registered in told.registered)
    return {
        "execution_arn": last.arn if last else None,
        "started_by": told.asked[0].reason if told.asked else None,
        "reason": last.reason if last else None,
        "status": last.status if last else None,
        "alarms_that_asked": len(told.asked),
        "asked": [
            {"alarm": asked.reason, "at": asked.started.isoformat(), "outcome": asked.status} for asked in told.asked
        ],
        "executions_started": len(told.executions),
        "executions": [_execution(execution) for execution in told.executions],
        "one_at_a_time": one_at_a_time(told.executions),
        "model_package_arn": package.arn if package else None,
        "registered_reason": package.reason if package else None,
        "measures": package.measures if package else {},
        "as_expected": package is not None and says_why and one_at_a_time(told.executions) and all(
            execution.status == "Succeeded" for execution in told.executions
        ),
    }  # fmt: skip


def one_at_a_time(executions: Sequence[Execution]) -> bool:
    """Tell whether no execution began while another ran, or on the same day as another."""
    ordered = sorted(executions, key=lambda execution: execution.started)
    return all(
        first.ended is not None and first.ended <= second.started and second.started - first.started >= DAY
        for first, second in itertools.pairwise(ordered)
    )


def _execution(execution: Execution) -> dict[str, Any]:
    return {
        "arn": execution.arn,
        "status": execution.status,
        "started_at": execution.started.isoformat(),
        "ended_at": execution.ended.isoformat() if execution.ended else None,
        "reason": execution.reason,
    }
