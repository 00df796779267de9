"""Approve or reject a registered model: the human decision that starts a release."""

from typing import Any

from pipelines.errors import UsageError
from pipelines.targets import Target


def decide(target: Target, package: str | None, status: str, reason: str | None) -> dict[str, Any]:
    """Set the approval status of a model package, by default of the newest one; return its description.

    Raises:
        UsageError: The registry has no such package.
    """
    sagemaker = target.client("sagemaker")
    arn = find_package(sagemaker, target.resources.model_package_group, package)
    description = {"ApprovalDescription": reason} if reason else {}
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, **description)
    return dict(sagemaker.describe_model_package(ModelPackageName=arn))


def find_package(sagemaker: Any, group: str, package: str | None) -> str:
    """Return the ARN of a package given by version or ARN, or of the newest version.

    Raises:
        UsageError: The group has no such package.
    """
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    packages = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    for summary in packages:
        if package in {None, summary["ModelPackageArn"], str(summary.get("ModelPackageVersion"))}:
            return str(summary["ModelPackageArn"])
    versions = ", ".join(str(summary.get("ModelPackageVersion")) for summary in packages) or "none"
    raise UsageError(f"group {group} has no model package {package or ''}".rstrip(), hint=f"versions: {versions}")
