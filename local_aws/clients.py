"""Make the boto3 clients through which jobs and engines reach the local AWS."""

import base64
import hashlib
import threading
from typing import Any

from local_aws.iam.principals import ADMINISTRATOR_KEY, RoleSession

_MAX_CONNECTIONS = 64


class Clients:
    """A cache of clients per service, region, role and network: making one costs tens of milliseconds.

    Args:
        service_key: The access key of the local AWS's own services.
    """

    def __init__(self, endpoint_url: str, service_key: str = ADMINISTRATOR_KEY) -> None:
        self._endpoint_url, self._service_key = endpoint_url, service_key
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._sessions: dict[str, RoleSession] = {}
        self._session: Any = None

    def __call__(
        self,
        service: str,
        region: str,
        role_arn: str | None = None,
        *,
        subnets: tuple[str, ...] = (),
        session_name: str = "SageMaker",
    ) -> Any:
        """Return a thread-safe client; without a role it is the service itself that calls."""
        session = RoleSession(role_arn, session_name, subnets) if role_arn else None
        key = self.access_key(session) if session else self._service_key
        return self.signed_by(key, service, region)

    def signed_by(self, access_key: str, service: str, region: str) -> Any:
        """Return a thread-safe client that calls under an access key, as a service does for whoever called it."""
        with self._lock:
            place = (service, region, access_key)
            if place not in self._clients:
                self._clients[place] = self._make(*place)
            return self._clients[place]

    def environment(self, region: str, role_arn: str | None, *, subnets: tuple[str, ...] = ()) -> dict[str, str]:
        """Return a container's AWS variables; one without a role has no network, so no endpoint either."""
        own = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        if role_arn is None:
            return own
        return {
            **own,
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key(RoleSession(role_arn, subnets=subnets)),
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def access_key(self, session: RoleSession) -> str:
        """Return the access key under which a role's session calls: always the same for one role and network."""
        digest = base64.b32encode(hashlib.sha256(repr(session).encode()).digest()).decode()
        key = f"ASIA{digest[:16]}"
        self._sessions[key] = session
        return key

    def session_of(self, access_key: str) -> RoleSession | None:
        """Return the role's session that calls under an access key; None where the key is no role's."""
        return self._sessions.get(access_key)

    def _make(self, service: str, region: str, access_key: str) -> Any:
        import boto3  # noqa: PLC0415 - a quarter of a second that the server's start does not pay
        from botocore.config import Config  # noqa: PLC0415

        if self._session is None:
            self._session = boto3.Session(
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106 - no secret
                region_name=region,
            )
        config = Config(
            max_pool_connections=_MAX_CONNECTIONS,
            retries={"total_max_attempts": 2, "mode": "standard"},
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        is_temporary = access_key.startswith("ASIA")
        credentials = {"aws_access_key_id": access_key, "aws_secret_access_key": "test"}
        if is_temporary:
            credentials["aws_session_token"] = "test"  # noqa: S105 - no secret
        return self._session.client(
            service,
            region_name=region,
            endpoint_url=self._endpoint_url,
            config=config,
            **credentials,
        )
