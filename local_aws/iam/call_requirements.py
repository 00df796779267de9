"""Tell which permissions any API call takes."""

from collections.abc import Callable, Iterator
from typing import Any

from local_aws.iam import resources
from local_aws.iam.calls import Call, key_id_of_ciphertext
from local_aws.iam.requirements import Context, Place, Requirement, passed_roles, tag_context, tags_of
from local_aws.iam.s3_requirements import s3_requirements
from local_aws.iam.sagemaker_requirements import sagemaker_requirements
from local_aws.moto_adapters import permissions

_FREE = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}
_ACTIONS = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeAsync"): "InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "InvokeFunction",
    ("sns", "PublishBatch"): "Publish",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "SendMessageBatch"): "SendMessage",
}
"""Operations whose permission has another name."""


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
    if call.service == "kms":
        return list(_of_kms(action, given, place))
    if (call.service, action) == ("events", "PutEvents"):
        return list(_of_events(given, place))
    context = {**tag_context(tags_of(given)), **_service_context(call.service, given)}
    return [
        Requirement(f"{call.service}:{action}", _existing(arn, place), context)
        for arn in resources.arns(call.service, action, given, place)
    ]


def _passing(call: Call) -> Iterator[Requirement]:
    for arn, service in passed_roles(call.service, call.operation, call.parameters):
        yield Requirement("iam:PassRole", arn, {"iam:PassedToService": service})


def _of_kms(action: str, given: Any, place: Place) -> Iterator[Requirement]:
    named = given.get("KeyId") or given.get("TargetKeyId") or given.get("SourceKeyId")
    if not named and "CiphertextBlob" in given:
        named = key_id_of_ciphertext(given["CiphertextBlob"])
    context: Context = {"kms:CallerAccount": place.account_id, **tag_context(tags_of(given))}
    subject = given.get("EncryptionContext") or {}
    context.update({f"kms:EncryptionContext:{key}": str(value) for key, value in subject.items()})
    if subject:
        context["kms:EncryptionContextKeys"] = list(subject)
    if action == "CreateGrant":
        context["kms:GrantOperations"] = list(given.get("Operations", ()))
    if not named:
        yield Requirement(f"kms:{action}", "*", context)
        return
    key = permissions.kms_key(str(named), place.account_id, place.region)
    yield Requirement(f"kms:{action}", key[0] if key else _key_arn(str(named), place), context)
    if alias := given.get("AliasName"):
        yield Requirement(f"kms:{action}", place.arn("kms", str(alias)), context)


def _key_arn(key: str, place: Place) -> str:
    return key if key.startswith("arn:") else place.arn("kms", key if key.startswith("alias/") else f"key/{key}")


def _of_events(given: Any, place: Place) -> Iterator[Requirement]:
    for entry in given.get("Entries", ()):
        bus = str(entry.get("EventBusName") or "default").rpartition("/")[2]
        context: Context = {"events:source": str(entry.get("Source", ""))}
        context["events:detail-type"] = str(entry.get("DetailType", ""))
        yield Requirement("events:PutEvents", place.arn("events", f"event-bus/{bus}"), context)


def _service_context(service: str, given: Any) -> Context:
    if service == "cloudwatch" and given.get("Namespace"):
        return {"cloudwatch:namespace": str(given["Namespace"])}
    if service == "cloudformation":
        names = {"cloudformation:RoleArn": "RoleARN", "cloudformation:ChangeSetName": "ChangeSetName"}
        return {key: str(given[name]) for key, name in names.items() if given.get(name)}
    if service == "iam" and given.get("PermissionsBoundary"):
        return {"iam:PermissionsBoundary": str(given["PermissionsBoundary"])}
    return {}


def _existing(arn: str, place: Place) -> str:
    """Return a role's real ARN, with its path: calls name roles without it."""
    if ":role/" not in arn:
        return arn
    return permissions.role_arn_of_name(place.account_id, arn.rpartition("/")[2]) or arn
