"""The load: closed-loop connections in one process, `python -m benchmarks.serving.client SETTINGS`.

Each connection sends its next request when it has the whole answer to the last; where `closes` is set, over a new
connection. A request's bytes are made beforehand, an answer is only looked at for its status and length: 8 µs of CPU a
request, on uvloop. An answer that is not 2xx, and a connection that breaks while it waits for one, is an error. Prints
`go` when the warm-up is over, then the result.
"""

import asyncio
import json
import sys
from itertools import cycle
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import uvloop

_CLOSING_SECONDS = 0.05
_HEAD_END = b"\r\n\r\n"


class Load:
    """What the connections share."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.host, self.port = settings["host"], settings["port"]
        bodies = json.loads(Path(settings["bodies"]).read_text())
        head = (
            f"POST {settings['path']} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: text/csv\r\nAccept: text/csv\r\n"
        )
        self.is_closing = settings["closes"]
        head += "Connection: close\r\n" if self.is_closing else ""
        requests = [f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode() for body in bodies]
        self.requests = cycle(requests)
        self.open_connections: set[Connection] = set()
        self.latencies: list[float] = []
        self.errors: list[str] = []
        self.is_over = False

    def open(self) -> None:
        """Open one more connection."""
        began = perf_counter()
        task = asyncio.ensure_future(
            asyncio.get_running_loop().create_connection(lambda: Connection(self, began), self.host, self.port)
        )
        task.add_done_callback(self._note)

    def _note(self, task: "asyncio.Future[Any]") -> None:
        if not task.cancelled() and task.exception():
            self.errors.append(f"connecting failed: {task.exception()}")


class Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, load: Load, began: float) -> None:
        self._load = load
        self._since = began
        self._received = b""
        self._missing = 0
        self._closes = False
        self._is_waiting = False

    def connection_made(self, transport: Any) -> None:
        """Send the first request."""
        self._transport = transport
        self._load.open_connections.add(self)
        self._is_waiting = True
        transport.write(next(self._load.requests))

    def data_received(self, data: bytes) -> None:
        """Take part of an answer."""
        if self._missing:
            self._missing -= len(data)
        else:
            self._received += data
            head, found, rest = self._received.partition(_HEAD_END)
            if not found:
                return
            self._received = b""
            self._read_head(head)
            self._missing -= len(rest)
        if self._missing == 0:
            self._load.latencies.append(perf_counter() - self._since)
            self._is_waiting = False
            self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        """Count the request that was under way."""
        self._load.open_connections.discard(self)
        if self._is_waiting and not self._load.is_over:
            self._load.errors.append("the connection broke before the answer")
        if not self._load.is_over:
            self._load.open()

    def abort(self) -> None:
        """Close without waiting for an answer."""
        self._transport.abort()

    def _read_head(self, head: bytes) -> None:
        if head[9:10] != b"2":
            self._load.errors.append(head.split(b"\r\n")[0].decode(errors="replace"))
        lowered = head.lower()
        start = lowered.find(b"content-length:")
        if start < 0:
            raise ValueError("the answer has no Content-Length")
        self._missing = int(lowered[start + 15 :].split(b"\r", 1)[0])
        self._closes = b"connection: close" in lowered

    def _next(self) -> None:
        if self._load.is_over or self._closes or self._load.is_closing:
            self._transport.close()
            return
        self._is_waiting = True
        self._since = perf_counter()
        self._transport.write(next(self._load.requests))


async def run(settings: dict[str, Any]) -> dict[str, Any]:
    """Warm up, measure, and sum up."""
    load = Load(settings)
    for _ in range(settings["connections"]):
        load.open()
    await asyncio.sleep(settings["warm_seconds"])
    print("go", flush=True)
    load.latencies.clear()
    began, cpu = perf_counter(), process_time()
    await asyncio.sleep(settings["seconds"])
    latencies, seconds, used = load.latencies, perf_counter() - began, process_time() - cpu
    load.latencies = []
    load.is_over = True
    for connection in tuple(load.open_connections):
        connection.abort()
    await asyncio.sleep(_CLOSING_SECONDS)
    return {
        "requests": len(latencies),
        "seconds": seconds,
        "p50_us": _percentile(latencies, 0.5),
        "p99_us": _percentile(latencies, 0.99),
        "client_cpu_seconds": used,
        "errors": load.errors[:5],
        "error_count": len(load.errors),
    }


def _percentile(latencies: list[float], share: float) -> float:
    ordered = sorted(latencies)
    return 1e6 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(json.loads(sys.argv[1])))))
