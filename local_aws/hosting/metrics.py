"""Publish what SageMaker publishes about endpoints to CloudWatch."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.data_plane import DataPlane
from local_aws.hosting.fleet import Fleet
from local_aws.hosting.processes import usage
from local_aws.hosting.serverless import ServerlessPool
from local_aws.hosting.variant import Pool
from local_aws.store import Key

NAMESPACE, INSTANCE_NAMESPACE = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
_MINUTE = 60.0
_MICRO = 1_000_000


@dataclass(frozen=True)
class Outcome:
    """How a request ended.

    Attributes:
        status: Of the model's answer; 0 where there was none.
        model_seconds: Time that the model took.
        overhead_seconds: The rest of the time.
        instances: Number of the variant's instances in service.
    """

    status: int
    model_seconds: float
    overhead_seconds: float
    instances: int


def record(plane: DataPlane, key: Key, dimension_sets: list[Mapping[str, str]], outcome: Outcome) -> None:
    """Publish one invocation."""
    status, now = outcome.status, plane.clock.now()
    data = (
        ("Invocations", 1.0, "None"),
        ("InvocationsPerInstance", 1.0 / max(outcome.instances, 1), "None"),
        ("Invocation4XXErrors", float(400 <= status < 500), "None"),  # noqa: PLR2004 - HTTP
        ("Invocation5XXErrors", float(status >= 500), "None"),  # noqa: PLR2004 - HTTP
        ("InvocationModelErrors", float(not 200 <= status < 300), "None"),  # noqa: PLR2004 - HTTP
        ("ModelLatency", outcome.model_seconds * _MICRO, "Microseconds"),
        ("OverheadLatency", outcome.overhead_seconds * _MICRO, "Microseconds"),
    )
    for dimensions in dimension_sets:
        for name, value, unit in data:
            plane.metrics.put(NAMESPACE, name, value, unit, dimensions, region=key.region, timestamp=now)


def dimensions_of(key: Key, variant: str, config: str | None = None) -> list[Mapping[str, str]]:
    """Return under which dimensions a variant's metrics stand; with `config` also under those of a guarded update."""
    plain = {"EndpointName": key.name, "VariantName": variant}
    return [plain, {**plain, "EndpointConfigName": config}] if config else [plain]


def start_periodic(plane: DataPlane) -> None:
    """Publish, from now on, what does not come from single requests."""
    plane.clock.every(_MINUTE, "endpoint-metrics", lambda: _each_minute(plane))


def _each_minute(plane: DataPlane) -> None:
    for endpoint in plane.endpoints.all():
        if endpoint.fleet is not None:
            _of_fleet(plane, endpoint.key, endpoint.fleet)


def _of_fleet(plane: DataPlane, key: Key, fleet: Fleet) -> None:
    """Publish zeros for a variant without traffic, as AWS does so that it scales in, and what its instances use."""
    for name, pool in [*fleet.pools.items(), *fleet.shadow_pools.items()]:
        dimensions = dimensions_of(key, name)[0]
        if not fleet.take_traffic(name):
            for metric in ("Invocations", "InvocationsPerInstance"):
                plane.metrics.put(NAMESPACE, metric, 0.0, "None", dimensions, region=key.region)
        sample_concurrency(plane, key, name, pool)
        if isinstance(pool, ServerlessPool):
            pool.end_when_idle()
        used: dict[str, list[float]] = {}
        for instance in pool.instances:
            for metric, value in usage(instance).items():
                used.setdefault(metric, []).append(value)
        for metric, values in used.items():
            plane.metrics.put_all(INSTANCE_NAMESPACE, metric, values, "Percent", dimensions, region=key.region)


def sample_concurrency(plane: DataPlane, key: Key, variant: str, pool: Pool) -> None:
    """Publish how many requests each instance of a variant answers right now."""
    instances = pool.instances
    value = sum(instance.in_flight for instance in instances) / max(len(instances), 1)
    dimensions = dimensions_of(key, variant)[0]
    plane.metrics.put(NAMESPACE, "ConcurrentRequestsPerModel", value, "Count", dimensions, region=key.region)
