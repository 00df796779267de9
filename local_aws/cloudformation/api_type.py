"""Describe a resource type as data: the API calls that make, change and remove it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from local_aws.cloudformation import typed
from local_aws.cloudformation.errors import ResourceError
from local_aws.cloudformation.resource import Call, Existing, Made, Properties, changed_properties, is_missing
from local_aws.errors import NotSimulatedError

Request = Callable[[Call, Properties], Properties]


@dataclass(frozen=True)
class Tagging:
    """The calls that tag a resource which exists.

    Attributes:
        tag: Operation that adds tags.
        untag: Operation that removes tags by key.
        arn: The member that names the resource in both.
        value: Its value, a format string over what is known of the resource.
        tags: The member that holds the tags.
        keys: The member that holds the keys.
    """

    tag: str
    untag: str
    arn: str = "ResourceArn"
    value: str = "{Arn}"
    tags: str = "Tags"
    keys: str = "TagKeys"


def as_they_are(_: Call, properties: Properties) -> Properties:
    """Send the properties as the request."""
    return properties


@dataclass(frozen=True)
class ApiType:
    """A resource type whose properties are, or are mapped to, one API request.

    Format strings such as `{Arn}` or `arn:aws:sns:{region}:{account}:{TopicName}` may name members of the create
    call's request and response, and `account`, `region`, `stack`.

    Attributes:
        name: The CloudFormation type.
        service: botocore's name of the service.
        create: The operation that makes it, in CamelCase; so are the others.
        update: The operation that changes it; without one every change replaces it.
        delete: The operation that removes it.
        ref: What `Ref` returns: a format string.
        attributes: What `Fn::GetAtt` returns: format strings by attribute.
        identity: The members that name it in update and delete, each call takes those it knows: format strings.
        name_property: The property that holds its custom name.
        name_limit: Longest generated name.
        fixed: Properties whose change replaces it.
        dropped: Properties that `create` does not take and which need nothing.
        handled: Members that a subclass changes by calls of their own.
        request: Map the properties to the request.
        update_request: The same for `update`, where it differs.
        tagging: How tags change, where it has tags and `update` does not take them.
        has_tags: Whether `Tags` is a list of keys and values.
        delete_more: Further members of the delete call.
    """

    name: str
    service: str
    create_call: str
    ref: str
    update_call: str = ""
    delete_call: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    name_property: str = ""
    name_limit: int = 128
    fixed: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    handled: frozenset[str] = frozenset()
    request: Request = as_they_are
    update_request: Request | None = None
    tagging: Tagging | None = None
    has_tags: bool = True
    delete_more: Mapping[str, Any] = field(default_factory=dict)

    def replaces(self, changed: set[str]) -> bool:
        """Return whether a change of these properties needs a new resource."""
        if not self.update_call:
            return bool(changed - {"Tags"}) or (bool(changed) and self.tagging is None)
        return bool(changed & (self.fixed | {self.name_property}))

    def create(self, call: Call, properties: Properties) -> Made:
        """Make one."""
        if self.name_property and self.name_property not in properties:
            properties = {**properties, self.name_property: call.generated_name(self.name_limit)}
        members = typed.request(self.service, self.create_call, self._members(call, properties))
        response = self._send(call, self.create_call, members)
        known = {**call.names(), **_scalars(properties), **members, **_flat(response)}
        identity = {member: _formatted(text, known) for member, text in self.identity.items()}
        known |= {name: _formatted(text, known) for name, text in self.attributes.items()}
        attributes = {name: known[name] for name in self.attributes}
        return Made(_formatted(self.ref, known), attributes, identity)

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        """Change one in place."""
        changed = changed_properties(existing.properties, properties)
        if self.tagging and "Tags" in changed:
            self._retag(call, existing, properties)
            changed -= {"Tags"}
        if changed and self.update_call:
            return self._change(call, existing, properties)
        return existing.made

    def delete(self, call: Call, existing: Existing) -> None:
        """Remove one; nothing happens where it is gone already."""
        if not self.delete_call:
            return
        named = {**existing.made.identity, **self.delete_more}
        members = typed.request(self.service, self.delete_call, named, is_partial=True)
        try:
            self._send(call, self.delete_call, members)
        except ClientError as err:
            if not is_missing(err.response["Error"]["Code"]):
                raise

    def _change(self, call: Call, existing: Existing, properties: Properties) -> Made:
        old, wanted = ((self.update_request or self.request)(call, item) for item in (existing.properties, properties))
        apart = {"Tags", *self.dropped, *self.handled}
        known = typed.members_of(self.service, self.update_call)
        if stuck := [name for name in changed_properties(old, wanted) - apart if name.lower() not in known]:
            names = ", ".join(sorted(stuck))
            raise ResourceError(f"The local AWS cannot change {names} of {self.name} in place. Replace the resource.")
        identity = typed.request(self.service, self.update_call, existing.made.identity, is_partial=True)
        members = typed.request(self.service, self.update_call, wanted, is_partial=True)
        if set(members) <= set(identity):
            return existing.made
        try:
            self._send(call, self.update_call, {**members, **identity})
        except ClientError as err:
            if err.response["Error"]["Code"] != NotSimulatedError.code:
                raise
            # There is no such call here: making the resource again under its name stands for it.
            self.delete(call, existing)
            name = existing.made.identity.get(self.name_property)
            return self.create(call, {**properties, **({self.name_property: name} if name else {})})
        return existing.made

    def _members(self, call: Call, properties: Properties) -> Properties:
        return self.request(call, {name: item for name, item in properties.items() if name not in self.dropped})

    def _send(self, call: Call, operation: str, members: Properties) -> Properties:
        response: Properties = getattr(call.client(self.service), xform_name(operation))(**members)
        return {name: value for name, value in response.items() if name != "ResponseMetadata"}

    def _retag(self, call: Call, existing: Existing, properties: Properties) -> None:
        if self.tagging is None:
            return
        made = existing.made
        known = {**call.names(), **made.identity, **made.attributes, "Ref": made.physical_id}
        target = {self.tagging.arn: _formatted(self.tagging.value, known)}
        old, new = ({tag["Key"]: tag for tag in source.get("Tags", [])} for source in (existing.properties, properties))
        if gone := sorted(set(old) - set(new)):
            members = typed.request(self.service, self.tagging.untag, {**target, self.tagging.keys: gone})
            self._send(call, self.tagging.untag, members)
        if new:
            tags = {**target, self.tagging.tags: list(new.values())}
            self._send(call, self.tagging.tag, typed.request(self.service, self.tagging.tag, tags))


def _scalars(properties: Properties) -> Properties:
    return {name: item for name, item in properties.items() if isinstance(item, (str, int, float))}


def _flat(response: Properties) -> Properties:
    """Return the members of a response and of the one structure that it holds."""
    inner = next(iter(response.values())) if len(response) == 1 else None
    return {**response, **(inner if isinstance(inner, dict) else {})}


def _formatted(text: str, known: Mapping[str, Any]) -> str:
    try:
        return text.format_map(known)
    except KeyError as err:
        raise ResourceError(f"The local AWS cannot tell {text}: nothing is called {err}") from err
