"""Run flows side by side: the branches of a Parallel state, the iterations of a Map state."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from local_aws.step_functions.errors import InterruptedFlowError, StatesError
from local_aws.step_functions.payloads import parameters, result
from local_aws.step_functions.run import Branch, Stop
from local_aws.step_functions.states.left import Flow, Left, State, left

Job = Callable[[Stop], Any]


def parallel_state(branch: Branch, state: State, value: Any, run_flow: Flow) -> Left:
    """Run all branches with the same input; the first that fails ends the others."""
    given = parameters(state, branch.scope(value))
    branch.event("ParallelStateStarted")

    def job_of(inner: State) -> Job:
        return lambda stop: run_flow(branch.child(stop, {}), inner, given)

    try:
        outputs = side_by_side(branch, [job_of(inner) for inner in state["Branches"]], 0)
    except StatesError:
        branch.event("ParallelStateFailed")
        raise
    branch.event("ParallelStateSucceeded")
    return left(state, result(state, value, outputs, branch.scope(outputs)), outputs)


def side_by_side(branch: Branch, jobs: Sequence[Job], limit: int) -> list[Any]:
    """Return the results of jobs in their order; up to `limit` run at a time, all where it is 0.

    Raises:
        StatesError: The error of the job that failed first; the others are ended.
        InterruptedFlowError: The branch itself is to end.
    """
    pool = _Pool(branch.stop.child(), jobs)
    threads = [
        threading.Thread(target=pool.work, name=f"{threading.current_thread().name}.{number}", daemon=True)
        for number in range(min(limit or len(jobs), len(jobs)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return pool.outcome()


class _Pool:
    def __init__(self, stop: Stop, jobs: Sequence[Job]) -> None:
        self._stop, self._jobs = stop, jobs
        self._lock = threading.Lock()
        self._next = 0
        self._error: BaseException | None = None
        self._results: list[Any] = [None] * len(jobs)

    def work(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                number, self._next = self._next, self._next + 1
            if number >= len(self._jobs):
                return
            try:
                self._results[number] = self._jobs[number](self._stop)
            except BaseException as err:  # noqa: BLE001 - handed to the thread that waits
                self._fail(err)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            is_first = self._error is None or isinstance(self._error, InterruptedFlowError)
            if is_first and not (self._error and isinstance(error, InterruptedFlowError)):
                self._error = error
        self._stop.set()

    def outcome(self) -> list[Any]:
        if self._error:
            raise self._error
        if self._stop.is_set():
            raise InterruptedFlowError
        return self._results
