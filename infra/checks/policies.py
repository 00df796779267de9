"""Collect the policies of an assembly: what each role may do, who may assume it, what each resource lets in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.checks.assembly import Assembly

Document = Mapping[str, Any]


@dataclass(frozen=True)
class RolePolicies:
    """One role and all that is said about it."""

    arn: str
    name: str
    trust: Document
    boundary_arn: str | None
    boundary: Document | None
    identity: dict[str, Document] = field(default_factory=dict)


def roles(assembly: Assembly) -> dict[str, RolePolicies]:
    """Return the roles by `Stack/LogicalId` without prefix and hash, such as `Identities/Training`."""
    documents = {
        assembly.arn(policy.stack, policy.logical_id): policy.properties["PolicyDocument"]
        for policy in assembly.resources("AWS::IAM::ManagedPolicy")
    }
    found = {}
    for role in assembly.resources("AWS::IAM::Role"):
        name = assembly.name(role.stack, role.logical_id)
        boundary = role.properties.get("PermissionsBoundary")
        found[f"{role.stack.split('-')[-1]}/{role.logical_id[:-8]}"] = RolePolicies(
            arn=assembly.arn(role.stack, role.logical_id),
            name=name,
            trust=role.properties["AssumeRolePolicyDocument"],
            boundary_arn=boundary,
            boundary=documents.get(str(boundary)),
            identity=dict(_attached(assembly, name)),
        )
    return found


def identity_documents(assembly: Assembly) -> dict[str, Document]:
    """Return every identity policy and boundary by its address."""
    kinds = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
    return {policy.address: policy.properties["PolicyDocument"] for policy in assembly.resources(*kinds)}


def resource_documents(assembly: Assembly) -> dict[str, Document]:
    """Return the policies of buckets, keys and topics by the ARN of what they protect."""
    found = {}
    for policy in assembly.resources("AWS::S3::BucketPolicy"):
        found[f"arn:aws:s3:::{policy.properties['Bucket']}"] = policy.properties["PolicyDocument"]
    for key in assembly.resources("AWS::KMS::Key"):
        found[assembly.arn(key.stack, key.logical_id)] = key.properties["KeyPolicy"]
    for policy in assembly.resources("AWS::SNS::TopicPolicy"):
        found[policy.properties["Topics"][0]] = policy.properties["PolicyDocument"]
    return found


def endpoint_document(assembly: Assembly) -> Document:
    """Return the policy of the S3 gateway endpoint."""
    gateways = (
        endpoint.properties["PolicyDocument"]
        for endpoint in assembly.resources("AWS::EC2::VPCEndpoint")
        if endpoint.properties["VpcEndpointType"] == "Gateway"
    )
    return next(gateways)


def _attached(assembly: Assembly, role_name: str) -> Iterator[tuple[str, Document]]:
    for policy in assembly.resources("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        if role_name in policy.properties.get("Roles", []):
            yield policy.address, policy.properties["PolicyDocument"]
