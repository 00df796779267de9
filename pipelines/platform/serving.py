"""Take down what the release workflow made: no stack owns it, so deleting the stacks would leave it running."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from pipelines.errors import PlatformError
from pipelines.resources import PROJECT
from pipelines.targets import Target

_CHANGING = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}
_LONGEST_SECONDS = 1800
_CAUSE = "the stage is being destroyed"


def endpoint_name(stage: str) -> str:
    """Return the name of a stage's endpoint, with which the names of its configurations and models begin."""
    return f"{PROJECT}-{stage}"


def remove_serving(target: Target, stage: str) -> None:
    """Stop the running releases, then delete the stage's endpoint, its configurations, models and scaling targets.

    Raises:
        PlatformError: The endpoint does not end.
    """
    _stop_releases(target, stage)
    name, sagemaker = endpoint_name(stage), target.client("sagemaker")
    _deregister(target, name)
    _delete_endpoint(sagemaker, name, target.poll_seconds)
    for config in _named(sagemaker, "list_endpoint_configs", "EndpointConfig", name):
        sagemaker.delete_endpoint_config(EndpointConfigName=config)
    for model in _named(sagemaker, "list_models", "Model", name):
        sagemaker.delete_model(ModelName=model)


def _stop_releases(target: Target, stage: str) -> None:
    states = target.client("stepfunctions")
    machines = [item["stateMachineArn"] for item in states.list_state_machines()["stateMachines"]]
    for machine in machines:
        if machine.rpartition(":")[2].startswith(f"FlightDelay-{stage}-"):
            for execution in states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
                states.stop_execution(executionArn=execution["executionArn"], cause=_CAUSE)


def _deregister(target: Target, name: str) -> None:
    """An endpoint with a scaling target cannot be deleted by whoever may not deregister it."""
    scaling = target.client("application-autoscaling")
    for found in scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]:
        if found["ResourceId"].startswith(f"endpoint/{name}/"):
            scaling.deregister_scalable_target(
                ServiceNamespace="sagemaker",
                ResourceId=found["ResourceId"],
                ScalableDimension=found["ScalableDimension"],
            )


def _delete_endpoint(sagemaker: Any, name: str, poll_seconds: float) -> None:
    if _wait(sagemaker, name, poll_seconds, lambda status: status not in _CHANGING):
        sagemaker.delete_endpoint(EndpointName=name)
        _wait(sagemaker, name, poll_seconds, lambda _: False)


def _wait(sagemaker: Any, name: str, poll_seconds: float, is_done: Callable[[str], bool]) -> bool:
    """Wait for an endpoint's status; return whether there still is an endpoint."""
    end = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < end:
        try:
            status = sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
        except ClientError as error:
            if "Could not find" not in error.response["Error"]["Message"]:
                raise
            return False
        if is_done(status):
            return True
        time.sleep(poll_seconds)
    raise PlatformError(
        f"the endpoint {name} is {status} for half an hour", hint="it costs by the hour: look at it in the console"
    )


def _named(sagemaker: Any, operation: str, kind: str, name: str) -> Iterator[str]:
    pages = sagemaker.get_paginator(operation).paginate(NameContains=name)
    found = [item[f"{kind}Name"] for page in pages for item in page[f"{kind}s"]]
    yield from (item for item in found if item.startswith(f"{name}-"))
