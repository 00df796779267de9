"""Connect to where the pipeline runs: the local AWS or an AWS account. From here on there is one code path."""

import os
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
from pipelines.errors import TargetError
from pipelines.platform.outputs import deployed_resources
from pipelines.resources import Resources

PLATFORMS = ("cdk", "sandbox")
DEFAULT_PLATFORM = "cdk"
# All make resources of the same names, so each has a local AWS of its own.
# The demonstrations advance the clock of theirs, and begin anew each time.
_DEMO_ROOTS = {"demo": ".local/demo", "drift": ".local/drift"}
_UP = {
    "cdk": ("--iam", "enforce"),
    **{name: ("--iam", "enforce", "--root", root, "--fresh") for name, root in _DEMO_ROOTS.items()},
    "sandbox": ("--root", ".local/sandbox"),
}
_STARTUP_SECONDS = 60
_LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}


class Target:
    """A place where the pipeline runs, and the resources it has there.

    Attributes:
        name: `local` or `aws`.
        endpoint_url: The local AWS's address; None is AWS itself.
        poll_seconds: How often to look while waiting: a laptop is faster, and AWS throttles.
        variables: AWS_* variables with which a program reaches the local AWS; None is the user's own environment.
    """

    def __init__(
        self,
        name: str,
        session: Any,
        find_resources: Callable[[], Resources],
        *,
        endpoint_url: str | None = None,
        poll_seconds: float = 10.0,
        variables: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.endpoint_url = endpoint_url
        self.poll_seconds = poll_seconds
        self.variables = variables
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


def connect(
    name: str,
    resources_file: Path | None = None,
    *,
    stage: str = "sandbox",
    platform: str | None = None,
) -> Target:
    """Return the target; the local AWS is started where it does not run.

    Args:
        name: `local` or `aws`.
        resources_file: Resources in place of those that the stage's stacks tell.
        stage: Whose stacks.
        platform: `cdk` or `sandbox`: who makes the local target's resources; None is PLATFORM's or the default.

    Raises:
        TargetError: The local AWS does not start, or AWS is to be used without a region.
    """
    if name == "aws":
        return _connect_aws(resources_file, stage)
    return _connect_local(stage, platform or os.environ.get("PLATFORM") or DEFAULT_PLATFORM)


def _connect_aws(resources_file: Path | None, stage: str) -> Target:
    given = Resources.load(resources_file) if resources_file else None
    session = boto3.Session(region_name=given.region if given else None)
    if session.region_name is None:
        raise TargetError("no AWS region is set", hint="export AWS_REGION, or set `region` in the profile")
    target = Target("aws", session, lambda: given or deployed_resources(target.client("cloudformation"), stage))
    return target


def _connect_local(stage: str, platform: str) -> Target:
    from pipelines.sandbox import ensure_sandbox  # noqa: PLC0415 - only the local target makes resources

    environment = _start_local_aws(platform)
    endpoint = environment["AWS_ENDPOINT_URL"]
    refuse_foreign_endpoint(endpoint)
    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        region_name=environment.get("AWS_REGION") or environment["AWS_DEFAULT_REGION"],
    )

    def find() -> Resources:
        if platform == "sandbox":
            return ensure_sandbox(session, endpoint)
        return deployed_resources(target.client("cloudformation"), stage)

    target = Target("local", session, find, endpoint_url=endpoint, poll_seconds=1.0, variables=environment)
    return target


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


def _start_local_aws(platform: str) -> dict[str, str]:
    if platform in _DEMO_ROOTS:
        end = [sys.executable, "-m", "local_aws", "down", "--root", _DEMO_ROOTS[platform]]
        subprocess.run(end, cwd=ROOT, capture_output=True, timeout=_STARTUP_SECONDS, check=False)
    command = [sys.executable, "-m", "local_aws", "up", *_UP[platform]]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_STARTUP_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise TargetError(f"the local AWS did not start within {_STARTUP_SECONDS} s") from error
    environment = parse_exports(done.stdout)
    if done.returncode != 0 or "AWS_ENDPOINT_URL" not in environment:
        raise TargetError(f"the local AWS does not start: {done.stderr.strip()[-2000:]}", hint="see `make up`")
    return environment
