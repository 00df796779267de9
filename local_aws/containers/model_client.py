"""Speak to the model server in a container from the host, through the Unix socket in the container's folder."""

import http.client
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from local_aws.containers.program_names import SOCKET_NAME
from local_aws.containers.runtime import RunningGroup
from local_aws.errors import LocalAwsError

_POLL_SECONDS = 0.02
_LOG_LINES = 8


class ModelServerError(LocalAwsError):
    """The model server of a container does not answer."""


@dataclass(frozen=True)
class ModelAnswer:
    """What a model server answered."""

    status: int
    body: bytes
    content_type: str


class ModelClient:
    """Requests to the model server of one container. Thread-safe: each request has a connection of its own."""

    def __init__(self, root: Path, *, timeout_seconds: float = 60) -> None:
        """Name the container.

        Args:
            root: The `root` of its ContainerSpec.
            timeout_seconds: How long to wait for an answer; SageMaker waits 60 seconds.
        """
        self._socket = root / "opt/ml" / SOCKET_NAME
        self._timeout = timeout_seconds

    def ping(self) -> bool:
        """Whether the model is loaded and the server answers."""
        try:
            return self._request("GET", "/ping").status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def invoke(self, body: bytes, content_type: str, accept: str = "", **headers: str) -> ModelAnswer:
        """Send a body to /invocations.

        Raises:
            ModelServerError: No answer came.
        """
        sent = {"Content-Type": content_type, **({"Accept": accept} if accept else {}), **headers}
        try:
            return self._request("POST", "/invocations", body, sent)
        except (OSError, http.client.HTTPException) as error:
            raise ModelServerError(f"the model server did not answer: {type(error).__name__}: {error}") from error

    def wait_until_ready(self, group: RunningGroup, log_path: Path, timeout_seconds: float = 60) -> None:
        """Block until the server answers /ping.

        Raises:
            ModelServerError: Its container ended, or the time is over; carries the log's last lines.
        """
        deadline = time.monotonic() + timeout_seconds
        while not self.ping():
            has_ended = group.wait(_POLL_SECONDS) is not None
            if has_ended or time.monotonic() > deadline:
                tail = "\n".join(log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:])
                what = "ended" if has_ended else f"did not pass the ping health check within {timeout_seconds:g} s"
                raise ModelServerError(f"The model's container {what}:\n{tail}")

    def _request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> ModelAnswer:
        connection = _UnixConnection(self._socket, self._timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return ModelAnswer(response.status, response.read(), response.headers.get("Content-Type", ""))
        finally:
            connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        # A socket's path may have only some hundred characters; a short link to its folder always fits.
        with tempfile.TemporaryDirectory(prefix="s") as short:
            link = Path(short, "f")
            link.symlink_to(self._path.parent.absolute(), target_is_directory=True)
            self.sock.connect(str(link / self._path.name))
