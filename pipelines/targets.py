"""Connect to where the pipeline runs: the local AWS or an AWS account. From here on there is one code path."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from pipelines.bundle import ROOT
from pipelines.errors import TargetError, UsageError
from pipelines.names import command_line
from pipelines.resources import Resources

_STARTUP_SECONDS = 60
_LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}


class Target:
    """A place where the pipeline runs, and the resources it has there.

    Attributes:
        name: `local` or `aws`.
        endpoint_url: The local AWS's address; None is AWS itself.
        poll_seconds: How often to look while waiting: a laptop is faster, and AWS throttles.
    """

    def __init__(
        self,
        name: str,
        session: Any,
        find_resources: Callable[[], Resources],
        *,
        endpoint_url: str | None = None,
        poll_seconds: float = 10.0,
    ) -> None:
        self.name = name
        self.endpoint_url = endpoint_url
        self.poll_seconds = poll_seconds
        self._session = session
        self._find_resources = find_resources
        self._clients: dict[str, Any] = {}

    @cached_property
    def resources(self) -> Resources:
        """The pipeline's resources; on the local target the first look makes them."""
        return self._find_resources()

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service; one per service."""
        if service not in self._clients:
            self._clients[service] = make_client(self._session, service, self.endpoint_url)
        return self._clients[service]


def connect(name: str, resources_file: Path | None = None) -> Target:
    """Return the target; the local AWS is started where it does not run.

    Raises:
        UsageError: The AWS target was asked for without a resources file.
        TargetError: The local AWS does not start.
    """
    return _connect_aws(resources_file) if name == "aws" else _connect_local()


def _connect_aws(resources_file: Path | None) -> Target:
    if resources_file is None:
        raise UsageError(
            "--target aws needs --resources FILE.json: nothing is created in an AWS account from here",
            hint=f"`{command_line('resources')}` prints the shape of the file",
        )
    resources = Resources.load(resources_file)
    return Target("aws", boto3.Session(region_name=resources.region), lambda: resources)


def _connect_local() -> Target:
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
    return Target("local", session, lambda: ensure_sandbox(session, endpoint), endpoint_url=endpoint, poll_seconds=1.0)


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
