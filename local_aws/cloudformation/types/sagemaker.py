"""SageMaker: the properties are, but for a pipeline's definition, the API's own requests."""

import time

from botocore.exceptions import ClientError

from local_aws.cloudformation.api_type import ApiType, Tagging, as_they_are
from local_aws.cloudformation.errors import ResourceError
from local_aws.cloudformation.resource import Call, Existing, Made, Properties, ResourceType

_POLL_SECONDS = 0.05
_TRANSITIONAL = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}


class SageMakerType(ApiType):
    """A type whose API says `Could not find` where a resource is gone."""

    def delete(self, call: Call, existing: Existing) -> None:
        """Remove one; nothing happens where it is gone already."""
        try:
            super().delete(call, existing)
        except ClientError as err:
            if not _is_gone(err):
                raise


class EndpointType(SageMakerType):
    """Endpoints, which come into service, change and end after the call that asks for it has returned."""

    def create(self, call: Call, properties: Properties) -> Made:
        """Make one and wait until it is in service."""
        made = super().create(call, properties)
        _settled(call, made.identity["EndpointName"], properties["EndpointConfigName"])
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        """Change one and wait until the new configuration, and not again the old one, is in service."""
        made = super().update(call, existing, properties)
        _settled(call, made.identity["EndpointName"], properties["EndpointConfigName"])
        return made

    def delete(self, call: Call, existing: Existing) -> None:
        """Remove one, once nothing changes it, and wait until it is gone."""
        name = existing.made.identity["EndpointName"]
        try:
            _wait(call, name)
            super().delete(call, existing)
            while True:
                call.client("sagemaker").describe_endpoint(EndpointName=name)
                time.sleep(_POLL_SECONDS)
        except ClientError as err:
            if not _is_gone(err):
                raise


def _settled(call: Call, name: str, config: str) -> None:
    """Wait for an endpoint.

    Raises:
        ResourceError: It is not in service, or with another configuration.
    """
    found = _wait(call, name)
    if found["EndpointStatus"] != "InService" or found["EndpointConfigName"] != config:
        reason = found.get("FailureReason", "")
        raise ResourceError(
            f"Resource handler returned message: endpoint {name} is {found['EndpointStatus']} with configuration "
            f"{found['EndpointConfigName']}: {reason}"
        )


def _wait(call: Call, name: str) -> Properties:
    while True:
        found: Properties = call.client("sagemaker").describe_endpoint(EndpointName=name)
        if found["EndpointStatus"] not in _TRANSITIONAL:
            return found
        time.sleep(_POLL_SECONDS)


def _is_gone(err: ClientError) -> bool:
    return any(text in err.response["Error"]["Message"] for text in ("Could not find", "does not exist"))


def _pipeline(_: Call, properties: Properties) -> Properties:
    rest = dict(properties)
    definition = rest.pop("PipelineDefinition")
    if "PipelineDefinitionBody" in definition:
        return {**rest, "PipelineDefinition": definition["PipelineDefinitionBody"]}
    place = definition["PipelineDefinitionS3Location"]
    location = {"Bucket": place["Bucket"], "ObjectKey": place["Key"], "VersionId": place.get("Version")}
    return {**rest, "PipelineDefinitionS3Location": {name: item for name, item in location.items() if item}}


def _of(kind: str, *, ref: str = "Arn", update: bool = False, fixed: frozenset[str] = frozenset()) -> ApiType:
    """Return a type whose API follows SageMaker's pattern: CreateX, UpdateX, DeleteX, XName, XArn."""
    arn = f"{{{kind}Arn}}"
    name = f"{kind}Name"
    maker = EndpointType if kind == "Endpoint" else SageMakerType
    return maker(
        name=f"AWS::SageMaker::{kind}",
        service="sagemaker",
        create_call=f"Create{kind}",
        update_call=f"Update{kind}" if update else "",
        delete_call=f"Delete{kind}",
        ref=arn if ref == "Arn" else f"{{{name}}}",
        attributes={f"{kind}Arn": arn, name: f"{{{name}}}"},
        identity={name: f"{{{name}}}"},
        name_property=name,
        name_limit=63,
        fixed=fixed,
        request=_pipeline if kind == "Pipeline" else as_they_are,
        tagging=Tagging("AddTags", "DeleteTags", value=arn),
        dropped=frozenset({"RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "RetainDeploymentConfig"}),
    )


def _job_definition(kind: str) -> ApiType:
    """Return a type of Model Monitor's job definitions."""
    arn = "{JobDefinitionArn}"
    return ApiType(
        name=f"AWS::SageMaker::{kind}JobDefinition",
        service="sagemaker",
        create_call=f"Create{kind}JobDefinition",
        delete_call=f"Delete{kind}JobDefinition",
        ref=arn,
        attributes={"JobDefinitionArn": arn},
        identity={"JobDefinitionName": "{JobDefinitionName}"},
        name_property="JobDefinitionName",
        name_limit=63,
        dropped=frozenset({"EndpointName"}),
    )


_SCHEDULE = ApiType(
    name="AWS::SageMaker::MonitoringSchedule",
    service="sagemaker",
    create_call="CreateMonitoringSchedule",
    update_call="UpdateMonitoringSchedule",
    delete_call="DeleteMonitoringSchedule",
    ref="{MonitoringScheduleArn}",
    attributes={"MonitoringScheduleArn": "{MonitoringScheduleArn}"},
    identity={"MonitoringScheduleName": "{MonitoringScheduleName}"},
    name_property="MonitoringScheduleName",
    name_limit=63,
    tagging=Tagging("AddTags", "DeleteTags", value="{MonitoringScheduleArn}"),
    dropped=frozenset(
        {
            "EndpointName",
            "FailureReason",
            "LastMonitoringExecutionSummary",
            "MonitoringScheduleStatus",
        }
    ),
)

TYPES: list[ResourceType] = [
    _of("Pipeline", ref="Name", update=True),
    _of("ModelPackageGroup"),
    _of("Model"),
    _of("EndpointConfig"),
    _of("Endpoint", update=True),
    _SCHEDULE,
    *(_job_definition(kind) for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")),
]
