"""SageMaker: the properties are, but for a pipeline's definition, the API's own requests."""

from local_aws.cloudformation.api_type import ApiType, Tagging, as_they_are
from local_aws.cloudformation.resource import Call, Properties, ResourceType


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
    return ApiType(
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


TYPES: list[ResourceType] = [
    _of("Pipeline", ref="Name", update=True),
    _of("ModelPackageGroup"),
    _of("Model"),
    _of("EndpointConfig"),
    _of("Endpoint", update=True),
    *(_job_definition(kind) for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")),
]
