"""Show that autoscaling with the measured target adds instances under load, and takes them away after it."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.load_test.endpoint import VARIANT
from pipelines.targets import Target

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_COOLDOWN = 60
_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class Moment:
    """What was there at a moment: minutes since the start, instances, whether load was on."""

    minutes: float
    instances: int
    is_loaded: bool


def register(target: Target, endpoint: str, *, invocations: float, most: int) -> None:
    """Register the variant for autoscaling between one and `most` instances."""
    autoscaling = target.client("application-autoscaling")
    place = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{VARIANT}",
        "ScalableDimension": _DIMENSION,
    }
    autoscaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=most)
    autoscaling.put_scaling_policy(
        **place,
        PolicyName="invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": invocations,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleInCooldown": _COOLDOWN,
            "ScaleOutCooldown": _COOLDOWN,
        },
    )


def deregister(target: Target, endpoint: str) -> None:
    """Take the variant off autoscaling, alarms included."""
    target.client("application-autoscaling").deregister_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{endpoint}/variant/{VARIANT}",
        ScalableDimension=_DIMENSION,
    )


def watch(
    target: Target,
    endpoint: str,
    load: "subprocess.Popen[str]",
    now: Callable[[], datetime],
    *,
    most_minutes: float,
    rest: Callable[[bool], None],
) -> list[Moment]:
    """Return the instances over time: while load is on until there are more, then without until there is one.

    Args:
        target: Where.
        endpoint: Whose instances.
        load: The running load; it is ended once instances were added.
        now: The target's clock.
        most_minutes: How long to wait for either, by that clock.
        rest: What to do between two looks; it is told whether load is on.
    """
    start, moments, is_loaded = now(), [], True
    turned = start
    while True:
        at = now()
        moments.append(Moment((at - start).total_seconds() / 60, _instances(target, endpoint), is_loaded))
        waited = (at - turned).total_seconds() / 60
        if is_loaded and (moments[-1].instances > 1 or waited > most_minutes):
            is_loaded, turned = False, at
            load.terminate()
            load.wait()
        elif not is_loaded and (moments[-1].instances == 1 or waited > most_minutes):
            return moments
        rest(is_loaded)


def utc_now() -> datetime:
    """Return AWS's time: this machine's."""
    return datetime.now(UTC)


def sleep_a_while(_is_loaded: bool) -> None:
    """Wait between two looks."""
    time.sleep(_PAUSE_SECONDS)


def _instances(target: Target, endpoint: str) -> int:
    described: dict[str, Any] = target.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    return int(described["ProductionVariants"][0]["CurrentInstanceCount"])
