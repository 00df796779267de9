"""Tell which permissions any API call takes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from local_aws.iam import resources
from local_aws.iam.calls import Call, Parameters
from local_aws.iam.cloudwatch_requirements import cloudwatch_requirements
from local_aws.iam.events_requirements import events_requirements, scheduler_requirements
from local_aws.iam.glue_requirements import glue_requirements
from local_aws.iam.iam_requirements import iam_requirements
from local_aws.iam.kms_requirements import kms_requirements
from local_aws.iam.messaging_requirements import sns_requirements, sqs_requirements
from local_aws.iam.requirements import Context, Place, Requirement, passed_roles, tag_context, tags_of
from local_aws.iam.s3_requirements import s3_requirements
from local_aws.iam.sagemaker_requirements import sagemaker_requirements
from local_aws.iam.states_requirements import states_requirements

_FREE = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}
_ACTIONS = {
    **{("budgets", f"{verb}Budget"): "ModifyBudget" for verb in ("Create", "Delete", "Update")},
    **{("budgets", f"Describe{noun}"): "ViewBudget" for noun in ("Budget", "Budgets")},
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeAsync"): "InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "InvokeFunction",
    ("sns", "PublishBatch"): "Publish",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "SendMessageBatch"): "SendMessage",
}
"""Operations whose permission has another name."""
_OF_SERVICE: dict[str, Callable[[str, Parameters, Place], Iterable[Requirement]]] = {
    "cloudwatch": cloudwatch_requirements,
    "events": events_requirements,
    "glue": glue_requirements,
    "iam": iam_requirements,
    "kms": kms_requirements,
    "scheduler": scheduler_requirements,
    "sns": sns_requirements,
    "sqs": sqs_requirements,
    "states": states_requirements,
}
"""Services whose calls take more than one permission on the resource that they name: one file each."""


class UnmappedError(Exception):
    """Nobody knows which permission a call takes."""


def requirements_of(call: Call, place: Place, last_version: Callable[[str], int]) -> list[Requirement]:
    """Return every permission that the caller of an API call needs; a role's trust is checked apart.

    Raises:
        UnmappedError: The call's permissions are not known.
    """
    if (call.service, call.operation) in _FREE:
        return []
    return [*_own(call, place, last_version), *_passing(call)]


def _own(call: Call, place: Place, last_version: Callable[[str], int]) -> list[Requirement]:
    given = call.parameters
    if call.service == "s3":
        return s3_requirements(call.operation, given, dict(call.context), place)
    action = _ACTIONS.get((call.service, call.operation), call.operation)
    if not resources.is_known(call.service, action):
        raise UnmappedError(f"{call.service}:{call.operation or 'an operation that the request does not name'}")
    if call.service == "sagemaker":
        return sagemaker_requirements(action, given, place, last_version)
    if call.service in _OF_SERVICE:
        return list(_OF_SERVICE[call.service](action, given, place))
    context = {**tag_context(tags_of(given)), **_service_context(call.service, given)}
    return [
        Requirement(f"{call.service}:{action}", arn, context)
        for arn in resources.arns(call.service, action, given, place)
    ]


def _passing(call: Call) -> Iterator[Requirement]:
    for arn, service in passed_roles(call.service, call.operation, call.parameters):
        yield Requirement("iam:PassRole", arn, {"iam:PassedToService": service})


def _service_context(service: str, given: Any) -> Context:
    if service == "application-autoscaling":
        names = {"service-namespace": "ServiceNamespace", "scalable-dimension": "ScalableDimension"}
        return {f"{service}:{key}": str(given[name]) for key, name in names.items() if given.get(name)}
    if service == "cloudformation":
        names = {"cloudformation:RoleArn": "RoleARN", "cloudformation:ChangeSetName": "ChangeSetName"}
        return {key: str(given[name]) for key, name in names.items() if given.get(name)}
    return {}
