"""Stop running jobs: at a request, at their time limit, or at the end of the server."""

import threading
from collections.abc import Callable

from local_aws.store import Key


class JobControl:
    """The switch that ends one running job."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on_stop: Callable[[], None] | None = None
        self.stop_requested = threading.Event()
        self.ended = threading.Event()
        self.is_server_stopping = False

    def request_stop(self) -> None:
        """End the job's containers now, or keep them from starting; returns at once."""
        with self._lock:
            self.stop_requested.set()
            action = self._on_stop
        if action:
            threading.Thread(target=action, name="stop-job", daemon=True).start()

    def on_stop(self, action: Callable[[], None] | None) -> None:
        """Name what ends the containers; it is called at once where the stop was requested before."""
        with self._lock:
            self._on_stop = action
            requested = self.stop_requested.is_set()
        if action and requested:
            action()


class RunningJobs:
    """The switches of all jobs that run now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._controls: dict[Key, JobControl] = {}
        self._is_stopping = False

    def open(self, key: Key) -> JobControl:
        """Register a job that starts."""
        with self._lock:
            control = self._controls.setdefault(key, JobControl())
            if self._is_stopping:
                control.is_server_stopping = True
                control.stop_requested.set()
            return control

    def close(self, key: Key) -> None:
        """Forget a job that ended."""
        with self._lock:
            control = self._controls.pop(key, None)
        if control:
            control.ended.set()

    def stop(self, key: Key) -> None:
        """Request the end of a job; nothing happens where it has ended already."""
        with self._lock:
            control = self._controls.get(key)
        if control:
            control.request_stop()

    def stop_all(self, timeout: float) -> None:
        """End every job and wait for them."""
        with self._lock:
            self._is_stopping = True
            controls = list(self._controls.values())
        for control in controls:
            control.is_server_stopping = True
            control.request_stop()
        for control in controls:
            control.ended.wait(timeout)

    @property
    def count(self) -> int:
        """How many jobs run."""
        with self._lock:
            return len(self._controls)
