"""Emit the state changes of training, processing, transform and tuning jobs."""

import datetime as dt
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.events.sagemaker.changes import SOURCE, public, watch
from local_aws.store import Key, Record

_KINDS = {
    "training-job": ("TrainingJob", "SageMaker Training Job State Change"),
    "processing-job": ("ProcessingJob", "SageMaker Processing Job State Change"),
    "transform-job": ("TransformJob", "SageMaker Transform Job State Change"),
    "hyper-parameter-tuning-job": ("HyperParameterTuningJob", "SageMaker HyperParameter Tuning Job State Change"),
}
"""Kind of the record → prefix of its members, detail type of its events."""


def observe(plane: DataPlane) -> None:
    """Watch all kinds of jobs."""
    for kind, (prefix, detail_type) in _KINDS.items():
        _watch(plane, kind, prefix, detail_type)


def _watch(plane: DataPlane, kind: str, prefix: str, detail_type: str) -> None:
    def statuses(record: Record) -> list[tuple[str, Any]]:
        return [("", (record.get(f"{prefix}Status"), record.get("SecondaryStatus")))]

    def emit(key: Key, record: Record, _: str, __: object) -> None:
        detail = {**_in_milliseconds(public(record)), "Tags": _tags(record)}
        plane.events.emit(SOURCE, detail_type, detail, [record[f"{prefix}Arn"]], region=key.region)

    watch(plane.store, kind, statuses, emit)


def _tags(record: Record) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in record.get("_tags") or record.get("Tags") or () if "Key" in tag}


def _in_milliseconds(value: Any) -> Any:
    """Return a record as the job events have it: moments are milliseconds since the epoch."""
    if isinstance(value, dict):
        return {name: _in_milliseconds(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_in_milliseconds(item) for item in value]
    return int(value.timestamp() * 1000) if isinstance(value, dt.datetime) else value
