"""Change weights and instance counts of the variants in service."""

from collections.abc import Mapping

from local_aws.data_plane import DataPlane
from local_aws.hosting import records
from local_aws.hosting.endpoint import LiveEndpoint
from local_aws.hosting.instance import failure_reason
from local_aws.store import Record


def change(plane: DataPlane, endpoint: LiveEndpoint, weights: Mapping[str, float], counts: Mapping[str, int]) -> None:
    """Bring variants to weights and counts; where an instance does not come up, back to those before."""
    fleet = endpoint.fleet
    assert fleet is not None, "an endpoint in service has a fleet"
    before_weights = fleet.weights
    before = {name: len(fleet.pools[name].instances) for name in counts}
    fleet.set_weights(weights)
    reason: str | None = None
    try:
        fleet.resize(counts)
    except Exception as err:  # noqa: BLE001 - the boundary of the change
        if endpoint.stop.is_set():
            return
        reason = failure_reason(err)
        records.set_status(plane, endpoint.key, "RollingBack", FailureReason=reason)
        fleet.set_weights(before_weights)
        fleet.resize(before)
        plane.store.update(endpoint.key, lambda record: _desire(record, before_weights, before))
    if endpoint.stop.is_set():
        return
    endpoint.show()
    plane.store.update(endpoint.key, _forget_status)
    records.set_status(plane, endpoint.key, "InService", FailureReason=reason)


def _desire(record: Record, weights: Mapping[str, float], counts: Mapping[str, int]) -> None:
    """Write what is desired into a record."""
    for variant in record["ProductionVariants"]:
        name = variant["VariantName"]
        if name in weights:
            variant["DesiredWeight"] = weights[name]
        if name in counts:
            variant["DesiredInstanceCount"] = counts[name]


def announce(record: Record, weights: Mapping[str, float], counts: Mapping[str, int], now: object) -> None:
    """Write into a record what is desired, and that the variants change."""
    _desire(record, weights, counts)
    for variant in record["ProductionVariants"]:
        wanted = counts.get(variant["VariantName"])
        if wanted is not None and wanted != variant.get("CurrentInstanceCount"):
            way = "out" if wanted > variant.get("CurrentInstanceCount", 0) else "in"
            message = f"Scaling {way} desired instance count to {wanted}."
            variant["VariantStatus"] = [{"Status": "Updating", "StatusMessage": message, "StartTime": now}]


def _forget_status(record: Record) -> None:
    for variant in record["ProductionVariants"]:
        variant.pop("VariantStatus", None)
