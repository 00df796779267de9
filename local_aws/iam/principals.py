"""Tell who signed a request: the account's administrator, an AWS service, a role's session, a user, or nobody."""

from collections.abc import Callable
from dataclasses import dataclass, field

from local_aws.moto_adapters.permissions import Grants

ADMINISTRATOR_KEY = "test"
"""The access key of the account's administrator, who may do everything."""
SERVICE_KEY = "AKIALOCALAWSSERVICES"
"""The access key under which the local AWS's own services call each other."""


@dataclass(frozen=True)
class Principal:
    """Who calls.

    Attributes:
        kind: `administrator`, `service`, `role`, `absent role` (the session of a role that IAM does not know),
            `user`, `anonymous`, or `unknown` for a key that nobody issued.
        arn: The role's or user's ARN.
        session_arn: The assumed-role session's ARN; the user's own.
        policy: A session policy as JSON, which narrows the role's permissions.
        subnets: The subnets that the calls come from; empty where they come from outside any VPC.
        grants: The role's or user's policies and tags; None where it does not exist.
    """

    kind: str
    arn: str = ""
    session_arn: str = ""
    policy: str | None = None
    subnets: tuple[str, ...] = ()
    grants: Grants | None = field(default=None, compare=False)

    @property
    def is_unrestricted(self) -> bool:
        """Whether no policy applies.

        AWS refuses a role that does not exist. Here the administrator may name one, as programs written for no account
        in particular do; it then acts as the administrator, and the report says so.
        """
        return self.kind in {"administrator", "service", "absent role"}

    @property
    def account_id(self) -> str:
        """The account of the role or user."""
        return self.arn.split(":")[4] if self.arn else ""


@dataclass(frozen=True)
class RoleSession:
    """A role that an AWS service assumed for a job, an execution or a function."""

    role_arn: str
    session_name: str = "SageMaker"
    subnets: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """The assumed-role session's ARN."""
        return session_arn(self.role_arn, self.session_name)


def session_arn(role_arn: str, session_name: str) -> str:
    """Return the ARN of a role's session: the role's path is no part of it."""
    partition, account = role_arn.split(":")[1], role_arn.split(":")[4]
    return f"arn:{partition}:sts::{account}:assumed-role/{role_arn.rpartition('/')[2]}/{session_name}"


class Principals:
    """Resolve access keys: those that the local AWS issued to roles itself, and those that STS and IAM issued."""

    def __init__(
        self,
        session_of: Callable[[str], RoleSession | None],
        issued: Callable[[str], Principal | None],
        grants_of: Callable[[str], Grants | None],
    ) -> None:
        self._session_of, self._issued, self._grants_of = session_of, issued, grants_of

    def of(self, access_key: str) -> Principal:
        """Return who holds an access key."""
        if access_key == ADMINISTRATOR_KEY:
            return Principal("administrator")
        if access_key == SERVICE_KEY:
            return Principal("service")
        if not access_key:
            return Principal("anonymous")
        session = self._session_of(access_key)
        if session is not None:
            grants = self._grants_of(session.role_arn)
            kind = "role" if grants is not None else "absent role"
            return Principal(kind, session.role_arn, session.arn, None, session.subnets, grants)
        return self._issued(access_key) or Principal("unknown")
