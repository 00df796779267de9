"""Make a role that one kind of GitHub workflow assumes, without a secret."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


class GitHubRole(iam.Role):
    """A role whose trust names the repository and the event or environment; no wildcards.

    Args:
        subjects: What stands after `repo:OWNER/NAME:` in the token's subject.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        provider_arn: str,
        repository: str,
        subjects: Sequence[str],
        description: str,
        boundary: iam.IManagedPolicy,
    ) -> None:
        token = {
            f"{ISSUER}:aud": AUDIENCE,
            f"{ISSUER}:sub": [f"repo:{repository}:{subject}" for subject in subjects],
        }
        super().__init__(
            scope,
            construct_id,
            description=description,
            assumed_by=iam.WebIdentityPrincipal(provider_arn, {"StringEquals": token}),
            permissions_boundary=boundary,
        )
