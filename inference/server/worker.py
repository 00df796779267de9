"""One worker process: an event loop that serves its listeners until it is told to stop."""

import asyncio
import json
import logging
import os
import signal
import socket
from collections.abc import Sequence

import uvloop

from inference.model import ServedModel
from inference.scoring import Response
from inference.server.batcher import Batcher
from inference.server.connection import Connection
from inference.server.memory import return_large_blocks
from inference.server.settings import Settings
from inference.warm_up import warm_up

_LOG = logging.getLogger(__name__)
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SWEEP_SECONDS = 1.0
_LAST_ACCEPT_SECONDS = 0.05


class Worker:
    """The state that the connections of a process share."""

    def __init__(self, model: ServedModel, settings: Settings, loop: asyncio.AbstractEventLoop, parent: int) -> None:
        self.loop = loop
        self.batcher = Batcher(model, loop)
        self.connections: set[Connection] = set()
        self.max_body_bytes = model.max_body_bytes
        self.is_draining = False
        self.fixed = {
            (b"GET", b"/ping"): _json({"status": "ready", "engine": model.engine.name, "model_version": model.version}),
            (b"GET", b"/execution-parameters"): _json(
                {
                    "MaxConcurrentTransforms": settings.workers,
                    "BatchStrategy": "MULTI_RECORD",
                    "MaxPayloadInMB": max(model.max_body_bytes // (1024 * 1024), 1),
                }
            ),
        }
        self._model = model
        self._settings = settings
        self._parent = parent
        self._stopped = asyncio.Event()
        self._ended = asyncio.Event()

    async def run(self, listeners: Sequence[socket.socket]) -> None:
        """Serve until SIGTERM, then answer what is in flight."""
        for number in STOP_SIGNALS:
            self.loop.add_signal_handler(number, self._stopped.set)
        # The supervisor blocked them: one that came before there was a handler is delivered now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        return_large_blocks()
        warm_up(self._model)
        servers = [await self._listen(listener) for listener in listeners]
        sweeper = asyncio.create_task(self._sweep())
        await self._stopped.wait()
        # Connections that the kernel has completed and nobody has accepted yet are in flight, too.
        await asyncio.sleep(_LAST_ACCEPT_SECONDS)
        for server in servers:
            server.close()
        await self._drain()
        sweeper.cancel()

    def forget(self, connection: Connection) -> None:
        """Take note that a connection has ended."""
        self.connections.discard(connection)
        self._ended.set()

    async def _listen(self, listener: socket.socket) -> asyncio.Server:
        if listener.family == socket.AF_UNIX:
            return await self.loop.create_unix_server(lambda: Connection(self), sock=listener)
        return await self.loop.create_server(lambda: Connection(self), sock=listener, backlog=1024)

    async def _drain(self) -> None:
        self.is_draining = True
        deadline = self.loop.time() + self._settings.drain_seconds
        # A request may be on its way over a connection that looks idle.
        await asyncio.sleep(_LAST_ACCEPT_SECONDS)
        for connection in tuple(self.connections):
            connection.end()
        try:
            async with asyncio.timeout_at(deadline):
                while self.connections:
                    self._ended.clear()
                    await self._ended.wait()
        except TimeoutError:
            _LOG.warning("%d requests were not answered within the drain limit", len(self.connections))
        for connection in tuple(self.connections):
            connection.abort()

    async def _sweep(self) -> None:
        """Close idle and stalled connections; stop if the supervisor is gone."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = self.loop.time()
            for connection in tuple(self.connections):
                age = now - connection.since
                if connection.is_idle and age > self._settings.idle_seconds:
                    connection.end()
                elif not connection.is_idle and age > self._settings.request_seconds:
                    connection.give_up()
            if os.getppid() != self._parent:
                self._stopped.set()


def run(model: ServedModel, settings: Settings, listeners: Sequence[socket.socket], parent: int) -> None:
    """Run a worker in this process, as long as it is a child of `parent`."""

    async def serve() -> None:
        await Worker(model, settings, asyncio.get_running_loop(), parent).run(listeners)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


def _json(document: dict[str, object]) -> Response:
    return Response(json.dumps(document).encode())
