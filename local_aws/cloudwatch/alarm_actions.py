"""Perform the actions of an alarm that has changed its state."""

from typing import TYPE_CHECKING

from local_aws.store import Key, Record

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane


def perform(plane: "DataPlane", key: Key, old: Record) -> None:
    """Perform the actions of an alarm's present state; `old` is the alarm before it had that state."""
