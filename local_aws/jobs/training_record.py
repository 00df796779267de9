"""Keep the record of a training job true while it runs: statuses, transitions, times, metrics."""

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

from local_aws.clock import Clock
from local_aws.cloudwatch.metrics import Metrics
from local_aws.jobs.metrics import Point, final_values
from local_aws.store import Key, Record, Store

NAMESPACE = "/aws/sagemaker/TrainingJobs"
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


def new_transitions(now: dt.datetime) -> list[Record]:
    """Return the transitions of a job that was just created."""
    return [{"Status": "Starting", "StartTime": now, "StatusMessage": MESSAGES["Starting"]}]


def advance(record: Record, status: str, now: dt.datetime, message: str = "") -> None:
    """Enter a secondary status: the one before ends now."""
    transitions = record["SecondaryStatusTransitions"]
    transitions[-1]["EndTime"] = now
    transitions.append({"Status": status, "StartTime": now, "StatusMessage": message or MESSAGES[status]})
    record.update(SecondaryStatus=status, LastModifiedTime=now)


class TrainingRecord:
    """The record of one training job in the store."""

    def __init__(self, store: Store, key: Key, published: Metrics, clock: Clock) -> None:
        self._store, self._key, self._published, self._clock = store, key, published, clock

    def advance(self, status: str) -> None:
        """Enter a secondary status; the first that costs money starts the clock."""

        def change(record: Record) -> None:
            advance(record, status, self._clock.now())
            record.setdefault("TrainingStartTime", record["LastModifiedTime"])

        self._store.update(self._key, change)

    def add_metrics(self, points: Sequence[Point]) -> None:
        """Append what the log showed, for which the tuner waits, and publish it to CloudWatch.

        Published under the record's own time, so that it lies between its TrainingStartTime and TrainingEndTime.
        """
        if not points:
            return
        self._store.update(self._key, lambda record: record["_metrics"].extend(points))
        dimensions, now = {"TrainingJobName": self._key.name}, self._clock.now()
        for point in points:
            self._published.put(
                NAMESPACE,
                point["MetricName"],
                point["Value"],
                "None",
                dimensions,
                region=self._key.region,
                timestamp=now,
            )

    def set(self, **fields: Any) -> None:
        """Set fields of the record."""
        self._store.update(self._key, lambda record: record.update(fields))

    def end(self, status: str, secondary: str, reason: str = "") -> None:
        """Enter the final status, with final metrics and billed time."""

        def change(record: Record) -> None:
            advance(record, secondary, self._clock.now(), reason)
            now = record["LastModifiedTime"]
            record["SecondaryStatusTransitions"][-1]["EndTime"] = now
            record.update(TrainingJobStatus=status, TrainingEndTime=now)
            if reason:
                record["FailureReason"] = reason
            if "TrainingStartTime" in record:
                seconds = max(1, math.ceil((now - record["TrainingStartTime"]).total_seconds()))
                record.update(TrainingTimeInSeconds=seconds, BillableTimeInSeconds=seconds)
            if finals := final_values(record["_metrics"]):
                record["FinalMetricDataList"] = [
                    {"MetricName": name, "Value": value, "Timestamp": now} for name, value in finals.items()
                ]

        self._store.update(self._key, change)
