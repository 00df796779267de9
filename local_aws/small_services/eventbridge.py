"""Answer what EventBridge itself does: take events, and try patterns. Rules and buses stay moto's."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from local_aws.errors import ApiError, ValidationError
from local_aws.events import expressions, patterns
from local_aws.events.router import EventRouter
from local_aws.moto_adapters import event_rules
from local_aws.sagemaker.operations import Context, NotOursError
from local_aws.sagemaker.validation import checked_request
from local_aws.small_services import answers

_REQUIRED = ("Source", "DetailType", "Detail")
_BY_ROLE = {"sagemaker", "states"}
_INPUTS = ("Input", "InputPath", "InputTransformer")
_MAX_BYTES = 262_144


class InvalidEventPatternError(ApiError):
    """A rule's pattern is none."""

    code = "InvalidEventPatternException"


@answers("events", "PutEvents")
def put_events(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Take up to ten events; each is accepted or refused on its own."""
    entries = checked_request("events", "PutEvents", request)["Entries"]
    results = [_put(context, entry) for entry in entries]
    return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}


@answers("events", "TestEventPattern")
def try_event_pattern(_: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Tell whether a pattern matches an event."""
    given = checked_request("events", "TestEventPattern", request)
    try:
        event = json.loads(given["Event"])
    except ValueError as err:
        raise InvalidEventPatternError("Event is not valid. Reason: Invalid JSON") from err
    return {"Result": patterns.matches(_pattern(given["EventPattern"]), event)}


@answers("events", "PutRule")
def put_rule(_: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Refuse a pattern that is none, and leave the rule to moto."""
    if text := request.get("EventPattern"):
        _pattern(text)
    if schedule := request.get("ScheduleExpression"):
        try:
            expressions.parse(schedule)
        except expressions.ExpressionError as err:
            raise ValidationError(f"Parameter ScheduleExpression is not valid. Reason: {err}") from err
    raise NotOursError


@answers("events", "PutTargets")
def put_targets(_: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Refuse targets that lack the role by which alone they can be reached, and leave the others to moto."""
    targets = checked_request("events", "PutTargets", request)["Targets"]
    for target in targets:
        if target["Arn"].split(":")[2] in _BY_ROLE and "RoleArn" not in target:
            raise ValidationError(f"RoleArn is required for target {target['Arn']}.")
        if sum(name in target for name in _INPUTS) > 1:
            raise ValidationError(f"Only one of {', '.join(_INPUTS)} may be given for target {target['Id']}.")
    raise NotOursError


def _pattern(text: str) -> patterns.Pattern:
    try:
        return patterns.parse(text)
    except patterns.InvalidPatternError as err:
        raise InvalidEventPatternError(f"Event pattern is not valid. Reason: {err}") from err


def _put(context: Context, entry: Mapping[str, Any]) -> dict[str, str]:
    if problem := _problem(context, entry):
        return {"ErrorCode": problem[0], "ErrorMessage": problem[1]}
    router = context.plane.events
    assert isinstance(router, EventRouter)
    return {"EventId": router.put(entry, context.account_id, context.region)}


def _problem(context: Context, entry: Mapping[str, Any]) -> tuple[str, str] | None:
    for name in _REQUIRED:
        if not entry.get(name):
            return "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
    if str(entry["Source"]).startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        is_object = isinstance(json.loads(entry["Detail"]), dict)
    except ValueError:
        is_object = False
    if not is_object:
        return "MalformedDetail", "Detail is malformed."
    sizes = sum(len(str(entry[name]).encode()) for name in _REQUIRED)
    if sizes > _MAX_BYTES:
        return "InvalidArgument", f"The entry has {sizes} bytes; allowed are {_MAX_BYTES}."
    bus = str(entry.get("EventBusName") or "default").rpartition("/")[2]
    if not event_rules.has_bus(context.account_id, context.region, bus):
        return "ResourceNotFoundException", f"Event bus {bus} does not exist."
    moment = entry.get("Time")
    return None if moment is None or isinstance(moment, dt.datetime) else ("InvalidArgument", "Time is not valid.")
