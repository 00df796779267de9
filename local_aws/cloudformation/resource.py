"""Say what a resource type is: how to make, change and remove one resource."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local_aws.cloudformation.actor import Actor

Properties = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """The circumstances in which a resource type acts: for which resource of which stack, and through which clients."""

    actor: Actor
    account_id: str
    region: str
    stack_name: str
    stack_id: str
    logical_id: str

    def client(self, service: str) -> Any:
        """Return a client that acts as the stack's role, or else as whoever asked for the operation."""
        return self.actor.client(service, self.region)

    def generated_name(self, limit: int = 128) -> str:
        """Return a fresh name as CloudFormation makes them."""
        suffix = secrets.token_hex(6).upper()
        stem = f"{self.stack_name}-{self.logical_id}"[: limit - len(suffix) - 1]
        return f"{stem}-{suffix}"

    def names(self) -> dict[str, str]:
        """Return what ARNs are made of."""
        return {"account": self.account_id, "region": self.region, "stack": self.stack_name}


@dataclass(frozen=True)
class Made:
    """A resource that exists."""

    physical_id: str
    attributes: dict[str, Any] = field(default_factory=dict)
    identity: dict[str, Any] = field(default_factory=dict)
    """What names it in the API's update and delete calls."""
    notice: str = ""
    """What the event of its creation says besides."""


@dataclass(frozen=True)
class Existing:
    """A resource as the last deployment left it."""

    made: Made
    properties: Properties


class ResourceType(Protocol):
    """One CloudFormation resource type."""

    @property
    def name(self) -> str:
        """Its name, such as `AWS::S3::Bucket`."""

    @property
    def name_property(self) -> str:
        """The property that holds a custom name; empty where there is none."""

    @property
    def has_tags(self) -> bool:
        """Whether it takes `Tags` as a list of keys and values."""

    def replaces(self, changed: set[str]) -> bool:
        """Return whether a change of these properties needs a new resource."""

    def create(self, call: Call, properties: Properties) -> Made:
        """Make one."""

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        """Change one in place."""

    def delete(self, call: Call, existing: Existing) -> None:
        """Remove one; nothing happens where it is gone already."""


def changed_properties(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Return the names of the properties that differ."""
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


def is_missing(code: str) -> bool:
    """Return whether an AWS error code says that the resource does not exist."""
    return bool(re.search(r"NotFound|NoSuch|NotExist|UnknownResource|ResourceNotFound|EntityNotFound", code))
