"""Workers that die, a server that is told to stop, and the other doors it listens on."""

import os
import signal
import socket
import threading
import time

import numpy as np
import psutil
import pytest
import xgboost as xgb

from tests.integration.inference.conftest import GOOD, running
from tests.prepared_data import SPEC, flights

HEAD = (
    b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nAccept: text/csv\r\nContent-Length: 11\r\n\r\n"
)


def until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Caller(threading.Thread):
    """A client that asks again and again, and counts what it gets."""

    def __init__(self, server, stop):
        super().__init__(daemon=True)
        self.server, self.stop = server, stop
        self.answered, self.lost = 0, 0

    def run(self):
        client = self.server.connect()
        while not self.stop.is_set():
            try:
                status, _ = self.server.post(connection=client)
                self.answered += status == 200
            except (OSError, ConnectionError):
                self.lost += 1
                client.close()
        client.close()


def test_a_killed_worker_loses_only_what_it_was_answering_and_is_replaced(model_dir, tmp_path):
    with running(model_dir, tmp_path, "--port", "0", "--workers", "2") as server:
        victim = server.workers[0]
        stop = threading.Event()
        callers = [Caller(server, stop) for _ in range(8)]
        for caller in callers:
            caller.start()
        until(lambda: all(caller.answered > 5 for caller in callers))
        victims = sum(each.status == "ESTABLISHED" for each in victim.net_connections())

        victim.kill()
        until(lambda: len(server.workers) == 2 and victim.pid not in {each.pid for each in server.workers})
        before = [caller.answered for caller in callers]
        until(lambda: all(caller.answered > count + 5 for caller, count in zip(callers, before, strict=True)))
        stop.set()
        for caller in callers:
            caller.join(10)

        assert sum(caller.lost for caller in callers) <= victims
        assert server.stop() == 0


def test_connections_that_a_killed_worker_had_not_accepted_wait_for_the_next_one(model_dir, tmp_path):
    with running(model_dir, tmp_path, "--port", "0", "--workers", "1") as server:
        (worker,) = server.workers
        os.kill(worker.pid, signal.SIGSTOP)
        clients = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(5)]
        for client in clients:
            client.sendall(HEAD + GOOD)

        worker.kill()

        for client in clients:
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
            client.close()


def test_sigterm_lets_requests_in_flight_finish_and_refuses_new_clients(model_dir, tmp_path):
    with running(model_dir, tmp_path, "--port", "0", "--workers", "1") as server:
        idle, busy = (socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(2))
        busy.sendall(HEAD + GOOD[:4])
        server.post()

        server.process.send_signal(signal.SIGTERM)

        assert idle.recv(10) == b""
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", server.port), timeout=5).recv(1)
        busy.sendall(GOOD[4:])
        answer = busy.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"Connection: close" in answer
        assert server.process.wait(10) == 0
        idle.close()
        busy.close()


def test_a_request_that_never_ends_does_not_hold_up_the_end(model_dir, tmp_path):
    with running(model_dir, tmp_path, "--port", "0", "--workers", "1", SERVER_DRAIN_SECONDS="1") as server:
        client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        client.sendall(HEAD)
        server.post()

        assert server.stop() == 0
        client.close()


def test_workers_do_not_outlive_a_killed_supervisor(model_dir, tmp_path):
    with running(model_dir, tmp_path, "--port", "0", "--workers", "2") as server:
        workers = server.workers

        server.process.kill()

        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive


def test_a_unix_socket_is_the_only_door_where_no_port_is_named(model_dir, tmp_path):
    path = tmp_path / ("long-" * 15) / "serve.sock"
    path.parent.mkdir()
    with running(model_dir, tmp_path, LOCAL_AWS_SERVE_SOCKET=str(path), SAGEMAKER_MODEL_SERVER_WORKERS="2") as server:
        client = socket.socket(socket.AF_UNIX)
        folder = os.open(path.parent, os.O_RDONLY)
        client.connect(f"/proc/self/fd/{folder}/{path.name}")
        client.sendall(HEAD + GOOD)

        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        assert "http://" not in server.log.read_text()
        client.close()
        os.close(folder)
        assert server.stop() == 0
        assert not path.exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--port", "http"], "--port is 'http'; allowed is a whole number from 0 to 65535"),
        (["--workers", "0"], "--workers is '0'"),
        (["--port", "1", "--host", "203.0.113.1"], "cannot listen on 203.0.113.1:1"),
    ],
)
def test_unusable_settings_keep_the_server_from_starting(model_dir, tmp_path, options, reason):
    with pytest.raises(AssertionError, match=reason), running(model_dir, tmp_path, *options):
        pass


@pytest.mark.parametrize("engine", ["auto", "xgboost"])
def test_twenty_thousand_rows_get_the_models_own_probabilities(model_dir, tmp_path, engine):
    frame = flights(20_000, seed=9)
    frame.loc[::13, "carrier"] = "ZZ"
    frame.loc[::17, "delay_mean"] = np.nan
    booster = xgb.Booster(model_file=model_dir / "model.ubj")
    expected = booster.predict(xgb.DMatrix(SPEC.encode(frame), enable_categorical=True))

    with running(model_dir, tmp_path, "--port", "0", "--workers", "1", MODEL_ENGINE=engine) as server:
        for part in (frame.iloc[:1], frame.iloc[1:100], frame):
            status, body = server.post(part[list(SPEC.names)].to_csv(index=False).encode())

            assert status == 200
            answers = np.array([float(line.split(b",")[0]) for line in body.splitlines()])
            assert np.abs(answers - expected[part.index]).max() < 1e-6
