"""Make and remove the alarms of target tracking policies, named and set as AWS does."""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from local_aws.autoscaling import records
from local_aws.autoscaling.records import Target
from local_aws.autoscaling.tracking import LOW_SHARE
from local_aws.errors import NotSimulatedError
from local_aws.store import Record

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

_NAMESPACE = "AWS/SageMaker"
_PREDEFINED = {
    "SageMakerVariantInvocationsPerInstance": ("InvocationsPerInstance", "Sum", 60),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": ("ConcurrentRequestsPerModel", "Average", 10),
}
"""Predefined metric type → metric, statistic, and the period of the alarm that scales out."""
_HIGH_PERIODS, _LOW_PERIODS, _MINUTE = 3, 15, 60


def policy_arn(target: Target, name: str) -> str:
    """Return a fresh ARN for a policy."""
    resource = f"resource/{target.namespace}/{target.resource_id}"
    place = f"{target.region}:{target.account_id}"
    return f"arn:aws:autoscaling:{place}:scalingPolicy:{uuid.uuid4()}:{resource}:policyName/{name}"


def make_alarms(plane: "DataPlane", target: Target, policy: Record) -> list[dict[str, str]]:
    """Put the alarms of a target tracking policy; return their names and ARNs.

    The one that scales out is above the target for 3 data points, the one that scales in is below 90 % of it for 15
    minutes.
    """
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    cloudwatch = plane.client("cloudwatch", target.region)
    names = {
        item["AlarmName"].split("-Alarm")[-1].split("-")[0]: item["AlarmName"] for item in policy.get("Alarms", ())
    }
    kinds = ["High"] if configuration.get("DisableScaleIn") else ["High", "Low"]
    made = []
    for kind in kinds:
        name = names.get(kind, f"TargetTracking-{target.resource_id}-Alarm{kind}-{uuid.uuid4()}")
        cloudwatch.put_metric_alarm(AlarmName=name, **_settings(target, policy, kind))
        arn = f"arn:aws:cloudwatch:{target.region}:{target.account_id}:alarm:{name}"
        made.append({"AlarmName": name, "AlarmARN": arn})
    if gone := [name for kind, name in names.items() if kind not in kinds]:
        cloudwatch.delete_alarms(AlarmNames=gone)
    return made


def remove_alarms(plane: "DataPlane", target: Target, policy: Record) -> None:
    """Delete the alarms of a policy, which are Application Auto Scaling's own."""
    if policy["PolicyType"] == "TargetTrackingScaling" and (found := policy.get("Alarms")):
        names = [alarm["AlarmName"] for alarm in found]
        plane.client("cloudwatch", target.region).delete_alarms(AlarmNames=names)


def deregister(plane: "DataPlane", target: Target) -> None:
    """Forget a target with its policies, their alarms and its scheduled actions; its activities stay."""
    for policy in records.of_target(plane, records.POLICY, target):
        remove_alarms(plane, target, policy)
        plane.store.delete(target.policy_key(policy["PolicyName"]))
    for action in records.of_target(plane, records.ACTION, target):
        plane.store.delete(target.action_key(action["ScheduledActionName"]))
    plane.store.delete(target.key)


def _settings(target: Target, policy: Record, kind: str) -> dict[str, Any]:
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    is_high = kind == "High"
    metric = _metric(target, configuration, is_high=is_high)
    wanted = float(configuration["TargetValue"])
    arn = policy["PolicyARN"]
    return {
        **metric,
        "EvaluationPeriods": _HIGH_PERIODS if is_high else _LOW_PERIODS,
        "Threshold": wanted if is_high else LOW_SHARE * wanted,
        "ComparisonOperator": "GreaterThanThreshold" if is_high else "LessThanThreshold",
        "AlarmActions": [arn],
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {arn}.",
    }


def _metric(target: Target, configuration: Mapping[str, Any], *, is_high: bool) -> dict[str, Any]:
    custom = configuration.get("CustomizedMetricSpecification")
    if custom is None:
        kind = configuration["PredefinedMetricSpecification"]["PredefinedMetricType"]
        name, statistic, period = _PREDEFINED[kind]
        variant = {"EndpointName": target.endpoint, "VariantName": target.variant}
        return {
            "Namespace": _NAMESPACE,
            "MetricName": name,
            "Statistic": statistic,
            "Period": period if is_high else _MINUTE,
            "Dimensions": [{"Name": key, "Value": value} for key, value in variant.items()],
        }
    if queries := custom.get("Metrics"):
        return {"Metrics": [_with_period(query) for query in queries]}
    names = ("Namespace", "MetricName", "Statistic", "Dimensions", "Unit")
    return {**{name: custom[name] for name in names if name in custom}, "Period": _MINUTE}


def _with_period(query: Mapping[str, Any]) -> dict[str, Any]:
    if "MetricStat" not in query:
        return dict(query)
    stat = {**query["MetricStat"], "Period": query["MetricStat"].get("Period", _MINUTE)}
    return {**query, "MetricStat": stat}


def check_metric(configuration: Mapping[str, Any]) -> None:
    """Raise NotSimulatedError for a predefined metric that is no endpoint variant's."""
    predefined = configuration.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    if predefined is not None and predefined not in _PREDEFINED:
        raise NotSimulatedError(
            f"The local AWS scales endpoint variants by {' or '.join(_PREDEFINED)} or a customized metric, not by "
            f"{predefined}."
        )
