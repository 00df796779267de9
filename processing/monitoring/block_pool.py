"""Do the same with many things in several processes, and take the results in the order of the things."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Enough for no process to wait for the next one, few enough for memory to stay bounded.
_AHEAD = 2


def in_order(function: Callable[[T], R], things: Iterable[T], *, processes: int) -> Iterator[R]:
    """Yield the function's result for each thing; at most two a process are under way at once.

    Args:
        function: Can be sent to another process.
        things: Taken one by one, as results are.
        processes: With 1 there is no other process.

    Raises:
        OSError: A process died.
    """
    if processes == 1:
        yield from map(function, things)
        return
    try:
        yield from _by_processes(function, things, processes)
    except BrokenProcessPool as error:
        raise OSError("a process that read captured lines was killed; is the instance's memory enough?") from error


def _by_processes(function: Callable[[T], R], things: Iterable[T], processes: int) -> Iterator[R]:
    # Not forked: this process has threads (Arrow's, XGBoost's), and a fork would copy their locks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_keep, initargs=(function,)) as pool:
        waiting: deque[Future[R]] = deque()
        for thing in things:
            waiting.append(pool.submit(_call, thing))
            if len(waiting) >= _AHEAD * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_kept: list[Callable[..., object]] = []


def _keep(function: Callable[..., object]) -> None:
    """Once a process, not with every thing: it may be as large as a specification."""
    _kept[:] = [function]


def _call(thing: object) -> Any:
    return _kept[0](thing)
