"""Plan guarded updates: which part of the new fleet takes traffic when, and how long it is watched."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.errors import ValidationError

_HALF, _LINEAR_LEAST, _ROLLING_LEAST = 50, 10, 5
_DEFAULT_TIMEOUT = 28_800.0
_MODES = {"ALL_AT_ONCE": "all-at-once", "CANARY": "canary", "LINEAR": "linear"}

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Step:
    """A part of an update.

    Attributes:
        counts: Instances of the new fleet that are up by then, of each variant.
        share: Share of the requests that the new fleet takes, in (0, 1].
    """

    counts: Counts
    share: float


@dataclass(frozen=True)
class Rollout:
    """How an update goes.

    Attributes:
        mode: As messages name it.
        steps: The last one has all instances and requests.
        bake_seconds: How long alarms are watched after each step; local time, as are the others.
        termination_seconds: How long the old fleet stays after the last.
        timeout_seconds: After this time the update is rolled back.
        alarms: Names of the alarms that roll it back.
        is_rolling: The old fleet shrinks as the new one grows.
        is_guarded: The update was given a deployment configuration.
    """

    mode: str
    steps: Sequence[Step]
    bake_seconds: float = 0.0
    termination_seconds: float = 0.0
    timeout_seconds: float = _DEFAULT_TIMEOUT
    alarms: tuple[str, ...] = ()
    is_rolling: bool = False
    is_guarded: bool = True


def rollout(config: Mapping[str, Any] | None, old: Counts, new: Counts) -> Rollout:
    """Return how an update goes under a DeploymentConfig.

    Args:
        config: The DeploymentConfig; None is all at once.
        old: Instances of each variant that runs.
        new: Instances of each variant that is to run.

    Raises:
        ValidationError: The configuration breaks a rule of deployment guardrails.
    """
    if not config:
        return Rollout("all-at-once", [Step(new, 1.0)], is_guarded=False)
    blue_green, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if blue_green and rolling:
        raise ValidationError("DeploymentConfig can have BlueGreenUpdatePolicy or RollingUpdatePolicy, not both.")
    alarms = tuple(item["AlarmName"] for item in config.get("AutoRollbackConfiguration", {}).get("Alarms", ()))
    if rolling:
        return _rolling(rolling, old, new, alarms)
    if not blue_green:
        return Rollout("all-at-once", [Step(new, 1.0)], alarms=alarms)
    return _blue_green(blue_green, old, new, alarms)


def _blue_green(policy: Mapping[str, Any], old: Counts, new: Counts, alarms: tuple[str, ...]) -> Rollout:
    routing = policy["TrafficRoutingConfiguration"]
    kind = routing["Type"]
    sizes = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
    for mode, member in sizes.items():
        if (member in routing) != (mode == kind):
            raise ValidationError(f"TrafficRoutingConfiguration of Type {kind} {_wants(member, kind == mode)}.")
    steps = [Step(new, 1.0)]
    if kind != "ALL_AT_ONCE":
        _check_names(old, new)
        size = routing[sizes[kind]]
        _check_size(size, new, sizes[kind], least=_LINEAR_LEAST if kind == "LINEAR" else 1)
        steps = _growing(size, new) if kind == "LINEAR" else [_part(size, new, 1), *steps]
    return _timed(
        Rollout(
            _MODES[kind],
            steps,
            bake_seconds=routing["WaitIntervalInSeconds"],
            termination_seconds=policy.get("TerminationWaitInSeconds", 0),
            alarms=alarms,
            timeout_seconds=policy.get("MaximumExecutionTimeoutInSeconds", _DEFAULT_TIMEOUT),
        ),
        is_limited="MaximumExecutionTimeoutInSeconds" in policy,
    )


def _rolling(policy: Mapping[str, Any], old: Counts, new: Counts, alarms: tuple[str, ...]) -> Rollout:
    if len(new) != 1:
        raise ValidationError("Rolling deployments are not supported for endpoints with several production variants.")
    _check_names(old, new)
    _check_size(policy["MaximumBatchSize"], new, "MaximumBatchSize", least=_ROLLING_LEAST)
    return _timed(
        Rollout(
            "rolling",
            _growing(policy["MaximumBatchSize"], new),
            bake_seconds=policy["WaitIntervalInSeconds"],
            alarms=alarms,
            is_rolling=True,
            timeout_seconds=policy.get("MaximumExecutionTimeoutInSeconds", _DEFAULT_TIMEOUT),
        ),
        is_limited="MaximumExecutionTimeoutInSeconds" in policy,
    )


def _timed(plan: Rollout, *, is_limited: bool) -> Rollout:
    waits = plan.bake_seconds * len(plan.steps) + plan.termination_seconds
    if is_limited and plan.timeout_seconds <= waits:
        raise ValidationError(
            f"MaximumExecutionTimeoutInSeconds is {plan.timeout_seconds:g}; it must be greater than the total wait "
            f"time of the deployment, {waits:g} seconds."
        )
    return plan


def _wants(member: str, is_needed: bool) -> str:
    return f"needs {member}" if is_needed else f"cannot have {member}"


def _check_names(old: Counts, new: Counts) -> None:
    if set(old) != set(new):
        raise ValidationError(
            "The new endpoint configuration must have the same variant names as the old one in a canary, linear or "
            f"rolling deployment: it has {', '.join(sorted(new))}, the old one {', '.join(sorted(old))}. Change which "
            "variants exist without a DeploymentConfig."
        )


def _check_size(size: Mapping[str, Any], counts: Counts, member: str, *, least: int) -> None:
    value = size["Value"]
    if size["Type"] == "CAPACITY_PERCENT" and not least <= value <= _HALF:
        raise ValidationError(f"{member} is {value} CAPACITY_PERCENT; allowed is {least} to {_HALF}.")
    for name, count in counts.items():
        if 2 * _instances(size, count) > count:
            raise ValidationError(
                f"{member} is {value} {size['Type']}, which is {_instances(size, count)} of the {count} instance(s) of "
                f"variant {name}; it must be at most half of them. Run at least 2 instances, or deploy ALL_AT_ONCE."
            )


def _instances(size: Mapping[str, Any], count: int, times: int = 1) -> int:
    if size["Type"] == "INSTANCE_COUNT":
        return min(count, times * int(size["Value"]))
    return min(count, math.ceil(count * times * size["Value"] / 100))


def _part(size: Mapping[str, Any], counts: Counts, times: int) -> Step:
    part = {name: _instances(size, count, times) for name, count in counts.items()}
    return Step(part, sum(part.values()) / sum(counts.values()))


def _growing(size: Mapping[str, Any], counts: Counts) -> list[Step]:
    steps = [_part(size, counts, 1)]
    while steps[-1].share < 1:
        steps.append(_part(size, counts, len(steps) + 1))
    return steps
