"""Run Application Auto Scaling: finish activities, and fire scheduled actions when they are due."""

from typing import TYPE_CHECKING

from local_aws.autoscaling import records, scaler
from local_aws.autoscaling.policies import deregister
from local_aws.autoscaling.records import Target, target_of
from local_aws.events.expressions import parse
from local_aws.store import Key, Record

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

_TICK_SECONDS = 10
_ENDPOINT = "endpoint"
"""The kind of the store's records of endpoints."""


class AutoScaling:
    """Application Auto Scaling of one local AWS."""

    def __init__(self, plane: "DataPlane") -> None:
        self._plane = plane
        self._version = -1
        self._targets: list[Target] = []
        self._actions: list[tuple[Key, Record]] = []
        self._looked_at = plane.clock.time()

    def start(self) -> None:
        """Begin to look every ten local seconds."""
        self._looked_at = self._plane.clock.time()
        self._plane.clock.every(_TICK_SECONDS, "autoscaling", self.look)

    def look(self) -> None:
        """Finish what SageMaker has fulfilled, and fire what is due."""
        if self._version != self._plane.store.version:
            self._version = self._plane.store.version
            self._deregister_deleted()
            self._actions = list(records.every(self._plane, records.ACTION))
            self._targets = [
                target_of(record, key.account_id, key.region)
                for key, record in records.every(self._plane, records.ACTIVITIES)
                if any(item["StatusCode"] == "InProgress" for item in record["items"])
            ]
        self._targets = [target for target in self._targets if scaler.settle(self._plane, target)]
        before, now = self._looked_at, self._plane.clock.time()
        self._looked_at = now
        for key, action in self._actions:
            if _is_due(action, before, now):
                self._fire(target_of(action, key.account_id, key.region), action)

    def _deregister_deleted(self) -> None:
        """Deregister the variants of endpoints that are deleted, as SageMaker does."""
        for key, record in list(records.every(self._plane, records.TARGET)):
            target = target_of(record, key.account_id, key.region)
            if self._plane.store.get(Key(_ENDPOINT, target.endpoint, key.account_id, key.region)) is None:
                deregister(self._plane, target)

    def _fire(self, target: Target, action: Record) -> None:
        registered = self._plane.store.get(target.key)
        if registered is None or registered["SuspendedState"]["ScheduledScalingSuspended"]:
            return
        records.update(self._plane, target.key, lambda record: record.update(action["ScalableTargetAction"]))
        scaler.keep_limits(self._plane, target)


def _is_due(action: Record, before: float, now: float) -> bool:
    created = action["CreationTime"].timestamp()
    due = parse(action["Schedule"], action.get("Timezone", "UTC")).next_after(before, created)
    if due is None or due > now:
        return False
    begins, ends = action.get("StartTime"), action.get("EndTime")
    return not (begins and due < begins.timestamp()) and not (ends and due > ends.timestamp())
