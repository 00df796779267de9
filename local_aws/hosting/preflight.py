"""Refuse, before an instance starts, what its network or its role does not allow."""

from collections.abc import Sequence

from local_aws.data_plane import DataPlane
from local_aws.hosting.instance import UnhealthyError
from local_aws.iam.endpoint_requirements import hosting_requirements
from local_aws.iam.requirements import Place
from local_aws.jobs.execution import subnets_of
from local_aws.store import Key, Record

_LEAST_ZONES = 2


def check(plane: DataPlane, key: Key, variant: Record, model: Record, containers: Sequence[Record]) -> None:
    """Refuse a variant that could not start.

    Raises:
        UnhealthyError: The model's subnets lie in one availability zone, or its role lacks a permission.
    """
    _check_zones(plane, key, variant, model)
    _check_role(plane, key, model, [container["Image"] for container in containers])


def _check_zones(plane: DataPlane, key: Key, variant: Record, model: Record) -> None:
    """Refuse a model in a VPC whose subnets lie in one availability zone: a single instance takes two, too."""
    subnets = subnets_of(model)
    if not subnets:
        return
    ec2 = plane.client("ec2", key.region)
    known = ec2.describe_subnets(Filters=[{"Name": "subnet-id", "Values": list(subnets)}])["Subnets"]
    zones = {item["SubnetId"]: item["AvailabilityZone"] for item in known}
    if len({zones.get(subnet, subnet) for subnet in subnets}) < _LEAST_ZONES:
        kind = variant.get("InstanceType", "(serverless)")
        raise UnhealthyError(
            f"Unable to locate at least {_LEAST_ZONES} availability zone(s) with the requested instance type {kind} "
            f"that overlap with SageMaker subnets {', '.join(subnets)}"
        )


def _check_role(plane: DataPlane, key: Key, model: Record, images: list[str]) -> None:
    place = Place(key.account_id, key.region)
    needed = hosting_requirements(key.name, images, place, has_vpc=bool(subnets_of(model)))
    if _has_log_group(plane, key):
        needed = [requirement for requirement in needed if requirement.action != "logs:CreateLogGroup"]
    if denial := plane.denial_of_role(model["ExecutionRoleArn"], "sagemaker:CreateEndpoint", needed, place.region):
        raise UnhealthyError(f"{denial}. The execution role of the model {model['ModelName']} needs it.")


def _has_log_group(plane: DataPlane, key: Key) -> bool:
    """Whether somebody made the endpoint's log group before: then its role need not."""
    name = f"/aws/sagemaker/Endpoints/{key.name}"
    groups = plane.client("logs", key.region).describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(group["logGroupName"] == name for group in groups)
