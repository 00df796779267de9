"""Publish the metrics that AWS services publish about themselves."""

import datetime as dt
from collections.abc import Mapping
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


class NoMetrics:
    """Nobody keeps what is published."""

    def put(self, *_: object, **__: object) -> None:
        """Forget the value."""
