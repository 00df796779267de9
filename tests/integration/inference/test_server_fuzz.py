"""Wild requests: no 5xx, no crash, no growth."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.inference.conftest import running
from tests.integration.inference.wild_requests import wild_requests

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def exchange(server, request):
    """The statuses of all answers on one connection; the client sends everything, then closes its side."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        try:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            while chunk := client.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass  # the server refused, and the client was still sending
    return [int(status) for status in STATUS.findall(received)]


def send_all(server, requests):
    with ThreadPoolExecutor(4) as clients:
        return [status for statuses in clients.map(lambda one: exchange(server, one), requests) for status in statuses]


def memory(server):
    return sum(worker.memory_info().rss for worker in server.workers)


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_no_wild_request_gets_a_5xx_kills_a_worker_or_leaves_memory_behind(model_dir, tmp_path, count):
    with running(model_dir, tmp_path, "--port", "0", "--workers", "2", MODEL_ENGINE="auto") as server:
        workers = {worker.pid for worker in server.workers}
        # Both workers are up.
        assert {server.post()[0] for _ in range(20)} == {200}
        before = memory(server)

        statuses = send_all(server, wild_requests(count, seed=2))

        assert not {status for status in statuses if status >= 500}
        assert {200, 400, 404, 406, 415, 431} <= set(statuses)
        assert {worker.pid for worker in server.workers} == workers
        assert "Traceback" not in server.log.read_text()
        assert memory(server) <= 1.10 * before
        assert server.post()[0] == 200
