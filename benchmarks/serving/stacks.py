"""How each server is started: alone, on a free port of 127.0.0.1, one worker a CPU, one thread a worker."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.local_server import ROOT
from benchmarks.serving.peers import Peers

OWN, MANAGED, HANDLERS, FASTAPI = "own", "managed", "managed_handlers", "fastapi"
_APPS = Path(__file__).resolve().parent / "apps"
_START_SECONDS = 120


class StackError(Exception):
    """A server did not start, or answered wrongly."""


@dataclass(frozen=True)
class Stack:
    """One way to serve the model.

    Attributes:
        label: What the report calls it.
        as_codes: Whether it reads categories as codes.
        closes: Whether every request has a connection of its own, as nginx opens one to gunicorn for each.
        command: How it is started on a port; None for one that runs already.
    """

    name: str
    label: str
    as_codes: bool
    closes: bool
    command: Callable[[int], list[str]] | None
    url: str = ""


@dataclass(frozen=True)
class Running:
    """A server that answers; `session` holds its processes, 0 where they are not ours to see."""

    host: str
    port: int
    path: str
    session: int
    boot_seconds: float


def all_stacks(peers: Peers, model: Path, managed_url: str = "") -> list[Stack]:
    """The stacks of a run; the managed image's own where its URL is given, else its stand-in."""

    def own(port: int) -> list[str]:
        options = ["--port", str(port), "--workers", str(workers()), "--model-dir", str(model)]
        return [sys.executable, "-m", "inference.server", "serve", *options]

    def scaffold(app: str) -> Callable[[int], list[str]]:
        return lambda _port: [str(peers.python), str(_APPS / "managed_scaffold.py"), app]

    def fastapi(port: int) -> list[str]:
        options = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers()), "--no-access-log"]
        return [
            str(peers.python),
            "-m",
            "uvicorn",
            "--loop",
            "uvloop",
            "--http",
            "httptools",
            *options,
            "plain_fastapi:app",
        ]

    managed = (
        Stack(MANAGED, "managed image", True, False, None, managed_url)
        if managed_url
        else Stack(MANAGED, "managed image's stack (stand-in, without nginx)", True, True, scaffold("managed_default"))
    )
    return [
        Stack(OWN, "own server", False, False, own),
        managed,
        Stack(HANDLERS, "own handlers in the managed stand-in", False, True, scaffold("managed_handlers")),
        Stack(FASTAPI, "FastAPI, uvicorn[standard], pandas and DMatrix", False, False, fastapi),
    ]


def workers() -> int:
    """Worker processes of every server."""
    return os.cpu_count() or 1


@contextmanager
def running(stack: Stack, peers: Peers, model: Path, log: Path) -> Iterator[Running]:
    """Start a server, wait for its /ping, stop all of its processes in the end.

    Raises:
        StackError: It did not start.
    """
    if stack.command is None:
        parts = urlsplit(stack.url)
        process = int(os.environ.get("MANAGED_PID", "0"))
        session = os.getsid(process) if process else 0
        yield Running(parts.hostname or "127.0.0.1", parts.port or 80, "/invocations", session, 0.0)
        return
    port = _free_port()
    with log.open("ab") as output:
        server = subprocess.Popen(
            stack.command(port),
            cwd=ROOT,
            env=_environment(peers, model, port, log.parent),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield Running("127.0.0.1", port, "/invocations", server.pid, _wait(server, port, stack, log))
        finally:
            _stop(server)


def ask(server: Running, body: str, timeout_seconds: float = 60) -> bytes:
    """One request.

    Raises:
        StackError: The answer is no success.
    """
    connection = http.client.HTTPConnection(server.host, server.port, timeout=timeout_seconds)
    try:
        connection.request("POST", server.path, body, {"Content-Type": "text/csv", "Accept": "text/csv"})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise StackError(f"status {answer.status}: {content[:300]!r}")
    return content


def _environment(peers: Peers, model: Path, port: int, folder: Path) -> dict[str, str]:
    return os.environ | {
        "BENCHMARK_MODEL": str(model),
        "MODEL_VERSION": "1",
        "OMP_NUM_THREADS": "1",
        "PATH": f"{peers.python.parent}{os.pathsep}{os.environ['PATH']}",
        # The scaffold imports a RecordIO module of an older protobuf; no request uses it.
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",
        "PYTHONPATH": f"{_APPS}{os.pathsep}{ROOT}",
        "SAGEMAKER_BASE_DIR": str(folder / "opt-ml"),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_MODEL_SERVER_WORKERS": str(workers()),
        "SAGEMAKER_USE_NGINX": "false",
        "SAGEMAKER_REGION": "eu-central-1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(server: "subprocess.Popen[bytes]", port: int, stack: Stack, log: Path) -> float:
    began = time.monotonic()
    while time.monotonic() - began < _START_SECONDS and server.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/ping")
            if connection.getresponse().status in (http.HTTPStatus.OK, http.HTTPStatus.NOT_FOUND):
                return time.monotonic() - began
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    lines = log.read_text(errors="replace").strip().splitlines()
    raise StackError(f"{stack.label} did not start; {log} ends with: {lines[-1] if lines else 'nothing'}")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """The processes stay in the server's own session: its group ends as one."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
        except ProcessLookupError:
            break
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            continue
    server.wait()
