"""Hand out CPUs so that containers running at the same time share them evenly."""

import os
import threading
from collections import Counter


def available_cpus() -> tuple[int, ...]:
    """Return the CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


class CpuShares:
    """Who runs where. Thread-safe."""

    def __init__(self, cpus: tuple[int, ...]) -> None:
        self._cpus = cpus
        self._users: Counter[int] = Counter()
        self._held: dict[str, tuple[int, ...]] = {}
        self._lock = threading.Lock()

    def take(self, holder: str, count: int | None) -> tuple[int, ...]:
        """Return the `count` least used CPUs and note who holds them; all (an empty tuple) where `count` is None."""
        if count is None or count >= len(self._cpus):
            return ()
        with self._lock:
            chosen = tuple(sorted(sorted(self._cpus, key=lambda cpu: self._users[cpu])[: max(count, 1)]))
            self._users.update(chosen)
            self._held[holder] = chosen
            return chosen

    def release(self, holder: str) -> None:
        """Give back what a holder took."""
        with self._lock:
            self._users.subtract(self._held.pop(holder, ()))
