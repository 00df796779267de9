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


def end_orphans(store: Store, now: dt.datetime) -> None:
    """Mark every job, tuning job, pipeline execution and step that was running as failed."""
    for key in store.keys():  # noqa: SIM118 - a store is no dict
        if key.kind in _STATUS:
            status, end = _STATUS[key.kind]
            store.update(key, lambda record, status=status, end=end: _end(record, status, end, now))  # type: ignore[misc]
        elif key.kind == "pipeline-execution-steps":
            store.update(key, lambda record: _end_steps(record, now))


def _end(record: Record, status: str, end: str, now: dt.datetime) -> None:
    if record.get(status) not in _RUNNING:
        return
    _fail(record, status, end, now)
    if "SecondaryStatusTransitions" in record:
        advance(record, "Failed", now, SERVER_STOPPED)


def _end_steps(record: Record, now: dt.datetime) -> None:
    for step in record.get("steps", ()):
        if step.get("StepStatus") in _RUNNING:
            _fail(step, "StepStatus", "EndTime", now)


def _fail(record: dict[str, Any], status: str, end: str, now: dt.datetime) -> None:
    record.update({status: "Failed", end: now, "FailureReason": SERVER_STOPPED})
    if "LastModifiedTime" in record:
        record["LastModifiedTime"] = now
