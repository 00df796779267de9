"""Follow an execution to its end."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from pipelines.errors import ExecutionFailedError
from pipelines.executions import Executions, ExecutionState, StepState, Trial
from pipelines.names import command_line
from pipelines.progress import Snapshot, display
from pipelines.targets import Target


def follow(target: Target, arn: str, *, sleep: Callable[[float], None] = time.sleep) -> ExecutionState:
    """Show an execution until it ends and return its last state."""
    sagemaker = target.client("sagemaker")
    executions = Executions(sagemaker)
    planned: dict[str, int] = {}
    pauses = _Pauses(target.poll_seconds)
    try:
        with display() as shown:
            while True:
                state = executions.state(arn)
                shown.show(_snapshot(sagemaker, executions, state, planned))
                if state.is_over:
                    return state
                sleep(pauses.next(tuple(step.status for step in state.steps)))
    except KeyboardInterrupt:
        identifier = arn.rpartition("/")[2]
        raise ExecutionFailedError(
            f"no longer following {identifier}; the execution goes on",
            hint=f"`{command_line(f'wait --execution {identifier}')}` follows it again, "
            f"`{command_line(f'stop --execution {identifier}')}` ends it",
        ) from None


def refuse_failure(state: ExecutionState) -> None:
    """Raise unless the execution succeeded.

    Raises:
        ExecutionFailedError: It failed or was stopped; the message is the reason, the hint what to look at.
    """
    if state.status == "Succeeded":
        return
    raise ExecutionFailedError(failure_text(state), hint=_hint(state))


def failure_text(state: ExecutionState) -> str:
    """Return one paragraph that says which step ended the execution, and why."""
    failed = failed_step(state)
    if failed is None:
        halted = ", ".join(step.name for step in state.steps if step.status == "Stopped")
        told = f"it was stopped during {halted}" if halted else "no reason was given"
        reason = state.failure_reason or told
        return f"the execution ended as {state.status}: {reason}"
    reason = failed.failure_reason or state.failure_reason
    return f"step {failed.name} ended the execution as {state.status}: {reason}"


def failed_step(state: ExecutionState) -> StepState | None:
    """Return the first step that failed, or None."""
    failed = [step for step in state.steps if step.status == "Failed"]
    return min(failed, key=lambda step: step.ended or step.started, default=None)  # type: ignore[arg-type,return-value]


class _Pauses:
    """Look often after a change, ever less often while nothing changes: looking costs the one who works."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._shortest = self._current = longest / 10
        self._seen: object = None

    def next(self, seen: object) -> float:
        """Return how long to wait after having seen this."""
        self._current = min(self._current * 1.25, self._longest) if seen == self._seen else self._shortest
        self._seen = seen
        return self._current


def _hint(state: ExecutionState) -> str:
    failed = failed_step(state)
    if failed is None:
        return f"`{command_line('steps')}` shows every step"
    if failed.type == "Fail":
        return "the evaluation is in the run's folder; the gate's limits are the parameters MinAuc and MaxLogLoss"
    if "No S3 objects found" in failed.failure_reason:
        return f"check the parameter RawDataUri; `{command_line('upload-data')}` lands the use case's own data"
    return f"`{command_line(f'logs {failed.name}')}` shows what the job wrote"


def _snapshot(sagemaker: Any, executions: Executions, state: ExecutionState, planned: dict[str, int]) -> Snapshot:
    trials, limit = _trials(sagemaker, executions, state, planned)
    return Snapshot(state, trials, limit, _training_metrics(sagemaker, state))


def _trials(
    sagemaker: Any, executions: Executions, state: ExecutionState, planned: dict[str, int]
) -> tuple[tuple[Trial, ...], int]:
    tune = state.first_of_type("Tuning")
    if tune is None or not tune.job_name or tune.cache_hit:
        return (), 0
    try:
        if tune.job_name not in planned:
            job = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tune.job_name)
            limits = job["HyperParameterTuningJobConfig"]["ResourceLimits"]
            planned[tune.job_name] = limits.get("MaxNumberOfTrainingJobs", 0)
        return tuple(executions.trials(tune.job_name)), planned[tune.job_name]
    except ClientError:  # the job is only just being made
        return (), 0


def _training_metrics(sagemaker: Any, state: ExecutionState) -> dict[str, float]:
    step = state.first_of_type("Training")
    if step is None or step.status != "Executing" or not step.job_name:
        return {}
    try:
        job = sagemaker.describe_training_job(TrainingJobName=step.job_name)
    except ClientError:  # the job is only just being made
        return {}
    return {metric["MetricName"]: metric["Value"] for metric in job.get("FinalMetricDataList", [])}
