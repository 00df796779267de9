"""Keep as many instances of a variant running as are wanted, and hand them to requests."""

import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from local_aws.data_plane import DataPlane
from local_aws.errors import LocalAwsError
from local_aws.hosting.instance import Instance, InstancePlan, UnhealthyError, failure_reason

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_LEAST_OUTSTANDING = "LEAST_OUTSTANDING_REQUESTS"


class PoolClosedError(LocalAwsError):
    """The variant's instances are going: another fleet answers."""


class NoInstanceError(LocalAwsError):
    """No instance of the variant came into service in time."""


class TooManyRequestsError(LocalAwsError):
    """A serverless variant answers as many requests as it may already."""


class Pool(Protocol):
    """The instances of one variant."""

    plan: InstancePlan

    @property
    def desired(self) -> int:
        """How many instances are wanted."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Those in service."""

    def start(self, count: int) -> None:
        """Bring instances into service; see `resize`."""

    def resize(self, count: int) -> None:
        """Bring the number of instances to `count`, and return when they are in service.

        Raises:
            UnhealthyError: One does not come into service; those that did stay.
        """

    def acquire(self, timeout: float) -> Instance:
        """Return an instance for one request, waiting for one where none is in service.

        Raises:
            PoolClosedError: The pool is closed.
            NoInstanceError: The time is over.
            TooManyRequestsError: The variant takes no more requests at the same time.
        """

    def release(self, instance: Instance) -> None:
        """The request has ended."""

    def close(self, *, drain: bool = True) -> None:
        """End all instances, after their requests where `drain`."""


class VariantPool:
    """Instances which are replaced when they die; implements `Pool`.

    Args:
        plane: Starts containers.
        plan: What an instance runs.
        strategy: How an instance is chosen: RANDOM (AWS's default) or LEAST_OUTSTANDING_REQUESTS.
        on_change: Called when the number of instances in service has changed.
    """

    def __init__(
        self, plane: DataPlane, plan: InstancePlan, *, strategy: str = "RANDOM", on_change: Callable[[], None]
    ) -> None:
        self.plan = plan
        self._plane, self._strategy, self._on_change = plane, strategy, on_change
        self._changed = threading.Condition()
        self._instances: list[Instance] = []
        self._starting: set[Instance] = set()
        self._desired = 0
        self._is_awaited = False
        self._failure: BaseException | None = None
        self._is_closed = False

    @property
    def desired(self) -> int:
        """How many instances are wanted."""
        return self._desired

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Those in service."""
        return tuple(self._instances)

    def start(self, count: int) -> None:
        """Bring instances into service."""
        self.resize(count)

    def resize(self, count: int) -> None:
        """Bring the number of instances to `count`, and return when they are in service."""
        with self._changed:
            self._desired, self._failure, self._is_awaited = count, None, True
            surplus, self._instances = self._instances[count:], self._instances[:count]
            self._start_missing()
        for instance in surplus:
            self._plane.spawn(f"stop-{instance.id}", instance.stop)
        self._on_change()
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._failure or self._is_closed or len(self._instances) >= count)
                failure, was_closed = self._failure, self._is_closed
        finally:
            self._is_awaited = False
        if was_closed:
            raise UnhealthyError("The variant was ended while its instances started.")
        if failure is not None:
            raise UnhealthyError(failure_reason(failure)) from failure

    def acquire(self, timeout: float) -> Instance:
        """Return an instance for one request, waiting for one where none is in service."""
        with self._changed:
            if not self._instances and not self._changed.wait_for(lambda: self._instances or self._is_closed, timeout):
                raise NoInstanceError(f"no instance of variant {self.plan.variant} is in service")
            if self._is_closed:
                raise PoolClosedError(self.plan.variant)
            instance = self._choose()
            instance.in_flight += 1
            return instance

    def release(self, instance: Instance) -> None:
        """The request has ended."""
        with self._changed:
            instance.in_flight -= 1

    def discard(self, instance: Instance) -> None:
        """Give an instance no more requests: it took none just now."""
        with self._changed:
            if instance in self._instances and instance.is_dead:
                self._instances.remove(instance)

    def close(self, *, drain: bool = True) -> None:
        """End all instances, after their requests where `drain`."""
        with self._changed:
            self._is_closed = True
            ending, self._instances = [*self._instances, *self._starting], []
            self._changed.notify_all()
        threads = [threading.Thread(target=one.stop, kwargs={"drain": drain}, daemon=True) for one in ending]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _choose(self) -> Instance:
        if len(self._instances) == 1:
            return self._instances[0]
        if self._strategy == _LEAST_OUTSTANDING:
            return min(self._instances, key=lambda instance: instance.in_flight)
        return random.choice(self._instances)

    def _start_missing(self) -> None:
        """Start what is missing; the lock is held."""
        missing = self._desired - len(self._instances) - len(self._starting)
        for _ in range(0 if self._is_closed else missing):
            instance = Instance(self._plane, self.plan)
            self._starting.add(instance)
            self._plane.spawn(f"start-{instance.id}", partial(self._start_one, instance))

    def _start_one(self, instance: Instance) -> None:
        try:
            instance.start()
        except Exception as err:  # noqa: BLE001 - whatever it is, who waits is told
            instance.stop(drain=False)
            self._on_failed_start(instance, err)
            return
        with self._changed:
            self._starting.discard(instance)
            is_wanted = not self._is_closed and len(self._instances) < self._desired
            if is_wanted:
                self._instances.append(instance)
                self._changed.notify_all()
        if not is_wanted:
            instance.stop()
            return
        instance.watch(self._on_death)
        self._on_change()

    def _on_failed_start(self, instance: Instance, err: BaseException) -> None:
        with self._changed:
            self._starting.discard(instance)
            if self._is_closed:
                return
            self._failure = err
            self._changed.notify_all()
            is_awaited = self._is_awaited
        if not is_awaited:
            self._replace(err)

    def _on_death(self, instance: Instance) -> None:
        """Start another where one ended by itself."""
        _LOG.info("%s: instance %s ended; another one starts", instance.plan.endpoint.name, instance.id)
        with self._changed:
            if instance in self._instances:
                self._instances.remove(instance)
            self._start_missing()
        self._on_change()
        instance.stop(drain=False)

    def _replace(self, err: BaseException) -> None:
        """Try again to bring up an instance that takes the place of a dead one, until the pool is closed."""
        pause, end = _FIRST_PAUSE, time.monotonic() + _LONGEST_PAUSE
        _LOG.warning("%s: %s; it is tried again", self.plan.endpoint.name, failure_reason(err))
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed, min(pause, end - time.monotonic()))
            self._start_missing()
