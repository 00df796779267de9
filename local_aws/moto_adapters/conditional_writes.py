"""Make S3's conditional writes atomic: moto looks whether an object is there, and writes later.

Of several writers with `If-None-Match: *` exactly one wins, as on AWS
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html); locks are built on that.
"""

import contextlib
import threading
from collections.abc import Iterator
from weakref import WeakValueDictionary

from local_aws.http_server import Environ

_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")


class _Lock:
    """A lock that a weak dictionary can hold."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_LOCKS: "WeakValueDictionary[tuple[str, str], _Lock]" = WeakValueDictionary()
_GUARD = threading.Lock()


@contextlib.contextmanager
def one_at_a_time(environ: Environ) -> Iterator[None]:
    """Hold an object's lock while a conditional write of it is answered; other requests pass."""
    if environ["REQUEST_METHOD"] not in {"PUT", "POST"} or not any(environ.get(name) for name in _CONDITIONS):
        yield
        return
    with _GUARD:
        held = _LOCKS.setdefault((environ.get("HTTP_HOST", ""), environ["PATH_INFO"]), _Lock())
    with held.lock:
        yield
