"""Hold the records of everything the data plane knows, and let threads wait for a record to change."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
"""A resource in the shape of its Describe* response."""


@dataclass(frozen=True, order=True)
class Key:
    """Name one record: resources with one name may exist in several accounts and regions."""

    kind: str
    name: str
    account_id: str
    region: str


class Store:
    """A thread-safe table of records.

    Reads return copies: a record changes only through `update`, which wakes the threads in `wait`.
    """

    def __init__(self) -> None:
        self._records: dict[Key, Record] = {}
        self._changed = threading.Condition(threading.RLock())
        self._observers: dict[str, Callable[[Key, Record], None]] = {}
        self.version = 0

    def observe(self, kind: str, function: Callable[[Key, Record], None]) -> None:
        """Call a function with every record of a kind that is inserted or changed; it must not block."""
        self._observers[kind] = function

    def insert(self, key: Key, record: Record) -> bool:
        """Add a record; return False, and change nothing, where the key is already taken."""
        with self._changed:
            if key in self._records:
                return False
            self._records[key] = _copied(record)
            self._tell(key)
            self._notify()
            return True

    def get(self, key: Key) -> Record | None:
        """Return a copy of a record, or None."""
        with self._changed:
            return _copied(self._records.get(key))

    def update(self, key: Key, change: Callable[[Record], None]) -> Record:
        """Apply a change to a record in place, atomically, and return a copy of the result.

        Raises:
            KeyError: No record has the key.
        """
        with self._changed:
            record = self._records[key]
            change(record)
            self._tell(key)
            self._notify()
            return _copied(record)

    def delete(self, key: Key) -> bool:
        """Remove a record; return whether there was one."""
        with self._changed:
            existed = self._records.pop(key, None) is not None
            self._notify()
            return existed

    def list(self, kind: str, account_id: str, region: str) -> list[Record]:
        """Return copies of all records of a kind, in the order of insertion."""
        with self._changed:
            return [
                _copied(record)
                for key, record in self._records.items()
                if (key.kind, key.account_id, key.region) == (kind, account_id, region)
            ]

    def wait(self, key: Key, is_done: Callable[[Record], bool], timeout: float | None = None) -> Record | None:
        """Block until a record satisfies a predicate; return a copy of it, or None after `timeout` seconds.

        Raises:
            KeyError: The record does not exist, or was deleted meanwhile.
        """
        with self._changed:
            done = self._changed.wait_for(lambda: is_done(self._records[key]), timeout)
            return _copied(self._records[key]) if done else None

    def snapshot(self) -> dict[Key, Record]:
        """Return a copy of every record."""
        with self._changed:
            return _copied(self._records)

    def restore(self, records: dict[Key, Record]) -> None:
        """Replace all records."""
        with self._changed:
            self._records = _copied(records)
            self._notify()

    def keys(self) -> Iterator[Key]:
        """Iterate over a copy of the keys."""
        with self._changed:
            return iter(list(self._records))

    def _tell(self, key: Key) -> None:
        if key.kind in self._observers:
            self._observers[key.kind](key, _copied(self._records[key]))

    def _notify(self) -> None:
        self.version += 1
        self._changed.notify_all()


def _copied(value: Any) -> Any:
    """Copy dicts and lists; everything else in a record is immutable. Several times faster than `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
