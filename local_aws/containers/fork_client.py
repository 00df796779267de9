"""Start the fork server and talk to it, from the many threads of the local AWS."""

import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local_aws.containers.fork_server.messages import LineBuffer, Network, ProcessRequest, encode, start_message
from local_aws.containers.fork_server.warmup import ENVIRONMENT, MODULES
from local_aws.errors import LocalAwsError

_log = logging.getLogger(__name__)
_REPOSITORY = Path(__file__).resolve().parents[2]
_BOOTSTRAP = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from local_aws.containers.fork_server.loop import main; main(int(sys.argv[2]), sys.argv[3:])"
)
_LOST = -9
_END_SECONDS = 10

OnEvent = Callable[[Mapping[str, Any]], None]


class ForkServerError(LocalAwsError):
    """The process that starts containers is gone."""


class ForkClient:
    """The local AWS's end of the fork server. Thread-safe; a request before it is warm waits in the channel."""

    def __init__(self, modules: Sequence[str] = MODULES) -> None:
        """Start the fork server.

        Args:
            modules: What it imports in advance; with none, the images' own `train` and `serve` are missing too.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOTSTRAP, str(_REPOSITORY), str(theirs.fileno()), *modules],
                env={"PATH": os.defpath, "LANG": "C.UTF-8", **ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._channel = ours
        self._sending = threading.Lock()
        self._lock = threading.Lock()
        self._listeners: dict[str, OnEvent] = {}
        self._probe: tuple[bool, str] | None = None
        self._probed = threading.Event()
        self._warm = threading.Event()
        self._alive = True
        self._reader = threading.Thread(target=self._read, name="fork-server-reader", daemon=True)
        self._reader.start()

    def probe(self) -> tuple[bool, str]:
        """Return whether a user namespace is needed, and why namespaces are impossible ("" where they are possible)."""
        self._probed.wait()
        if self._probe is None:
            raise ForkServerError(self._obituary())
        return self._probe

    def wait_until_warm(self, timeout: float | None = None) -> bool:
        """Block until the libraries are imported; return whether they are."""
        return self._warm.wait(timeout) and self._alive

    @property
    def is_alive(self) -> bool:
        """Whether containers can be started."""
        return self._alive

    def start(self, requests: tuple[ProcessRequest, ...], network: Network, on_event: OnEvent) -> None:
        """Start containers; `on_event` hears `started` and `exited` messages about each, on the reader's thread."""
        with self._lock:
            if not self._alive:
                raise ForkServerError(self._obituary())
            self._listeners.update({request.id: on_event for request in requests})
        self._send(start_message(requests, network))

    def terminate(self, container: str) -> None:
        """Send SIGTERM to a container's main process."""
        self._send(encode({"signal": container, "kill": False}))

    def kill(self, container: str) -> None:
        """Send SIGKILL to every process of a container."""
        self._send(encode({"signal": container, "kill": True}))

    def close(self) -> None:
        """End the fork server and every container."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._channel.close()

    def _send(self, data: bytes) -> None:
        with self._sending, contextlib.suppress(OSError):  # the reader notices the end and tells all listeners
            self._channel.sendall(data)

    def _read(self) -> None:
        lines = LineBuffer()
        while data := self._receive():
            for message in lines.feed(data):
                self._handle(message)
        with self._lock:
            self._alive = False
            orphans = list(self._listeners)
        self._probed.set()
        self._warm.set()
        for container in orphans:
            self._deliver({"exited": container, "code": _LOST, "reason": self._obituary()})

    def _receive(self) -> bytes:
        try:
            return self._channel.recv(1 << 20)
        except OSError:
            return b""

    def _handle(self, message: Mapping[str, Any]) -> None:
        if "probed" in message:
            self._probe = (message["user_namespace"], message["probed"])
            self._probed.set()
        elif "warm" in message:
            _log.debug("fork server is warm after %s s", message["warm"])
            self._warm.set()
        else:
            self._deliver(message)

    def _deliver(self, message: Mapping[str, Any]) -> None:
        """Pass a message to who listens for that container; the reader outlives whatever a listener raises."""
        with self._lock:
            if "exited" in message:
                on_event = self._listeners.pop(message["exited"], None)
            else:
                on_event = self._listeners.get(message["started"])
        try:
            if on_event is not None:
                on_event(message)
        except Exception:  # noqa: BLE001 - see above
            _log.exception("a listener failed on %s", message)

    def _obituary(self) -> str:
        return f"the fork server (process {self._process.pid}) has ended; start the local AWS again"
