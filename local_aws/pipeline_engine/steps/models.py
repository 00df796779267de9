"""Run the steps that create a model or register one."""

from collections.abc import Mapping
from typing import Any

from local_aws.pipeline_engine.errors import StepFailedError
from local_aws.pipeline_engine.steps.run import StepRun


def run_create_model(run: StepRun, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Create a model."""
    created = run.call("create_model", {**arguments, "ModelName": run.job_name})
    run.set_metadata(Model={"Arn": created["ModelArn"]})
    return run.call("describe_model", {"ModelName": run.job_name})


def run_register_model(run: StepRun, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Create a model package, and its group where there is none yet.

    As SageMaker Pipelines does; where the package is refused, a group made for it does not stay behind.
    """
    request = {"MetadataProperties": {"GeneratedBy": run.execution.arn}, **arguments}
    group = request.get("ModelPackageGroupName")
    made_group = group is not None and _ensure_group(run, group)
    try:
        created = run.call("create_model_package", request)
    except StepFailedError:
        if made_group:
            run.call("delete_model_package_group", {"ModelPackageGroupName": group})
        raise
    run.set_metadata(RegisterModel={"Arn": created["ModelPackageArn"]})
    return run.call("describe_model_package", {"ModelPackageName": created["ModelPackageArn"]})


def _ensure_group(run: StepRun, group: str) -> bool:
    """Return whether the group had to be made."""
    try:
        run.call("describe_model_package_group", {"ModelPackageGroupName": group})
    except StepFailedError:
        run.call("create_model_package_group", {"ModelPackageGroupName": group})
        return True
    return False
