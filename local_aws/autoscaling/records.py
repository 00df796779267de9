"""Keep scalable targets, policies, scheduled actions and scaling activities in the store."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local_aws.autoscaling.errors import ObjectNotFoundError
from local_aws.store import Key, Record

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

TARGET, POLICY, ACTION, ACTIVITIES = "scalable-target", "scaling-policy", "scheduled-action", "scaling-activities"
IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_MOST_ACTIVITIES = 200


@dataclass(frozen=True)
class Target:
    """Names a scalable target: one variant of one endpoint, in one account and region."""

    account_id: str
    region: str
    namespace: str
    resource_id: str
    dimension: str

    @property
    def key(self) -> Key:
        """The store key of its record."""
        return self._key(TARGET, "")

    @property
    def activities_key(self) -> Key:
        """The store key of its activities."""
        return self._key(ACTIVITIES, "")

    @property
    def endpoint(self) -> str:
        """The endpoint's name."""
        return self.resource_id.split("/")[1]

    @property
    def variant(self) -> str:
        """The variant's name."""
        return self.resource_id.split("/")[3]

    @property
    def identity(self) -> dict[str, str]:
        """What names it in requests and responses."""
        return dict(zip(IDENTITY, (self.namespace, self.resource_id, self.dimension), strict=True))

    def policy_key(self, name: str) -> Key:
        """Return the store key of one of its policies."""
        return self._key(POLICY, name)

    def action_key(self, name: str) -> Key:
        """Return the store key of one of its scheduled actions."""
        return self._key(ACTION, name)

    def _key(self, kind: str, name: str) -> Key:
        text = f"{self.namespace}|{self.resource_id}|{self.dimension}|{name}"
        return Key(kind, text, self.account_id, self.region)


def target_of(record: Record, account_id: str, region: str) -> Target:
    """Return the target that a record or request names."""
    return Target(account_id, region, *(str(record[name]) for name in IDENTITY))


def registered(plane: "DataPlane", endpoint: str, variant: str, region: str) -> bool:
    """Return whether a variant is a scalable target."""
    identity = ("sagemaker", f"endpoint/{endpoint}/variant/{variant}", "sagemaker:variant:DesiredInstanceCount")
    return plane.store.get(Target(plane.settings.account_id, region, *identity).key) is not None


def find_target(plane: "DataPlane", target: Target) -> Record:
    """Return a target's record.

    Raises:
        ObjectNotFoundError: It is not registered.
    """
    found = plane.store.get(target.key)
    if found is None:
        raise ObjectNotFoundError(
            f"No scalable target registered for service namespace: {target.namespace}, resource ID: "
            f"{target.resource_id}, scalable dimension: {target.dimension}"
        )
    return found


def of_target(plane: "DataPlane", kind: str, target: Target) -> list[Record]:
    """Return the policies or scheduled actions of a target."""
    records = plane.store.list(kind, target.account_id, target.region)
    return [record for record in records if all(record[name] == target.identity[name] for name in IDENTITY)]


def every(plane: "DataPlane", kind: str) -> Iterator[tuple[Key, Record]]:
    """Iterate over all records of a kind, with their keys."""
    for key in plane.store.keys():  # noqa: SIM118 - a store is no dict
        if key.kind == kind and (record := plane.store.get(key)):
            yield key, record


def add_activity(plane: "DataPlane", target: Target, fields: dict[str, Any]) -> str:
    """Add an activity to a target; return its id."""
    activity = {
        "ActivityId": str(uuid.uuid4()),
        **target.identity,
        "StartTime": plane.clock.now(),
        **fields,
    }
    plane.store.insert(target.activities_key, {"items": [], **target.identity})

    def change(record: Record) -> None:
        record["items"] = [*record["items"], activity][-_MOST_ACTIVITIES:]

    plane.store.update(target.activities_key, change)
    return str(activity["ActivityId"])


def change_activity(plane: "DataPlane", target: Target, activity_id: str, **fields: Any) -> None:
    """Change an activity of a target."""

    def change(record: Record) -> None:
        for item in record["items"]:
            if item["ActivityId"] == activity_id:
                item.update(fields)

    plane.store.update(target.activities_key, change)


def update(plane: "DataPlane", key: Key, change: Callable[[Record], None]) -> None:
    """Change a record where it still exists."""
    if plane.store.get(key) is not None:
        plane.store.update(key, change)
