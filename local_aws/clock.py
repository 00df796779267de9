"""Tell the time of the local AWS, which may be advanced or run faster than the machine's.

Whatever AWS would measure in wall-clock time (alarm periods, bake times, schedules, the hour of a captured request)
reads this clock, so that a month passes in seconds. What a process really computes is measured in real time.

`advance` goes from one due moment to the next: at each, the clock stands there until the periodic functions that are
due have run and the threads that waited for it have gone on to their next wait (or ended, or computed for a quarter of
a second), so that what would have happened meanwhile happens, and in order.
"""

import contextlib
import datetime as dt
import json
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.05
_SETTLE_SECONDS = 0.25
"""How long `advance` lets a thread that it woke go on before it calls it busy, in real time."""
_RUN_SECONDS = 60.0
"""How long `advance` waits for a periodic function that another thread runs, in real time."""
_MOST_SPEED = 86_400.0
_MOST_ADVANCE = 400 * 86_400.0
_SAVE_MARGIN_SECONDS = 30.0


@dataclass
class _Periodic:
    seconds: float
    name: str
    function: Callable[[], None]
    due: float
    is_running: bool = False
    is_slow: bool = False
    """It runs for so long that `advance` no longer waits for it."""


class Clock:
    """A clock that starts at the machine's time. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._advancing = threading.Lock()
        self._closed = False
        self._speed = 1.0
        self._anchor_local = time.time()
        self._anchor_real = time.monotonic()
        self._periodic: list[_Periodic] = []
        self._waiting: dict[threading.Thread, float] = {}
        self._woken: set[threading.Thread] = set()
        self._before: list[Callable[[], None]] = []
        self._file: Path | None = None

    def time(self) -> float:
        """Return local seconds since the epoch."""
        with self._changed:
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
        if not 0 < value <= _MOST_SPEED:
            raise ValueError(f"clock speed is {value!r}; allowed is a number above 0 and up to 86400 (a day a second)")
        with self._changed:
            self._anchor_local, self._anchor_real, self._speed = self._time(), time.monotonic(), value
            self._changed.notify_all()
        self.save()

    def advance(self, seconds: float) -> None:
        """Let local time pass, as fast as what happens meanwhile can be done.

        Raises:
            ValueError: The time is negative, since a clock never goes back, or longer than 400 days.
        """
        if not 0 <= seconds <= _MOST_ADVANCE:
            raise ValueError(f"cannot advance by {seconds!r} seconds; allowed is 0 to {_MOST_ADVANCE:.0f} (400 days)")
        with self._advancing:
            for function in self._before:
                _call_quietly(function)
            end = self.time() + seconds
            while (moment := self._next_moment(end)) is not None:
                self._jump(moment)
                self._run_due()
                self._settle()
            self._jump(end)
            with self._changed:
                self._changed.notify_all()
        self.save()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Block for local seconds, or until `stop` is set; return whether it was."""
        thread = threading.current_thread()
        with self._changed:
            end = self._time() + seconds
            self._woken.discard(thread)
            self._waiting[thread] = end
            self._changed.notify_all()
            try:
                while not (stop and stop.is_set()) and (left := end - self._time()) > 0:
                    real = left / self._speed
                    self._changed.wait(min(real, _POLL_SECONDS) if stop else real)
            finally:
                del self._waiting[thread]
        return bool(stop and stop.is_set())

    def every(self, seconds: float, name: str, function: Callable[[], None]) -> None:
        """Call a function whenever a local period ends, on a thread of its own; what it raises is logged.

        Periods are aligned: those of 60 seconds end with the minute.
        `advance` makes the calls itself, one after the other, so that a function must not wait for local time. Where
        real time, or `speed`, overtakes a slow function, its missed calls are left out.
        """
        with self._changed:
            task = _Periodic(seconds, name, function, (self._time() // seconds + 1) * seconds)
            self._periodic.append(task)
        threading.Thread(target=self._run, args=(task,), name=name, daemon=True).start()

    def before_advance(self, function: Callable[[], None]) -> None:
        """Call a function before time is advanced: it does what would be done by itself in the next real second."""
        self._before.append(function)

    def close(self) -> None:
        """End the periodic functions; who waits goes on waiting, as ending is no passing of time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.save()

    def keep_in(self, file: Path) -> None:
        """Go on from the time in a file, never before it, and keep the time there from now on; speed starts at 1."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            saved = json.loads(file.read_text(encoding="utf-8"))
            passed = max(0.0, time.time() - float(saved["real"]))
            with self._changed:
                self._anchor_local = max(time.time(), float(saved["local"]) + passed)
                self._anchor_real = time.monotonic()
                self._changed.notify_all()
        self._file = file
        self.save()

    def save(self) -> None:
        """Write the time down; with a margin while the clock is fast, so that a crash does not turn it back."""
        if self._file is None:
            return
        margin = 0.0 if self._closed else (max(self._speed, 1.0) - 1.0) * _SAVE_MARGIN_SECONDS
        fresh = self._file.with_name(f".{self._file.name}.{threading.get_ident()}")
        try:
            fresh.write_text(json.dumps({"local": self.time() + margin, "real": time.time()}), encoding="utf-8")
            fresh.replace(self._file)
        except OSError as err:
            _LOG.debug("the clock is not saved: %s", err)

    def _time(self) -> float:
        return self._anchor_local + (time.monotonic() - self._anchor_real) * self._speed

    def _jump(self, moment: float) -> None:
        with self._changed:
            self._anchor_local += max(0.0, moment - self._time())
            if woken := [thread for thread, end in self._waiting.items() if end <= self._time()]:
                self._woken.update(woken)
                self._changed.notify_all()

    def _next_moment(self, end: float) -> float | None:
        """Return the next moment up to `end` at which something is due."""
        with self._changed:
            moments = [task.due for task in self._periodic if not task.is_running]
            moments += self._waiting.values()
            first = min(moments, default=math.inf)
            return first if first <= end and not self._closed else None

    def _run_due(self) -> None:
        """Run the periodic functions that are due, in this thread: waking theirs would take most of the time."""
        for task in sorted(self._periodic, key=lambda item: item.due):
            with self._changed:
                is_mine = self._take_turn(task)
            if is_mine:
                self._call(task)

    def _settle(self) -> None:
        """Block until the threads that were woken, or run periodic functions, are done or busy with something else."""
        start = time.monotonic()
        with self._changed:
            while not self._closed:
                self._woken = {thread for thread in self._woken if thread.is_alive()}
                running = [task for task in self._periodic if task.is_running and not task.is_slow]
                passed = time.monotonic() - start
                if passed > _RUN_SECONDS:
                    for task in running:
                        task.is_slow = True
                elif not running and (not self._woken or passed > _SETTLE_SECONDS):
                    break
                self._changed.wait(0.005)
            self._woken.clear()

    def _take_turn(self, task: _Periodic) -> bool:
        """Take a periodic function that is due to be run, and plan its next run; the lock is held."""
        if self._closed or task.is_running or task.due > self._time():
            return False
        task.is_running = True
        missed = math.floor((self._time() - task.due) / task.seconds)
        task.due += task.seconds * (1 + missed)
        return True

    def _call(self, task: _Periodic) -> None:
        try:
            task.function()
        except Exception:  # noqa: BLE001 - the boundary of the periodic functions
            _LOG.exception("%s failed", task.name)
        finally:
            with self._changed:
                task.is_running = task.is_slow = False
                self._changed.notify_all()

    def _run(self, task: _Periodic) -> None:
        while True:
            with self._changed:
                while not self._closed and not self._take_turn(task):
                    self._changed.wait(max(0.001, (task.due - self._time()) / self._speed))
                if self._closed:
                    return
            self._call(task)


def _call_quietly(function: Callable[[], None]) -> None:
    try:
        function()
    except Exception:  # noqa: BLE001 - the boundary of other components' functions
        _LOG.exception("before time was advanced: %r failed", function)
