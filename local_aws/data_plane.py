"""Bundle what the operations and the engines need from the running local AWS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from local_aws.clock import Clock
from local_aws.cloudwatch.metrics import Metrics, NoMetrics
from local_aws.containers.runtime import ContainerRuntime
from local_aws.events.bus import EventBus, NoEvents
from local_aws.hosting.running import RunningEndpoints
from local_aws.iam.requirements import Requirement
from local_aws.jobs.control import RunningJobs
from local_aws.jobs.s3 import ContentCache
from local_aws.settings import Settings
from local_aws.step_functions.running import RunningExecutions
from local_aws.store import Store

RoleCheck = Callable[[str, str, Sequence[Requirement], str], str]
"""Takes the role's ARN, the operation that leads to it, the permissions and the region."""


class ClientFactory(Protocol):
    """Make boto3 clients that talk to this local AWS under a role, as a SageMaker job does."""

    def __call__(
        self,
        service: str,
        region: str,
        role_arn: str | None = None,
        *,
        subnets: tuple[str, ...] = (),
        session_name: str = "SageMaker",
    ) -> Any:
        """Return a (cached, thread-safe) boto3 client; without a role it is the service itself that calls.

        `subnets` are where a job in a VPC calls from.
        """

    def signed_by(self, access_key: str, service: str, region: str) -> Any:
        """Return a client that calls under an access key, as a service does for whoever called it."""

    def environment(self, region: str, role_arn: str | None, *, subnets: tuple[str, ...] = ()) -> dict[str, str]:
        """Return a container's AWS variables: its region, and a role's credentials where it has a network."""


@dataclass(frozen=True)
class DataPlane:
    """The parts of a running local AWS that execute what the API records."""

    settings: Settings
    store: Store
    containers: ContainerRuntime
    client: ClientFactory
    contents: ContentCache
    """What jobs downloaded, by ETag."""
    spawn: Callable[[str, Callable[[], None]], None]
    """Run a function on a named daemon thread; a crash there is logged, never silent."""
    denial_of_role: RoleCheck = lambda *_: ""
    """Decide what a service does under a role besides API calls; returns why it may not, or nothing."""
    jobs: RunningJobs = field(default_factory=RunningJobs)
    """The jobs that run now, for the operations that stop them."""
    endpoints: RunningEndpoints = field(default_factory=RunningEndpoints)
    """The endpoints that run now."""
    executions: RunningExecutions = field(default_factory=RunningExecutions)
    """The executions of state machines that run now."""
    clock: Clock = field(default_factory=Clock)
    """The time of everything that AWS would measure in wall-clock time."""
    metrics: Metrics = field(default_factory=NoMetrics)
    """Where services publish their CloudWatch metrics."""
    events: EventBus = field(default_factory=NoEvents)
    """Where services emit their EventBridge events."""
