"""Build ARNs of what is known by its name before, or without, being made."""

from aws_cdk import Fn, Stack, Token
from constructs import Construct


def arn(scope: Construct, service: str, resource: str) -> str:
    """Return the ARN of a resource in the stack's region and account."""
    return _arn(scope, service, Stack.of(scope).region, resource)


def iam_arn(scope: Construct, resource: str) -> str:
    """Return the ARN of a role or policy of the stack's account: IAM has no region."""
    return _arn(scope, "iam", "", resource)


def _arn(scope: Construct, service: str, region: str, resource: str) -> str:
    """Prefer Fn::Sub: as Fn::Join, ARNs alone would take a stack beyond what the cdk CLI passes without a bucket."""
    stack = Stack.of(scope)
    if any(Token.is_unresolved(part) for part in (resource, region)):
        return f"arn:{stack.partition}:{service}:{region}:{stack.account}:{resource}"
    return Fn.sub(f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{resource}")
