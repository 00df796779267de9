"""Run CloudWatch: evaluate alarms when they are due, roll up old metrics, keep metrics over a restart."""

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.cloudwatch.evaluator import TICK_SECONDS, Evaluator
from local_aws.cloudwatch.series import MetricStore

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

_LOG = logging.getLogger(__name__)
_ROLL_UP_SECONDS = 3_600
_SAVE_SECONDS = 60.0


class CloudWatch:
    """CloudWatch of one local AWS."""

    def __init__(self, plane: "DataPlane") -> None:
        self._plane = plane
        self._file: Path = plane.settings.root / "state" / "metrics.pickle"
        self._saved = time.monotonic()

    def start(self) -> None:
        """Go on with what was saved, and begin to evaluate."""
        if self._plane.settings.is_persistent and self._file.exists():
            try:
                self._store.restore(self._file)
            except Exception as err:  # noqa: BLE001 - whatever a broken file raises
                _LOG.warning("the metrics of the last run cannot be read: %s: %s", type(err).__name__, err)
        self._plane.clock.every(_ROLL_UP_SECONDS, "metrics-roll-up", self._store.roll_up)
        evaluator = Evaluator(self._plane, self._store)
        self._plane.clock.every(TICK_SECONDS, "alarms", evaluator.evaluate_due)

    def save(self, *, is_last: bool = False) -> None:
        """Write the metrics down, once a minute."""
        if is_last or time.monotonic() - self._saved > _SAVE_SECONDS:
            self._saved = time.monotonic()
            self._store.save(self._file)

    @property
    def _store(self) -> MetricStore:
        assert isinstance(self._plane.metrics, MetricStore)
        return self._plane.metrics
