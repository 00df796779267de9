"""Make an endpoint of one instance to be measured, and take it away again."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from pipelines.errors import ExecutionFailedError, UsageError
from pipelines.resources import PROJECT
from pipelines.targets import Target

VARIANT = "champion"
_SUFFIX = "load-test"


def newest_package(target: Target) -> dict[str, Any]:
    """Return the newest approved model package, else the newest.

    Raises:
        UsageError: There is none.
    """
    sagemaker = target.client("sagemaker")
    order: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    for status in ({"ModelApprovalStatus": "Approved"}, {}):
        found = sagemaker.list_model_packages(ModelPackageGroupName=PROJECT, **order, **status)
        if found["ModelPackageSummaryList"]:
            arn = found["ModelPackageSummaryList"][0]["ModelPackageArn"]
            return dict(sagemaker.describe_model_package(ModelPackageName=arn))
    raise UsageError("there is no registered model to measure", hint="`make run` registers one")


@contextlib.contextmanager
def measured_endpoint(target: Target, facts: dict[str, str], package: str, instance_type: str) -> Iterator[str]:
    """Yield the name of an endpoint of one instance; it, its configuration and its model go in the end.

    Raises:
        ExecutionFailedError: It does not come into service.
    """
    sagemaker, network = target.client("sagemaker"), target.resources.network
    name = f"{facts['endpoint']}-{_SUFFIX}-{int(time.time())}"
    vpc = {"Subnets": list(network.subnets), "SecurityGroupIds": list(network.security_groups)}
    sagemaker.create_model(
        ModelName=name,
        Containers=[{"ModelPackageName": package}],
        ExecutionRoleArn=facts["endpoint_role"],
        EnableNetworkIsolation=True,
        VpcConfig=vpc,
    )
    variant = {"VariantName": VARIANT, "ModelName": name, "InstanceType": instance_type, "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant], KmsKeyId=target.resources.keys.data
    )
    try:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        wait_in_service(target, name)
        yield name
    finally:
        with contextlib.suppress(sagemaker.exceptions.ClientError):
            sagemaker.delete_endpoint(EndpointName=name)
        sagemaker.delete_endpoint_config(EndpointConfigName=name)
        sagemaker.delete_model(ModelName=name)


def wait_in_service(target: Target, name: str) -> None:
    """Wait until an endpoint is in service.

    Raises:
        ExecutionFailedError: It failed.
    """
    while True:
        endpoint = target.client("sagemaker").describe_endpoint(EndpointName=name)
        if endpoint["EndpointStatus"] == "InService":
            return
        if endpoint["EndpointStatus"] == "Failed":
            raise ExecutionFailedError(f"endpoint {name} failed: {endpoint.get('FailureReason')}")
        time.sleep(target.poll_seconds / 4)
