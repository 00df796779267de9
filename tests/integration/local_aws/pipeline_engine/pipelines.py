"""Build and run small pipelines on the session's local AWS."""

from dataclasses import dataclass
from typing import Any

from local_aws.store import Key

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
ROLE = "arn:aws:iam::123456789012:role/pipeline"
ENDED = {"Succeeded", "Failed", "Stopped", "CompletedWithFailures"}


def processing(
    name: str,
    script: str,
    *,
    inputs: dict[str, Any] | None = None,
    outputs: dict[str, Any] | None = None,
    environment: dict[str, Any] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """Return a Processing step that runs a Python script; inputs and outputs are name to S3 URI."""
    arguments: dict[str, Any] = {
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": SKLEARN, "ContainerEntrypoint": ["python3", "-c", script]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "Environment": environment,
        "ProcessingInputs": [
            {
                "InputName": key,
                "AppManaged": False,
                "S3Input": s3_part(uri, f"input/{key}") | {"S3DataType": "S3Prefix"},
            }
            for key, uri in (inputs or {}).items()
        ],
    }
    if outputs:
        listed = [
            {
                "OutputName": key,
                "AppManaged": False,
                "S3Output": s3_part(uri, f"output/{key}") | {"S3UploadMode": "EndOfJob"},
            }
            for key, uri in outputs.items()
        ]
        arguments["ProcessingOutputConfig"] = {"Outputs": listed}
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **members}


def s3_part(uri: Any, folder: str) -> dict[str, Any]:
    return {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{folder}"}


def condition(name: str, conditions: list[Any], then: list[Any], otherwise: list[Any]) -> dict[str, Any]:
    arguments = {"Conditions": conditions, "IfSteps": then, "ElseSteps": otherwise}
    return {"Name": name, "Type": "Condition", "Arguments": arguments}


def fail(name: str, message: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


@dataclass(frozen=True)
class Pipeline:
    """A created pipeline."""

    aws: Any
    sagemaker: Any
    name: str

    def start(self, parameters: dict[str, str] | None = None, **request: Any) -> str:
        given = [{"Name": key, "Value": value} for key, value in (parameters or {}).items()]
        response = self.sagemaker.start_pipeline_execution(PipelineName=self.name, PipelineParameters=given, **request)
        return str(response["PipelineExecutionArn"])

    def wait(self, arn: str) -> dict[str, Any]:
        """Wait for an execution's end, without polling, and return what the API says of it."""
        key = self._key("pipeline-execution", arn)
        ended = lambda record: record["PipelineExecutionStatus"] in ENDED  # noqa: E731
        assert self.aws.plane.store.wait(key, ended, timeout=120), self.steps(arn)
        return dict(self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn))

    def wait_for_job(self, arn: str, step: str) -> str:
        """Wait until a step's job is known, and return its name."""
        key = self._key("pipeline-execution-steps", arn)
        known = lambda record: any(item["StepName"] == step and "_job" in item for item in record["steps"])  # noqa: E731
        record = self.aws.plane.store.wait(key, known, timeout=60)
        return str(next(item["_job"]["name"] for item in record["steps"] if item["StepName"] == step))

    def run(self, parameters: dict[str, str] | None = None, **request: Any) -> dict[str, Any]:
        return self.wait(self.start(parameters, **request))

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        listed = self.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
        return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}

    def statuses(self, arn: str) -> dict[str, str]:
        return {name: step["StepStatus"] for name, step in self.steps(arn).items()}

    def _key(self, kind: str, name: str) -> Key:
        return Key(kind, name, self.aws.settings.account_id, self.aws.settings.region)
