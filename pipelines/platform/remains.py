"""Find what a stage leaves in an account, and tell what of it costs money."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from pipelines.resources import PROJECT
from pipelines.targets import Target

_RUNNING = {"InProgress", "Stopping"}


@dataclass(frozen=True)
class Remain:
    """Something that still is there.

    Attributes:
        what: What it is, by name.
        cost: What it costs, an empty string where nothing.
    """

    what: str
    cost: str = ""


def find_remains(target: Target, stage: str) -> list[Remain]:
    """Return what is left of a stage, stacks first."""
    finders: tuple[Callable[[Target, str], Iterator[Remain]], ...] = (
        _stacks, _buckets, _keys, _vpc_endpoints, _file_systems, _endpoints, _jobs,
    )  # fmt: skip
    return [remain for find in finders for remain in find(target, stage)]


def stage_buckets(target: Target, stage: str) -> list[str]:
    """Return the names of the stage's buckets."""
    names = [bucket["Name"] for bucket in target.client("s3").list_buckets()["Buckets"]]
    return [name for name in names if name.startswith(f"flightdelay-{stage}-")]


def _stacks(target: Target, stage: str) -> Iterator[Remain]:
    pages = target.client("cloudformation").get_paginator("describe_stacks").paginate()
    names = [stack["StackName"] for page in pages for stack in page["Stacks"]]
    yield from (Remain(f"stack {name}") for name in names if name.startswith(f"FlightDelay-{stage}-"))


def _buckets(target: Target, stage: str) -> Iterator[Remain]:
    yield from (Remain(f"bucket {name}", "stored bytes") for name in stage_buckets(target, stage))


def _keys(target: Target, stage: str) -> Iterator[Remain]:
    kms = target.client("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            if _is_ours(kms, key["KeyId"], stage):
                state = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
                is_going = state == "PendingDeletion"
                name = f"key {key['KeyId']}" + (" (pending deletion)" if is_going else "")
                yield Remain(name, "" if is_going else "1 USD a month")


def _is_ours(kms: Any, key: str, stage: str) -> bool:
    try:
        tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key)["Tags"]}
    except ClientError:  # AWS's own keys and other people's may not be looked at
        return False
    return tags.get("project") == PROJECT and tags.get("stage") == stage


def _vpc_endpoints(target: Target, stage: str) -> Iterator[Remain]:
    ours = [{"Name": "tag:project", "Values": [PROJECT]}, {"Name": "tag:stage", "Values": [stage]}]
    for endpoint in target.client("ec2").describe_vpc_endpoints(Filters=ours)["VpcEndpoints"]:
        if endpoint["VpcEndpointType"] == "Interface":
            yield Remain(f"interface endpoint {endpoint['ServiceName']}", "by the hour and zone")


def _file_systems(target: Target, stage: str) -> Iterator[Remain]:
    for service in ("efs", "fsx"):
        for page in target.client(service).get_paginator("describe_file_systems").paginate():
            for system in page["FileSystems"]:
                if _has_our_tags(system.get("Tags", []), stage):
                    yield Remain(f"file system {system['FileSystemId']}", "its capacity by the hour")


def _has_our_tags(tags: list[dict[str, str]], stage: str) -> bool:
    values = {tag["Key"]: tag["Value"] for tag in tags}
    return values.get("project") == PROJECT and values.get("stage") == stage


def _endpoints(target: Target, stage: str) -> Iterator[Remain]:
    del stage  # endpoints carry the project's name only
    sagemaker = target.client("sagemaker")
    found = sagemaker.list_endpoints(NameContains=PROJECT)["Endpoints"]
    yield from (Remain(f"endpoint {item['EndpointName']}", "its instances by the hour") for item in found)
    configs = sagemaker.list_endpoint_configs(NameContains=PROJECT)["EndpointConfigs"]
    yield from (Remain(f"endpoint configuration {item['EndpointConfigName']}") for item in configs)
    models = sagemaker.list_models(NameContains=PROJECT)["Models"]
    yield from (Remain(f"model {item['ModelName']}") for item in models)


def _jobs(target: Target, stage: str) -> Iterator[Remain]:
    del stage
    sagemaker = target.client("sagemaker")
    for status in sorted(_RUNNING):
        for item in sagemaker.list_training_jobs(StatusEquals=status)["TrainingJobSummaries"]:
            yield Remain(f"training job {item['TrainingJobName']}", "its instances by the hour")
        for item in sagemaker.list_processing_jobs(StatusEquals=status)["ProcessingJobSummaries"]:
            yield Remain(f"processing job {item['ProcessingJobName']}", "its instances by the hour")
