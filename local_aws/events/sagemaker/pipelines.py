"""Emit the status changes of pipeline executions and their steps."""

from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.events.sagemaker.changes import SOURCE, watch
from local_aws.store import Key, Record

_EXECUTION, _STEPS = "pipeline-execution", "pipeline-execution-steps"
_ACTIVE = {"Executing", "Stopping"}
_MEMBERS = {
    "PipelineExecutionDisplayName": "pipelineExecutionDisplayName",
    "PipelineExecutionDescription": "pipelineExecutionDescription",
    "FailureReason": "failureReason",
}


def observe(plane: DataPlane) -> None:
    """Watch the executions and the records of their steps."""

    def on_execution(key: Key, record: Record, _: str, before: str | None) -> None:
        _emit_execution(plane, key, record, before or "")

    def on_step(key: Key, record: Record, name: str, before: str | None) -> None:
        step = next(step for step in record["steps"] if step["StepName"] == name)
        _emit_step(plane, key, step, before or "")

    watch(plane.store, _EXECUTION, lambda record: [("", record["PipelineExecutionStatus"])], on_execution)
    watch(
        plane.store,
        _STEPS,
        lambda record: [(step["StepName"], step["StepStatus"]) for step in record["steps"]],
        on_step,
    )


def _emit_execution(plane: DataPlane, key: Key, record: Record, before: str) -> None:
    status = record["PipelineExecutionStatus"]
    detail: dict[str, Any] = {
        "currentPipelineExecutionStatus": status,
        "previousPipelineExecutionStatus": before,
        "executionStartTime": record["CreationTime"],
        "pipelineArn": record["PipelineArn"],
        "pipelineExecutionArn": record["PipelineExecutionArn"],
        **{shown: record[name] for name, shown in _MEMBERS.items() if record.get(name)},
    }
    if status not in _ACTIVE:
        detail["executionEndTime"] = record["LastModifiedTime"]
    detail_type = "SageMaker Model Building Pipeline Execution Status Change"
    resources = [record["PipelineArn"], record["PipelineExecutionArn"]]
    plane.events.emit(SOURCE, detail_type, detail, resources, region=key.region)


def _emit_step(plane: DataPlane, key: Key, step: Record, before: str) -> None:
    execution_arn = key.name
    pipeline_arn = execution_arn.rpartition("/execution/")[0]
    times = {"stepStartTime": step.get("StartTime"), "stepEndTime": step.get("EndTime")}
    detail: dict[str, Any] = {
        "metadata": _metadata(step.get("Metadata", {})),
        **{name: moment for name, moment in times.items() if moment},
        "pipelineArn": pipeline_arn,
        "pipelineExecutionArn": execution_arn,
        "stepName": step["StepName"],
        "stepType": step.get("_type", ""),
        "currentStepStatus": step["StepStatus"],
        "previousStepStatus": before,
    }
    if step.get("FailureReason"):
        detail["failureReason"] = step["FailureReason"]
    if hit := step.get("CacheHitResult"):
        detail["cacheHitResult"] = {"sourcePipelineExecutionArn": hit.get("SourcePipelineExecutionArn")}
    detail_type = "SageMaker Model Building Pipeline Execution Step Status Change"
    plane.events.emit(SOURCE, detail_type, detail, [pipeline_arn, execution_arn], region=key.region)


def _metadata(value: Any) -> Any:
    """Return a step's metadata in lowerCamelCase, as the event has it."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _metadata(item) for name, item in value.items()}
    return value
