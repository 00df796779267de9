"""Emit the events that AWS services emit about themselves."""

from typing import Any, Protocol


class EventBus(Protocol):
    """The account's default event bus."""

    def emit(self, source: str, detail_type: str, detail: dict[str, Any], resources: list[str], *, region: str) -> None:
        """Hand an event over; returns at once and never raises."""


class NoEvents:
    """Nobody listens."""

    def emit(self, *_: object, **__: object) -> None:
        """Forget the event."""
