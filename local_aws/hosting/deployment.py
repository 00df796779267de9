"""Bring endpoints into service, change them and end them, on threads of their own."""

import logging
from collections.abc import Mapping

from local_aws.data_plane import DataPlane
from local_aws.hosting import capacity, records
from local_aws.hosting.endpoint import LiveEndpoint
from local_aws.hosting.fleet import FleetPlan
from local_aws.hosting.instance import failure_reason
from local_aws.hosting.policies import Rollout
from local_aws.hosting.update import Update
from local_aws.store import Key, Record

_LOG = logging.getLogger(__name__)


def create(plane: DataPlane, key: Key, plan: FleetPlan) -> None:
    """Start a recorded endpoint; its status tells how it goes."""
    endpoint = plane.endpoints.open(plane, key)
    counts = {item["VariantName"]: item.get("InitialInstanceCount", 1) for item in [*plan.variants, *plan.shadows]}
    plane.spawn(f"create-{key.name}", lambda: _create(plane, endpoint, plan, counts))


def delete(plane: DataPlane, key: Key) -> None:
    """End an endpoint whose record says Deleting, and remove the record."""

    def run() -> None:
        endpoint = plane.endpoints.get(key)
        if endpoint is not None:
            endpoint.close()
            plane.endpoints.forget(key)
        plane.endpoints.capture(plane).flush()
        plane.store.delete(key)

    plane.spawn(f"delete-{key.name}", run)


def update(plane: DataPlane, key: Key, plan: FleetPlan, weights: Mapping[str, float], rollout: Rollout) -> None:
    """Replace what an endpoint runs, whose record says Updating."""
    endpoint = _live(plane, key)
    plane.spawn(f"update-{key.name}", Update(plane, endpoint, plan, weights, rollout).run)


def change_capacity(plane: DataPlane, key: Key, weights: Mapping[str, float], counts: Mapping[str, int]) -> None:
    """Change weights and counts of an endpoint whose record says Updating."""
    endpoint = _live(plane, key)
    plane.spawn(f"resize-{key.name}", lambda: capacity.change(plane, endpoint, weights, counts))


def _live(plane: DataPlane, key: Key) -> LiveEndpoint:
    endpoint = plane.endpoints.get(key)
    assert endpoint is not None, "an endpoint in service runs"
    return endpoint


def resume(plane: DataPlane) -> None:
    """Bring back, after a restart of the local AWS, the endpoints that were in service."""
    for key in plane.store.keys():  # noqa: SIM118 - a store is no dict
        if key.kind == records.KIND and (record := plane.store.get(key)):
            _resume(plane, key, record)


def plan_of(record: Record) -> FleetPlan:
    """Return what an endpoint's record says it runs."""
    return FleetPlan(record["_plan"]["config"], record["_plan"]["models"])


def _resume(plane: DataPlane, key: Key, record: Record) -> None:
    status = record["EndpointStatus"]
    if status == "Deleting":
        plane.store.delete(key)
        return
    if status in {"Failed", "OutOfService"}:
        return
    plan = plan_of(record)
    endpoint = plane.endpoints.open(plane, key)
    variants = [*record.get("ProductionVariants", ()), *record.get("ShadowProductionVariants", ())]
    counts = {item["VariantName"]: item.get("DesiredInstanceCount", 1) for item in variants}
    weights = {item["VariantName"]: item["DesiredWeight"] for item in record.get("ProductionVariants", ())}
    plane.spawn(f"resume-{key.name}", lambda: _create(plane, endpoint, plan, counts, weights))


def _create(
    plane: DataPlane,
    endpoint: LiveEndpoint,
    plan: FleetPlan,
    counts: Mapping[str, int],
    weights: Mapping[str, float] | None = None,
) -> None:
    fleet = endpoint.new_fleet(plan)
    fleet.set_weights(weights or {})
    try:
        fleet.start(counts)
    except Exception as err:  # noqa: BLE001 - the boundary of the deployment
        if not endpoint.stop.is_set():
            records.set_status(plane, endpoint.key, "Failed", FailureReason=failure_reason(err))
        return
    endpoint.serve(fleet)
    if endpoint.stop.is_set():
        endpoint.close(drain=False)
        return
    variants = records.running_variants(plan, fleet, plane.clock.now())
    records.set_status(plane, endpoint.key, "InService", FailureReason=None, PendingDeploymentSummary=None, **variants)
