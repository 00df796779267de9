"""Decide whether an AWS service may act as a role that a resource of its own names, as it would ask STS.

A service that assumes a role for a resource gives the resource's ARN and account to the role's trust policy
(`aws:SourceArn`, `aws:SourceAccount`), against the confused deputy.
"""

from local_aws.data_plane import DataPlane
from local_aws.errors import ApiError
from local_aws.iam.decisions import decide, decide_trust
from local_aws.iam.evaluator import Request
from local_aws.iam.principals import Principal, session_arn
from local_aws.iam.requirements import Place, Requirement
from local_aws.moto_adapters import permissions


class CannotAssumeRoleError(ApiError):
    """The role does not exist, or does not trust the service."""

    code = "AccessDeniedException"


def check_trust(plane: DataPlane, role_arn: str, service: str, source_arn: str) -> None:
    """Let a service assume a role, or refuse.

    A role that IAM does not know passes: see `Principal.is_unrestricted`.

    Raises:
        CannotAssumeRoleError: IAM is enforced, and the trust policy does not allow it.
    """
    if plane.settings.iam != "enforce" or permissions.role(role_arn) is None:
        return
    account_id = source_arn.split(":")[4]
    caller = f"arn:aws:iam::{account_id}:{service}"
    context = {"aws:SourceAccount": account_id, "aws:SourceArn": source_arn}
    verdict, _ = decide_trust(Request(caller, caller, "sts:AssumeRole", role_arn, context, service=service), role_arn)
    if not verdict.is_allowed:
        raise CannotAssumeRoleError(
            f"'{service}' is not authorized to assume the provided role {role_arn} for {source_arn}: "
            f"{verdict.reason}. Allow the service in the role's trust policy."
        )


def check_permission(plane: DataPlane, role_arn: str, action: str, resource: str) -> None:
    """Let a role do something that no API call of the local AWS stands for, or refuse.

    Raises:
        CannotAssumeRoleError: IAM is enforced, and the role may not.
    """
    grants = permissions.role(role_arn)
    if plane.settings.iam != "enforce" or grants is None:
        return
    _, _, _, region, account_id, *_ = resource.split(":")
    principal = Principal("role", role_arn, session_arn(role_arn, "EventBridge"), grants=grants)
    verdict = decide(principal, Requirement(action, resource), Place(account_id, region)).verdict
    if not verdict.is_allowed:
        text = f"User: {principal.session_arn} is not authorized to perform: {action} on resource: {resource}"
        raise CannotAssumeRoleError(f"{text} {verdict.reason}")
