"""Destroy a stage. Data and models stay unless they are purged."""

from typing import Any

from botocore.exceptions import ClientError

from pipelines.errors import PlatformError
from pipelines.platform.assembly import Assembly, synthesise
from pipelines.platform.deployment import cdk_for
from pipelines.platform.outputs import stack_name
from pipelines.platform.remains import Remain, find_remains, stage_buckets
from pipelines.platform.serving import remove_serving
from pipelines.resources import PROJECT
from pipelines.targets import Target

_BOOTSTRAP_STACK = "CDKToolkit"
# The lake's keys name the roles, the roles have the boundary: these stand or fall with the data.
_KEPT = ("Delivery", "Safeguards", "Identities", "Lake")


def destroy(target: Target, stage: str, *, purges: bool) -> list[Remain]:
    """Delete the stage's stacks and return what is left.

    Args:
        target: Where.
        stage: Whose stacks.
        purges: Delete data, registered models and keys as well; locally the bootstrap resources, too.

    Raises:
        PlatformError: The stage is protected, models would be lost, or a stack could not be deleted.
    """
    assembly = synthesise(stage, "default")
    _refuse_protected(target, assembly)
    if purges:
        _purge(target, stage)
    elif _packages(target):
        raise PlatformError(
            f"the group {PROJECT} holds registered models, and deleting its stack would lose them",
            hint="nothing was changed; --purge deletes models and data for good",
        )
    remove_serving(target, stage)
    kept = set() if purges else {stack_name(stage, name) for name in _KEPT}
    doomed = [name for name in assembly.stacks if name not in kept]
    cdk_for(target).run("destroy", *doomed, "--exclusively", "--force", "--app", str(assembly.folder))
    if purges and target.name == "local":
        _remove_bootstrap(target)
    return find_remains(target, stage)


def _refuse_protected(target: Target, assembly: Assembly) -> None:
    for name in assembly.stacks:
        try:
            (stack,) = target.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            continue
        if stack.get("EnableTerminationProtection"):
            raise PlatformError(
                f"the stack {name} is protected against deletion; nothing was changed",
                hint="a protected stage is taken down by hand, stack by stack, by who is allowed to",
            )


def _packages(target: Target) -> list[str]:
    try:
        pages = target.client("sagemaker").get_paginator("list_model_packages").paginate(ModelPackageGroupName=PROJECT)
        return [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]
    except ClientError as error:
        if error.response["Error"]["Code"] in {"ValidationException", "ResourceNotFound"}:  # no such group
            return []
        raise


def _purge(target: Target, stage: str) -> None:
    for arn in _packages(target):
        target.client("sagemaker").delete_model_package(ModelPackageName=arn)
    for bucket in stage_buckets(target, stage):
        _empty(target.client("s3"), bucket)


def _empty(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


def _remove_bootstrap(target: Target) -> None:
    cloudformation, s3 = target.client("cloudformation"), target.client("s3")
    resources = cloudformation.describe_stack_resources(StackName=_BOOTSTRAP_STACK)["StackResources"]
    buckets = [item["PhysicalResourceId"] for item in resources if item["ResourceType"] == "AWS::S3::Bucket"]
    for bucket in buckets:
        _empty(s3, bucket)
    cloudformation.delete_stack(StackName=_BOOTSTRAP_STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=_BOOTSTRAP_STACK)
    left = {item["Name"] for item in s3.list_buckets()["Buckets"]}
    for bucket in left.intersection(buckets):  # the stack retains it
        s3.delete_bucket(Bucket=bucket)
