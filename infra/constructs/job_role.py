"""Make the role of one kind of work. Who it is stands here; what it may do is attached where the resources are."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct


class ServiceRole(iam.Role):
    """A role which one AWS service assumes for resources of this account only (no confused deputy)."""

    def __init__(self, scope: Construct, construct_id: str, *, service: str, source_arn: str, description: str) -> None:
        super().__init__(
            scope,
            construct_id,
            description=description,
            assumed_by=iam.ServicePrincipal(
                f"{service}.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": Stack.of(scope).account},
                    "ArnLike": {"aws:SourceArn": source_arn},
                },
            ),
        )


def permit(
    scope: Construct, construct_id: str, role: iam.IRole, statements: Sequence[iam.PolicyStatement]
) -> iam.ManagedPolicy:
    """Give a role permissions: one managed policy that lives where what it speaks of lives."""
    return iam.ManagedPolicy(scope, construct_id, roles=[role], statements=list(statements))
