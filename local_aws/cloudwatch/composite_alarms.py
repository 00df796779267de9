"""Evaluate composite alarms, and hold back the actions that a suppressor suppresses.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html.
"""

import datetime as dt
import functools
from typing import TYPE_CHECKING, Any

from local_aws.cloudwatch import alarms
from local_aws.cloudwatch.alarm_actions import perform
from local_aws.cloudwatch.alarm_rule import parse
from local_aws.cloudwatch.alarm_states import ALARM, OK
from local_aws.cloudwatch.timestamps import in_data
from local_aws.store import Key, Record

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

_TOLERANCE = dt.timedelta(seconds=1)
"""Between two looks, ten seconds apart, a moment more or less passes."""


def evaluate(plane: "DataPlane", key: Key, alarm: Record) -> bool:
    """Evaluate one composite alarm; return whether its state has changed."""
    rule, seen = _parsed(alarm["AlarmRule"]), dict[str, Record | None]()
    for name in rule.names:
        seen[name] = plane.store.get(alarms.key_of(key.account_id, key.region, name))

    def state_of(name: str) -> str | None:
        child = seen.get(name)
        return child["StateValue"] if child else None

    state = ALARM if rule.is_true(state_of) else OK
    if state == alarm["StateValue"]:
        _settle(plane, key, alarm)
        return False
    trigger = _latest([child for child in seen.values() if child])
    reason, data = _reason(trigger, state, alarm)
    old = alarms.move(plane, key, state, reason, data)
    if old:
        _act(plane, key, old)
    return old is not None


_parsed = functools.lru_cache(maxsize=256)(parse)


def _latest(children: list[Record]) -> Record | None:
    return max(children, key=lambda child: child["StateTransitionedTimestamp"], default=None)


def _reason(trigger: Record | None, state: str, alarm: Record) -> tuple[str, dict[str, Any]]:
    if trigger is None:
        return f"{alarm['AlarmName']} transitioned to {state}: its rule is constant.", {"triggeringAlarms": []}
    when = trigger["StateTransitionedTimestamp"]
    shown = {
        "arn": trigger["AlarmArn"],
        "state": {"value": trigger["StateValue"], "timestamp": in_data(when.timestamp())},
    }
    text = (
        f"{trigger['AlarmArn']} transitioned to {trigger['StateValue']} at {when:%A %d %B, %Y %H:%M:%S} UTC"
        if trigger["StateReason"] != "Unchecked: Initial alarm creation"
        else f"{trigger['AlarmArn']} was created and its alarm rule evaluates to {state}"
    )
    return text, {"triggeringAlarms": [shown]}


def _act(plane: "DataPlane", key: Key, old: Record) -> None:
    """Perform the actions of a new state, or keep them until the suppressor lets them."""
    alarm = plane.store.get(key)
    if alarm is None:
        return
    if "ActionsSuppressor" not in alarm:
        perform(plane, key, old)
    elif _is_suppressing(plane, key, alarm):
        _hold(plane, key, old, "Alarm", "Actions suppressed by alarm")
    else:
        _hold(plane, key, old, "WaitPeriod", "Actions suppressed by the wait period")


def _hold(plane: "DataPlane", key: Key, old: Record, by: str, reason: str) -> None:
    now = plane.clock.now()

    def change(record: Record) -> None:
        record.update(ActionsSuppressedBy=by, ActionsSuppressedReason=reason, _held=old, _held_since=now)

    plane.store.update(key, change)


def _settle(plane: "DataPlane", key: Key, alarm: Record) -> None:
    """Perform the actions that were held back, once nothing suppresses them any longer."""
    held = alarm.get("_held")
    if held is None:
        return
    now, by = plane.clock.now(), alarm["ActionsSuppressedBy"]
    if _is_suppressing(plane, key, alarm):
        if by != "Alarm":
            _hold(plane, key, held, "Alarm", "Actions suppressed by alarm")
        return
    if by == "Alarm":
        _hold(plane, key, held, "ExtensionPeriod", "Actions suppressed by the extension period")
        alarm = plane.store.get(key) or alarm
        by = "ExtensionPeriod"
    name = "ActionsSuppressorWaitPeriod" if by == "WaitPeriod" else "ActionsSuppressorExtensionPeriod"
    if now - alarm["_held_since"] >= dt.timedelta(seconds=alarm[name]) - _TOLERANCE:
        plane.store.update(key, _release)
        perform(plane, key, held)


def _release(record: Record) -> None:
    for name in ("ActionsSuppressedBy", "ActionsSuppressedReason", "_held", "_held_since"):
        record.pop(name, None)


def _is_suppressing(plane: "DataPlane", key: Key, alarm: Record) -> bool:
    name = alarm["ActionsSuppressor"].partition(":alarm:")[2] or alarm["ActionsSuppressor"]
    suppressor = plane.store.get(alarms.key_of(key.account_id, key.region, name))
    return suppressor is not None and suppressor["StateValue"] == ALARM
