"""Read what an execution of the pipeline does: its steps, its tuning trials, its outcome."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from pipelines.checks.model import Definition
from pipelines.errors import UsageError
from pipelines.names import PIPELINE_NAME, command_line

END_STATES = {"Succeeded", "Failed", "Stopped", "CompletedWithFailures"}
NOT_STARTED = "NotStarted"


@dataclass(frozen=True)
class StepState:
    """One step of an execution."""

    name: str
    type: str
    status: str = NOT_STARTED
    started: datetime | None = None
    ended: datetime | None = None
    cache_hit: bool = False
    failure_reason: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        if self.started is None:
            return 0.0
        return round(((self.ended or datetime.now(UTC)) - self.started).total_seconds(), 3)

    @property
    def arn(self) -> str:
        """The ARN of the job or model package it made, or an empty string."""
        found = [entry["Arn"] for entry in self.metadata.values() if isinstance(entry, dict) and entry.get("Arn")]
        return str(found[0]) if found else ""

    @property
    def job_name(self) -> str:
        """The name of its job, or an empty string."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True)
class ExecutionState:
    """An execution and its steps, in the order of the definition."""

    arn: str
    status: str
    steps: tuple[StepState, ...]
    failure_reason: str = ""
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in END_STATES

    def step(self, name: str) -> StepState | None:
        """Return the step of a name, or None."""
        return next((step for step in self.steps if step.name == name), None)

    def first_of_type(self, step_type: str) -> StepState | None:
        """Return the first step of a type, or None."""
        return next((step for step in self.steps if step.type == step_type), None)


@dataclass(frozen=True)
class Trial:
    """One training job of a tuning job."""

    name: str
    status: str
    objective: float | None
    hyperparameters: dict[str, str]
    started: datetime | None
    ended: datetime | None


class Executions:
    """Look at the executions of one pipeline."""

    def __init__(self, sagemaker: Any, pipeline: str = PIPELINE_NAME) -> None:
        self._sagemaker = sagemaker
        self._pipeline = pipeline
        self._types: dict[str, dict[str, str]] = {}

    def latest(self, limit: int) -> list[dict[str, Any]]:
        """Return the summaries of the last executions, the newest first."""
        response = self._sagemaker.list_pipeline_executions(
            PipelineName=self._pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=limit
        )
        return list(response["PipelineExecutionSummaries"])

    def resolve(self, text: str | None) -> str:
        """Return the ARN of an execution given by id or ARN; without either that of the last one.

        Raises:
            UsageError: There is none.
        """
        try:
            summaries = self.latest(100)
        except ClientError as error:
            raise UsageError(
                f"the pipeline {self._pipeline} does not exist here", hint=f"start it: {command_line('run')}"
            ) from error
        arns = [str(summary["PipelineExecutionArn"]) for summary in summaries]
        if text is None and arns:
            return arns[0]
        matches = [arn for arn in arns if text and arn.endswith(text)]
        if len(matches) != 1:
            raise UsageError(
                f"{'no' if not matches else 'more than one'} execution of {self._pipeline} matches {text!r}",
                hint=f"`{command_line('list')}` shows them",
            )
        return matches[0]

    def state(self, arn: str) -> ExecutionState:
        """Return the execution and every step of its definition, whether started or not."""
        execution = self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        running = {step["StepName"]: step for step in self._list_steps(arn)}
        types = self._step_types(arn)
        return ExecutionState(
            arn=arn,
            status=execution["PipelineExecutionStatus"],
            steps=tuple(_step_state(name, types.get(name, ""), running.get(name)) for name in {**types, **running}),
            failure_reason=execution.get("FailureReason", ""),
            started=execution.get("CreationTime"),
            ended=execution.get("LastModifiedTime"),
        )

    def definition(self, arn: str) -> str:
        """Return the definition that the execution runs."""
        response = self._sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        return str(response["PipelineDefinition"])

    def parameters(self, arn: str) -> dict[str, str]:
        """Return the values of the execution's parameters."""
        response = self._sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
        return {item["Name"]: item["Value"] for item in response["PipelineParameters"]}

    def trials(self, tuning_job: str) -> list[Trial]:
        """Return the training jobs of a tuning job in the order of their start."""
        pages = self._sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=tuning_job, SortBy="CreationTime", SortOrder="Ascending"
        )
        return [_trial(summary) for page in pages for summary in page["TrainingJobSummaries"]]

    def _list_steps(self, arn: str) -> Iterator[dict[str, Any]]:
        pages = self._sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn)
        for page in pages:
            yield from page["PipelineExecutionSteps"]

    def _step_types(self, arn: str) -> dict[str, str]:
        if arn not in self._types:
            definition = Definition.parse(json.loads(self.definition(arn)))
            self._types[arn] = {step.name: step.type for step in definition.steps}
        return self._types[arn]


def _step_state(name: str, step_type: str, raw: dict[str, Any] | None) -> StepState:
    if raw is None:
        return StepState(name, step_type)
    return StepState(
        name=name,
        type=step_type,
        status=raw["StepStatus"],
        started=raw.get("StartTime"),
        ended=raw.get("EndTime"),
        cache_hit="CacheHitResult" in raw,
        failure_reason=raw.get("FailureReason", ""),
        metadata=raw.get("Metadata") or {},
    )


def _trial(summary: dict[str, Any]) -> Trial:
    metric = summary.get("FinalHyperParameterTuningJobObjectiveMetric") or {}
    return Trial(
        name=summary["TrainingJobName"],
        status=summary["TrainingJobStatus"],
        objective=metric.get("Value"),
        hyperparameters=summary.get("TunedHyperParameters") or {},
        started=summary.get("TrainingStartTime") or summary.get("CreationTime"),
        ended=summary.get("TrainingEndTime"),
    )
