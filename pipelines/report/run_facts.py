"""Know what several sections say about a run: its steps, status, model package, main metrics and gate."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pipelines.report.documents import Document, RunFolder
from pipelines.report.wording import number

_CACHEABLE = ("Processing", "Training", "Tuning", "Transform")
# How a status looks: a sign before it, and a class of style.css.
SYMBOLS = {"Succeeded": "✓", "Completed": "✓", "Failed": "✕", "Stopped": "■", "Stopping": "■", "Executing": "…"}
CLASSES = {"Succeeded": "ok", "Completed": "ok", "Failed": "bad", "Stopped": "off", "Stopping": "off"}

# Spellings of the moments of a step or trial: our files, AWS.
STARTED = ("started", "start", "StartTime", "TrainingStartTime")
ENDED = ("ended", "end", "EndTime", "TrainingEndTime")
_STATUS = ("status", "StepStatus", "Status", "PipelineExecutionStatus", "pipeline_execution_status")


@dataclass(frozen=True)
class Step:
    """A step as it ran."""

    name: str
    kind: str
    status: str
    start: datetime | None
    end: datetime | None
    seconds: float | None
    cache_hit: bool
    attempts: int
    failure_reason: str

    @classmethod
    def of(cls, row: Document) -> Self:
        """Read a step as `steps.json`, `summary.json` or ListPipelineExecutionSteps writes it."""
        start, end = row.moment(STARTED), row.moment(ENDED)
        seconds = row.number("seconds")
        if seconds is None and start and end:
            seconds = (end - start).total_seconds()
        return cls(
            name=row.text(("name", "StepName")) or "?",
            kind=row.text(("type", "StepType")),
            status=row.text(_STATUS),
            start=start,
            end=end,
            seconds=seconds,
            cache_hit=row.flag("cache_hit") or bool(row.at("CacheHitResult")),
            attempts=int(row.number(("attempts", "AttemptCount")) or 1),
            failure_reason=row.text(("failure_reason", "FailureReason")),
        )


@dataclass(frozen=True)
class Check:
    """One condition of the quality gate; `passed` is None where the limit is not known."""

    name: str
    value: float | None
    limit: float | None
    at_least: bool

    @property
    def passed(self) -> bool | None:
        """Whether the value keeps the limit."""
        if self.value is None or self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def limit_text(self) -> str:
        """The limit in words."""
        return f"{'at least' if self.at_least else 'at most'} {number(self.limit, 2)}"


@dataclass(frozen=True)
class RunFacts:
    """What a run's files say, gathered."""

    run: RunFolder
    summary: Document
    execution: Document
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, run: RunFolder) -> Self:
        """Gather the facts; steps come from steps.json, or else from the summary."""
        rows = run["steps"].rows("steps") or run["steps"].rows() or run["summary"].rows("steps")
        return cls(run, run["summary"], run["execution"], tuple(Step.of(row) for row in rows if row))

    @property
    def ran(self) -> tuple[Step, ...]:
        """The steps that started."""
        return tuple(step for step in self.steps if step.status not in ("", "NotStarted"))

    @property
    def status(self) -> str:
        """The execution's status."""
        return self.summary.text(_STATUS) or self.execution.text(_STATUS)

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        arn = self.summary.text("pipeline_execution_arn") or self.execution.text("arn")
        return arn.split(":pipeline/")[-1].split("/")[0] if ":pipeline/" in arn else "Training pipeline"

    @property
    def package(self) -> str:
        """The ARN of the model package, "" where none was registered."""
        return self.summary.text("model_package_arn")

    @property
    def package_name(self) -> str:
        """The package's group and version in words."""
        parts = self.package.rsplit("/", 2)
        return f"{parts[-2]} version {parts[-1]}" if len(parts) == 3 else self.package  # noqa: PLR2004  group, version

    @property
    def approval(self) -> str:
        """The approval status of the package."""
        return self.summary.text(("model_approval_status", "approval_status")) or "PendingManualApproval"

    @property
    def seconds(self) -> float | None:
        """The wall time of the run."""
        return self.summary.number("seconds_total")

    @property
    def test(self) -> Document:
        """The metrics on the test months: the evaluation's, or else the summary's."""
        told = self.run["evaluation"].at("metrics", "test")
        return told if told.number("auc") is not None else self.summary.at("metrics", "test")

    @property
    def base_log_loss(self) -> float | None:
        """The log loss of predicting the test months' own base rate for every flight (their entropy)."""
        rate = self.test.number("base_rate")
        if rate is None or not 0 < rate < 1:
            return None
        return -(rate * math.log(rate) + (1 - rate) * math.log(1 - rate))

    @property
    def log_loss_gain(self) -> float | None:
        """The share by which the model's log loss is below the base rate's."""
        model, base = self.test.number("log_loss"), self.base_log_loss
        return None if model is None or not base else 1 - model / base

    @property
    def failure_reason(self) -> str:
        """Why the run failed, in the words of the step or the execution."""
        steps = [step.failure_reason for step in self.steps if step.status == "Failed" and step.failure_reason]
        told = self.summary.text("failure_reason") or self.execution.text(("failure_reason", "FailureReason"))
        return steps[0] if steps else told

    @property
    def failed_job(self) -> str:
        """The name of the step whose job failed, "" where none did."""
        failed = (step.name for step in self.steps if step.status == "Failed" and step.kind in _CACHEABLE)
        return next(failed, "")

    @property
    def cacheable(self) -> tuple[Step, ...]:
        """The steps SageMaker can cache."""
        return tuple(step for step in self.ran if step.kind in _CACHEABLE)

    @property
    def all_cached(self) -> bool:
        """Whether every cacheable step was a cache hit."""
        return bool(self.cacheable) and all(step.cache_hit for step in self.cacheable)


def gate_checks(run: RunFolder) -> list[Check]:
    """Return the gate's conditions with measured value and limit."""
    gate = run["evaluation"].at("gate")
    found = [
        Check("ROC AUC", gate.number("auc"), parameter(run, "MinAuc"), at_least=True),
        Check("log loss", gate.number("log_loss"), parameter(run, "MaxLogLoss"), at_least=False),
    ]
    if run["evaluation"].flag("comparisons", "champion", "present"):
        worse = gate.number("worse_than_champion_by")
        found.append(Check("log loss above that of the champion, lower bound", worse, 0.0, at_least=False))
    return [check for check in found if check.value is not None]


def parameter(run: RunFolder, name: str) -> float | None:
    """Return a pipeline parameter's value in this execution, or its default."""
    for document in (run["execution"], run["summary"]):
        told = document.at(("parameters", "pipeline_parameters", "PipelineParameters"))
        listed = {row.text(("Name", "name")): row.number(("Value", "value")) for row in told.rows()}
        value = told.number(name) if told.number(name) is not None else listed.get(name)
        if value is not None:
            return value
    defaults = run["definition"].rows("Parameters")
    return next((row.number("DefaultValue") for row in defaults if row.text("Name") == name), None)
