"""See what changed in a record since it was last seen."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from local_aws.store import Key, Record, Store

SOURCE = "aws.sagemaker"
Emit = Callable[[Key, Record, str, Any], None]
"""Called with a record's key, the record, the part of it that changed, and its status before; None for a new one."""


def watch(store: Store, kind: str, statuses: Callable[[Record], Iterable[tuple[str, Any]]], emit: Emit) -> None:
    """Call `emit` for each change of a status in the records of a kind; what is there already has not changed.

    `statuses` returns the parts of a record and the status of each.
    """
    lock, seen = threading.Lock(), dict[tuple[Key, str], Any]()

    def changes(key: Key, record: Record) -> list[tuple[str, Any]]:
        with lock:
            found = [
                (part, seen.get((key, part))) for part, status in statuses(record) if seen.get((key, part)) != status
            ]
            seen.update({(key, part): status for part, status in statuses(record)})
        return found

    def on_change(key: Key, record: Record) -> None:
        for part, before in changes(key, record):
            emit(key, record, part, before)

    store.observe(kind, on_change)
    for key in store.keys():  # noqa: SIM118 - a store is no dict
        if key.kind == kind and (record := store.get(key)):
            changes(key, record)


def public(record: Record) -> Record:
    """Return what an event shows of a record."""
    return {name: value for name, value in record.items() if not name.startswith("_") and value is not None}
