"""Follow a container's log file while it grows: to CloudWatch Logs, and for the metrics in it."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from local_aws.clock import Clock
from local_aws.moto_adapters.logs import LogStream

_PAUSE = 0.2
_MAX_LINE = 250_000
Listener = Callable[[list[str]], None]


class LogFollower:
    """Read the new lines of one log file."""

    def __init__(self, path: Path, stream: LogStream, clock: Clock, listener: Listener | None = None) -> None:
        self._path, self._stream, self._clock, self._listener = path, stream, clock, listener
        self._position, self._rest = 0, b""

    def read(self, *, final: bool = False) -> None:
        """Pass on what is new; an unfinished last line only when it is `final`."""
        with contextlib.suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._position)
            data = file.read()
            self._position += len(data)
            self._rest += data
        *whole, self._rest = self._rest.split(b"\n")
        if final and self._rest:
            whole, self._rest = [*whole, self._rest], b""
        # SageMaker's log agent writes a TAB as #011; the metric expressions of its own images rely on it.
        lines = [line.decode(errors="replace").rstrip("\r").replace("\t", "#011")[:_MAX_LINE] for line in whole]
        if lines:
            now = int(self._clock.time() * 1000)
            self._stream.write([(now, line) for line in lines])
            if self._listener:
                self._listener(lines)


@contextlib.contextmanager
def followed(followers: Sequence[LogFollower]) -> Iterator[None]:
    """Follow logs while the block runs, and read them to their end after it."""
    stop = threading.Event()

    def follow() -> None:
        while not stop.wait(_PAUSE):
            for follower in followers:
                follower.read()

    thread = threading.Thread(target=follow, name="log-follower", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for follower in followers:
            follower.read(final=True)
