"""Guard the gateway: off, recording or enforcing, as the settings say."""

from collections.abc import Callable, Sequence
from typing import Any

from local_aws.http_server import Environ
from local_aws.iam.authorizer import Authorizer
from local_aws.iam.principals import Principal, Principals, RoleSession, session_arn
from local_aws.iam.requirements import Place, Requirement
from local_aws.moto_adapters import permissions
from local_aws.settings import Settings
from local_aws.store import Key, Store


class Guard:
    """Authorise requests, or let them all pass."""

    def __init__(self, settings: Settings, store: Store, session_of: Callable[[str], RoleSession | None]) -> None:
        self._mode, self._account_id, self._store = settings.iam, settings.account_id, store
        principals = Principals(session_of, _issued, permissions.role)
        self.authorizer = Authorizer(settings.iam, principals, self._pipeline_role, self._last_version)

    def check(self, environ: Environ, access_key: str, service: str, region: str) -> None:
        """Let a request pass, or raise the AWS error that refuses it."""
        if self._mode != "off":
            self.authorizer.authorize(environ, access_key, service, Place(self._account_id, region))

    def denial_of_role(self, role_arn: str, operation: str, needed: Sequence[Requirement], region: str) -> str:
        """Return why a service may not do something under a role; nothing where it may."""
        if self._mode == "off":
            return ""
        return self.authorizer.denial_of_role(role_arn, operation, needed, Place(self._account_id, region))

    def answer(self, method: str) -> dict[str, Any]:
        """Answer a request to `/_local_aws/iam/usage`."""
        if method == "DELETE":
            self.authorizer.usage.clear()
            return {}
        return {"mode": self._mode, **self.authorizer.usage.report(self._account_id)}

    def _pipeline_role(self, name: str, place: Place) -> str | None:
        record = self._store.get(Key("pipeline", name, place.account_id, place.region)) or {}
        return record.get("RoleArn")

    def _last_version(self, group: str, place: Place) -> int:
        record = self._store.get(Key("model-package-group", group, place.account_id, place.region)) or {}
        return int(record.get("_last_version", 0))


def _issued(access_key: str) -> Principal | None:
    found = permissions.issued_session(access_key)
    if found is None:
        return None
    if found.session_name is None:
        return Principal("user", found.arn, found.arn, grants=permissions.user(found.arn))
    session = session_arn(found.arn, found.session_name)
    return Principal("role", found.arn, session, found.policy, grants=permissions.role(found.arn))
