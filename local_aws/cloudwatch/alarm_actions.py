"""Perform the actions of an alarm that has changed its state: SNS topics, Lambda functions, scaling policies."""

import json
import logging
from typing import TYPE_CHECKING, Any

from local_aws.autoscaling import scaler
from local_aws.cloudwatch import alarms
from local_aws.cloudwatch.notification import message, subject
from local_aws.iam.service_access import check_access
from local_aws.store import Key, Record

if TYPE_CHECKING:
    from local_aws.data_plane import DataPlane

_LOG = logging.getLogger(__name__)
_PRINCIPAL, _LAMBDA_PRINCIPAL = "cloudwatch.amazonaws.com", "lambda.alarms.cloudwatch.amazonaws.com"
_SCALING = "arn:aws:autoscaling:"


def perform(plane: "DataPlane", key: Key, old: Record) -> None:
    """Perform the actions of an alarm's present state; `old` is the alarm before it had that state."""
    alarm = plane.store.get(key)
    if alarm is None or not alarm["ActionsEnabled"]:
        return
    for arn in alarm[alarms.ACTIONS[alarm["StateValue"]]]:
        _perform_one(plane, key, arn, alarm, old)


def repeats(alarm: Record) -> bool:
    """Tell whether an alarm has actions that are performed for as long as it keeps its state: scaling policies."""
    return bool(alarm["ActionsEnabled"]) and any(map(_is_scaling, alarm[alarms.ACTIONS[alarm["StateValue"]]]))


def repeat(plane: "DataPlane", key: Key, alarm: Record) -> bool:
    """Perform what CloudWatch performs for as long as an alarm keeps its state.

    Returns:
        Whether it does nothing again while neither the alarm's data nor any record changes.
    """
    arns = filter(_is_scaling, alarm[alarms.ACTIONS[alarm["StateValue"]]])
    settled = [_perform_one(plane, key, arn, alarm, alarm, is_remembered=False) for arn in arns]
    return all(settled)


def _is_scaling(arn: str) -> bool:
    return arn.startswith(_SCALING)


def _perform_one(
    plane: "DataPlane", key: Key, arn: str, alarm: Record, old: Record, *, is_remembered: bool = True
) -> bool:
    error, is_settled = "", False
    try:
        is_settled = _send(plane, key, arn, alarm, old)
    except Exception as err:  # noqa: BLE001 - whatever a target's service answers
        error = f"{type(err).__name__}: {err}"
        _LOG.warning("alarm %s: action %s failed: %s", key.name, arn, error)
    if is_remembered:
        state = "Failed" if error else "Succeeded"
        data = {"actionState": state, "notificationResource": arn, **({"error": error} if error else {})}
        words = "Failed to execute action" if error else "Successfully executed action"
        alarms.remember(plane, key, "Action", f"{words} {arn}", data)
    return is_settled


def _send(plane: "DataPlane", key: Key, arn: str, alarm: Record, old: Record) -> bool:
    """Perform an action; return whether it had nothing to do."""
    match arn.split(":")[2]:
        case "sns":
            check_access(plane, _PRINCIPAL, "sns:Publish", arn, alarm["AlarmArn"])
            client = plane.client("sns", key.region)
            client.publish(TopicArn=arn, Subject=subject(alarm, key.region), Message=message(alarm, old, key))
        case "lambda":
            check_access(plane, _LAMBDA_PRINCIPAL, "lambda:InvokeFunction", arn, alarm["AlarmArn"])
            _invoke(plane, key, arn, alarm, old)
        case "autoscaling":
            return scaler.act(plane, key, arn, alarm)
        case service:
            raise NotImplementedError(f"the local AWS does not perform actions of {service}")
    return False


def _invoke(plane: "DataPlane", key: Key, arn: str, alarm: Record, old: Record) -> None:
    event: dict[str, Any] = {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": key.account_id,
        "time": alarms.shown_time(alarm),
        "region": key.region,
        "alarmData": {
            "alarmName": key.name,
            "state": {"value": alarm["StateValue"], "reason": alarm["StateReason"]},
            "previousState": {"value": old["StateValue"], "reason": old["StateReason"]},
        },
    }
    client = plane.client("lambda", key.region)
    client.invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(event).encode())
