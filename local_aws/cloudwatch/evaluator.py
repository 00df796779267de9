"""Evaluate every alarm when it is due: each minute, those with shorter periods each period."""

import json
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_aws.cloudwatch import alarms, composite_alarms
from local_aws.cloudwatch.alarm_actions import perform, repeat, repeats
from local_aws.cloudwatch.alarm_evaluation import evaluate_alarm, interval_of, outlooks_of
from local_aws.cloudwatch.expression_parser import ExpressionError
from local_aws.cloudwatch.outlook import Outlook
from local_aws.cloudwatch.series import MetricStore
from local_aws.store import Key, Record

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

_LOG = logging.getLogger(__name__)
TICK_SECONDS = 10
_MOST_NESTING = 10


@dataclass(frozen=True)
class _Watch:
    """An alarm on metrics, and what is needed often of it."""

    key: Key
    alarm: Record
    interval: int


@dataclass(frozen=True)
class _Steady:
    """What the last evaluation of an alarm rests on; while it stays so, the next would find the same.

    Attributes:
        alarm: As it was evaluated.
        outlooks: Until when its metrics stay the same.
        actions: The store's version at which its repeated actions had nothing to do; None where it has none.
    """

    alarm: Record
    outlooks: list[Outlook]
    actions: int | None


class Evaluator:
    """Evaluates the alarms of one local AWS; called every ten local seconds."""

    def __init__(self, plane: "DataPlane", store: MetricStore) -> None:
        self._plane, self._store = plane, store
        self._version = -1
        self._watched: list[_Watch] = []
        self._composite: list[Key] = []
        self._is_holding = False
        self._next = 0.0
        self._done: dict[Key, float] = {}
        self._steady: dict[Key, _Steady] = {}

    def evaluate_due(self) -> None:
        """Evaluate the metric alarms that are due, then the composite alarms until none changes any more."""
        now = self._plane.clock.time()
        has_changed = self._refresh()
        if has_changed or now >= self._next:
            self._next = min(((now // item.interval + 1) * item.interval for item in self._watched), default=math.inf)
            for item in self._watched:
                if self._is_due(item, now):
                    self._evaluate(item, now)
        if has_changed or self._is_holding or self._version != self._plane.store.version:
            self._evaluate_composites()

    def _refresh(self) -> bool:
        """Read the alarms where any record has changed: a month has 259,200 ticks, most of them idle."""
        version = self._plane.store.version
        if version == self._version:
            return False
        self._version = version
        found = [(key, self._plane.store.get(key)) for key in alarms.every_key(self._plane)]
        self._watched = [
            _Watch(key, alarm, interval_of(alarm)) for key, alarm in found if alarm and not alarms.is_composite(alarm)
        ]
        self._composite = [key for key, alarm in found if alarm and alarms.is_composite(alarm)]
        self._is_holding = any("_held" in alarm for _, alarm in found if alarm)
        return True

    def _is_due(self, item: _Watch, now: float) -> bool:
        slot, key = now // item.interval, item.key
        if self._done.get(key) == slot:
            return False
        self._done[key] = slot
        return not self._is_steady(item, slot * item.interval)

    def _is_steady(self, item: _Watch, end: float) -> bool:
        """Tell whether an evaluation whose range ends then would find what the last one found."""
        last = self._steady.get(item.key)
        if last is None or last.alarm != item.alarm:
            return False
        if last.actions is not None and last.actions != self._plane.store.version:
            return False
        return all(outlook.holds(end) for outlook in last.outlooks)

    def _evaluate(self, item: _Watch, now: float) -> None:
        key, alarm, place = item.key, item.alarm, (item.key.account_id, item.key.region)
        self._steady.pop(key, None)
        outlooks = outlooks_of(self._store, place, alarm, now)
        try:
            found = evaluate_alarm(self._store, place, alarm, now)
        except ExpressionError as err:
            _LOG.warning("alarm %s cannot be evaluated: %s", key.name, err)
            return
        except Exception:  # noqa: BLE001 - one alarm must not keep the others from being evaluated
            _LOG.exception("alarm %s cannot be evaluated", key.name)
            return
        if found.state is not None and found.state != alarm["StateValue"]:
            if old := alarms.move(self._plane, key, found.state, found.reason, found.data):
                perform(self._plane, key, old)
            return
        actions = None
        if repeats(alarm):
            actions = self._plane.store.version
            if not repeat(self._plane, key, {**alarm, "StateReasonData": json.dumps(found.data)}):
                return
        self._steady[key] = _Steady(alarm, outlooks, actions)

    def _evaluate_composites(self) -> None:
        for _ in range(_MOST_NESTING):
            pairs = [(key, self._plane.store.get(key)) for key in self._composite]
            changed = [composite_alarms.evaluate(self._plane, key, alarm) for key, alarm in pairs if alarm]
            if not any(changed):
                return
