"""Describe a finished execution in plain values: the records that make up a run's folder. Pure functions."""

import json
import math
from datetime import datetime
from typing import Any

from pipelines.checks.model import Definition
from pipelines.executions import NOT_STARTED, ExecutionState, StepState, Trial
from pipelines.progress import best_objective
from pipelines.settings import OBJECTIVE_METRIC, OBJECTIVE_TYPE

_METRICS = ("auc", "log_loss", "brier", "base_rate", "rows")
_NO_METRICS: dict[str, dict[str, Any]] = {"test": {}, "validation": {}}


def step_summaries(state: ExecutionState) -> list[dict[str, Any]]:
    """Return the steps that ran, as the summary tells them."""
    return [_step_summary(step) for step in state.steps if step.status != NOT_STARTED]


def step_records(state: ExecutionState, definition: str) -> list[dict[str, Any]]:
    """Return every step of the definition with its times, its job, its reason of failure and what it waited for."""
    parsed = Definition.parse(json.loads(definition))
    waits = {step.name: sorted(parsed.dependencies(step)) for step in parsed.steps}
    return [
        {
            **_step_summary(step),
            "start": step.started,
            "end": step.ended,
            "failure_reason": step.failure_reason or None,
            "job_name": step.job_name or None,
            "job_arn": step.arn or None,
            "metadata": step.metadata,
            "depends_on": waits.get(step.name, []),
        }
        for step in state.steps
    ]


def tuning_record(step: StepState, job: dict[str, Any], trials: list[Trial]) -> dict[str, Any]:
    """Return a tuning job with its trials in the order of their start."""
    config = job["HyperParameterTuningJobConfig"]
    best = best_objective(tuple(trials))
    return {
        "job_name": step.job_name,
        "cache_hit": step.cache_hit,
        "strategy": config.get("Strategy"),
        "objective": {"name": OBJECTIVE_METRIC, "type": OBJECTIVE_TYPE},
        "config": config,
        "best": next((_trial_record(trial) for trial in trials if best is not None and trial.objective == best), None),
        "trials": [_trial_record(trial) for trial in trials],
    }


def split_metrics(evaluation: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return the headline measures per split of an evaluation report."""
    measured = (evaluation or {}).get("metrics", {})
    return _NO_METRICS | {split: {name: values.get(name) for name in _METRICS} for split, values in measured.items()}


def all_cached(state: ExecutionState, definition: str) -> bool:
    """Tell whether every step that can be answered from the cache was."""
    cacheable = {step.name for step in Definition.parse(json.loads(definition)).steps if step.is_cached}
    return bool(cacheable) and all(step.cache_hit for step in state.steps if step.name in cacheable)


def verdict(state: ExecutionState, model_package_arn: str | None) -> str:
    """Return `registered`, `rejected` (by the gate) or `failed`."""
    if model_package_arn:
        return "registered"
    refused = state.first_of_type("Fail")
    return "rejected" if refused and refused.status != NOT_STARTED else "failed"


def plain(value: Any) -> Any:
    """Return a value that any JSON reader reads: no NaN, times as ISO 8601."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _step_summary(step: StepState) -> dict[str, Any]:
    return {
        "name": step.name,
        "type": step.type,
        "status": step.status,
        "seconds": step.seconds,
        "cache_hit": step.cache_hit,
    }


def _trial_record(trial: Trial) -> dict[str, Any]:
    return {
        "name": trial.name,
        "status": trial.status,
        "objective": trial.objective,
        "hyperparameters": trial.hyperparameters,
        "start": trial.started,
        "end": trial.ended,
        "seconds": (trial.ended - trial.started).total_seconds() if trial.ended and trial.started else None,
    }
