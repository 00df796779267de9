"""Tell which permissions a call of CloudWatch takes.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.iam import resources
from local_aws.iam.requirements import Context, Place, Requirement, tag_context, tags_of

_ALARM_LISTS = {"DeleteAlarms", "DescribeAlarms", "DisableAlarmActions", "EnableAlarmActions"}
_ACTIONS = ("AlarmActions", "InsufficientDataActions", "OKActions")
_PUTTING = {"PutCompositeAlarm", "PutMetricAlarm"}


def cloudwatch_requirements(action: str, given: Mapping[str, Any], place: Place) -> Iterator[Requirement]:
    """Yield the permissions that the caller needs."""
    context = {**tag_context(tags_of(given)), **_context(action, given)}
    arns = _arns(action, given, place)
    for arn in arns:
        yield Requirement(f"cloudwatch:{action}", arn, context)
        if action in _PUTTING and tags_of(given):
            yield Requirement("cloudwatch:TagResource", arn, tag_context(tags_of(given)))


def _arns(action: str, given: Mapping[str, Any], place: Place) -> list[str]:
    if action in _ALARM_LISTS:
        # Without names every alarm is asked for.
        return [place.arn("cloudwatch", f"alarm:{name}") for name in given.get("AlarmNames") or ["*"]]
    if action in {"DescribeAlarmHistory", *_PUTTING, "SetAlarmState"}:
        return [place.arn("cloudwatch", f"alarm:{given.get('AlarmName') or '*'}")]
    if action == "DeleteDashboards":
        return [f"arn:aws:cloudwatch::{place.account_id}:dashboard/{name}" for name in given.get("DashboardNames", ())]
    return resources.arns("cloudwatch", action, given, place)


def _context(action: str, given: Mapping[str, Any]) -> Context:
    found: Context = {}
    if action == "PutMetricData" and given.get("Namespace"):
        found["cloudwatch:namespace"] = str(given["Namespace"])
    if action in _PUTTING and (targets := [arn for name in _ACTIONS for arn in given.get(name) or ()]):
        found["cloudwatch:AlarmActions"] = targets
    return found
