"""Read what the alarms set in motion: who asked, which executions started, what they registered."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pipelines.demo_drift.story import Execution, Registered, Retraining
from pipelines.names import PIPELINE_NAME
from pipelines.targets import Target

_LONGEST_SECONDS, _POLL = 300.0, 1.0
_NO_REASON = "none"
_MEASURES = ("auc", "log_loss")


class Retrainings:
    """Retrainings on one target.

    Args:
        machine: ARN of the retraining machine.
    """

    def __init__(self, target: Target, machine: str) -> None:
        self._machine = machine
        self._sfn = target.client("stepfunctions")
        self._sagemaker = target.client("sagemaker")

    def told(self) -> Retraining:
        """Return what the alarms set in motion so far."""
        asked = sorted(self._asked(), key=lambda execution: execution.started)
        executions = sorted(self._trainings(), key=lambda execution: execution.started)
        registered = [package for execution in executions for package in self._registered(execution.arn)]
        return Retraining(asked, executions, registered)

    def wait(self) -> None:
        """Wait until no retraining runs, but not forever."""
        end = time.monotonic() + _LONGEST_SECONDS
        while any(execution.ended is None for execution in self._trainings()) and time.monotonic() < end:
            time.sleep(_POLL)

    def _asked(self) -> Iterator[Execution]:
        """The executions of the machine with the alarm that asked, and what came of it."""
        pages = self._sfn.get_paginator("list_executions").paginate(stateMachineArn=self._machine)
        for item in (item for page in pages for item in page["executions"]):
            told = self._sfn.describe_execution(executionArn=item["executionArn"])
            came = json.loads(told["output"]).get("outcome", "") if told.get("output") else told["status"]
            yield replace(execution_of(item), status=str(came), reason=str(json.loads(told["input"])["alarm"]))

    def _trainings(self) -> Iterator[Execution]:
        pages = self._sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=PIPELINE_NAME)
        for page in pages:
            for item in page["PipelineExecutionSummaries"]:
                reason = self._reason(item["PipelineExecutionArn"])
                if reason != _NO_REASON:
                    yield self._training(item["PipelineExecutionArn"], reason)

    def _reason(self, arn: str) -> str:
        listed = self._sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
        given = {item["Name"]: item["Value"] for item in listed["PipelineParameters"]}
        return str(given.get("RetrainingReason", _NO_REASON))

    def _training(self, arn: str, reason: str) -> Execution:
        told = self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        status = told["PipelineExecutionStatus"]
        ended = utc(told["LastModifiedTime"]) if status not in ("Executing", "Stopping") else None
        return Execution(arn, status, utc(told["CreationTime"]), ended, reason)

    def _registered(self, execution: str) -> Iterator[Registered]:
        steps = self._sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)["PipelineExecutionSteps"]
        for step in steps:
            if "RegisterModel" not in step.get("Metadata", {}):
                continue
            arn = str(step["Metadata"]["RegisterModel"]["Arn"])
            package = self._sagemaker.describe_model_package(ModelPackageName=arn)
            properties = package.get("CustomerMetadataProperties", {})
            measures = {name: float(properties[name]) for name in _MEASURES if name in properties}
            reason = str(properties.get("retraining_reason", ""))
            yield Registered(arn, utc(package["CreationTime"]), reason, measures)


def execution_of(item: dict[str, Any]) -> Execution:
    """Return an execution of a state machine as Step Functions lists or describes it."""
    ended = item.get("stopDate")
    return Execution(item["executionArn"], item["status"], utc(item["startDate"]), utc(ended) if ended else None)


def utc(moment: datetime) -> datetime:
    """Return a moment in UTC."""
    return moment.astimezone(UTC)
