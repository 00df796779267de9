"""Decide whether an AWS service may use a resource without a role: by the resource's own policy, and its key's.

EventBridge, CloudWatch alarms and S3 reach topics, queues and functions like this.
"""

from local_aws.data_plane import DataPlane
from local_aws.errors import ApiError
from local_aws.iam.decisions import parsed
from local_aws.iam.evaluator import Policies, Request, evaluate
from local_aws.moto_adapters import permissions, resource_policies

_KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")


class ServiceDeniedError(ApiError):
    """A resource's policy does not let the service use it."""

    code = "AccessDeniedException"


def check_access(plane: DataPlane, service: str, action: str, resource: str, source_arn: str) -> None:
    """Let a service such as `events.amazonaws.com` act on a resource, or refuse.

    Args:
        plane: Tells whether IAM is enforced.
        service: The service's principal.
        action: Such as `sns:Publish`.
        resource: The ARN of a topic, a queue or a function.
        source_arn: The rule, alarm or bucket for which the service acts.

    Raises:
        ServiceDeniedError: IAM is enforced, and the resource's policy or its key's does not allow it.
    """
    if plane.settings.iam != "enforce":
        return
    _check(service, action, resource, resource_policies.policy_of(resource), source_arn)
    if key_id := resource_policies.key_of(resource):
        _, _, _, region, account_id, *_ = resource.split(":")
        # The policy of the key that AWS manages for SNS or SQS lets no other service in.
        found = None if "alias/aws/" in key_id else permissions.kms_key(key_id, account_id, region)
        policy = found[1] if found else None
        for key_action in _KEY_ACTIONS:
            _check(service, key_action, found[0] if found else key_id, policy, source_arn)


def _check(service: str, action: str, resource: str, policy: str | None, source_arn: str) -> None:
    account_id = source_arn.split(":")[4]
    caller = f"arn:aws:iam::{account_id}:{service}"
    context = {
        "aws:SourceArn": source_arn,
        "aws:SourceAccount": account_id,
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": service,
        "aws:SecureTransport": "true",
    }
    request = Request(caller, caller, action, resource, context, service=service)
    document = parsed(policy) if policy else None
    verdict = evaluate(request, Policies({}, resource=document, resource_policy_required=True))
    if not verdict.is_allowed:
        raise ServiceDeniedError(
            f"{service} is not authorized to perform: {action} on resource: {resource} for {source_arn} "
            f"{verdict.reason}. Allow the service in the resource's policy."
        )
