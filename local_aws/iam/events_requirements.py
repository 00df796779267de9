"""Tell which permissions calls of EventBridge and EventBridge Scheduler take.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.iam import resources
from local_aws.iam.requirements import Context, Place, Requirement, tag_context, tags_of

Parameters = Mapping[str, Any]
_OF_RULE = {
    "DeleteRule": "Name",
    "DescribeRule": "Name",
    "DisableRule": "Name",
    "EnableRule": "Name",
    "ListTargetsByRule": "Rule",
    "PutRule": "Name",
    "PutTargets": "Rule",
    "RemoveTargets": "Rule",
}
"""Action on a rule → the parameter that names it."""
_OF_BUS = {"CreateEventBus": "Name", "DeleteEventBus": "Name", "DescribeEventBus": "Name", "UpdateEventBus": "Name"}


def events_requirements(action: str, given: Parameters, place: Place) -> Iterator[Requirement]:
    """Yield the permissions that a caller of EventBridge needs."""
    if action == "PutEvents":
        yield from _put_events(given, place)
        return
    tags = tags_of(given)
    context = {**tag_context(tags), **_context(action, given)}
    for arn in _arns(action, given, place):
        yield Requirement(f"events:{action}", arn, context)
        if tags and action in {"PutRule", "CreateEventBus"}:
            yield Requirement("events:TagResource", arn, tag_context(tags))


def scheduler_requirements(action: str, given: Parameters, place: Place) -> Iterator[Requirement]:
    """Yield the permissions that a caller of EventBridge Scheduler needs."""
    arns = resources.arns("scheduler", action, given, place)
    name, group = given.get("Name"), given.get("GroupName") or given.get("groupName") or "default"
    if action.endswith("Schedule") and name:
        arns = [place.arn("scheduler", f"schedule/{group}/{name}")]
    elif action.endswith("ScheduleGroup") and name:
        arns = [place.arn("scheduler", f"schedule-group/{name}")]
    for arn in arns:
        yield Requirement(f"scheduler:{action}", arn, tag_context(tags_of(given)))


def _put_events(given: Parameters, place: Place) -> Iterator[Requirement]:
    for entry in given.get("Entries", ()):
        context: Context = {"events:source": str(entry.get("Source", ""))}
        context["events:detail-type"] = str(entry.get("DetailType", ""))
        yield Requirement("events:PutEvents", place.arn("events", f"event-bus/{_bus(entry)}"), context)


def _arns(action: str, given: Parameters, place: Place) -> list[str]:
    if action in _OF_RULE:
        bus, rule = _bus(given), given.get(_OF_RULE[action], "")
        return [place.arn("events", f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}")]
    if action in _OF_BUS:
        return [place.arn("events", f"event-bus/{given.get(_OF_BUS[action]) or 'default'}")]
    return resources.arns("events", action, given, place)


def _bus(given: Parameters) -> str:
    return str(given.get("EventBusName") or "default").rpartition("/")[2]


def _context(action: str, given: Parameters) -> Context:
    """Return the condition keys of a rule's pattern and of its targets."""
    if action == "PutTargets":
        return {"events:TargetArn": [str(target.get("Arn", "")) for target in given.get("Targets", ())]}
    if action != "PutRule" or not given.get("EventPattern"):
        return {}
    try:
        pattern = json.loads(given["EventPattern"])
    except ValueError:
        return {}
    keys = {"events:source": "source", "events:detail-type": "detail-type"}
    found: dict[str, list[str]] = {
        key: [item for item in pattern.get(name, ()) if isinstance(item, str)] for key, name in keys.items()
    }
    return {key: values for key, values in found.items() if values}
