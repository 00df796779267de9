"""Encode answers as an event stream: InvokeEndpointWithResponseStream."""

import struct
import zlib
from collections.abc import Iterator

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_PART = 1 << 16
_STRING = 7
_HEADERS = {":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event"}


def encode(body: bytes) -> bytes:
    """Return the events of an answer: it is sent in parts, but after its end, not while the model writes it."""
    return b"".join(_message(part) for part in _parts(body))


def _parts(body: bytes) -> Iterator[bytes]:
    for start in range(0, max(len(body), 1), _PART):
        yield body[start : start + _PART]


def _message(payload: bytes) -> bytes:
    headers = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", _STRING, len(value)) + value.encode()
        for name, value in _HEADERS.items()
    )
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack("!I", zlib.crc32(prelude))
    message = prelude + headers + payload
    return message + struct.pack("!I", zlib.crc32(message))
