"""Tell which permissions a SageMaker call takes, and which SageMaker needs to run the job under its role.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html,
https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local_aws.iam import resources
from local_aws.iam.requirements import Context, Place, Requirement, find_all, tag_context, tags_of

Parameters = Mapping[str, Any]
_JOBS = {
    "CreateProcessingJob": "ProcessingJobs",
    "CreateTrainingJob": "TrainingJobs",
    "CreateTransformJob": "TransformJobs",
}
_ECR_IMAGE = re.compile(r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[\w-]+)\.amazonaws\.com/(?P<repository>[^:@]+)")
ENI_ACTIONS = (
    "CreateNetworkInterface",
    "CreateNetworkInterfacePermission",
    "DeleteNetworkInterface",
    "DeleteNetworkInterfacePermission",
    "DescribeDhcpOptions",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
)
_PULL_ACTIONS = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")


def sagemaker_requirements(
    operation: str, given: Parameters, place: Place, last_version: Callable[[str], int]
) -> list[Requirement]:
    """Return the permissions that the caller needs, roles to pass apart.

    `last_version` returns the number of the last version in a model package group.
    """
    target = _target(operation, given, place, last_version)
    tags = tags_of(given)
    context = {**_context(operation, given, place), **tag_context(tags)}
    found = [Requirement(f"sagemaker:{operation}", arn, context) for arn in target]
    if tags and operation.startswith("Create"):
        tagging = {"sagemaker:TaggingAction": operation, **tag_context(tags)}
        found += [Requirement("sagemaker:AddTags", arn, tagging) for arn in target]
    return found


def _target(operation: str, given: Parameters, place: Place, last_version: Callable[[str], int]) -> list[str]:
    group = str(given.get("ModelPackageGroupName", "")).rpartition("/")[2]
    if operation == "CreateModelPackage" and group:
        return [place.arn("sagemaker", f"model-package/{group}/{last_version(group) + 1}")]
    return resources.arns("sagemaker", operation, given, place)


def _context(operation: str, given: Parameters, place: Place) -> Context:
    """Return the condition keys of a call; the action's own list decides which of them exist."""
    parts = given.get("TrainingJobDefinitions") or [given.get("TrainingJobDefinition") or given]
    found = [_of_part(part) for part in parts]
    # A key that one of several definitions lacks is absent: a policy that requires it must deny.
    common = set(found[0]).intersection(*found)
    values: Context = {key: _merged([item[key] for item in found]) for key in common}
    values.update(_of_request(given, place))
    known = resources.condition_keys("sagemaker", operation)
    return {key: value for key, value in values.items() if key.partition("/")[0] in known}


def _of_part(part: Parameters) -> Context:
    vpc = next(_structures(part, "VpcConfig"), {})
    stop = part.get("StoppingCondition", {})
    isolated = next(_flags(part, "EnableNetworkIsolation"), None)
    encrypted = next(_flags(part, "EnableInterContainerTrafficEncryption"), None)
    output = [key for name in _OUTPUTS for item in _structures(part, name) if (key := item.get("KmsKeyId"))]
    # Endpoint configurations and notebooks call the key of their volumes just KmsKeyId.
    volume = next(find_all(part, frozenset({"VolumeKmsKeyId"})), None) or part.get("KmsKeyId")
    values: dict[str, Any] = {
        "sagemaker:InstanceTypes": sorted(set(find_all(part, frozenset({"InstanceType"})))),
        "sagemaker:VpcSubnets": vpc.get("Subnets"),
        "sagemaker:VpcSecurityGroupIds": vpc.get("SecurityGroupIds"),
        "sagemaker:VolumeKmsKeyArn": volume,
        "sagemaker:VolumeKmsKey": volume,
        "sagemaker:OutputKmsKeyArn": output[0] if output else None,
        "sagemaker:OutputKmsKey": output[0] if output else None,
        "sagemaker:NetworkIsolation": isolated,
        "sagemaker:InterContainerTrafficEncryption": encrypted,
        "sagemaker:MaxRuntimeInSeconds": stop.get("MaxRuntimeInSeconds"),
    }
    files = next(_structures(part, "FileSystemDataSource"), {})
    values |= {
        f"sagemaker:{key}": files.get(key)
        for key in ("FileSystemAccessMode", "FileSystemDirectoryPath", "FileSystemId", "FileSystemType")
    }
    return {key: value if isinstance(value, list) else _text(value) for key, value in values.items() if value}


_OUTPUTS = ("OutputDataConfig", "ProcessingOutputConfig", "TransformOutput")


def _of_request(given: Parameters, place: Place) -> Context:
    names = ("ModelApprovalStatus", "PipelineVersionId", "TargetModel", "EnableRemoteDebug")
    values: Context = {f"sagemaker:{name}": _text(given[name]) for name in names if given.get(name) is not None}
    for key, value in (given.get("CustomerMetadataProperties") or {}).items():
        values[f"sagemaker:CustomerMetadataProperties/{key}"] = str(value)
    cycle = given.get("ModelLifeCycle") or {}
    values |= {
        f"sagemaker:ModelLifeCycle:{name}": str(cycle[name]) for name in ("Stage", "StageStatus") if name in cycle
    }
    models = list(find_all(given, frozenset({"ModelName"})))
    return {**values, **({"sagemaker:ModelArn": place.arn("sagemaker", f"model/{models[0]}")} if models else {})}


def _merged(values: list[Any]) -> Any:
    if isinstance(values[0], list):
        return sorted({item for value in values for item in value})
    # Of several keys or limits the one that differs from the first counts: it is the one that may break a rule.
    return next((value for value in values if value != values[0]), values[0])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _structures(value: Any, name: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == name and isinstance(item, Mapping):
                yield item
            else:
                yield from _structures(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _structures(item, name)


def _flags(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == name:
                yield _text(item)
            else:
                yield from _flags(item, name)


def volume_requirements(given: Parameters, place: Place) -> list[Requirement]:
    """Return what attaching encrypted volumes takes, of the caller or of the job's role."""
    for_aws: Context = {"kms:GrantIsForAWSResource": "true", "kms:CallerAccount": place.account_id}
    keys = dict.fromkeys(find_all(given, frozenset({"VolumeKmsKeyId"})))
    return [Requirement("kms:CreateGrant", _key_arn(key, place), for_aws) for key in keys]


def platform_requirements(operation: str, given: Parameters, place: Place) -> list[Requirement]:
    """Return what SageMaker does under a job's role besides reading and writing data.

    Without its log group or metrics a job runs all the same; without its image or network interfaces it does not.
    """
    if operation not in _JOBS:
        return []
    found = []
    for image in dict.fromkeys(find_all(given, frozenset({"ImageUri", "TrainingImage"}))):
        found += pull_requirements(image)
    if next(_structures(given, "VpcConfig"), None):
        found += [Requirement(f"ec2:{action}", "*") for action in ENI_ACTIONS]
    name = next((str(given[key]) for key in given if key.endswith("JobName")), "job")
    group = f"log-group:/aws/sagemaker/{_JOBS[operation]}:log-stream:"
    stream = f"{group}{name}/algo-1"
    found += [
        Requirement("logs:DescribeLogStreams", place.arn("logs", group), decides=False),
        Requirement("logs:CreateLogStream", place.arn("logs", stream), decides=False),
        Requirement("logs:PutLogEvents", place.arn("logs", stream), decides=False),
        Requirement(
            "cloudwatch:PutMetricData",
            "*",
            {"cloudwatch:namespace": f"/aws/sagemaker/{_JOBS[operation]}"},
            decides=False,
        ),
    ]
    volumes = dict.fromkeys(find_all(given, frozenset({"VolumeKmsKeyId"})))
    found += [Requirement("kms:DescribeKey", _key_arn(key, place), decides=False) for key in volumes]
    return found


def pull_requirements(image: str) -> list[Requirement]:
    """Return what pulling an image takes."""
    found = _ECR_IMAGE.match(image)
    if not found:
        return []
    arn = f"arn:aws:ecr:{found['region']}:{found['account']}:repository/{found['repository']}"
    pulls = [Requirement(f"ecr:{action}", arn) for action in _PULL_ACTIONS]
    return [Requirement("ecr:GetAuthorizationToken", "*"), *pulls]


def job_arn(operation: str, given: Parameters, place: Place, last_version: Callable[[str], int]) -> str:
    """Return the ARN of what a call creates or starts: the source for which SageMaker assumes the role."""
    return _target(operation, given, place, last_version)[0]


def _key_arn(key: str, place: Place) -> str:
    return key if key.startswith("arn:") else place.arn("kms", key if key.startswith("alias/") else f"key/{key}")
