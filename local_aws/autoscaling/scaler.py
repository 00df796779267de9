"""Scale a variant: when an alarm asks for it, when its limits change, when a scheduled action is due.

Cooldowns as AWS documents them: after a scale-out only a larger one is allowed until the cooldown ends; after a
scale-in none, but a scale-out is, at once.
"""

import datetime as dt
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local_aws.autoscaling import records
from local_aws.autoscaling.records import Target
from local_aws.autoscaling.tracking import desired_capacity, limited, stepped_capacity
from local_aws.store import Key, Record

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

_LOG = logging.getLogger(__name__)
_DEFAULT_COOLDOWN = 300


@dataclass(frozen=True)
class Variant:
    """A variant in service: its instances now, and how many are wanted."""

    current: int
    desired: int


def act(plane: "DataPlane", alarm_key: Key, policy_arn: str, alarm: Record) -> bool:
    """Do what a policy says, for an alarm that is in a state which has the policy as its action.

    Returns:
        Whether there is nothing to do until the alarm's data or a record changes.
    """
    found = next((item for _, item in records.every(plane, records.POLICY) if item["PolicyARN"] == policy_arn), None)
    if found is None:
        _LOG.warning("alarm %s: there is no scaling policy %s", alarm_key.name, policy_arn)
        return False
    target = records.target_of(found, alarm_key.account_id, alarm_key.region)
    registered, variant = plane.store.get(target.key), variant_of(plane, target)
    if registered is None or variant is None:
        return False
    wanted = limited(_wanted(found, alarm, variant.current), registered["MinCapacity"], registered["MaxCapacity"])
    if wanted == variant.current:
        return _is_recorded(plane, target)
    if not _is_allowed(plane, found, registered, wanted - variant.current):
        return False
    cause = f"monitor alarm {alarm['AlarmName']} in state {alarm['StateValue']} triggered policy {found['PolicyName']}"
    if set_capacity(plane, target, wanted, cause):
        _remember(plane, target, found, wanted - variant.current)
    return False


def keep_limits(plane: "DataPlane", target: Target) -> None:
    """Bring a variant's instances within its limits, as registering and scheduled actions do."""
    registered, variant = plane.store.get(target.key), variant_of(plane, target)
    if registered is None or variant is None:
        return
    low, high = registered["MinCapacity"], registered["MaxCapacity"]
    if (wanted := limited(variant.desired, low, high)) != variant.desired:
        which = f"minimum capacity was set to {low}" if wanted == low else f"maximum capacity was set to {high}"
        set_capacity(plane, target, wanted, which)


def variant_of(plane: "DataPlane", target: Target) -> Variant | None:
    """Return a variant in service; None while its endpoint is not: scaling waits."""
    found = _endpoint(plane, target)
    if found is None or found["EndpointStatus"] != "InService":
        return None
    for item in found.get("ProductionVariants", ()):
        if item["VariantName"] == target.variant and "CurrentInstanceCount" in item:
            current = item["CurrentInstanceCount"]
            return Variant(current, item.get("DesiredInstanceCount", current))
    return None


def _is_recorded(plane: "DataPlane", target: Target) -> bool:
    """Tell whether an endpoint is read in this process: its changes are changes of records."""
    return "EndpointStatus" in _record(plane, target)


def _record(plane: "DataPlane", target: Target) -> Record:
    key = target.key
    return plane.store.get(Key("endpoint", target.endpoint, key.account_id, key.region)) or {}


def _endpoint(plane: "DataPlane", target: Target) -> Record | None:
    """Return an endpoint's description.

    Read in this process where it can be: an alarm that stays in ALARM asks every minute, and a day passes in a second.
    """
    record = _record(plane, target)
    if "EndpointStatus" in record:
        return record
    try:
        answer: Record = plane.client("sagemaker", target.region).describe_endpoint(EndpointName=target.endpoint)
    except ClientError:
        return None
    return answer


def set_capacity(plane: "DataPlane", target: Target, wanted: int, cause: str) -> bool:
    """Ask SageMaker for a number of instances, and record the activity; return whether SageMaker agreed."""
    fields: dict[str, Any] = {
        "Description": f"Setting desired instance count to {wanted}.",
        "Cause": cause,
        "StatusCode": "InProgress",
        "StatusMessage": f"Successfully set desired instance count to {wanted}. Waiting for change to be fulfilled by "
        f"{target.namespace}.",
        "_wanted": wanted,
    }
    desired = [{"VariantName": target.variant, "DesiredInstanceCount": wanted}]
    try:
        plane.client("sagemaker", target.region).update_endpoint_weights_and_capacities(
            EndpointName=target.endpoint, DesiredWeightsAndCapacities=desired
        )
    except ClientError as err:
        message = f"Failed to set desired instance count to {wanted}. Reason: {err.response['Error']['Message']}"
        failed = {"StatusCode": "Failed", "StatusMessage": message, "EndTime": plane.clock.now()}
        records.add_activity(plane, target, {**fields, **failed})
        return False
    records.add_activity(plane, target, fields)
    return True


def settle(plane: "DataPlane", target: Target) -> bool:
    """Finish the activities that SageMaker has fulfilled or given up; return whether any is still open."""
    found = plane.store.get(target.activities_key) or {"items": []}
    is_open = [item for item in found["items"] if item["StatusCode"] == "InProgress"]
    if not is_open or (variant := variant_of(plane, target)) is None:
        return bool(is_open)
    for number, item in enumerate(is_open, 1):
        wanted, is_last = item["_wanted"], number == len(is_open)
        is_fulfilled = not is_last or variant.current == wanted
        status = "Successful" if is_fulfilled else "Failed"
        words = (
            "Change successfully fulfilled by sagemaker." if is_fulfilled else "SageMaker did not fulfil the change."
        )
        message = f"Successfully set desired instance count to {wanted}. {words}"
        now = plane.clock.now()
        records.change_activity(
            plane, target, item["ActivityId"], StatusCode=status, StatusMessage=message, EndTime=now
        )
        # A cooldown begins when the change is done, not when it was asked for.
        records.update(plane, target.key, lambda record, now=now: _start_cooldown(record, now))  # type: ignore[misc]
    return False


def _wanted(policy: Record, alarm: Record, current: int) -> int:
    values = [float(value) for value in json.loads(alarm.get("StateReasonData") or "{}").get("recentDatapoints", [])]
    if not values:
        return current
    if policy["PolicyType"] == "StepScaling":
        configuration = policy["StepScalingPolicyConfiguration"]
        return stepped_capacity(current, _aggregated(values, configuration) - alarm["Threshold"], configuration)
    # Out for the newest data point; in only as far as the busiest one allows, so that capacity does not oscillate.
    is_in = alarm["ComparisonOperator"].startswith("Less")
    metric = max(values) if is_in else values[-1]
    wanted = desired_capacity(current, metric, policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"])
    return min(wanted, current) if is_in else max(wanted, current)


def _aggregated(values: list[float], configuration: Record) -> float:
    match configuration.get("MetricAggregationType", "Average"):
        case "Minimum":
            return min(values)
        case "Maximum":
            return max(values)
        case _:
            return sum(values) / len(values)


def _is_allowed(plane: "DataPlane", policy: Record, registered: Record, change: int) -> bool:
    suspended = registered.get("SuspendedState", {})
    if suspended.get("DynamicScalingOutSuspended" if change > 0 else "DynamicScalingInSuspended"):
        return False
    last = registered.get("_last")
    if last is None:
        return True
    cooldown = _cooldown(policy, is_out=last["change"] > 0)
    if plane.clock.now() - last["time"] >= dt.timedelta(seconds=cooldown):
        return True
    return change > 0 and change > last["change"]


def _cooldown(policy: Record, *, is_out: bool) -> int:
    if policy["PolicyType"] == "StepScaling":
        return int(policy["StepScalingPolicyConfiguration"].get("Cooldown", _DEFAULT_COOLDOWN))
    name = "ScaleOutCooldown" if is_out else "ScaleInCooldown"
    return int(policy["TargetTrackingScalingPolicyConfiguration"].get(name, _DEFAULT_COOLDOWN))


def _remember(plane: "DataPlane", target: Target, policy: Record, change: int) -> None:
    last = {"change": change, "time": plane.clock.now(), "policy": policy["PolicyName"]}
    records.update(plane, target.key, lambda record: record.update(_last=last))


def _start_cooldown(record: Record, now: dt.datetime) -> None:
    if "_last" in record:
        record["_last"]["time"] = now
