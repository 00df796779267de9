"""Send copies of requests to a shadow variant, whose answers nobody gets."""

import contextlib
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_THREADS, _LONGEST_QUEUE = 8, 1000


class ShadowTraffic:
    """The copies of one fleet. What a slow shadow cannot take is left out: it never slows production.

    Args:
        share: Which part of the requests is copied, from 0 to 1.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._waiting = threading.BoundedSemaphore(_LONGEST_QUEUE)

    def send(self, ask: Callable[[], object]) -> None:
        """Ask the shadow, now or soon, on another thread; whatever it answers is forgotten."""
        if self._share < 1 and random.random() >= self._share:
            return
        if not self._waiting.acquire(blocking=False):
            return

        def run() -> None:
            try:
                with contextlib.suppress(Exception):
                    ask()
            finally:
                self._waiting.release()

        with self._lock, contextlib.suppress(RuntimeError):  # the fleet has just ended
            self._executor = self._executor or ThreadPoolExecutor(_THREADS, thread_name_prefix="shadow")
            self._executor.submit(run)

    def close(self) -> None:
        """Wait for the copies that are under way."""
        with self._lock:
            executor = self._executor
        if executor:
            executor.shutdown(wait=True)
