"""Know the endpoints that run now."""

import threading
from typing import TYPE_CHECKING

from local_aws.store import Key

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane
    from local_aws.hosting.capture import CaptureWriter
    from local_aws.hosting.endpoint import LiveEndpoint


class RunningEndpoints:
    """The endpoints of one local AWS, and what they share. It is empty, and free, until the first is made."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._endpoints: dict[Key, LiveEndpoint] = {}
        self._capture: CaptureWriter | None = None
        self._is_closing = False

    def open(self, plane: "DataPlane", key: Key) -> "LiveEndpoint":
        """Return a new endpoint, which nothing serves yet."""
        from local_aws.hosting.endpoint import LiveEndpoint  # noqa: PLC0415 - the plane is made of this module
        from local_aws.hosting.metrics import start_periodic  # noqa: PLC0415

        with self._lock:
            if self._capture is None:
                start_periodic(plane)
                self.capture(plane)
            endpoint = self._endpoints[key] = LiveEndpoint(plane, key)
            if self._is_closing:
                endpoint.stop.set()
            return endpoint

    def capture(self, plane: "DataPlane") -> "CaptureWriter":
        """Return the writer of captured requests."""
        from local_aws.hosting.capture import CaptureWriter  # noqa: PLC0415 - see above

        with self._lock:
            self._capture = self._capture or CaptureWriter(plane)
            return self._capture

    def get(self, key: Key) -> "LiveEndpoint | None":
        """Return a running endpoint."""
        return self._endpoints.get(key)

    def forget(self, key: Key) -> None:
        """Drop an endpoint that has ended."""
        with self._lock:
            self._endpoints.pop(key, None)

    def all(self) -> "list[LiveEndpoint]":
        """Return every running endpoint."""
        with self._lock:
            return list(self._endpoints.values())

    def close(self) -> None:
        """End every endpoint; their records stay, so that they come back with the next start."""
        with self._lock:
            self._is_closing = True
        threads = [threading.Thread(target=one.close, kwargs={"drain": False}, daemon=True) for one in self.all()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._capture:
            self._capture.close()
