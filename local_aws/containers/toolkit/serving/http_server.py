"""Serve a predictor over HTTP, on a Unix socket that the host reaches through the container's folder, or on TCP."""

import json
import os
import socket
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local_aws.containers.toolkit.serving.predictor import Answer, InvocationError, Predictor

_LARGEST_PAYLOAD_MB = 6


class ModelServer(ThreadingHTTPServer):
    """A threaded HTTP server on TCP."""

    daemon_threads = True

    def __init__(self, address: Any, predictor: Predictor) -> None:
        super().__init__(address, _Handler)
        self.predictor = predictor


class UnixModelServer(ModelServer):
    """The same on a Unix socket: a network-isolated container has no other door to the host."""

    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        """Bind by a relative name, since a socket's path may have only some hundred characters."""
        path = Path(str(self.server_address))
        path.unlink(missing_ok=True)
        before = Path.cwd()
        os.chdir(path.parent)
        self.socket.bind(path.name)
        os.chdir(before)
        self.server_name, self.server_port = "localhost", 0

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; its peer has no address, which the request handler expects to log."""
        connection, _ = super().get_request()
        return connection, ("host", 0)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ModelServer

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._answer(Answer(b"", "text/plain"))
        elif self.path == "/execution-parameters":
            self._answer(Answer(json.dumps(_execution_parameters()).encode(), "application/json"))
        else:
            self._answer(_error(HTTPStatus.NOT_FOUND, f"no such path: {self.path}"))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/invocations":
            self._answer(_error(HTTPStatus.NOT_FOUND, f"no such path: {self.path}"))
            return
        accept = self.headers.get("Accept", "")
        content_type = self.headers.get("Content-Type", "")
        self._answer(_invoke(self.server.predictor, body, content_type, "" if accept == "*/*" else accept))

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        if self.path != "/ping":
            print(f"{self.address_string()} {format % args}", flush=True)  # noqa: T201 - the container's log


def _invoke(predictor: Predictor, body: bytes, content_type: str, accept: str) -> Answer:
    try:
        return predictor.invoke(body, content_type, accept)
    except InvocationError as error:
        return _error(error.status, str(error))
    except Exception as error:  # noqa: BLE001 - a request's failure must not end the server
        traceback.print_exc()
        return _error(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")


def _error(status: int, message: str) -> Answer:
    return Answer(message.encode(), "text/plain; charset=utf-8", status)


def _execution_parameters() -> dict[str, Any]:
    return {
        "MaxConcurrentTransforms": os.cpu_count() or 1,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": _LARGEST_PAYLOAD_MB,
    }
