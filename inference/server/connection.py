"""One client's connection: HTTP/1.1 with keep-alive, pipelining, chunked bodies, Expect, and limits."""

import asyncio
import logging
import socket
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

import httptools

from inference.scoring import Request, Response, refuse
from inference.server.batcher import Batcher
from inference.server.responses import CONTINUE, to_bytes

_LOG = logging.getLogger(__name__)
_MAX_HEAD_BYTES = 64 * 1024
_MAX_HEADERS = 100
# Lengths of the names of headers that matter.
_LENGTHS = frozenset(map(len, ("accept", "expect", "content-type", "content-length")))
# A refused client may still be sending; it hears the answer only if its bytes are read, for a while.
_LINGER_SECONDS = 2.0


class Context(Protocol):
    """What a connection needs of its worker."""

    batcher: Batcher
    connections: "set[Connection]"
    loop: asyncio.AbstractEventLoop
    fixed: dict[tuple[bytes, bytes], Response]
    max_body_bytes: int
    is_draining: bool

    def forget(self, connection: "Connection") -> None:
        """Take note that a connection has ended."""


class Connection(asyncio.Protocol):
    """Parse requests and hand them to the batcher; answers go out in the order of the requests."""

    __slots__ = (
        "_accept", "_announced", "_body", "_content_type", "_expect", "_head_bytes", "_headers", "_in_head",
        "_in_request", "_is_ending", "_is_last", "_length", "_open", "_parser", "_size", "_transport", "_url",
        "_worker", "since",
    )  # fmt: skip

    def __init__(self, worker: Context) -> None:
        self._worker = worker
        self._parser = httptools.HttpRequestParser(self)
        # Nothing more is parsed.
        self._is_ending = False
        # The connection closes with the answer to the last request that came.
        self._is_last = False
        # Requests that wait for their answers.
        self._open = 0
        self._in_request = self._in_head = False
        self.since = worker.loop.time()
        self._reset()

    def _reset(self) -> None:
        self._url = self._content_type = self._accept = self._expect = b""
        self._body: list[bytes] = []
        self._size = self._announced = self._length = self._headers = self._head_bytes = 0

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return not self._open and not self._in_request

    # asyncio's side

    def connection_made(self, transport: Any) -> None:
        """Send small answers at once: Nagle's algorithm would hold them back for 40 ms."""
        self._transport = transport
        self._worker.connections.add(self)
        peer = transport.get_extra_info("socket")
        if peer is not None and peer.family in (socket.AF_INET, socket.AF_INET6):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        self._is_ending = True
        self._worker.forget(self)

    def eof_received(self) -> bool:
        """Answer what came before the client's last byte; True keeps the way back open."""
        self._is_ending = self._is_last = True
        return self._open > 0

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if self._is_ending:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request was answered as if it had not asked; what follows is in another protocol.
            self._is_ending = self._is_last = True
            self.end()
        except httptools.HttpParserError as error:
            if not self._is_ending:
                self._fault(error)
        else:
            self._limit_head(len(data))

    def pause_writing(self) -> None:
        """Read no more from a client that does not read its answers."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    # the parser's side

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._reset()
        self._in_request = self._in_head = True
        self.since = self._worker.loop.time()

    def on_url(self, url: bytes) -> None:
        """Keep the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the headers that matter."""
        self._headers += 1
        self._length += len(name) + len(value)
        if len(name) not in _LENGTHS:
            return
        match name.lower():
            case b"content-type":
                self._content_type = value
            case b"accept":
                self._accept = value if not self._accept else self._accept + b"," + value
            case b"expect":
                self._expect = value
            case b"content-length":
                self._announced = int(value)

    def on_headers_complete(self) -> None:
        """Refuse what is too large before it is sent."""
        self._in_head = False
        if self._is_ending:
            return
        if self._headers > _MAX_HEADERS or self._length + len(self._url) > _MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _head_limit())
        elif self._announced > self._worker.max_body_bytes:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._body_limit())
        elif self._expect and self._expect.lower() != b"100-continue":
            self._refuse(HTTPStatus.EXPECTATION_FAILED, "the Expect header can only be 100-continue")
        elif self._expect:
            # Answers to earlier requests come first.
            self._worker.batcher.flush()
            self._transport.write(CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Keep the body up to the limit."""
        self._size += len(body)
        if self._size <= self._worker.max_body_bytes:
            self._body.append(body)
        elif not self._is_ending:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._body_limit())

    def on_message_complete(self) -> None:
        """Hand the request over."""
        self._in_request = False
        if self._is_ending:
            return
        self._open += 1
        method = self._parser.get_method()
        closes = not self._parser.should_keep_alive()
        is_old = self._parser.get_http_version() == "1.0"
        self._is_ending = closes
        path = self._url.partition(b"?")[0]
        if method == b"POST" and path == b"/invocations":
            send = partial(self._send, closes, False, is_old)
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            content_type, accept = self._content_type.decode("latin-1"), self._accept.decode("latin-1")
            self._body = []
            self._worker.batcher.score(Request(body, content_type, accept), send)
        else:
            send = partial(self._send, closes, method == b"HEAD", is_old)
            self._worker.batcher.reply(self._fixed(method, path), send)

    # ours

    def end(self) -> None:
        """Close if no request is under way."""
        if self.is_idle:
            self._is_ending = True
            if self._transport.get_write_buffer_size():
                # A client that reads no answers would keep the connection for ever.
                self._transport.abort()
            self._transport.close()

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._is_ending = True
        self._transport.abort()

    def give_up(self) -> None:
        """Close a connection whose request does not arrive in time."""
        if not self._transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the request did not arrive in time")

    def _fixed(self, method: bytes, path: bytes) -> Response:
        ready = self._worker.fixed.get((method, path))
        if ready is not None:
            return ready
        if path == b"/invocations" or (b"GET", path) in self._worker.fixed:
            wanted = "POST" if path == b"/invocations" else "GET"
            return refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"{path.decode()} takes {wanted}")
        return refuse(HTTPStatus.NOT_FOUND, "no such path; there are /ping, /invocations and /execution-parameters")

    def _send(self, closes: bool, is_head: bool, is_old: bool, response: Response) -> None:
        self._open -= 1
        self.since = self._worker.loop.time()
        if self._transport.is_closing():
            return
        closes = closes or ((self._is_last or self._worker.is_draining) and self.is_idle)
        self._transport.write(to_bytes(response, closes=closes, is_head=is_head, is_old=is_old))
        if closes:
            self._is_ending = True
            self._transport.close()

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer, then read and drop what still comes, then close."""
        self._is_ending = True
        self._body.clear()
        self._worker.batcher.reply(refuse(status, message), self._send_last)

    def _send_last(self, response: Response) -> None:
        self._in_request = False
        if self._transport.is_closing():
            return
        self._transport.write(to_bytes(response, closes=True))
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._worker.loop.call_later(_LINGER_SECONDS, self._transport.abort)

    def _fault(self, error: Exception) -> None:
        if isinstance(error, httptools.HttpParserCallbackError):
            _LOG.error("a request could not be handled", exc_info=error)
        self._refuse(HTTPStatus.BAD_REQUEST, f"this is not HTTP: {error}")

    def _body_limit(self) -> str:
        return f"the body is larger than {self._worker.max_body_bytes:,} bytes; send fewer rows"

    def _limit_head(self, received: int) -> None:
        if not self._in_head:
            self._head_bytes = 0
            return
        self._head_bytes += received
        if self._head_bytes > _MAX_HEAD_BYTES and not self._is_ending:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _head_limit())


def _head_limit() -> str:
    return f"the headers are over the limit of {_MAX_HEAD_BYTES:,} bytes and {_MAX_HEADERS} fields"
