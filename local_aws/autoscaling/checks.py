"""Check what Application Auto Scaling is asked, as it does."""

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local_aws.autoscaling.policies import check_metric
from local_aws.autoscaling.records import Target
from local_aws.errors import NotSimulatedError, ValidationError
from local_aws.sagemaker.operations import Request

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_RESOURCE = re.compile(r"^endpoint/[^/]+/variant/[^/]+$")
_BURSTABLE = re.compile(r"^ml\.t\d")


def check_kind(request: Request) -> None:
    """Raise where a target is none of the kind that the local AWS scales."""
    namespace, dimension = request["ServiceNamespace"], request.get("ScalableDimension", DIMENSION)
    if namespace != "sagemaker" or dimension != DIMENSION:
        raise NotSimulatedError(
            f"The local AWS scales endpoint variants only (ServiceNamespace sagemaker, ScalableDimension {DIMENSION}), "
            f"not {namespace}, {dimension}."
        )
    if not _RESOURCE.match(request.get("ResourceId", "endpoint/e/variant/v")):
        raise ValidationError(
            f"Unsupported service namespace, resource type or scalable dimension: ResourceId is "
            f"{request['ResourceId']!r}; it must be endpoint/<endpoint>/variant/<variant>."
        )


def check_capacity(low: int | None, high: int | None) -> None:
    """Raise where limits are missing or wrong."""
    for name, value in (("MinCapacity", low), ("MaxCapacity", high)):
        if value is None:
            raise ValidationError(f"{name} cannot be empty when registering a scalable target for the first time.")
    assert low is not None
    assert high is not None
    if low < 1:
        raise ValidationError(f"MinCapacity is {low}; the minimum capacity of an endpoint variant must be at least 1.")
    if low > high:
        raise ValidationError(f"Maximum capacity cannot be less than minimum capacity: they are {high} and {low}.")


def check_variant(plane: "DataPlane", target: Target) -> None:
    """Raise where the variant does not exist, or its instances cannot be scaled."""
    sagemaker = plane.client("sagemaker", target.region)
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=target.endpoint)
        config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    except ClientError as err:
        raise ValidationError(f"{target.resource_id}: {err.response['Error']['Message']}") from err
    found = [item for item in config["ProductionVariants"] if item["VariantName"] == target.variant]
    if not found:
        names = ", ".join(item["VariantName"] for item in config["ProductionVariants"])
        raise ValidationError(
            f"SageMaker endpoint variant doesn't exist: {target.resource_id}. The endpoint's variants are {names}."
        )
    kind = found[0].get("InstanceType")
    if kind is None:
        raise ValidationError(f"{target.resource_id} is serverless: it has no instances that could be scaled.")
    if _BURSTABLE.match(kind):
        raise ValidationError(
            f"{target.resource_id} runs on {kind}. Burstable instances cannot be scaled automatically: use others."
        )


def check_policy(request: Request, kind: str) -> None:
    """Raise where a policy lacks its configuration or asks for what does not exist."""
    if kind == "TargetTrackingScaling":
        _check_tracking(request.get("TargetTrackingScalingPolicyConfiguration"))
    elif kind == "StepScaling":
        _check_steps(request.get("StepScalingPolicyConfiguration"))
    else:
        raise NotSimulatedError(f"The local AWS does not simulate {kind}.")


def _check_tracking(configuration: dict[str, Any] | None) -> None:
    if configuration is None:
        raise ValidationError("TargetTrackingScaling needs TargetTrackingScalingPolicyConfiguration.")
    names = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")
    if len([name for name in names if name in configuration]) != 1:
        raise ValidationError(f"A target tracking policy needs exactly one of {' and '.join(names)}.")
    if configuration["TargetValue"] <= 0:
        raise ValidationError(f"TargetValue is {configuration['TargetValue']}; it must be greater than 0.")
    check_metric(configuration)


def _check_steps(configuration: dict[str, Any] | None) -> None:
    if configuration is None or not configuration.get("StepAdjustments"):
        raise ValidationError("StepScaling needs StepScalingPolicyConfiguration with at least one StepAdjustment.")
    if "AdjustmentType" not in configuration:
        raise ValidationError("StepScalingPolicyConfiguration needs AdjustmentType.")
