"""Hold what the flows of one running execution share: its machine, its clock, its history, and how it may end."""

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.step_functions.errors import InterruptedFlowError
from local_aws.step_functions.history import History
from local_aws.step_functions.payloads import Scope
from local_aws.step_functions.timestamps import text_of
from local_aws.store import Key

_POLL_SECONDS = 0.1


class Stop(threading.Event):
    """A signal to end that reaches every signal derived from it."""

    def __init__(self) -> None:
        super().__init__()
        self._children: list[Stop] = []

    def child(self) -> "Stop":
        """Return a signal that is set with this one."""
        made = Stop()
        self._children.append(made)
        if self.is_set():
            made.set()
        return made

    def set(self) -> None:
        """Set this signal and all derived ones."""
        super().set()
        for item in list(self._children):
            item.set()


@dataclass
class Run:
    """One execution under way.

    Attributes:
        key: Names its record.
        deadline: Local time at which its TimeoutSeconds are over; computing counts in real time.
        is_suspended: The local AWS ends; the execution goes on with the next one.
        is_timed_out: The deadline is over.
    """

    plane: DataPlane
    key: Key
    role_arn: str
    machine_arn: str
    definition: Mapping[str, Any]
    history: History
    stop: Stop
    deadline: float | None = None
    is_suspended: bool = False
    is_timed_out: bool = False

    @property
    def region(self) -> str:
        """The execution's region."""
        return self.key.region

    def client(self, service: str, role_arn: str | None = None) -> Any:
        """Return a client that acts as the machine's role, or as another one."""
        return self.plane.client(service, self.region, role_arn or self.role_arn, session_name="StepFunctions")

    def left(self) -> float:
        """Return the local seconds until the deadline."""
        return float("inf") if self.deadline is None else self.deadline - self.plane.clock.time()

    def time_out(self) -> None:
        """End every flow, as the deadline is over."""
        self.is_timed_out = True
        self.stop.set()

    def suspend(self) -> None:
        """End every flow without a result: the local AWS ends."""
        self.is_suspended = True
        self.history.close()
        self.stop.set()


class Branch:
    """One flow of control: the main one, a branch of a Parallel state, or an iteration of a Map state.

    Attributes:
        variables: What Assign has set; inner branches see copies.
        context: The context object.
        is_main: Whether it is the execution's outermost flow, whose position survives a restart.
        resumed: What the main flow had noted about the state in which the last local AWS ended.
    """

    def __init__(
        self, run: Run, context: Mapping[str, Any], *, previous: int, stop: Stop, is_main: bool = False
    ) -> None:
        self.run, self.previous, self.stop, self.is_main = run, previous, stop, is_main
        self.context: dict[str, Any] = dict(context)
        self.variables: dict[str, Any] = {}
        self.resumed: dict[str, Any] = {}

    def child(self, stop: Stop, context: Mapping[str, Any]) -> "Branch":
        """Return an inner flow, which ends with `stop`."""
        made = Branch(self.run, {**self.context, **context}, previous=self.previous, stop=stop)
        made.variables = dict(self.variables)
        return made

    def scope(self, value: Any) -> Scope:
        """Return what expressions can name, with a value in hand."""
        return Scope(value, self.context, self.variables)

    def now(self) -> dt.datetime:
        """Return the local time."""
        return self.run.plane.clock.now()

    def enter(self, name: str) -> None:
        """Let the context object show a state that is entered now."""
        self.context["State"] = {"EnteredTime": text_of(self.now()), "Name": name, "RetryCount": 0}

    def event(self, kind: str, details: Mapping[str, Any] | None = None) -> None:
        """Append an event to the history, after this flow's last one."""
        self.previous = self.run.history.add(kind, self.previous, self.now(), details)

    def note(self, **members: Any) -> None:
        """Keep something about the current state of the main flow, for a restart."""
        if self.is_main:
            self.run.plane.store.update(self.run.key, lambda record: record["_position"].update(members))

    def check(self) -> None:
        """End this flow where it is to end.

        Raises:
            InterruptedFlowError: It is.
        """
        if self.run.left() <= 0:
            self.run.time_out()
        if self.stop.is_set():
            raise InterruptedFlowError

    def wait(self, seconds: float) -> None:
        """Wait local seconds.

        Raises:
            InterruptedFlowError: The flow is to end before.
        """
        self.run.plane.clock.wait(max(0.0, min(seconds, self.run.left())), self.stop)
        self.check()

    def wait_for_work(self, is_done: Callable[[float], bool], timeout: float | None) -> bool:
        """Wait while something really computes, and return whether it was done in time.

        The computing takes real seconds, so the timeout, and what counts towards the execution's deadline, are real.

        Args:
            is_done: Waits up to the seconds it is given and returns whether the work is done.
            timeout: Seconds; None for no limit.

        Raises:
            InterruptedFlowError: The flow is to end before.
        """
        started = seen = time.monotonic()
        local = self.run.plane.clock.time()
        while not is_done(_POLL_SECONDS):
            real, local_now = time.monotonic(), self.run.plane.clock.time()
            if self.run.deadline is not None:
                self.run.deadline += max(0.0, (local_now - local) - (real - seen))
            seen, local = real, local_now
            self.check()
            if timeout is not None and real - started >= timeout:
                return False
        return True


def compact(value: Any) -> str:
    """Return a value as Step Functions writes JSON."""
    return json.dumps(value, separators=(",", ":"))
