"""Run a serverless variant: no instance until a request comes, none again after a while without any."""

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.hosting.instance import Instance, InstancePlan
from local_aws.hosting.variant import TooManyRequestsError, VariantPool

IDLE_SECONDS = 300.0


class ServerlessPool(VariantPool):
    """One container that lives while requests come.

    AWS starts a container per concurrent request; here one container answers all, up to MaxConcurrency.
    """

    def __init__(
        self, plane: DataPlane, plan: InstancePlan, config: Mapping[str, Any], *, on_change: Callable[[], None]
    ) -> None:
        super().__init__(plane, plan, on_change=on_change)
        self.max_concurrency = int(config["MaxConcurrency"])
        self._is_provisioned = bool(config.get("ProvisionedConcurrency"))
        self._in_flight = 0
        self._last_use = plane.clock.time()

    def start(self, count: int) -> None:  # noqa: ARG002 - a serverless variant has no instance count
        """Start a container to see that the model can be served; it stays as if it had been called."""
        super().resize(1)

    def resize(self, count: int) -> None:
        """Nothing is to be sized."""

    def acquire(self, timeout: float) -> Instance:
        """Return the container, started where there is none."""
        with self._changed:
            if self._in_flight >= self.max_concurrency:
                raise TooManyRequestsError(
                    f"{self.max_concurrency} requests run, which is the variant's MaxConcurrency"
                )
            self._in_flight += 1
            self._last_use = self._plane.clock.time()
            self._desired = 1
            self._start_missing()
        try:
            return super().acquire(timeout)
        except BaseException:
            with self._changed:
                self._in_flight -= 1
            raise

    def release(self, instance: Instance) -> None:
        """The request has ended."""
        with self._changed:
            self._in_flight -= 1
        super().release(instance)

    def end_when_idle(self) -> None:
        """End the container where no request came for `IDLE_SECONDS` of local time."""
        with self._changed:
            is_idle = self._plane.clock.time() - self._last_use > IDLE_SECONDS
            if self._is_provisioned or self._in_flight or not is_idle:
                return
            self._desired = 0
            ending, self._instances = self._instances, []
        for instance in ending:
            instance.stop()
