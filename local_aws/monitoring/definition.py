"""Read what a monitoring schedule runs: one of the four job definitions, or a definition of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.errors import JobFailedError
from local_aws.sagemaker.operations import Context
from local_aws.store import Record

KINDS = {
    "DataQuality": "data-quality-job-definition",
    "ModelQuality": "model-quality-job-definition",
    "ModelBias": "model-bias-job-definition",
    "ModelExplainability": "model-explainability-job-definition",
}
"""MonitoringType → kind of the job definition's record, which is its resource type, too."""


@dataclass(frozen=True)
class Definition:
    """What to run: the common part of all definitions.

    Attributes:
        kind: MonitoringType.
        app: The AppSpecification.
        baseline: The BaselineConfig.
        given: The input: of an endpoint or of a batch transform, and ground truth.
        output: The output configuration.
        request: What a processing job takes as it is: RoleArn, ProcessingResources, NetworkConfig, StoppingCondition.
        environment: Of the container.
    """

    kind: str
    app: Mapping[str, Any]
    baseline: Mapping[str, Any]
    given: Mapping[str, Any]
    output: Mapping[str, Any]
    request: Mapping[str, Any]
    environment: Mapping[str, str]

    @property
    def endpoint_input(self) -> Mapping[str, Any]:
        """The EndpointInput.

        Raises:
            JobFailedError: The input is that of a batch transform.
        """
        found: Mapping[str, Any] | None = self.given.get("EndpointInput")
        if found is None:
            raise JobFailedError(
                "The local AWS does not simulate monitoring with a BatchTransformInput. Monitor an endpoint, or run a "
                "processing job over the transform job's output."
            )
        return found

    @property
    def ground_truth(self) -> str:
        """The prefix of the ground truth; empty where the kind needs none."""
        return str(self.given.get("GroundTruthS3Input", {}).get("S3Uri", ""))


def endpoint_of(context: Context, config: Mapping[str, Any]) -> str | None:
    """Return the endpoint that a MonitoringScheduleConfig is about, where it is about one."""
    try:
        return str(resolve(context, config).endpoint_input["EndpointName"])
    except JobFailedError:
        return None


def resolve(context: Context, config: Mapping[str, Any]) -> Definition:
    """Return what a MonitoringScheduleConfig runs.

    Raises:
        JobFailedError: Its job definition does not exist.
    """
    if "MonitoringJobDefinition" in config:
        return _of_its_own(config["MonitoringJobDefinition"], config.get("MonitoringType", "DataQuality"))
    kind, name = config["MonitoringType"], config["MonitoringJobDefinitionName"]
    record = context.plane.store.get(context.key(KINDS[kind], name))
    if record is None:
        raise JobFailedError(f"ClientError: the job definition {context.arn(f'{KINDS[kind]}/{name}')} does not exist.")
    return _of_job_definition(record, kind)


def _of_job_definition(record: Record, kind: str) -> Definition:
    app = record[f"{kind}AppSpecification"]
    return Definition(
        kind,
        app,
        record.get(f"{kind}BaselineConfig", {}),
        record[f"{kind}JobInput"],
        record[f"{kind}JobOutputConfig"],
        {"ProcessingResources": record["JobResources"], **_common(record)},
        app.get("Environment", {}),
    )


def _of_its_own(given: Mapping[str, Any], kind: str) -> Definition:
    first = given["MonitoringInputs"][0] if given["MonitoringInputs"] else {}
    return Definition(
        kind,
        given["MonitoringAppSpecification"],
        given.get("BaselineConfig", {}),
        first,
        given["MonitoringOutputConfig"],
        {"ProcessingResources": given["MonitoringResources"], **_common(given)},
        given.get("Environment", {}),
    )


def _common(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("RoleArn", "NetworkConfig", "StoppingCondition") if name in given}
