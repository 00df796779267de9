"""Connect to where the pipeline runs: the local AWS or an AWS account. From here on there is one code path."""

import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from pipelines.bundle import ROOT
from pipelines.errors import TargetError, UsageError
from pipelines.resources import Resources

_STARTUP_SECONDS = 60
_LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Target:
    """A place where the pipeline runs, and the resources it has there.

    Attributes:
        name: `local` or `aws`.
        poll_seconds: How often to look while waiting: a laptop is faster, and AWS throttles.
    """

    name: str
    session: Any
    resources: Resources
    endpoint_url: str | None = None
    poll_seconds: float = 10.0
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service; one per service."""
        if service not in self._clients:
            self._clients[service] = make_client(self.session, service, self.endpoint_url)
        return self._clients[service]


def connect(name: str, resources_file: Path | None = None) -> Target:
    """Return the target; the local one is started, and its resources made, where that has not been done.

    Raises:
        UsageError: The AWS target was asked for without a resources file.
        TargetError: The local AWS does not start.
    """
    if name == "aws":
        if resources_file is None:
            raise UsageError(
                "--target aws needs --resources FILE.json: nothing is created in an AWS account from here",
                hint="`python -m pipelines resources` prints the shape of the file",
            )
        resources = Resources.load(resources_file)
        return Target(name, boto3.Session(region_name=resources.region), resources)
    from pipelines.sandbox import ensure_sandbox  # noqa: PLC0415 - only the local target makes resources

    environment = _start_local_aws()
    endpoint = environment["AWS_ENDPOINT_URL"]
    refuse_foreign_endpoint(endpoint)
    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        region_name=environment.get("AWS_REGION") or environment["AWS_DEFAULT_REGION"],
    )
    resources = ensure_sandbox(session, endpoint)
    return Target(name, session, resources, endpoint_url=endpoint, poll_seconds=0.4)


def make_client(session: Any, service: str, endpoint_url: str | None) -> Any:
    """Return a client that retries little against the local AWS, and as AWS advises against AWS."""
    retries = {"mode": "standard", "max_attempts": 2 if endpoint_url else 8}
    return session.client(service, endpoint_url=endpoint_url, config=Config(retries=retries))


def refuse_foreign_endpoint(endpoint_url: str) -> None:
    """Raise unless the endpoint is on this machine.

    Raises:
        TargetError: It is not.
    """
    host = urlsplit(endpoint_url).hostname
    if host not in _LOOPBACK_HOSTS:
        raise TargetError(
            f"the local target's endpoint is {endpoint_url}, which is not on this machine",
            hint="resources are only ever created on a loopback address; use --target aws --resources FILE.json",
        )


def parse_exports(text: str) -> dict[str, str]:
    """Return the variables of `export NAME=value` lines."""
    words = [shlex.split(line) for line in text.splitlines() if line.startswith("export ")]
    return {name: value for _, assignment in words for name, _, value in [assignment.partition("=")]}


def _start_local_aws() -> dict[str, str]:
    command = [sys.executable, "-m", "local_aws", "up"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_STARTUP_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise TargetError(f"the local AWS did not start within {_STARTUP_SECONDS} s") from error
    environment = parse_exports(done.stdout)
    if done.returncode != 0 or "AWS_ENDPOINT_URL" not in environment:
        raise TargetError(f"the local AWS does not start: {done.stderr.strip()[-2000:]}", hint="see `make up`")
    return environment
