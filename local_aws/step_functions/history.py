"""Write an execution's history down, event by event, in records of twenty."""

import datetime as dt
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.store import Key, Store

KIND = "states-history"
_CHUNK = 20
_GROUPED = {"StateEntered": "stateEnteredEventDetails", "StateExited": "stateExitedEventDetails"}

Listener = Callable[[Mapping[str, Any]], None]


class History:
    """The events of one execution. Thread-safe."""

    def __init__(self, store: Store, execution: Key, listener: Listener | None = None) -> None:
        self._store, self._execution, self._listener = store, execution, listener
        self._lock = threading.Lock()
        self._count = len(read(store, execution))
        self.is_closed = False

    def add(self, kind: str, previous: int, moment: dt.datetime, details: Mapping[str, Any] | None = None) -> int:
        """Append an event after another one and return its id; a closed history takes no more."""
        with self._lock:
            if self.is_closed:
                return previous
            self._count += 1
            event: dict[str, Any] = {"timestamp": moment, "type": kind, "id": self._count, "previousEventId": previous}
            if details is not None:
                event[_details_member(kind)] = dict(details)
            key = _chunk_key(self._execution, (self._count - 1) // _CHUNK)
            if not self._store.insert(key, {"events": [event]}):
                self._store.update(key, lambda record: record["events"].append(event))
            number = self._count
        if self._listener:
            self._listener(event)
        return number

    @property
    def count(self) -> int:
        """How many events there are."""
        return self._count

    def close(self) -> None:
        """Take no more events."""
        with self._lock:
            self.is_closed = True


def read(store: Store, execution: Key) -> list[dict[str, Any]]:
    """Return all events of an execution, the oldest first."""
    events: list[dict[str, Any]] = []
    while (record := store.get(_chunk_key(execution, len(events) // _CHUNK))) and len(record["events"]):
        events += record["events"]
        if len(record["events"]) < _CHUNK:
            break
    return events


def forget(store: Store, execution: Key) -> None:
    """Remove an execution's events."""
    number = 0
    while store.delete(_chunk_key(execution, number)):
        number += 1


def payload(member: str, value: Any) -> dict[str, Any]:
    """Return the members that show a payload in an event: its JSON, and that nothing of it was cut."""
    return {member: json.dumps(value, separators=(",", ":")), f"{member}Details": {"truncated": False}}


def _chunk_key(execution: Key, number: int) -> Key:
    return Key(KIND, f"{execution.name}#{number:05d}", execution.account_id, execution.region)


def _details_member(kind: str) -> str:
    for suffix, member in _GROUPED.items():
        if kind.endswith(suffix):
            return member
    if kind.startswith("MapIteration"):
        return f"mapIteration{kind.removeprefix('MapIteration')}EventDetails"
    return f"{kind[:1].lower()}{kind[1:]}EventDetails"
