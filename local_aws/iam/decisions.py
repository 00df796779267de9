"""Decide one permission of one principal by every policy that applies to it."""

import datetime as dt
import functools
import json
import time
from dataclasses import dataclass

from local_aws.iam.evaluator import ParsedPolicy, Policies, Request, Verdict, evaluate
from local_aws.iam.patterns import ContextValue
from local_aws.iam.principals import Principal
from local_aws.iam.requirements import Place, Requirement
from local_aws.moto_adapters import permissions

_ENDPOINT_NAMES = {
    "cloudwatch": "monitoring",
    "ecr": "ecr.api",
    "sagemaker": "sagemaker.api",
}
"""IAM prefix → name of the service's VPC endpoint, where they differ."""


@dataclass(frozen=True)
class Decision:
    """A verdict, and all that led to it."""

    principal: Principal
    requirement: Requirement
    request: Request
    policies: Policies
    verdict: Verdict


def decide(principal: Principal, requirement: Requirement, place: Place) -> Decision:
    """Decide a requirement of a role or user."""
    service = requirement.action.partition(":")[0]
    endpoint = _endpoint(principal, requirement, service, place)
    resource, policy, owner = _resource(requirement, service, place)
    context = {**_context(principal, requirement, place, endpoint), **requirement.context}
    if owner:
        context["aws:ResourceAccount"] = owner
    if service == "s3" and owner:
        context["s3:ResourceAccount"] = owner
    request = Request(principal.arn, principal.session_arn, requirement.action, resource, context)
    grants = principal.grants
    policies = Policies(
        identity={name: parsed(text) for name, text in grants.identity.items()} if grants else {},
        boundary=parsed(grants.boundary) if grants and grants.boundary else None,
        session=parsed(principal.policy) if principal.policy else None,
        resource=parsed(policy) if policy else None,
        endpoint=parsed(endpoint.policy) if endpoint else None,
        resource_policy_required=":key/" in resource,
        # AWS's own image repositories, the other resources of foreign accounts here, let everybody pull.
        crosses_accounts=service in {"s3", "kms"} and owner not in {"", principal.account_id},
    )
    return Decision(principal, requirement, request, policies, evaluate(request, policies))


def decide_trust(request: Request, role_arn: str) -> tuple[Verdict, Policies]:
    """Decide by a role's trust policy, and a principal's own policies, whether the role may be assumed."""
    grants = permissions.role(role_arn)
    if grants is None:
        policies = Policies(identity={}, resource=None, resource_policy_required=True)
        return Verdict(is_allowed=False, reason="because the role does not exist"), policies
    own = _own_grants(request)
    policies = Policies(
        identity={name: parsed(text) for name, text in own.identity.items()} if own else {},
        boundary=parsed(own.boundary) if own and own.boundary else None,
        resource=parsed(grants.trust) if grants.trust else None,
        resource_policy_required=True,
    )
    return evaluate(request, policies), policies


def _own_grants(request: Request) -> permissions.Grants | None:
    if request.service or request.federated:
        return None
    return permissions.role(request.principal_arn) or permissions.user(request.principal_arn)


def _context(
    principal: Principal, requirement: Requirement, place: Place, endpoint: permissions.Endpoint | None
) -> dict[str, ContextValue]:
    context: dict[str, ContextValue] = {
        "aws:PrincipalArn": principal.arn,
        "aws:PrincipalAccount": principal.account_id,
        "aws:PrincipalType": "AssumedRole" if principal.kind == "role" else "User",
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "true" if requirement.via else "false",
        # HTTP on 127.0.0.1 stands for TLS: what leaves the machine would be encrypted.
        "aws:SecureTransport": "true",
        "aws:RequestedRegion": place.region,
        "aws:CurrentTime": _clock(int(time.time())),
    }
    if principal.kind == "user":
        context["aws:username"] = principal.arn.rpartition("/")[2]
    if principal.grants:
        context.update({f"aws:PrincipalTag/{key}": value for key, value in principal.grants.tags.items()})
    if endpoint:
        context |= {"aws:SourceVpce": endpoint.endpoint_id, "aws:SourceVpc": endpoint.vpc_id}
    elif not principal.subnets:
        context["aws:SourceIp"] = "127.0.0.1"
    return context


def _endpoint(
    principal: Principal, requirement: Requirement, service: str, place: Place
) -> permissions.Endpoint | None:
    # What a service does on the caller's behalf leaves from the service's own network.
    if not principal.subnets or requirement.via:
        return None
    is_runtime = requirement.action.startswith("sagemaker:InvokeEndpoint")
    name = "sagemaker.runtime" if is_runtime else _ENDPOINT_NAMES.get(service, service)
    return permissions.vpc_endpoint(principal.subnets, place.account_id, place.region, name)


def _resource(requirement: Requirement, service: str, place: Place) -> tuple[str, str | None, str]:
    """Return a resource's full ARN, its policy, and the account that owns it; empty where nobody does."""
    if service == "s3" and requirement.resource != "*":
        bucket = permissions.bucket(requirement.resource.removeprefix("arn:aws:s3:::").partition("/")[0])
        creates = requirement.action == "s3:CreateBucket"
        return (
            requirement.resource,
            bucket.policy if bucket else None,
            (bucket.account_id if bucket else place.account_id if creates else ""),
        )
    if service == "kms" and requirement.resource != "*":
        key = permissions.kms_key(requirement.resource, place.account_id, place.region)
        owner = key[0].split(":")[4] if key else ""
        is_alias = ":alias/" in requirement.resource
        policy = key[1] if key else None
        return requirement.resource if is_alias or not key else key[0], policy, owner
    parts = requirement.resource.split(":")
    return requirement.resource, None, parts[4] if len(parts) > _ACCOUNT and parts[_ACCOUNT] else place.account_id


_ACCOUNT = 4


@functools.lru_cache(maxsize=1)
def _clock(second: int) -> str:
    return dt.datetime.fromtimestamp(second, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@functools.lru_cache(maxsize=512)
def parsed(document: str) -> ParsedPolicy:
    """Return a policy document, parsed once per text."""
    return ParsedPolicy(json.loads(document))
