"""Hold the instances of one endpoint configuration: its production variants and its shadow."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

from local_aws.data_plane import DataPlane
from local_aws.hosting import preflight
from local_aws.hosting.capture import CaptureRules
from local_aws.hosting.instance import InstancePlan
from local_aws.hosting.serverless import ServerlessPool
from local_aws.hosting.shadow import ShadowTraffic
from local_aws.hosting.variant import Pool, VariantPool
from local_aws.jobs.model_files import resolve_containers
from local_aws.store import Key, Record

_START_SECONDS = 480.0
SAMPLE_SECONDS = 10.0
"""A variant's concurrency is sampled so often while requests come, and once a minute otherwise."""


@dataclass(frozen=True)
class FleetPlan:
    """What a fleet runs: copies, since configuration and models may be deleted while an endpoint uses them.

    Attributes:
        config: The endpoint configuration's record.
        models: The records of its models by name.
    """

    config: Record
    models: Mapping[str, Record]

    @property
    def name(self) -> str:
        """The configuration's name."""
        return str(self.config["EndpointConfigName"])

    @property
    def variants(self) -> list[Record]:
        """The production variants."""
        return list(self.config["ProductionVariants"])

    def images(self, model: str) -> list[str]:
        """Return the images of a model's containers; for a model package, its ARN until they are known."""
        record = self.models[model]
        containers = record.get("Containers") or [record["PrimaryContainer"]]
        return [container.get("Image") or container["ModelPackageName"] for container in containers]

    @property
    def shadows(self) -> list[Record]:
        """The shadow variants: one or none."""
        return list(self.config.get("ShadowProductionVariants", ()))


class Fleet:
    """Running variants. Requests of several threads are routed by `choose` while weights change.

    Attributes:
        capture: What is captured; None where nothing is.
        shadow: Copies requests to the shadow variant; None where there is none.
        is_green: It is the new fleet of an update that is under way.
    """

    def __init__(self, plane: DataPlane, key: Key, plan: FleetPlan, on_change: Callable[[], None]) -> None:
        self.plan = plan
        self._plane, self._key, self._on_change = plane, key, on_change
        self.pools: dict[str, Pool] = {}
        self.shadow_pools: dict[str, Pool] = {}
        self.capture = CaptureRules(capture) if (capture := plan.config.get("DataCaptureConfig")) else None
        self.is_green = False
        self.shadow = ShadowTraffic(_shadow_share(plan)) if plan.shadows else None
        self._counts: Counter[str] = Counter()
        self._next_samples: dict[str, float] = {}
        self._weights: dict[str, float] = {}
        self._names: tuple[str, ...] = ()
        self._shares: tuple[float, ...] = ()
        self.set_weights({item["VariantName"]: item.get("InitialVariantWeight", 1.0) for item in plan.variants})

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each production variant."""
        return dict(self._weights)

    def set_weights(self, weights: Mapping[str, float]) -> None:
        """Change weights; requests see all of them at once."""
        self._weights = {**self._weights, **weights}
        self._names, self._shares = tuple(self._weights), tuple(accumulate(self._weights.values()))

    def choose(self) -> str | None:
        """Return a production variant, at random by weight; None where all weights are 0."""
        names, shares = self._names, self._shares
        if not shares or not shares[-1]:
            return None
        return names[0] if len(names) == 1 else random.choices(names, cum_weights=shares)[0]

    def count(self, variant: str) -> None:
        """Note that a variant had a request."""
        self._counts[variant] += 1

    def take_traffic(self, variant: str) -> int:
        """Return how many requests a variant had since the last call."""
        return self._counts.pop(variant, 0)

    def is_sample_due(self, variant: str, now: float) -> bool:
        """Tell, once in a while of local time, that a variant's concurrency is to be sampled."""
        if now < self._next_samples.get(variant, 0.0):
            return False
        self._next_samples[variant] = now + SAMPLE_SECONDS
        return True

    def start(self, counts: Mapping[str, int]) -> None:
        """Start every variant with so many instances; on failure none is left.

        Raises:
            UnhealthyError: A variant does not come into service.
        """
        sagemaker = self._plane.client("sagemaker", self._key.region)
        for kind, pools in ((self.plan.variants, self.pools), (self.plan.shadows, self.shadow_pools)):
            for variant in kind:
                pools[variant["VariantName"]] = self._pool(variant, sagemaker)
        try:
            _in_parallel([partial(pool.start, counts.get(name, 1)) for name, pool in self._all()])
        except BaseException:
            self.close(drain=False)
            raise

    def resize(self, counts: Mapping[str, int]) -> None:
        """Bring production variants to so many instances.

        Raises:
            UnhealthyError: An instance does not come into service.
        """
        _in_parallel([partial(self.pools[name].resize, count) for name, count in counts.items()])

    def close(self, *, drain: bool = True) -> None:
        """End all instances."""
        if self.shadow and drain:
            self.shadow.close()
        _in_parallel([partial(pool.close, drain=drain) for _, pool in self._all()])

    def _all(self) -> Iterator[tuple[str, Pool]]:
        yield from [*self.pools.items(), *self.shadow_pools.items()]

    def _pool(self, variant: Record, sagemaker: object) -> Pool:
        model = self.plan.models[variant["ModelName"]]
        seconds = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", _START_SECONDS)
        containers = tuple(resolve_containers(model, sagemaker))
        preflight.check(self._plane, self._key, variant, model, containers)
        plan = InstancePlan(self._key, variant["VariantName"], model, containers, seconds)
        if "ServerlessConfig" in variant:
            return ServerlessPool(self._plane, plan, variant["ServerlessConfig"], on_change=self._on_change)
        strategy = variant.get("RoutingConfig", {}).get("RoutingStrategy", "RANDOM")
        return VariantPool(self._plane, plan, strategy=strategy, on_change=self._on_change)


def _shadow_share(plan: FleetPlan) -> float:
    """Return which part of the requests a shadow gets: its weight compared with production's."""
    production, shadow = (item.get("InitialVariantWeight", 1.0) for item in (plan.variants[0], plan.shadows[0]))
    return min(1.0, shadow / production) if production else 1.0


def _in_parallel(actions: list[Callable[[], None]]) -> None:
    """Run actions at the same time, wait for all, and raise the first error."""
    errors: list[BaseException] = []

    def run(action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as err:  # noqa: BLE001 - raised below
            errors.append(err)

    threads = [threading.Thread(target=run, args=(action,), daemon=True) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
