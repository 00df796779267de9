"""Run the fork server: take requests from the local AWS, fork containers, report how they end."""

import contextlib
import os
import select
import selectors
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.containers.fork_server import command, init, namespaces
from local_aws.containers.fork_server.messages import LineBuffer, Network, ProcessRequest, encode
from local_aws.containers.fork_server.warmup import WarmLibraries

_REAP_SECONDS = 1.0
_HEAD_START_SECONDS = 1.5


class ForkServer:
    """A single-threaded event loop over the local AWS's channel and one channel per container."""

    def __init__(
        self, channel: socket.socket, libraries: WarmLibraries, programs: Mapping[str, command.Program]
    ) -> None:
        self._channel = channel
        self._libraries = libraries
        self._programs = programs
        self._selector = selectors.DefaultSelector()
        self._selector.register(channel, selectors.EVENT_READ, None)
        self._containers: dict[str, _Container] = {}
        self._requests = LineBuffer()

    def serve(self) -> None:
        """Serve until the local AWS closes its channel or dies; containers die with this process."""
        while True:
            for key, _ in self._selector.select(_REAP_SECONDS):
                if key.data is not None:
                    self._hear_container(key.data)
                elif not self._hear_local_aws():
                    return
            _reap()

    def _hear_local_aws(self) -> bool:
        data = _receive(self._channel)
        for message in self._requests.feed(data):
            if "start" in message:
                self._start(message)
            elif (container := self._containers.get(message["signal"])) is not None:
                container.order(init.KILL if message["kill"] else init.TERMINATE)
        return bool(data)

    def _start(self, message: dict[str, Any]) -> None:
        requests = [ProcessRequest.from_json(fields) for fields in message["start"]]
        network = Network(**message["network"])
        try:
            shared = namespaces.open_group_namespaces(network)
        except (OSError, namespaces.SandboxUnavailableError) as error:
            for request in requests:
                self._tell(exited=request.id, code=init.SETUP_FAILED, reason=str(error))
            return
        for request in requests:
            self._fork(request, network, shared)
        for file in shared:
            os.close(file)

    def _fork(self, request: ProcessRequest, network: Network, shared: list[int]) -> None:
        started = init.start(request, network, shared, lambda: command.run(request, self._libraries, self._programs))
        if started.pid is not None:
            self._tell(started=request.id, pid=started.pid)
        container = _Container(request.id, started.channel)
        self._containers[request.id] = container
        self._selector.register(started.channel, selectors.EVENT_READ, container)

    def _hear_container(self, container: "_Container") -> None:
        data = _receive(container.channel)
        for report in container.reports.feed(data):
            if "pid" in report:
                self._tell(started=container.id, pid=report["pid"])
            if "exit" in report:  # all its processes are gone but the one that reports, whose own end takes a while
                self._tell_end(container, report["exit"])
        if not data:
            self._selector.unregister(container.channel)
            container.channel.close()
            self._tell_end(container, init.KILLED)

    def _tell_end(self, container: "_Container", code: int) -> None:
        if self._containers.pop(container.id, None) is not None:
            self._tell(exited=container.id, code=code, reason="")

    def _tell(self, **message: Any) -> None:
        self._channel.sendall(encode(message))


class _Container:
    def __init__(self, name: str, channel: socket.socket) -> None:
        self.id = name
        self.channel = channel
        self.reports = LineBuffer()

    def order(self, order: bytes) -> None:
        with contextlib.suppress(OSError):  # it has just ended
            self.channel.sendall(order)


def _receive(channel: socket.socket) -> bytes:
    try:
        return channel.recv(1 << 20)
    except OSError:
        return b""


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def main(channel_file: int, modules: Sequence[str]) -> None:
    """Probe the machine, import the libraries, serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the local AWS to handle
    os.set_inheritable(channel_file, False)
    channel = socket.socket(fileno=channel_file)
    namespaces.adopt_orphans()
    user_namespace, reason = namespaces.probe()
    channel.sendall(encode({"probed": reason, "user_namespace": user_namespace}))
    if modules:
        # The local AWS imports at the same time, and its first answer is what somebody waits for: a head start,
        # unless a container is asked for already.
        select.select([channel], [], [], _HEAD_START_SECONDS)
    started = time.monotonic()
    libraries = WarmLibraries(modules)
    programs = _programs() if modules else {}
    channel.sendall(encode({"warm": round(time.monotonic() - started, 3)}))
    ForkServer(channel, libraries, programs).serve()


def _programs() -> Mapping[str, command.Program]:
    """Return the images' own commands; none where the libraries they are made of are not installed."""
    try:
        from local_aws.containers.toolkit.programs import PROGRAMS  # noqa: PLC0415 - it imports the libraries
    except ImportError:
        return {}
    return PROGRAMS
