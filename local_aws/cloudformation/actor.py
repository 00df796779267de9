"""Say as whom CloudFormation acts on a stack: its role, or else whoever asked for the operation.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
"""

from dataclasses import dataclass
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.iam.principals import ADMINISTRATOR_KEY
from local_aws.sagemaker.operations import Context

_SESSION = "AWSCloudFormation"


@dataclass(frozen=True)
class CallerContext(Context):
    """Who asks, and under which access key."""

    access_key: str = ADMINISTRATOR_KEY


@dataclass(frozen=True)
class Actor:
    """The identity under which a stack's resources are made, changed and removed.

    Attributes:
        role_arn: The stack's role; empty where it has none.
        access_key: Of whoever asked for the operation; counts where the stack has no role.
    """

    plane: DataPlane
    role_arn: str = ""
    access_key: str = ADMINISTRATOR_KEY

    @classmethod
    def of(cls, context: Context, role_arn: str | None) -> "Actor":
        """Return who acts for a caller on a stack of such a role."""
        key = context.access_key if isinstance(context, CallerContext) else ADMINISTRATOR_KEY
        return cls(context.plane, role_arn or "", key)

    def client(self, service: str, region: str) -> Any:
        """Return a client that acts under this identity; the account's administrator is CloudFormation itself."""
        if self.role_arn:
            return self.plane.client(service, region, self.role_arn, session_name=_SESSION)
        if self.access_key in ("", ADMINISTRATOR_KEY) or self.plane.settings.iam == "off":
            return self.plane.client(service, region)
        return self.plane.client.signed_by(self.access_key, service, region)
