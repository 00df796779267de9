"""The project's own model server, as a container would run it: real processes on 127.0.0.1."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from tests.prepared_data import write_prepared
from tests.trained_model import train

ROOT = Path(__file__).resolve().parents[3]
GOOD = b"12.5,3,9,AA"


class Server:
    """A running server and its processes."""

    def __init__(self, process, log):
        self.process = process
        self.log = log
        self.port = self._await_port()

    def _await_port(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", self.log.read_text()):
                return int(found[1])
            if "unix:" in self.log.read_text():
                return 0
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    @property
    def workers(self):
        """The worker processes; they are forked right after the log names their number."""
        wanted = int(re.search(r"(\d+) workers listen", self.log.read_text())[1])
        while len(found := psutil.Process(self.process.pid).children()) < wanted:
            time.sleep(0.01)
        return found

    def connect(self):
        return HTTPConnection("127.0.0.1", self.port, timeout=10)

    def post(self, body=GOOD, content_type="text/csv", accept="text/csv", connection=None, **headers):
        """Status and body of one invocation."""
        client = connection or self.connect()
        client.request("POST", "/invocations", body, {"Content-Type": content_type, "Accept": accept} | headers)
        response = client.getresponse()
        answer = response.status, response.read()
        if connection is None:
            client.close()
        return answer

    def stop(self):
        """Stop as a platform does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


@contextmanager
def running(model_dir, folder, *options, **environment):
    """Run `python -m inference.server`."""
    log = folder / f"server-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "inference.server", "serve", "--model-dir", str(model_dir), *options]
    # Most tests ask nothing of the engine: XGBoost needs no compiling.
    facts = {"MODEL_VERSION": "7", "DECISION_THRESHOLD": "0.3", "MODEL_ENGINE": "xgboost"}
    variables = os.environ | facts | environment
    with log.open("w") as target:
        process = subprocess.Popen(command, cwd=ROOT, stderr=target, env=variables)
    try:
        yield Server(process, log)
    finally:
        for each in psutil.Process(process.pid).children() if process.poll() is None else []:
            each.kill()
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory):
    """The folder that a model.tar.gz unpacks to."""
    root = tmp_path_factory.mktemp("served")
    return train(write_prepared(root / "prepared"), root)


@pytest.fixture(scope="module")
def server(model_dir, tmp_path_factory):
    """A server with two workers."""
    with running(model_dir, tmp_path_factory.mktemp("server"), "--port", "0", "--workers", "2") as started:
        yield started
