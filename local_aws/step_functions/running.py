"""Know the executions that run in this process."""

import threading
from typing import Protocol

from local_aws.store import Key


class Interruptible(Protocol):
    """A running execution."""

    def suspend(self) -> None:
        """End without a result; it goes on with the next local AWS."""

    def abort(self) -> None:
        """End, as it was stopped."""


class RunningExecutions:
    """The running executions by their keys. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[Key, Interruptible] = {}
        self._is_closed = False

    def add(self, key: Key, run: Interruptible) -> None:
        """Note one that starts; where the local AWS ends, it is suspended at once."""
        with self._lock:
            self._runs[key] = run
            is_closed = self._is_closed
        if is_closed:
            run.suspend()

    def remove(self, key: Key) -> None:
        """Forget one that ended."""
        with self._lock:
            self._runs.pop(key, None)

    def abort(self, key: Key) -> None:
        """End one that was stopped; nothing happens where it does not run."""
        with self._lock:
            run = self._runs.get(key)
        if run:
            run.abort()

    def suspend_all(self) -> None:
        """End all without a result, as the local AWS ends."""
        with self._lock:
            self._is_closed = True
            runs = list(self._runs.values())
        for run in runs:
            run.suspend()

    @property
    def count(self) -> int:
        """How many run."""
        with self._lock:
            return len(self._runs)
