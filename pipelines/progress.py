"""Show an execution while it runs: a live table in a terminal, one line per change elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipelines.executions import ExecutionState, StepState, Trial
from pipelines.settings import OBJECTIVE_METRIC, OBJECTIVE_TYPE

_GLYPHS = {
    "NotStarted": ("·", "dim"),
    "Starting": ("◔", "cyan"),
    "Executing": ("▶", "cyan"),
    "Stopping": ("◑", "yellow"),
    "Stopped": ("■", "yellow"),
    "Failed": ("✗", "bold red"),
    "Succeeded": ("✓", "green"),
}
_OBJECTIVE = OBJECTIVE_METRIC.rpartition(":")[2]
_BAR_WIDTH = 10  # with the table's other columns and the best objective it fits into 80 characters
_COLUMNS = ("", "step", "status", "seconds", "")


@dataclass(frozen=True)
class Snapshot:
    """What there is to show at one moment."""

    execution: ExecutionState
    trials: tuple[Trial, ...] = ()
    trials_planned: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    """The last values of the metrics of the training job that runs now."""


class Display(Protocol):
    """Something that shows one snapshot after the other."""

    def show(self, snapshot: Snapshot) -> None:
        """Bring the display up to date."""


@contextmanager
def display(stream: TextIO | None = None) -> Iterator[Display]:
    """Give the live table where the stream is a terminal, plain lines where it is not."""
    console = Console(file=stream or sys.stdout)
    if not console.is_terminal:
        yield PlainDisplay(stream or sys.stdout)
        return
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        yield LiveDisplay(live)


class PlainDisplay:
    """Write a line whenever a step or a trial changes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._seen: dict[str, str] = {}

    def show(self, snapshot: Snapshot) -> None:
        """Write what has changed since the last call."""
        for trial in snapshot.trials:
            text = f"trial {trial.status.lower()}"
            if trial.objective is not None:
                text = f"trial done, {OBJECTIVE_METRIC} {trial.objective:.5f}"
            if trial.status != "InProgress" and self._is_new(trial.name, text):
                self._line(trial.name, f"{text} ({_done(snapshot.trials)}/{snapshot.trials_planned})")
        for step in snapshot.execution.steps:
            if step.status != "NotStarted" and self._is_new(step.name, step.status):
                self._line(step.name, " ".join([step.status, *_plain_details(step)]))

    def _is_new(self, name: str, text: str) -> bool:
        changed = self._seen.get(name) != text
        self._seen[name] = text
        return changed

    def _line(self, name: str, text: str) -> None:
        self._stream.write(f"{name:<18} {text}\n")
        self._stream.flush()


class LiveDisplay:
    """Redraw a table in place."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, snapshot: Snapshot) -> None:
        """Redraw."""
        self._live.update(Group(*_renderables(snapshot)))


def best_objective(trials: tuple[Trial, ...]) -> float | None:
    """Return the best objective reached so far."""
    values = [trial.objective for trial in trials if trial.objective is not None]
    pick = min if OBJECTIVE_TYPE == "Minimize" else max
    return pick(values) if values else None


def _renderables(snapshot: Snapshot) -> Iterator[Table | Text]:
    execution = snapshot.execution
    table = Table(box=None, pad_edge=False, title_justify="left")
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name == "seconds" else "left", overflow="fold")
    for step in execution.steps:
        glyph, style = _GLYPHS.get(step.status, ("?", ""))
        seconds = f"{step.seconds:.1f}" if step.started else ""
        detail = _detail(step, snapshot)
        table.add_row(Text(glyph, style), Text(step.name, style), step.status, seconds, detail)
    yield table
    if execution.failure_reason:
        yield Text(execution.failure_reason, "red")


def _detail(step: StepState, snapshot: Snapshot) -> str:
    if step.type == "Tuning" and not step.cache_hit and step.status != "NotStarted":
        best = best_objective(snapshot.trials)
        bar = _bar(_done(snapshot.trials), snapshot.trials_planned)
        return f"{bar} trials" if best is None else f"{bar}  best {_OBJECTIVE} {best:.4f}"
    if step.type == "Training" and step.status == "Executing":
        return "  ".join(f"{name} {value:.4f}" for name, value in sorted(snapshot.metrics.items()))
    return " ".join(_plain_details(step)[1:]) if step.ended else ""


def _plain_details(step: StepState) -> list[str]:
    details = [f"({step.seconds:.1f} s)"] if step.ended else []
    if step.cache_hit:
        details.append("from the cache")
    if "Condition" in step.metadata:
        details.append(f"outcome {step.metadata['Condition'].get('Outcome')}")
    if step.status == "Failed" and step.failure_reason:
        details.append(f"- {step.failure_reason}")
    return details


def _done(trials: tuple[Trial, ...]) -> int:
    return sum(trial.status != "InProgress" for trial in trials)


def _bar(done: int, planned: int) -> str:
    planned = max(planned, done, 1)
    filled = done * _BAR_WIDTH // planned
    return f"{'━' * filled}{'┄' * (_BAR_WIDTH - filled)} {done}/{planned}"
