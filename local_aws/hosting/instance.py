"""Run one instance of a variant: its containers, their health, their logs."""

import contextlib
import logging
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_aws.containers.program_names import SOCKET_NAME
from local_aws.containers.runtime import RunningGroup
from local_aws.containers.spec import ContainerGroup, ContainerSpec
from local_aws.data_plane import DataPlane
from local_aws.errors import JobFailedError, LocalAwsError
from local_aws.hosting.connection import Answer, ConnectionPool, NoAnswerError, NotDeliveredError
from local_aws.jobs.execution import subnets_of
from local_aws.jobs.failures import last_words
from local_aws.jobs.inputs import InputReader
from local_aws.jobs.logs import LogFollower, followed
from local_aws.jobs.model_files import read_artifacts, serving_container
from local_aws.moto_adapters.logs import LogStream
from local_aws.store import Key, Record

_LOG = logging.getLogger(__name__)
LOG_GROUP = "/aws/sagemaker/Endpoints"
_PING_SECONDS = 2.0
_PING_PAUSE = 0.01
_LONGEST_PING_PAUSE = 0.25
_DRAIN_SECONDS = 60.0


class UnhealthyError(LocalAwsError):
    """An instance does not come into service; the message is the endpoint's FailureReason."""


@dataclass(frozen=True, eq=False)
class InstancePlan:
    """What every instance of a variant runs.

    Attributes:
        endpoint: The endpoint's key in the store.
        variant: The variant's name.
        model: The model's record.
        containers: Its containers, with image and artifacts, in the order in which they answer.
        start_seconds: How long they may take to answer /ping.
    """

    endpoint: Key
    variant: str
    model: Record
    containers: tuple[Record, ...]
    start_seconds: float

    @property
    def log_group(self) -> str:
        """The endpoint's group in CloudWatch Logs."""
        return f"{LOG_GROUP}/{self.endpoint.name}"


@dataclass
class Hop:
    """One container of an instance."""

    name: str
    spec: ContainerSpec
    pool: ConnectionPool = field(init=False)

    def __post_init__(self) -> None:
        """Reach its socket."""
        self.pool = ConnectionPool(self.spec.root / "opt/ml" / SOCKET_NAME)

    def is_healthy(self) -> bool:
        """Whether the container answers /ping."""
        try:
            return self.pool.request("GET", "/ping", {}, timeout=_PING_SECONDS).status == 200  # noqa: PLR2004 - HTTP
        except (NotDeliveredError, NoAnswerError):
            return False


class Instance:
    """One running instance. Threads may invoke it at the same time."""

    def __init__(self, plane: DataPlane, plan: InstancePlan) -> None:
        self.id = f"i-{uuid.uuid4().hex[:17]}"
        self.plan = plan
        self._plane = plane
        self._folder = (plane.settings.root / "endpoints" / f"{plan.endpoint.name}-{self.id}").resolve()
        self._lock = threading.Condition()
        self._group: RunningGroup | None = None
        self._logs = contextlib.ExitStack()
        self._is_stopped = False
        self.hops: list[Hop] = []
        self.in_flight = 0
        self.is_dead = False

    @property
    def folder(self) -> Path:
        """Its files on this machine."""
        return self._folder

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids, on this machine, of the containers' first processes."""
        return tuple(getattr(self._group, "pids", ()))

    def start(self) -> None:
        """Fetch the model and start the containers; return when they answer /ping.

        Raises:
            UnhealthyError: They do not.
            JobFailedError: The model cannot be fetched.
        """
        self.hops = [self._hop(number, record) for number, record in enumerate(self.plan.containers, 1)]
        followers = [LogFollower(hop.spec.log_path, self._stream(hop), self._plane.clock) for hop in self.hops]
        self._logs.enter_context(followed(followers))
        group = ContainerGroup(
            f"{self.plan.endpoint.name}/{self.plan.variant}/{self.id}",
            tuple(hop.spec for hop in self.hops),
            network_isolated=bool(self.plan.model.get("EnableNetworkIsolation")),
        )
        with self._lock:
            if self._is_stopped:
                raise UnhealthyError("The instance was stopped while it started.")
            self._group = self._plane.containers.start(group)
        self._wait_until_healthy(self._group)

    def watch(self, on_death: Callable[["Instance"], None]) -> None:
        """Call a function, on a thread of its own, when the containers end by themselves."""
        group = self._group
        assert group is not None, "it has started"

        def wait() -> None:
            # A container that ends takes the instance with it: its peers are ended soon after.
            group.wait()
            self.is_dead = True
            if not self._is_stopped:
                on_death(self)

        self._plane.spawn(f"watch-{self.id}", wait)

    def invoke(self, headers: Mapping[str, str], body: bytes, timeout: float) -> tuple[Answer, str]:
        """Send a request through the containers, each taking the answer of the one before.

        Returns:
            The last answer, or the first that is no success, and the name of the container that gave it.

        Raises:
            NotDeliveredError: The first container took no request.
            NoAnswerError: A container took it and did not answer.
        """
        deadline = time.monotonic() + timeout
        given, sent = body, dict(headers)
        for number, hop in enumerate(self.hops):
            left = max(deadline - time.monotonic(), 0.001)
            try:
                answer = hop.pool.request("POST", "/invocations", sent, given, timeout=left)
            except NotDeliveredError as err:
                if number:
                    raise NoAnswerError(str(err)) from err
                raise
            if not 200 <= answer.status < 300 or number == len(self.hops) - 1:  # noqa: PLR2004 - HTTP
                break
            given = answer.body
            sent = {**sent, "Content-Type": answer.content_type or "application/octet-stream"}
        return answer, hop.name

    def end_if_hung(self) -> None:
        """End the containers, so that another instance takes their place, where one does not answer /ping."""
        group = self._group
        if group is not None and not all(hop.is_healthy() for hop in self.hops):
            _LOG.info("%s: instance %s does not answer /ping; it is ended", self.plan.endpoint.name, self.id)
            group.stop(0)

    def stop(self, *, drain: bool = True) -> None:
        """Let requests in flight end, then the containers."""
        with self._lock:
            self._is_stopped = True
            group = self._group
        if drain:
            end = time.monotonic() + _DRAIN_SECONDS
            while self.in_flight and not self.is_dead and time.monotonic() < end:
                time.sleep(_PING_PAUSE)
        if group is not None:
            group.stop(self._plane.settings.stop_grace_seconds if drain else 0)
        for hop in self.hops:
            hop.pool.close()
        self._logs.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _hop(self, number: int, container: Record) -> Hop:
        plan, plane, model = self.plan, self._plane, self.plan.model
        host = f"container-{number}"
        role, region, subnets = model["ExecutionRoleArn"], plan.endpoint.region, subnets_of(model)
        s3 = plane.client("s3", region, role, subnets=subnets)
        root = self._folder / host
        read_artifacts(container, InputReader(s3, plane.contents, region, role), root, self._folder / "model" / host)
        isolated = bool(model.get("EnableNetworkIsolation"))
        environment = plane.client.environment(region, None if isolated else role, subnets=subnets)
        log = self._folder / "logs" / f"{host}.log"
        spec = serving_container(
            container, host=host, root=root, environment=environment, log_path=log, images=plane.settings.images
        )
        alone = len(plan.containers) == 1
        return Hop("primary" if alone else container.get("ContainerHostname") or host, spec)

    def _stream(self, hop: Hop) -> LogStream:
        suffix = "" if len(self.plan.containers) == 1 else f"/{hop.name}"
        name = f"{self.plan.variant}/{self.id}{suffix}"
        return LogStream(self.plan.endpoint.account_id, self.plan.endpoint.region, self.plan.log_group, name)

    def _wait_until_healthy(self, group: RunningGroup) -> None:
        deadline, pause = time.monotonic() + self.plan.start_seconds, _PING_PAUSE
        for hop in self.hops:
            while not hop.is_healthy():
                has_ended = group.wait(pause) is not None
                if has_ended or self._is_stopped or time.monotonic() > deadline:
                    raise UnhealthyError(self._unhealthy(hop, has_ended=has_ended))
                pause = min(pause * 1.5, _LONGEST_PING_PAUSE)

    def _unhealthy(self, hop: Hop, *, has_ended: bool) -> str:
        what = "The container ended" if has_ended else f"It did not answer within {self.plan.start_seconds:g} s"
        words = last_words(hop.spec.log_path)
        named = "primary container" if hop.name == "primary" else f"container {hop.name}"
        return (
            f"The {named} for production variant {self.plan.variant} did not pass the ping health check. "
            f"Please check CloudWatch logs for this endpoint. {what}{': ' + words if words else '.'}"
        )


def failure_reason(err: BaseException) -> str:
    """Return why instances did not start, as DescribeEndpoint tells it."""
    if isinstance(err, (UnhealthyError, JobFailedError, LocalAwsError)):
        return str(err)
    _LOG.error("an instance crashed while it started", exc_info=err)
    return f"InternalServerError: the local AWS failed: {type(err).__name__}: {err}"
