"""Give a step function what it needs: clients under the pipeline's role, names, and its own record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from local_aws.data_plane import DataPlane
from local_aws.pipeline_engine import retry
from local_aws.pipeline_engine.errors import StepFailedError
from local_aws.pipeline_engine.model import Step
from local_aws.pipeline_engine.records import ExecutionRecords


@dataclass(frozen=True)
class Execution:
    """What is fixed about an execution."""

    arn: str
    execution_id: str
    pipeline_name: str
    pipeline_arn: str
    role_arn: str
    account_id: str
    region: str
    started: datetime
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class StepRun:
    """One attempt to run one step.

    Attributes:
        job_name: A new name for the job or model that the step may create.
        settings: The step-level members, resolved.
        resolve: Returns the value of an expression.
    """

    plane: DataPlane
    execution: Execution
    records: ExecutionRecords
    step: Step
    job_name: str
    settings: Mapping[str, Any]
    resolve: Callable[[Any], Any]

    def client(self, service: str) -> Any:
        """Return a boto3 client under the pipeline's role."""
        return self.plane.client(service, self.execution.region, self.execution.role_arn)

    def call(self, operation: str, request: Mapping[str, Any], service: str = "sagemaker") -> dict[str, Any]:
        """Call an API operation under the pipeline's role, such as `create_training_job`.

        Raises:
            StepFailedError: The call was refused, worded as SageMaker Pipelines words it.
        """
        client = self.client(service)
        name = client.meta.method_to_api_mapping.get(operation, operation)
        return call_api(client, operation, request, f"Failed to invoke {service}:{name}. Error Details")

    def set_metadata(self, **metadata: Any) -> None:
        """Show what the step works on in ListPipelineExecutionSteps."""
        self.records.change_step(self.step.name, Metadata=metadata)

    def is_stopping(self) -> bool:
        """Return whether the execution was told to stop."""
        return self.records.is_stopping()


def call_api(client: Any, operation: str, request: Mapping[str, Any], failure: str) -> dict[str, Any]:
    """Call an API operation; `failure` is what to say before the error's own message.

    Raises:
        StepFailedError: The call was refused.
    """
    try:
        response: dict[str, Any] = getattr(client, operation)(**request)
    except (ClientError, BotoCoreError) as err:
        detail, kind = _explain(err)
        raise StepFailedError(f"ClientError: {failure}: {detail}", kind) from err
    response.pop("ResponseMetadata", None)
    return response


def _explain(err: ClientError | BotoCoreError) -> tuple[str, str | None]:
    """Return an API error's message and its retryable kind."""
    if isinstance(err, ClientError):
        error, status = err.response["Error"], err.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        return f"{error['Message']} ({error['Code']})", retry.kind_of_api_error(error["Code"], status)
    return str(err), None if isinstance(err, ParamValidationError) else retry.SERVICE_FAULT
