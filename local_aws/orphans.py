"""End, in the store, what ran when the server ended."""

import datetime as dt
from typing import Any

from local_aws.jobs.failures import SERVER_STOPPED
from local_aws.jobs.training_record import advance
from local_aws.store import Record, Store

_STATUS = {
    "processing-job": ("ProcessingJobStatus", "ProcessingEndTime"),
    "transform-job": ("TransformJobStatus", "TransformEndTime"),
    "training-job": ("TrainingJobStatus", "TrainingEndTime"),
    "hyper-parameter-tuning-job": ("HyperParameterTuningJobStatus", "HyperParameterTuningEndTime"),
    "pipeline-execution": ("PipelineExecutionStatus", "LastModifiedTime"),
}
_RUNNING = {"InProgress", "Stopping", "Executing", "Starting"}


def end_orphans(store: Store) -> None:
    """Mark every job, tuning job, pipeline execution and step that was running as failed."""
    for key in store.keys():  # noqa: SIM118 - a store is no dict
        if key.kind in _STATUS:
            status, end = _STATUS[key.kind]
            store.update(key, lambda record, status=status, end=end: _end(record, status, end))  # type: ignore[misc]
        elif key.kind == "pipeline-execution-steps":
            store.update(key, _end_steps)


def _end(record: Record, status: str, end: str) -> None:
    if record.get(status) not in _RUNNING:
        return
    _fail(record, status, end)
    if "SecondaryStatusTransitions" in record:
        advance(record, "Failed", SERVER_STOPPED)


def _end_steps(record: Record) -> None:
    for step in record.get("steps", ()):
        if step.get("StepStatus") in _RUNNING:
            _fail(step, "StepStatus", "EndTime")


def _fail(record: dict[str, Any], status: str, end: str) -> None:
    now = dt.datetime.now(dt.UTC)
    record.update({status: "Failed", end: now, "FailureReason": SERVER_STOPPED})
    if "LastModifiedTime" in record:
        record["LastModifiedTime"] = now
