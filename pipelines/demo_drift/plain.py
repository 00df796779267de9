"""Tell the story as lines of text."""

from typing import Any

from pipelines.demo_drift.scenarios import GATES, KINDS, planted_on, reached_by
from pipelines.demo_drift.story import Story

_NAME = 16


def timeline_text(story: Story) -> str:
    """Return the timeline: a column per day, a line per gate. `!` alarm, `v` violation, `.` nothing, `F` failed."""
    days = range(1, story.days + 1)
    tens = "".join(f"{day:<10}" for day in days if day % 10 == 1)
    lines = [f"{'December':{_NAME}} {tens.rstrip()}", f"{'planted':{_NAME}} {''.join(map(_planted, days))}"]
    lines += [f"{gate:{_NAME}} {''.join(_cell(story, gate, day) for day in days)}".rstrip() for gate in GATES]
    lines.append(f"{'retraining':{_NAME}} {''.join(_retraining(story, day) for day in days)}".rstrip())
    return "\n".join(lines)


def scenario_lines(summary: dict[str, Any]) -> list[str]:
    """Return a line for each planted fault."""
    return [_scenario(record) for record in summary["scenarios"]]


def _scenario(record: dict[str, Any]) -> str:
    sign = "ok  " if record["as_expected"] else "FAIL"
    if record["detected_by"]:
        found = f"{', '.join(record['detected_by'])} after {record['after_requests']} requests"
    else:
        found = f"not noticed by {' or '.join(record['expected'])}"
    also = f" (also: {', '.join(record['also_alarmed'])})" if record["also_alarmed"] else ""
    return f"{sign} December {record['day']:2d}  {record['name']:<18} {found}{also}"


def _planted(day: int) -> str:
    if planted_on(day):
        return "X"
    return "-" if reached_by(day) else " "


def _cell(story: Story, gate: str, day: int) -> str:
    if any(alarm.gate == gate and story.judged_day(alarm.at) == day for alarm in story.raised):
        return "!"
    run = story.run(day, gate) if gate in KINDS else None
    if run is None:
        return " "
    return "v" if run.is_alarming else {"Failed": "F", "NoData": "o"}.get(run.status, ".")


def _retraining(story: Story, day: int) -> str:
    told = story.retraining
    if any(int(story.place(package.at)) == day for package in told.registered):
        return "R"
    running = any(
        story.place(run.started) < day + 1 and (run.ended is None or story.place(run.ended) >= day)
        for run in told.executions
    )
    return "=" if running else " "
