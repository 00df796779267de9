"""Tell which permissions an API call takes: (action, resource, condition keys), as AWS checks them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.iam.patterns import ContextValue

Context = dict[str, ContextValue]


@dataclass(frozen=True)
class Requirement:
    """One permission that a call takes.

    Attributes:
        resource: An ARN, or `*` for an action without resources.
        context: Condition keys that come from the call itself.
        via: The service that makes the call on the principal's behalf, such as `s3`; empty for a direct call.
        decides: False where AWS goes on without the permission, such as for a job's logs: then it is only recorded.
        shown: How the denial's message names the resource, where it is not `on resource: <ARN>`.
    """

    action: str
    resource: str
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    via: str = ""
    decides: bool = True
    shown: str = ""


@dataclass(frozen=True)
class Place:
    """The account and region in which a call acts."""

    account_id: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource here."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"


_ROLE_KEYS = frozenset({"RoleArn", "RoleARN", "ExecutionRoleArn", "roleArn", "Role", "JobFlowRole"})
_SERVICES = {
    "application-autoscaling": "application-autoscaling",
    "cloudformation": "cloudformation",
    "cloudtrail": "cloudtrail",
    "ec2": "vpc-flow-logs",
    "events": "events",
    "glue": "glue",
    "lakeformation": "lakeformation",
    "lambda": "lambda",
    "logs": "logs",
    "sagemaker": "sagemaker",
    "scheduler": "scheduler",
    "states": "states",
}
"""IAM prefix of a service → its principal, which takes the roles that a call hands over."""


def passed_roles(service: str, operation: str, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each role that a call hands to a service, and that service's principal."""
    writes = operation.startswith(("Create", "Put", "Update", "Register", "Start", "Execute", "DeleteStack"))
    if service not in _SERVICES or not writes:
        return []
    principal = f"{_SERVICES[service]}.amazonaws.com"
    return [(arn, principal) for arn in dict.fromkeys(find_all(parameters, _ROLE_KEYS)) if ":role/" in arn]


def find_all(value: Any, names: frozenset[str]) -> Iterator[str]:
    """Iterate over the texts that stand under any of some names, at any depth."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in names and isinstance(item, str):
                yield item
            else:
                yield from find_all(item, names)
    elif isinstance(value, list):
        for item in value:
            yield from find_all(item, names)


def tags_of(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that a call gives to what it creates."""
    given = parameters.get("Tags") or parameters.get("tags") or {}
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    pairs = ((_member(tag, "key"), _member(tag, "value") or "") for tag in given)
    return {str(key): str(value) for key, value in pairs if key is not None}


def _member(tag: Mapping[str, Any], name: str) -> Any:
    """Return a member of a tag, whichever way the service spells it: `Key`, `key`, KMS's `TagKey`."""
    return next((value for key, value in tag.items() if key.lower().removeprefix("tag") == name), None)


def tag_context(tags: Mapping[str, str]) -> Context:
    """Return the condition keys of tags in a request."""
    if not tags:
        return {}
    return {**{f"aws:RequestTag/{key}": value for key, value in tags.items()}, "aws:TagKeys": list(tags)}
