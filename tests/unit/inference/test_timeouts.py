"""Clients that take their time: idle ones, slow ones, and ones that do not read."""

import asyncio
import os
import socket

import pytest

from inference.server import worker as worker_module
from inference.server.settings import Settings

uvloop = pytest.importorskip("uvloop")
PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def talk(model, tmp_path, monkeypatch):
    """Run a client's coroutine against a worker in this process, with short limits."""
    monkeypatch.setattr(worker_module, "_SWEEP_SECONDS", 0.02)

    def run(client, **limits):
        async def main():
            loop = asyncio.get_running_loop()
            worker = worker_module.Worker(model, Settings(tmp_path, **limits), loop, os.getppid())
            listener = socket.create_server(("127.0.0.1", 0))
            listener.setblocking(False)
            server = await worker._listen(listener)
            sweeper = asyncio.create_task(worker._sweep())
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            try:
                return await asyncio.wait_for(client(reader, writer, worker), 20)
            finally:
                writer.transport.abort()
                for connection in worker.connections:
                    connection.abort()
                sweeper.cancel()
                server.close()

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())

    return run


def test_an_idle_connection_is_closed_without_a_word(talk):
    async def client(reader, writer, worker):
        writer.write(PING)
        await reader.readuntil(b"}")
        return await reader.read()

    assert talk(client, idle_seconds=0.1) == b""


@pytest.mark.parametrize("begun", [b"POST /invo", b"POST /invocations HTTP/1.1\r\nContent-Length: 9\r\n\r\n1,2"])
def test_a_request_that_does_not_arrive_in_time_is_told_so(talk, begun):
    async def client(reader, writer, worker):
        writer.write(begun)
        return await reader.read()

    assert talk(client, request_seconds=0.1).startswith(b"HTTP/1.1 408 Request Timeout")


def test_a_client_that_does_not_read_is_not_read_from(talk):
    async def client(reader, writer, worker):
        # Far more answers than the buffers on the way can hold.
        sent = 0
        while sent < 200:
            writer.write(PING * 1_000)
            try:
                await asyncio.wait_for(writer.drain(), 0.3)
            except TimeoutError:
                break
            sent += 1
        (connection,) = worker.connections
        return sent, connection._transport.get_write_buffer_size()

    sent, buffered = talk(client)

    assert sent < 200
    assert buffered < 2_000_000
