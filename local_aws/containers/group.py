"""Follow the containers of a group to their end, and end them."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local_aws.containers.fork_client import ForkClient

_SETTLE_SECONDS = 1.0
_PEER_GRACE_SECONDS = 2.0
_KILL_SECONDS = 30.0


class ProcessGroup:
    """The running containers of one job."""

    def __init__(self, client: ForkClient, logs: Mapping[str, Path], on_end: Callable[[str, int], None]) -> None:
        """Follow containers.

        Args:
            client: Who starts and ends them.
            logs: Container id → its log, in the order of the group's specs.
            on_end: Called once for each container, with its id and exit code, before `wait` returns it.
        """
        self._client = client
        self._logs = logs
        self._on_end = on_end
        self._codes: dict[str, int | None] = dict.fromkeys(logs)
        self._pids: dict[str, int] = {}
        self._changed = threading.Condition()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids, on this machine, of the containers' first processes, as far as they have started."""
        return tuple(self._pids.values())

    def wait(self, timeout: float | None = None) -> tuple[int | None, ...] | None:
        """Block until every container has ended; return exit codes, or None when `timeout` seconds pass first."""
        with self._changed:
            done = self._changed.wait_for(self._has_ended, timeout)
            return tuple(self._codes.values()) if done else None

    def stop(self, grace_seconds: float) -> None:
        """Send SIGTERM to every container, and SIGKILL to all that is left after the grace."""
        for container in self._running():
            self._client.terminate(container)
        if self.wait(grace_seconds) is None:
            for container in self._running():
                self._client.kill(container)
            self.wait(_KILL_SECONDS)

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take a message of the fork server about one of the containers."""
        if "started" in event:
            self._pids[event["started"]] = event["pid"]
            return
        container, code = event["exited"], event["code"]
        if event["reason"]:
            with self._logs[container].open("a", encoding="utf-8") as log:
                log.write(f"container: {event['reason']}\n")
        self._on_end(container, code)
        with self._changed:
            self._codes[container] = code
            self._changed.notify_all()
        if code != 0 and self._running():
            threading.Thread(target=self._end_peers, name="end-peers", daemon=True).start()

    def _end_peers(self) -> None:
        """End what a failed container leaves running: as on SageMaker, the job is lost."""
        if self.wait(_SETTLE_SECONDS) is None:
            self.stop(_PEER_GRACE_SECONDS)

    def _has_ended(self) -> bool:
        return None not in self._codes.values()

    def _running(self) -> list[str]:
        return [container for container, code in self._codes.items() if code is None]
