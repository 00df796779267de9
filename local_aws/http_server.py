"""Serve a WSGI application on 127.0.0.1 with a thread and a kept-alive connection per client."""

import functools
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BufferedIOBase, RawIOBase
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import unquote, urlsplit

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]

_LOG = logging.getLogger(__name__)
_NO_BODY = {204, 304}
_REQUEST_WORDS, _LONGEST_LINE, _MOST_HEADERS = 3, 65_537, 200
_BLANK = (b"\r\n", b"\n", b"")


class HttpServer(ThreadingMixIn, HTTPServer):
    """An HTTP/1.1 server for one WSGI application."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, application: WsgiApplication) -> None:
        self.application = application
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), RequestHandler)

    def server_bind(self) -> None:
        """Bind without the reverse name lookup of the base class, which can take seconds."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, to end it on close."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close the listening socket and every open connection."""
        super().server_close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's signature
        """Log an unexpected error of a connection; clients that go away are no error."""
        _LOG.debug("connection of %s ended with an error", client_address, exc_info=True)


class RequestHandler(BaseHTTPRequestHandler):
    """Translate between HTTP and WSGI."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 1 << 18
    server: HttpServer

    def handle_one_request(self) -> None:
        """Read one request and answer it; the connection stays open for the next."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = _ChunkedBody(self.rfile) if self._is_chunked() else _SizedBody(self.rfile, self._content_length())
        self._answer(self._environ(body), body)

    def parse_request(self) -> bool:
        """Read the request line and headers; the base class uses an e-mail parser, as dear as all the rest."""
        words = self.raw_requestline.decode("latin-1").split()
        if len(words) != _REQUEST_WORDS or not words[2].startswith("HTTP/1."):
            return super().parse_request()
        self.requestline = " ".join(words)
        self.command, self.path, self.request_version = words
        self.headers = headers = _Headers()  # type: ignore[assignment]
        while (line := self.rfile.readline(_LONGEST_LINE)) not in _BLANK:
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or len(headers) > _MOST_HEADERS:
                self.send_error(400, "a header has no colon, or there are too many")
                return False
            headers.add(name, value.strip())
        connection = headers.get("connection", "").lower()
        self.close_connection = connection == "close" or (words[2] == "HTTP/1.0" and connection != "keep-alive")
        if headers.get("expect", "").lower() == "100-continue":
            return self.handle_expect_100()
        return True

    def log_message(self, *_: Any) -> None:
        """Stay silent: the gateway logs what matters."""

    def _is_chunked(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def _content_length(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _answer(self, environ: Environ, body: "_Body") -> None:
        status, headers = "500 Internal Server Error", list[tuple[str, str]]()

        def start_response(new_status: str, new_headers: list[tuple[str, str]], *_: Any) -> None:
            nonlocal status, headers
            status, headers = new_status, new_headers

        chunks = self.server.application(environ, start_response)
        body.drain()
        try:
            self._send(status, headers, chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def _send(self, status: str, headers: list[tuple[str, str]], chunks: Iterable[bytes]) -> None:
        code, _, reason = status.partition(" ")
        if not any(name.lower() == "content-length" for name, _ in headers) and int(code) not in _NO_BODY:
            chunks = [b"".join(chunks)]
            headers = [*headers, ("Content-Length", str(len(chunks[0])))]
        self.send_response_only(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            for chunk in chunks:
                self.wfile.write(chunk)

    def _environ(self, body: "_Body") -> Environ:
        url = urlsplit(self.path if not self.path.startswith("//") else "/" + self.path.lstrip("/"))
        environ: Environ = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            "wsgi.input_terminated": True,
            "wsgi.errors": _Discard(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(url.path).encode().decode("latin-1"),
            "QUERY_STRING": url.query,
            "REQUEST_URI": self.path,
            "RAW_URI": self.path,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": self.client_address[1],
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
        }
        for name, value in self.headers.items():
            key = _environ_key(name)
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ


@functools.lru_cache(maxsize=1024)
def _environ_key(header: str) -> str:
    key = header.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


class _Headers(dict[str, str]):
    """Headers by their names in lower case; repeated ones are joined, as WSGI wants them."""

    def add(self, name: str, value: str) -> None:
        key = name.strip().lower()
        self[key] = f"{self[key]},{value}" if key in self else value

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


class _Body(RawIOBase):
    """A request's body, which ends where the request ends."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def drain(self) -> None:
        """Read what the application left, so that the next request starts at its beginning."""
        while self.read(1 << 20):
            pass


class _SizedBody(_Body):
    def __init__(self, source: BufferedIOBase, size: int) -> None:
        self._source, self._left = source, size

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        data = self._source.read(wanted) if wanted else b""
        self._left = self._left - len(data) if data else 0
        return data


class _ChunkedBody(_Body):
    def __init__(self, source: BufferedIOBase) -> None:
        self._source, self._left, self._ended = source, 0, False

    def read(self, size: int = -1) -> bytes:
        parts, missing = [], size if size is not None and size >= 0 else -1
        while missing and self._ensure_chunk():
            data = self._source.read(self._left if missing < 0 else min(missing, self._left))
            self._left -= len(data)
            missing -= len(data) if missing > 0 else 0
            parts.append(data)
            if not data:
                self._ended = True
            elif not self._left:
                self._source.readline()
        return b"".join(parts)

    def _ensure_chunk(self) -> bool:
        if not self._left and not self._ended:
            self._left = int(self._source.readline().split(b";")[0].strip() or b"0", 16)
            if not self._left:
                self._ended = True
                while self._source.readline().strip():
                    pass
        return not self._ended


class _Discard:
    def write(self, _: str) -> None:
        """Drop what an application prints."""

    def flush(self) -> None:
        """Nothing is held."""
