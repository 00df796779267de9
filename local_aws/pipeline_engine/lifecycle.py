"""Start, stop, retry and delete executions."""

from collections.abc import Mapping
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.errors import ConflictError
from local_aws.pipeline_engine.cache import StepCache
from local_aws.pipeline_engine.executor import run_execution
from local_aws.pipeline_engine.records import EXECUTION, ExecutionRecords
from local_aws.pipeline_engine.steps.callback import KIND as CALLBACK
from local_aws.pipeline_engine.steps.callback import callback_message
from local_aws.pipeline_engine.steps.jobs import stop_job
from local_aws.store import Key, Record

START_REQUEST = "pipeline-execution-request"
"""Kind of the records that remember which ClientRequestToken started which execution."""


def start(plane: DataPlane, records: ExecutionRecords, record: Record, reused_steps: list[Record]) -> None:
    """Insert the records of a new execution and run it.

    Args:
        plane: What runs it.
        records: Names the execution.
        record: The execution's record.
        reused_steps: Records of steps whose results a selective execution takes over.
    """
    plane.store.insert(records.steps_key, {"steps": reused_steps})
    plane.store.insert(records.key, {**record, "PipelineExecutionStatus": "Executing"})
    _spawn(plane, records)


def stop(plane: DataPlane, records: ExecutionRecords) -> None:
    """Start nothing more, stop the running jobs, and tell the queues of callbacks.

    Raises:
        ConflictError: The execution has ended.
    """
    if not records.mark_stopping():
        status = records.execution()["PipelineExecutionStatus"]
        if status == "Stopping":
            return
        raise ConflictError(f"Pipeline execution {records.arn} is {status}; only one that is Executing can be stopped.")
    role_arn = records.execution()["_role_arn"]
    for step in records.steps():
        if step["StepStatus"] == "Executing":
            plane.spawn(f"stop-{step['StepName']}", lambda step=step: _stop_step(plane, records, role_arn, step))  # type: ignore[misc]


def retry(plane: DataPlane, records: ExecutionRecords, changes: Mapping[str, Any]) -> None:
    """Run a failed or stopped execution again from the steps that did not succeed; those that did keep their results.

    Raises:
        ConflictError: The execution runs, or succeeded.
    """
    allowed = ("Failed", "Stopped", "CompletedWithFailures")
    claimed: list[str] = []

    def claim(record: Record) -> None:
        claimed.append(record["PipelineExecutionStatus"])
        if claimed[-1] in allowed:
            record.pop("FailureReason", None)
            record.update(changes, PipelineExecutionStatus="Executing", LastModifiedTime=records.now())

    def keep_succeeded(record: Record) -> None:
        record["steps"] = [step for step in record["steps"] if step["StepStatus"] == "Succeeded"]

    plane.store.update(records.key, claim)
    if claimed[0] not in allowed:
        raise ConflictError(
            f"Pipeline execution {records.arn} is {claimed[0]}; only one that is Failed or Stopped can be retried."
        )
    plane.store.update(records.steps_key, keep_succeeded)
    _spawn(plane, records)


def delete_all(plane: DataPlane, pipeline_arn: str, account_id: str, region: str) -> None:
    """Remove the records of all executions of a pipeline, the tokens that started them, and its cached results."""
    for record in of_pipeline(plane, pipeline_arn, account_id, region):
        records = ExecutionRecords(plane.store, record["PipelineExecutionArn"], account_id, region, plane.clock.now)
        plane.store.delete(records.key)
        plane.store.delete(records.steps_key)
    for key in plane.store.keys():  # noqa: SIM118 - Store is no mapping
        if key.kind == START_REQUEST and key.name.startswith(f"{pipeline_arn}/"):
            plane.store.delete(key)
    StepCache(plane.store, pipeline_arn, account_id, region).clear()


def of_pipeline(plane: DataPlane, pipeline_arn: str, account_id: str, region: str) -> list[Record]:
    """Return the execution records of a pipeline, the oldest first."""
    return [
        record for record in plane.store.list(EXECUTION, account_id, region) if record["PipelineArn"] == pipeline_arn
    ]


def _spawn(plane: DataPlane, records: ExecutionRecords) -> None:
    plane.spawn(f"pipeline-{records.arn.rpartition('/')[2]}", lambda: run_execution(plane, records))


def _stop_step(plane: DataPlane, records: ExecutionRecords, role_arn: str, step: Record) -> None:
    """Stop a step's job; a callback is told and answers itself; a Lambda function cannot be stopped."""
    callback = step["Metadata"].get("Callback")
    if callback:
        token = Key(CALLBACK, callback["CallbackToken"], records.account_id, records.region)
        waiting = plane.store.get(token)
        if waiting is not None and waiting["Status"] == "Waiting":
            body = callback_message(records.arn, token.name, "Stopping", waiting["Arguments"])
            plane.client("sqs", records.region, role_arn).send_message(QueueUrl=waiting["QueueUrl"], MessageBody=body)
    elif job := step.get("_job"):
        records.mark_step_stopping(step["StepName"])
        stop_job(plane.client("sagemaker", records.region, role_arn), job["kind"], job["name"])
