"""Run containers as processes of this machine."""

from typing import Protocol

from local_aws.containers.spec import ContainerGroup


class RunningGroup(Protocol):
    """The processes of a started container group."""

    def wait(self, timeout: float | None = None) -> tuple[int | None, ...] | None:
        """Block until every container has ended; return exit codes in the order of the specs.

        A container killed by signal n has exit code -n. Returns None when `timeout` seconds pass first.
        As on SageMaker, when one container fails the others are ended soon after.
        """

    def stop(self, grace_seconds: float) -> None:
        """Send SIGTERM to every container, and SIGKILL to what is left after the grace; leaves no process behind."""


class ContainerRuntime(Protocol):
    """Start container groups."""

    @property
    def has_real_paths(self) -> bool:
        """Whether containers see a real /opt/ml (Linux namespaces) rather than remapped paths."""

    def start(self, group: ContainerGroup) -> RunningGroup:
        """Start all containers of a group."""

    def close(self) -> None:
        """End every container and the runtime's own processes."""
