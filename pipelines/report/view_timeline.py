"""Show where the time went: a bar for each step, and below Tune one for each of its trials."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from markupsafe import Markup

from pipelines.report import charts_rows
from pipelines.report.documents import Document, MissingPartError, RunFolder
from pipelines.report.run_facts import CLASSES, ENDED, STARTED, RunFacts, Step
from pipelines.report.scales import Scale, clock_ticks
from pipelines.report.wording import duration


@dataclass(frozen=True)
class Bar:
    """A row of the timeline."""

    name: str
    class_: str
    chart: Markup
    took: str
    note: str


@dataclass(frozen=True)
class Clock:
    """The time axis: seconds since the first step started."""

    zero: datetime
    total: float

    @classmethod
    def of(cls, steps: list[Step]) -> Self:
        """Return the axis over all steps."""
        zero = min(step.start for step in steps if step.start)
        last = max(step.end for step in steps if step.end)
        return cls(zero, max((last - zero).total_seconds(), 0.1))

    @property
    def axis(self) -> Scale:
        """The positions in per cent."""
        return Scale(0, self.total, 0, 100)

    def span(self, start: datetime, end: datetime, class_: str, name: str) -> Markup:
        """Return the chart of one row."""
        begin, stop = (start - self.zero).total_seconds(), (end - self.zero).total_seconds()
        title = f"{name}: from {duration(begin)} to {duration(stop)} after the start"
        grid = clock_ticks(self.total)
        return charts_rows.span(self.axis, begin, stop, class_=class_, title=title, grid=grid)


def timeline(run: RunFolder) -> dict[str, Any]:
    """Return the rows of the timeline and its ticks."""
    steps = [step for step in RunFacts.of(run).steps if step.start and step.end]
    if not steps:
        raise MissingPartError("The run recorded no start and end times of its steps (steps.json).")
    clock = Clock.of(steps)
    rows: list[Bar] = []
    for step in sorted(steps, key=lambda step: step.start or clock.zero):
        rows.append(_step_bar(step, clock))
        if step.kind == "Tuning" and not step.cache_hit:
            rows += _trial_bars(run["tuning"].rows("trials"), clock)
    ticks = [{"at": clock.axis(tick), "label": duration(tick) if tick else "0"} for tick in clock_ticks(clock.total)]
    busiest = max(steps, key=lambda step: step.seconds or 0)
    return {"rows": rows, "ticks": ticks, "total": clock.total, "steps": steps, "busiest": busiest}


def _step_bar(step: Step, clock: Clock) -> Bar:
    class_ = "cache" if step.cache_hit else CLASSES.get(step.status, "off")
    chart = clock.span(step.start or clock.zero, step.end or clock.zero, f"bar-{class_}", step.name)
    return Bar(step.name, "", chart, duration(step.seconds), "from the cache" if step.cache_hit else "")


def _trial_bars(trials: list[Document], clock: Clock) -> list[Bar]:
    bars = []
    for i, trial in enumerate(trials, start=1):
        start, end, status = trial.moment(STARTED), trial.moment(ENDED), trial.text("status")
        if not start or not end:
            continue
        chart = clock.span(start, end, "bar-bad" if status == "Failed" else "bar-trial", f"trial {i}")
        note = {"Failed": "failed", "Stopped": "stopped early"}.get(status, "")
        bars.append(Bar(f"trial {i}", "nested", chart, duration((end - start).total_seconds()), note))
    return bars
