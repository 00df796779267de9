"""Fire what is due by the local clock: rules with a schedule, and the schedules of EventBridge Scheduler.

Once per local minute everything enabled is looked through. What was due while no local AWS ran is not made up for.
"""

import datetime as dt
import logging
import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from local_aws.data_plane import DataPlane
from local_aws.events import expressions
from local_aws.events.router import EventRouter
from local_aws.events.scheduler import invoke
from local_aws.moto_adapters import event_rules, schedule_checks
from local_aws.moto_adapters.event_rules import Rule, Schedule

_LOG = logging.getLogger(__name__)
_PERIOD_SECONDS = 60.0
_MOST_AT_ONCE = 1500
"""A schedule of a minute catches up with a day that passed at once."""


@dataclass
class _State:
    """How far one schedule has been looked through."""

    expression: tuple[str, str]
    schedule: expressions.Schedule
    start: float
    following: float | None


class Schedules:
    """The schedules of all accounts and regions."""

    def __init__(self, plane: DataPlane, router: EventRouter) -> None:
        self._plane, self._router = plane, router
        self._states: dict[str, _State] = {}
        self._began = plane.clock.time()

    def start(self) -> None:
        """Look for what is due from now on."""
        schedule_checks.refuse_by(expressions.why_invalid)
        self.fire_due()
        self._plane.clock.every(_PERIOD_SECONDS, "schedules", self.fire_due)

    def fire_due(self) -> None:
        """Fire everything that has become due since the last call."""
        now = self._plane.clock.time()
        for account_id, region in list(event_rules.places("events")):
            for rule in event_rules.scheduled_rules(account_id, region):
                self._fire_rule(rule, account_id, region, now)
        for account_id, region in list(event_rules.places("scheduler")):
            for schedule in event_rules.schedules(account_id, region):
                self._fire_schedule(schedule, account_id, region, now)

    def _fire_rule(self, rule: Rule, account_id: str, region: str, now: float) -> None:
        for moment in self._due(rule.arn, (rule.schedule or "", "UTC"), now, now, now):
            event = {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": account_id,
                "time": _text(moment),
                "region": region,
                "resources": [rule.arn],
                "detail": {},
            }
            self._router.fire(rule, event)

    def _fire_schedule(self, schedule: Schedule, account_id: str, region: str, now: float) -> None:
        start = schedule.start if schedule.start is not None else schedule.created
        # A rate begins with its start; it is looked for from just before it.
        for moment in self._due(schedule.arn, (schedule.expression, schedule.timezone), now, start, start - 1):
            if start <= moment <= (schedule.end or math.inf):
                self._spawn(schedule, moment)
        if schedule.is_deleted_after and self._is_over(schedule):
            event_rules.delete_schedule(account_id, region, schedule)

    def _spawn(self, schedule: Schedule, moment: float) -> None:
        def run() -> None:
            invoke(self._plane, schedule, _text(moment), self._router.stop)

        self._plane.spawn(f"schedule-{schedule.name}", run)

    def _is_over(self, schedule: Schedule) -> bool:
        state = self._states.get(schedule.arn)
        following = state.following if state else 0.0
        return following is None or (schedule.end is not None and following > schedule.end)

    def _due(self, arn: str, expression: tuple[str, str], now: float, start: float, first: float) -> Iterator[float]:
        """Yield the moments up to now at which something is due; a new one is looked for from `first`."""
        state = self._states.get(arn)
        if state is None or state.expression != expression:
            try:
                schedule = expressions.parse(*expression)
            except expressions.ExpressionError as err:
                _LOG.warning("%s never fires: %s", arn, err)
                return
            since = max(first, now - _PERIOD_SECONDS, self._began)
            state = self._states[arn] = _State(expression, schedule, start, schedule.next_after(since, start))
        for _ in range(_MOST_AT_ONCE):
            if state.following is None or state.following > now:
                break
            yield state.following
            state.following = state.schedule.next_after(state.following, state.start)


def _text(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
