"""Publish the metrics that AWS services publish about themselves."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol


class Metrics(Protocol):
    """Where services of the local AWS publish."""

    def put(
        self,
        namespace: str,
        metric: str,
        value: float,
        unit: str,
        dimensions: Mapping[str, str],
        *,
        region: str,
        timestamp: dt.datetime | None = None,
    ) -> None:
        """Record one value; cheap, thread-safe."""

    def put_all(
        self,
        namespace: str,
        metric: str,
        values: Sequence[float],
        unit: str,
        dimensions: Mapping[str, str],
        *,
        region: str,
        timestamp: dt.datetime | None = None,
    ) -> None:
        """Record what several instances publish at the same time."""


class NoMetrics:
    """Nobody keeps what is published."""

    def put(self, *_: object, **__: object) -> None:
        """Forget the value."""

    def put_all(self, *_: object, **__: object) -> None:
        """Forget the values."""
