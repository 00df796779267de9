"""Reach moto's backends in this process, and know which of them changed.

moto keeps its state in module globals: one process has one moto, however many `LocalAws` it starts.
"""

import threading
from collections.abc import Iterator
from typing import Any

_RESTORED = threading.Event()
_RESTORED.set()
_LOCK = threading.Lock()
_CHANGED: set[str] = set()


def backend(service: str, account_id: str, region: str) -> Any:
    """Return the backend of a service, once a restore that is under way has ended."""
    from moto.backends import get_backend  # noqa: PLC0415 - moto is imported on first use

    _RESTORED.wait()
    return get_backend(service)[account_id][region]


def hold_until_restored() -> None:
    """Make `backend` and `wait_until_restored` wait for `release`."""
    _RESTORED.clear()


def release() -> None:
    """The state is restored."""
    _RESTORED.set()


def wait_until_restored() -> None:
    """Block while a restore is under way."""
    _RESTORED.wait()


def mark_changed(service: str) -> None:
    """Note that a service's state may differ from its last snapshot."""
    with _LOCK:
        _CHANGED.add(service)


def take_changed() -> set[str]:
    """Return the services that changed since the last call."""
    with _LOCK:
        changed = set(_CHANGED)
        _CHANGED.clear()
        return changed


def loaded() -> Iterator[Any]:
    """Iterate over the BackendDicts that hold state."""
    from moto.core.base_backend import BackendDict  # noqa: PLC0415

    yield from list(BackendDict._instances)  # noqa: SLF001 - moto is pinned, and has no public list
