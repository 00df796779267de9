"""Speak HTTP to the model server of a container, over kept-alive connections to its Unix socket."""

import socket
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from local_aws.errors import LocalAwsError

_NO_BODY = {204, 304}
_MAX_IDLE = 64


class NotDeliveredError(LocalAwsError):
    """The request never reached the server: another one may answer it."""


class NoAnswerError(LocalAwsError):
    """The server took the request and ended, or broke off, without an answer."""


class AnswerTimeoutError(NoAnswerError):
    """The server did not answer in time."""


@dataclass(frozen=True)
class Answer:
    """What a model server answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The type of the body; empty where the server names none."""
        return self.headers.get("content-type", "")


class ConnectionPool:
    """Connections to one socket, each used by one request at a time. Thread-safe.

    Args:
        path: The socket.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, timeout: float
    ) -> Answer:
        """Send a request and return its answer.

        Raises:
            NotDeliveredError: No server took it.
            NoAnswerError: The server took it and gave no answer.
        """
        data = _encoded(method, path, headers, body)
        connection = self._take()
        if connection is not None:
            try:
                return self._exchange(connection, data, timeout)
            except AnswerTimeoutError:
                raise
            except (NotDeliveredError, NoAnswerError) as err:
                # The server may have closed an idle connection just now; a dead one refuses the next.
                self.close()
                return self._on_fresh_connection(data, timeout, err)
        return self._exchange(self._connect(), data, timeout)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _on_fresh_connection(self, data: bytes, timeout: float, first: LocalAwsError) -> Answer:
        try:
            connection = self._connect()
        except NotDeliveredError:
            raise first from None
        return self._exchange(connection, data, timeout)

    def _exchange(self, connection: "_Connection", data: bytes, timeout: float) -> Answer:
        try:
            answer, is_reusable = connection.exchange(data, timeout)
        except BaseException:
            connection.close()
            raise
        if is_reusable:
            with self._lock:
                if len(self._idle) < _MAX_IDLE:
                    self._idle.append(connection)
                    return answer
        connection.close()
        return answer

    def _take(self) -> "_Connection | None":
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _connect(self) -> "_Connection":
        try:
            return _Connection(self._path)
        except OSError as err:
            raise NotDeliveredError(f"no server listens in the container: {err.strerror or err}") from err


class _Connection:
    """One connection: requests follow each other on it."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # A socket's path may have only some hundred characters; a short link to its folder always fits.
            with tempfile.TemporaryDirectory(prefix="s") as short:
                link = Path(short, "f")
                link.symlink_to(path.parent.absolute(), target_is_directory=True)
                self._socket.connect(str(link / path.name))
        except BaseException:
            self._socket.close()
            raise
        self._reader = self._socket.makefile("rb")

    def exchange(self, data: bytes, timeout: float) -> tuple[Answer, bool]:
        """Send a request; return the answer and whether the connection can take another."""
        self._socket.settimeout(timeout)
        try:
            self._socket.sendall(data)
        except OSError as err:
            raise NotDeliveredError(f"the container closed the connection: {err}") from err
        try:
            return _read_answer(self._reader)
        except TimeoutError as err:
            raise AnswerTimeoutError(f"no answer within {timeout:g} s") from err
        except ConnectionResetError as err:
            # On a Unix socket this says that the server ended before it read the whole request.
            raise NotDeliveredError(f"the container ended before it read the request: {err}") from err
        except (OSError, ValueError) as err:
            raise NoAnswerError(f"the container broke off: {err}") from err

    def close(self) -> None:
        self._reader.close()
        self._socket.close()


def _encoded(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1", "replace") + body


def _read_answer(reader: BufferedReader) -> tuple[Answer, bool]:
    while True:
        version, _, rest = _line(reader).partition(b" ")
        status, headers = int(rest[:3]), _read_headers(reader)
        if status >= 200:  # noqa: PLR2004 - what is below tells to go on
            break
    closes = headers.get("connection", "").lower() == "close" or version == b"HTTP/1.0"
    body, has_end = _read_body(reader, status, headers)
    return Answer(status, headers, body), has_end and not closes


def _line(reader: BufferedReader) -> bytes:
    line = reader.readline(1 << 16)
    if not line:
        raise ValueError("the connection ended before the answer did")
    return line


def _read_headers(reader: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := _line(reader).strip():
        name, _, value = line.partition(b":")
        headers[name.decode("latin-1").lower()] = value.strip().decode("latin-1")
    return headers


def _read_body(reader: BufferedReader, status: int, headers: Mapping[str, str]) -> tuple[bytes, bool]:
    """Return the body, and whether it ended before the connection did."""
    if status in _NO_BODY:
        return b"", True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _read_chunks(reader), True
    if (length := headers.get("content-length")) is None:
        return reader.read(), False
    return _exactly(reader, int(length)), True


def _read_chunks(reader: BufferedReader) -> bytes:
    parts = []
    while size := int(_line(reader).split(b";")[0], 16):
        parts.append(_exactly(reader, size))
        _line(reader)
    while _line(reader).strip():
        pass
    return b"".join(parts)


def _exactly(reader: BufferedReader, size: int) -> bytes:
    data = reader.read(size)
    if len(data) < size:
        raise ValueError("the connection ended before the answer did")
    return data
