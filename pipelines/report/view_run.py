"""Show what ran: the pipeline's stages, and the time each step and tuning trial took."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from pipelines.report import charts_rows
from pipelines.report.documents import Document, MissingPartError, RunFolder
from pipelines.report.run_facts import ENDED, STARTED, RunFacts, Step
from pipelines.report.scales import Scale, clock_ticks
from pipelines.report.wording import duration, plural

SYMBOLS = {"Succeeded": "✓", "Completed": "✓", "Failed": "✕", "Stopped": "■", "Stopping": "■", "Executing": "…"}
CLASSES = {"Succeeded": "ok", "Completed": "ok", "Failed": "bad", "Stopped": "off", "Stopping": "off"}


@dataclass(frozen=True)
class Card:
    """A step in the picture of the pipeline."""

    name: str
    kind: str
    status: str
    detail: str
    class_: str
    symbol: str


@dataclass(frozen=True)
class Bar:
    """A row of the timeline."""

    name: str
    class_: str
    chart: Markup
    took: str
    note: str


def pipeline(run: RunFolder) -> dict[str, Any]:
    """Return the stages of the pipeline, each with its steps."""
    steps = {step.name: step for step in RunFacts.of(run).steps}
    stages = _stages(run["definition"]) or [[name] for name in steps]
    if not stages:
        raise MissingPartError("The run left neither its steps (steps.json) nor its definition (definition.json).")
    kinds = {step.text("Name"): step.text("Type") for step in _walk(run["definition"].rows("Steps"))}
    cards = [[_card(name, steps.get(name), kinds.get(name, "")) for name in stage] for stage in stages]
    failed = [step for step in steps.values() if step.failure_reason]
    return {"stages": cards, "failed": failed, "retried": [step for step in steps.values() if step.attempts > 1]}


def timeline(run: RunFolder) -> dict[str, Any]:
    """Return the rows of the timeline: every step, and below Tune its trials."""
    steps = [step for step in RunFacts.of(run).steps if step.start and step.end]
    if not steps:
        raise MissingPartError("The run recorded no start and end times of its steps (steps.json).")
    zero = min(step.start for step in steps if step.start)
    last = max(step.end for step in steps if step.end)
    total = max((last - zero).total_seconds(), 0.1)
    axis, grid = Scale(0, total, 0, 100), clock_ticks(total)
    rows: list[Bar] = []
    for step in sorted(steps, key=lambda step: step.start or zero):
        rows.append(_step_bar(step, zero, axis, grid))
        if step.kind == "Tuning" and not step.cache_hit:
            rows += _trial_bars(run["tuning"].rows("trials"), zero, axis, grid)
    ticks = [{"at": axis(tick), "label": duration(tick) if tick else "0"} for tick in grid]
    return {
        "rows": rows,
        "ticks": ticks,
        "total": total,
        "steps": steps,
        "busiest": max(steps, key=lambda s: s.seconds or 0),
    }


def _card(name: str, step: Step | None, kind: str) -> Card:
    if step is None or step.status in ("", "NotStarted"):
        return Card(name, step.kind if step else kind, "not run", "not run", "off", "")
    detail = "from the cache" if step.cache_hit else duration(step.seconds)
    if step.attempts > 1:
        detail += f", {plural(step.attempts, 'attempt')}"
    class_ = "cache" if step.cache_hit else CLASSES.get(step.status, "off")
    return Card(name, step.kind or kind, step.status, detail, class_, SYMBOLS.get(step.status, ""))


def _walk(steps: Iterable[Document]) -> Iterable[Document]:
    for step in steps:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _walk(step.rows("Arguments", branch))


def _stages(definition: Document) -> list[list[str]]:
    """Return the steps' names by depth: a step comes one stage after the last of the steps it waits for."""
    depth: dict[str, int] = {}
    before = _dependencies(definition.rows("Steps"))
    for _ in before:
        depth = {
            name: 1 + max((depth.get(other, -1) for other in needed), default=-1) for name, needed in before.items()
        }
    stages: list[list[str]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for name, level in depth.items():
        stages[level].append(name)
    return stages


def _dependencies(steps: list[Document], condition: str = "") -> dict[str, set[str]]:
    """Return which steps each step waits for: DependsOn, references in its arguments, and its condition."""
    found: dict[str, set[str]] = {}
    for step in steps:
        arguments = {key: value for key, value in step.items("Arguments") if key not in ("IfSteps", "ElseSteps")}
        named = {str(name.value) for name in step.rows("DependsOn")}
        referenced = {name for argument in arguments.values() for name in _references(argument.value)}
        found[step.text("Name")] = {*named, *referenced, *([condition] if condition else [])}
        for branch in ("IfSteps", "ElseSteps"):
            found |= _dependencies(step.rows("Arguments", branch), step.text("Name"))
    return {name: {other for other in needed if other != name} for name, needed in found.items()}


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        got = value.get("Get")
        if isinstance(got, str) and got.startswith("Steps."):
            yield got.split(".")[1].partition("[")[0]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _step_bar(step: Step, zero: datetime, axis: Scale, grid: list[float]) -> Bar:
    note = "cache" if step.cache_hit else ""
    class_ = "cache" if step.cache_hit else CLASSES.get(step.status, "off")
    chart = _span(step.start or zero, step.end or zero, zero, axis, grid, f"bar-{class_}", step.name)
    return Bar(step.name, "", chart, duration(step.seconds), note)


def _trial_bars(trials: list[Document], zero: datetime, axis: Scale, grid: list[float]) -> list[Bar]:
    bars = []
    for i, trial in enumerate(trials, start=1):
        start, end = trial.moment(STARTED), trial.moment(ENDED)
        if not start or not end:
            continue
        status = trial.text("status")
        chart = _span(start, end, zero, axis, grid, "bar-trial" if status != "Failed" else "bar-bad", f"trial {i}")
        note = {"Failed": "failed", "Stopped": "stopped early"}.get(status, "")
        bars.append(Bar(f"trial {i}", "nested", chart, duration((end - start).total_seconds()), note))
    return bars


def _span(
    start: datetime, end: datetime, zero: datetime, axis: Scale, grid: list[float], class_: str, name: str
) -> Markup:
    begin, stop = (start - zero).total_seconds(), (end - zero).total_seconds()
    title = f"{name}: from {duration(begin)} to {duration(stop)} after the start"
    return charts_rows.span(axis, begin, stop, class_=class_, title=title, grid=grid)
