"""Decide whether an AWS service may use a resource without a role: by the resource's own policy, and its key's.

EventBridge, CloudWatch alarms and S3 reach topics, queues and functions like this.
Source: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
"""

from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.data_plane import DataPlane
from local_aws.errors import ApiError
from local_aws.iam.decisions import parsed
from local_aws.iam.evaluator import Policies, Request, evaluate
from local_aws.moto_adapters import permissions, resource_policies

_EVENTS = "events.amazonaws.com"
_KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
_ENCRYPTION_CONTEXTS = {"sns": "aws:sns:topicArn", "sqs": "aws:sqs:arn"}
"""Service → the key of the encryption context that holds the topic's or queue's ARN."""


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
    key_id = resource_policies.key_of(resource)
    source = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_arn.split(":")[4]}
    if key_id and service == _EVENTS:
        source = {}  # EventBridge does not send them to what is encrypted
    call = _Call(service, resource, source_arn)
    _check(call, action, resource, resource_policies.policy_of(resource), source)
    if key_id:
        _check_key(call, key_id, source)


@dataclass(frozen=True)
class _Call:
    service: str
    resource: str
    source_arn: str


def _check_key(call: _Call, key_id: str, source: Mapping[str, str]) -> None:
    _, _, kind, region, account_id, *_ = call.resource.split(":")
    # The policy of the key that AWS manages for SNS or SQS lets no other service in.
    found = None if "alias/aws/" in key_id else permissions.kms_key(key_id, account_id, region)
    context = {
        **source,
        f"kms:EncryptionContext:{_ENCRYPTION_CONTEXTS.get(kind, kind)}": call.resource,
        "kms:ViaService": f"{kind}.{region}.amazonaws.com",
        "kms:CallerAccount": account_id,
    }
    for action in _KEY_ACTIONS:
        _check(call, action, found[0] if found else key_id, found[1] if found else None, context)


def _check(call: _Call, action: str, resource: str, policy: str | None, more: Mapping[str, str]) -> None:
    caller = f"arn:aws:iam::{call.source_arn.split(':')[4]}:{call.service}"
    context = {
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": call.service,
        "aws:SecureTransport": "true",
        **more,
    }
    request = Request(caller, caller, action, resource, context, service=call.service)
    document = parsed(policy) if policy else None
    verdict = evaluate(request, Policies({}, resource=document, resource_policy_required=True))
    if not verdict.is_allowed:
        raise ServiceDeniedError(
            f"{call.service} is not authorized to perform: {action} on resource: {resource} for {call.source_arn} "
            f"{verdict.reason}. Allow the service in the resource's policy."
        )
