"""Keep alarms and their history, and move alarms from state to state."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from local_aws.cloudwatch import alarm_events
from local_aws.cloudwatch.alarm_states import ALARM, INSUFFICIENT_DATA, OK
from local_aws.cloudwatch.timestamps import in_data
from local_aws.store import Key, Record

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

KIND, HISTORY = "alarm", "alarm-history"
_HISTORY_SECONDS = 30 * 86_400
_MOST_HISTORY = 200
ACTIONS = {OK: "OKActions", ALARM: "AlarmActions", INSUFFICIENT_DATA: "InsufficientDataActions"}


def key_of(account_id: str, region: str, name: str) -> Key:
    """Return the store key of an alarm."""
    return Key(KIND, name, account_id, region)


def is_composite(alarm: Record) -> bool:
    """Return whether an alarm watches other alarms."""
    return "AlarmRule" in alarm


def every_key(plane: "DataPlane") -> Iterator[Key]:
    """Iterate over the keys of all alarms."""
    return (key for key in plane.store.keys() if key.kind == KIND)  # noqa: SIM118 - a store is no dict


def move(plane: "DataPlane", key: Key, state: str, reason: str, data: dict[str, Any] | str | None) -> Record | None:
    """Give an alarm a state; return the alarm as it was before where the state is another than before.

    The change goes to the history and the event bus; the actions are the caller's.
    """
    old = plane.store.get(key)
    if old is None:
        return None
    text = data if isinstance(data, str) else json.dumps(data) if data else None
    now = plane.clock.now()
    changed = {"StateValue": state, "StateReason": reason, "StateUpdatedTimestamp": now}
    if state == old["StateValue"]:
        return None

    def change(record: Record) -> None:
        record.update(changed, StateTransitionedTimestamp=now)
        record.pop("StateReasonData", None)
        if text:
            record["StateReasonData"] = text

    new = plane.store.update(key, change)
    remember(plane, key, "StateUpdate", f"Alarm updated from {old['StateValue']} to {state}", _transition(old, new))
    alarm_events.state_changed(plane, key, old, new)
    return old


def remember(plane: "DataPlane", key: Key, kind: str, summary: str, data: dict[str, Any]) -> None:
    """Add to an alarm's history."""
    alarm = plane.store.get(key) or {}
    now = plane.clock.now()
    item = {
        "AlarmName": key.name,
        "AlarmType": "CompositeAlarm" if is_composite(alarm) else "MetricAlarm",
        "Timestamp": now,
        "HistoryItemType": kind,
        "HistorySummary": summary,
        "HistoryData": json.dumps({"version": "1.0", **data}),
    }
    place = Key(HISTORY, key.name, key.account_id, key.region)
    plane.store.insert(place, {"items": []})

    def change(record: Record) -> None:
        kept = [old for old in record["items"] if (now - old["Timestamp"]).total_seconds() < _HISTORY_SECONDS]
        record["items"] = [*kept, item][-_MOST_HISTORY:]

    plane.store.update(place, change)


def _transition(old: Record, new: Record) -> dict[str, Any]:
    return {"oldState": _state(old), "newState": _state(new)}


def _state(alarm: Record) -> dict[str, Any]:
    state: dict[str, Any] = {"stateValue": alarm["StateValue"], "stateReason": alarm["StateReason"]}
    if text := alarm.get("StateReasonData"):
        state["stateReasonData"] = json.loads(text)
    return state


def shown_time(alarm: Record) -> str:
    """Return when an alarm's state changed, as notifications show it."""
    return in_data(alarm["StateUpdatedTimestamp"].timestamp())
