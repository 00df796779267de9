"""Build ARNs of what is known by its name before, or without, being made."""

from aws_cdk import Stack
from constructs import Construct


def arn(scope: Construct, service: str, resource: str) -> str:
    """Return the ARN of a resource in the stack's region and account."""
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"


def iam_arn(scope: Construct, resource: str) -> str:
    """Return the ARN of a role or policy of the stack's account: IAM has no region."""
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:iam::{stack.account}:{resource}"
