"""Write endpoints' records: statuses, variants, and the events about them."""

import contextlib
import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from local_aws.data_plane import DataPlane
from local_aws.store import Key, Record

if TYPE_CHECKING:
    from local_aws.hosting.fleet import Fleet, FleetPlan

KIND, CONFIG_KIND = "endpoint", "endpoint-config"
_MAX_REASON = 1024
_KEPT = ("RoutingConfig",)


def variant_summary(
    variant: Record, images: list[str], *, weight: float, count: int | None, now: dt.datetime
) -> Record:
    """Return a variant as DescribeEndpoint shows it when it has what is desired; `count` is None when serverless."""
    summary: Record = {
        "VariantName": variant["VariantName"],
        "DeployedImages": _deployed(images, now),
        "CurrentWeight": weight,
        "DesiredWeight": weight,
        **{name: variant[name] for name in _KEPT if name in variant},
    }
    if serverless := variant.get("ServerlessConfig"):
        return {**summary, "CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    return {**summary, "CurrentInstanceCount": count or 0, "DesiredInstanceCount": count or 0}


def initial_variants(plan: "FleetPlan", now: dt.datetime) -> Record:
    """Return the variants of an endpoint that is about to start: nothing runs yet."""
    found: Record = {}
    for member, variants in (("ProductionVariants", plan.variants), ("ShadowProductionVariants", plan.shadows)):
        for variant in variants:
            count = None if "ServerlessConfig" in variant else variant.get("InitialInstanceCount", 1)
            images = plan.images(variant["ModelName"])
            shown = variant_summary(
                variant, images, weight=variant.get("InitialVariantWeight", 1.0), count=count, now=now
            )
            if count is not None:
                shown["CurrentInstanceCount"] = 0
            found.setdefault(member, []).append(shown)
    return found


def running_variants(plan: "FleetPlan", fleet: "Fleet", now: dt.datetime) -> Record:
    """Return the variants of a fleet as it runs."""
    found = initial_variants(plan, now)
    weights = fleet.weights
    for variant in found["ProductionVariants"]:
        variant["CurrentWeight"] = variant["DesiredWeight"] = weights[variant["VariantName"]]
    pools = {**fleet.pools, **fleet.shadow_pools}
    for variant in [*found["ProductionVariants"], *found.get("ShadowProductionVariants", ())]:
        pool = pools.get(variant["VariantName"])
        if pool is None:
            continue
        variant["DeployedImages"] = _deployed([container["Image"] for container in pool.plan.containers], now)
        if "DesiredInstanceCount" in variant:
            variant["DesiredInstanceCount"] = pool.desired
            variant["CurrentInstanceCount"] = len(pool.instances)
    return found


def show_pending(plane: DataPlane, key: Key, plan: "FleetPlan", fleet: "Fleet", status: list[Record] | None) -> None:
    """Write the state of an update into its endpoint's record; a new `status` is told to EventBridge, too."""

    def change(record: Record) -> None:
        now = plane.clock.now()
        before = record.get("PendingDeploymentSummary") or {"StartTime": now}
        variants = running_variants(plan, fleet, now)["ProductionVariants"]
        shown = before.get("ProductionVariants", [{}])[0].get("VariantStatus", [])
        for variant in variants:
            variant["VariantStatus"] = status or shown
        summary = {"EndpointConfigName": plan.name, "ProductionVariants": variants, "StartTime": before["StartTime"]}
        record["PendingDeploymentSummary"] = summary

    with contextlib.suppress(KeyError):  # it was deleted meanwhile
        record = plane.store.update(key, change)
        if status:
            _emit_deployment(plane, key, record)


def plan_fields(plan: "FleetPlan") -> Record:
    """Return what an endpoint's record shows of its configuration."""
    capture = plan.config.get("DataCaptureConfig")
    shown = {
        "EndpointConfigName": plan.name,
        "AsyncInferenceConfig": plan.config.get("AsyncInferenceConfig"),
        "DataCaptureConfig": None,
        "_plan": {"config": plan.config, "models": dict(plan.models)},
    }
    if capture:
        enabled = bool(capture.get("EnableCapture", True))
        shown["DataCaptureConfig"] = {
            "EnableCapture": enabled,
            "CaptureStatus": "Started" if enabled else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
    return shown


def show_fleet(plane: DataPlane, key: Key, fleet: "Fleet") -> None:
    """Write current counts and weights of a fleet in service into its endpoint's record."""
    weights = fleet.weights
    pools = {**fleet.pools, **fleet.shadow_pools}
    counts = {name: len(pool.instances) for name, pool in pools.items()}

    def change(record: Record) -> None:
        shown = [*record.get("ProductionVariants", ()), *record.get("ShadowProductionVariants", ())]
        for variant in shown:
            name = variant["VariantName"]
            variant["CurrentWeight"] = weights.get(name, variant.get("CurrentWeight"))
            if "CurrentInstanceCount" in variant and name in counts:
                variant["CurrentInstanceCount"] = counts[name]

    with contextlib.suppress(KeyError):  # it was deleted meanwhile
        plane.store.update(key, change)


def set_status(plane: DataPlane, key: Key, status: str, **fields: Any) -> Record:
    """Change an endpoint's status and tell EventBridge; a field of None is removed."""
    if fields.get("FailureReason"):
        fields["FailureReason"] = fields["FailureReason"][:_MAX_REASON]

    def change(record: Record) -> None:
        record.update({"EndpointStatus": status, "LastModifiedTime": plane.clock.now(), **fields})
        for name in [name for name, value in record.items() if value is None]:
            del record[name]

    record = plane.store.update(key, change)
    emit_state(plane, key, record)
    return record


def emit_state(plane: DataPlane, key: Key, record: Record) -> None:
    """Emit `SageMaker Endpoint State Change`."""
    detail, arn = _detail(record), record["EndpointArn"]
    plane.events.emit("aws.sagemaker", "SageMaker Endpoint State Change", detail, [arn], region=key.region)


def _emit_deployment(plane: DataPlane, key: Key, record: Record) -> None:
    """Emit `SageMaker Endpoint Deployment State Change`."""
    detail = {**_detail(record), "PendingDeploymentSummary": _plain(record["PendingDeploymentSummary"])}
    kind, arn = "SageMaker Endpoint Deployment State Change", record["EndpointArn"]
    plane.events.emit("aws.sagemaker", kind, detail, [arn], region=key.region)


def _detail(record: Record) -> dict[str, Any]:
    names = ("EndpointName", "EndpointArn", "EndpointConfigName", "ProductionVariants", "FailureReason")
    status = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", record["EndpointStatus"]).upper()
    shown = {name: _plain(record[name]) for name in names if name in record}
    return {**shown, "EndpointStatus": status, **_common(record)}


def emit_config(plane: DataPlane, key: Key, record: Record) -> None:
    """Emit `SageMaker Endpoint Config State Change`."""
    names = ("EndpointConfigName", "EndpointConfigArn", "ProductionVariants")
    detail = {**{name: _plain(record[name]) for name in names}, **_common(record)}
    arn = record["EndpointConfigArn"]
    plane.events.emit("aws.sagemaker", "SageMaker Endpoint Config State Change", detail, [arn], region=key.region)


def _common(record: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: _plain(record[name]) for name in ("CreationTime", "LastModifiedTime") if name in record}
    return {**times, "Tags": {tag["Key"]: tag["Value"] for tag in record.get("_tags") or []}}


def _plain(value: Any) -> Any:
    """Return a value as events hold it: times are milliseconds since the epoch."""
    if isinstance(value, dt.datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _deployed(images: list[str], now: dt.datetime) -> list[Record]:
    return [{"SpecifiedImage": uri, "ResolvedImage": _resolved(uri), "ResolutionTime": now} for uri in images]


def _resolved(uri: str) -> str:
    """Return an image by digest; here the digest of its name stands for that of its content."""
    if "@" in uri:
        return uri
    repository = uri.rpartition(":")[0] if ":" in uri.rpartition("/")[2] else uri
    return f"{repository}@sha256:{hashlib.sha256(uri.encode()).hexdigest()}"
