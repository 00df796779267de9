"""Tell the time of the local AWS, which may be advanced or run faster than the machine's.

Whatever AWS would measure in wall-clock time (alarm periods, bake times, schedules, the hour of a captured request)
reads this clock, so that a month passes in seconds. What a process really computes is measured in real time.
"""

import datetime as dt
import threading
import time
from collections.abc import Callable

_POLL_SECONDS = 0.05


class Clock:
    """A clock that starts at the machine's time. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._speed = 1.0
        self._anchor_local = time.time()
        self._anchor_real = time.monotonic()

    def time(self) -> float:
        """Return local seconds since the epoch."""
        with self._lock:
            return self._time()

    def now(self) -> dt.datetime:
        """Return the local time, in UTC."""
        return dt.datetime.fromtimestamp(self.time(), dt.UTC)

    @property
    def speed(self) -> float:
        """Local seconds per real second."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        if not 0 < value <= 86_400:  # noqa: PLR2004 - a day a second
            raise ValueError(f"clock speed is {value!r}; allowed is a number above 0 and up to 86400")
        with self._lock:
            self._anchor_local, self._anchor_real, self._speed = self._time(), time.monotonic(), value
            self._lock.notify_all()

    def advance(self, seconds: float) -> None:
        """Let local time pass at once.

        Raises:
            ValueError: The time is negative: a clock never goes back.
        """
        if seconds < 0:
            raise ValueError(f"cannot advance by {seconds!r} seconds; allowed is 0 or more")
        with self._lock:
            self._anchor_local += seconds
            self._lock.notify_all()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Block for local seconds, or until `stop` is set; return whether it was."""
        end = self.time() + seconds
        while not (stop and stop.is_set()):
            with self._lock:
                left = (end - self._time()) / self._speed
                if left <= 0:
                    return False
                self._lock.wait(min(left, _POLL_SECONDS if stop else left))
        return True

    def every(self, seconds: float, name: str, function: Callable[[], None]) -> None:
        """Call a function once per local period, on a thread of its own."""

        def run() -> None:
            while True:
                self.wait(seconds)
                function()

        threading.Thread(target=run, name=name, daemon=True).start()

    def _time(self) -> float:
        return self._anchor_local + (time.monotonic() - self._anchor_real) * self._speed
