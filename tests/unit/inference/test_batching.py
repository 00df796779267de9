"""One tick, one call of the engine."""

import asyncio
import os
import socket
from dataclasses import replace

import pytest

from inference.scoring import Request, answer
from inference.server.settings import Settings
from inference.server.worker import Worker

HEAD = b"POST /invocations HTTP/1.1\r\nContent-Type: text/csv\r\nAccept: text/csv\r\nContent-Length: 8\r\n\r\n"


class CountingEngine:
    """Count calls, and the rows of each."""

    name = "counting"

    def __init__(self, engine):
        self.engine, self.rows = engine, []

    def predict(self, matrix):
        self.rows.append(len(matrix))
        return self.engine.predict(matrix)


@pytest.fixture
def counted(model):
    return replace(model, engine=CountingEngine(model.engine))


def test_requests_answered_together_share_one_call(counted, model):
    requests = [Request(f"{delay},2,9,AA\n{delay},3,9,B6", "text/csv", "text/csv") for delay in range(10)]

    together = answer(counted, requests)

    assert counted.engine.rows == [20]
    assert together == [answer(model, [request])[0] for request in requests]


def test_all_that_is_readable_in_one_tick_shares_one_call(counted, tmp_path):
    uvloop = pytest.importorskip("uvloop")

    async def serve():
        loop = asyncio.get_running_loop()
        worker = Worker(counted, Settings(tmp_path), loop, os.getppid())
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        server = await worker._listen(listener)
        clients = [await asyncio.open_connection(*listener.getsockname()) for _ in range(8)]
        # No await in between: the loop finds all of them readable when it looks next.
        for number, (_, writer) in enumerate(clients):
            writer.write(HEAD + b"%d,2,9,AA" % number)
        answers = [await reader.readuntil(b",7\n") for reader, _ in clients]
        for _, writer in clients:
            writer.close()
        server.close()
        return answers

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answers = runner.run(serve())

    assert counted.engine.rows == [8]
    assert all(each.startswith(b"HTTP/1.1 200") for each in answers)


def test_an_engine_that_fails_answers_500_and_no_traceback(counted, caplog):
    counted.engine.engine = None

    (response,) = answer(counted, [Request("1,2,9,AA", "text/csv", "")])

    assert response.status == 500
    assert b"Traceback" not in response.body
    assert "scoring failed" in caplog.text
