"""IAM: roles, policies, and the identity provider of a CI system."""

import json
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation.api_type import ApiType, Tagging
from local_aws.cloudformation.resource import (
    Call,
    Existing,
    Made,
    Properties,
    ResourceType,
    changed_properties,
    is_missing,
)

_NAME_LIMIT = 64


class _Role:
    name = "AWS::IAM::Role"
    name_property = "RoleName"
    has_tags = True

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"RoleName", "Path"})

    def create(self, call: Call, properties: Properties) -> Made:
        name = properties.get("RoleName") or call.generated_name(_NAME_LIMIT)
        members = {
            key: properties[key]
            for key in ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags")
            if key in properties
        }
        if "MaxSessionDuration" in members:
            members["MaxSessionDuration"] = int(members["MaxSessionDuration"])
        trust = json.dumps(properties["AssumeRolePolicyDocument"])
        role = call.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust, **members)["Role"]
        made = Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]}, {"RoleName": name})
        try:
            _set_policies(call, name, {}, properties)
        except Exception:
            self.delete(call, Existing(made, properties))
            raise
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        client, name = call.client("iam"), existing.made.physical_id
        changed = changed_properties(existing.properties, properties)
        if "AssumeRolePolicyDocument" in changed:
            trust = json.dumps(properties["AssumeRolePolicyDocument"])
            client.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        if changed & {"Description", "MaxSessionDuration"}:
            seconds = int(properties.get("MaxSessionDuration", 3600))
            client.update_role(RoleName=name, Description=properties.get("Description", ""), MaxSessionDuration=seconds)
        if "PermissionsBoundary" in changed:
            if "PermissionsBoundary" in properties:
                client.put_role_permissions_boundary(
                    RoleName=name, PermissionsBoundary=properties["PermissionsBoundary"]
                )
            else:
                client.delete_role_permissions_boundary(RoleName=name)
        if "Tags" in changed:
            _retag(call, name, existing.properties, properties)
        _set_policies(call, name, existing.properties, properties)
        return existing.made

    def delete(self, call: Call, existing: Existing) -> None:
        client, name = call.client("iam"), existing.made.physical_id
        try:
            for policy in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
                client.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
            for policy_name in client.list_role_policies(RoleName=name)["PolicyNames"]:
                client.delete_role_policy(RoleName=name, PolicyName=policy_name)
            client.delete_role(RoleName=name)
        except ClientError as err:
            if not is_missing(err.response["Error"]["Code"]):
                raise


def _set_policies(call: Call, name: str, old: Properties, new: Properties) -> None:
    client = call.client("iam")
    gone, added = _difference(old.get("ManagedPolicyArns", []), new.get("ManagedPolicyArns", []))
    for arn in gone:
        client.detach_role_policy(RoleName=name, PolicyArn=arn)
    for arn in added:
        client.attach_role_policy(RoleName=name, PolicyArn=arn)
    before, after = (
        {policy["PolicyName"]: policy["PolicyDocument"] for policy in source.get("Policies", [])}
        for source in (old, new)
    )
    for policy in set(before) - set(after):
        client.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy, document in after.items():
        if before.get(policy) != document:
            client.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def _retag(call: Call, name: str, old: Properties, new: Properties) -> None:
    before, after = ({tag["Key"]: tag for tag in source.get("Tags", [])} for source in (old, new))
    if gone := sorted(set(before) - set(after)):
        call.client("iam").untag_role(RoleName=name, TagKeys=gone)
    if after:
        call.client("iam").tag_role(RoleName=name, Tags=list(after.values()))


def _difference(old: Iterable[str], new: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return what only the old has and what only the new has."""
    before, after = list(old), list(new)
    return [item for item in before if item not in after], [item for item in after if item not in before]


_PRINCIPALS = {"Roles": ("role", "RoleName"), "Users": ("user", "UserName"), "Groups": ("group", "GroupName")}


class _ManagedPolicy:
    name = "AWS::IAM::ManagedPolicy"
    name_property = "ManagedPolicyName"
    has_tags = False

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"ManagedPolicyName", "Path", "Description"})

    def create(self, call: Call, properties: Properties) -> Made:
        name = properties.get("ManagedPolicyName") or call.generated_name()
        arn = call.client("iam").create_policy(
            PolicyName=name,
            Path=properties.get("Path", "/"),
            Description=properties.get("Description", ""),
            PolicyDocument=json.dumps(properties["PolicyDocument"]),
        )["Policy"]["Arn"]
        made = Made(arn, {"PolicyArn": arn}, {"PolicyArn": arn})
        try:
            self._attach(call, arn, {}, properties)
        except Exception:
            self.delete(call, Existing(made, {}))
            raise
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        client, arn = call.client("iam"), existing.made.physical_id
        if existing.properties["PolicyDocument"] != properties["PolicyDocument"]:
            for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
            document = json.dumps(properties["PolicyDocument"])
            client.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        self._attach(call, arn, existing.properties, properties)
        return existing.made

    def delete(self, call: Call, existing: Existing) -> None:
        client, arn = call.client("iam"), existing.made.physical_id
        try:
            self._detach_all(client, arn)
            for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
            client.delete_policy(PolicyArn=arn)
        except ClientError as err:
            if not is_missing(err.response["Error"]["Code"]):
                raise

    @staticmethod
    def _attach(call: Call, arn: str, old: Properties, new: Properties) -> None:
        client = call.client("iam")
        for kind, (word, member) in _PRINCIPALS.items():
            gone, added = _difference(old.get(kind, []), new.get(kind, []))
            for name in gone:
                getattr(client, f"detach_{word}_policy")(**{member: name, "PolicyArn": arn})
            for name in added:
                getattr(client, f"attach_{word}_policy")(**{member: name, "PolicyArn": arn})

    @staticmethod
    def _detach_all(client: Any, arn: str) -> None:
        entities = client.list_entities_for_policy(PolicyArn=arn)
        for kind, (word, member) in _PRINCIPALS.items():
            for entity in entities.get(f"Policy{kind}", []):
                getattr(client, f"detach_{word}_policy")(**{member: entity[member], "PolicyArn": arn})


class _Policy:
    """An inline policy of roles, users and groups."""

    name = "AWS::IAM::Policy"
    name_property = "PolicyName"
    has_tags = False

    def replaces(self, changed: set[str]) -> bool:
        return "PolicyName" in changed

    def create(self, call: Call, properties: Properties) -> Made:
        self._put(call, {}, properties)
        return Made(call.generated_name(), {}, {"PolicyName": properties["PolicyName"]})

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        self._put(call, existing.properties, properties)
        return existing.made

    def delete(self, call: Call, existing: Existing) -> None:
        try:
            self._put(call, existing.properties, {**existing.properties, "Roles": [], "Users": [], "Groups": []})
        except ClientError as err:
            if not is_missing(err.response["Error"]["Code"]):
                raise

    @staticmethod
    def _put(call: Call, old: Properties, new: Properties) -> None:
        client, policy, document = call.client("iam"), new["PolicyName"], json.dumps(new["PolicyDocument"])
        for kind, (word, member) in _PRINCIPALS.items():
            for name in _difference(old.get(kind, []), new.get(kind, []))[0]:
                getattr(client, f"delete_{word}_policy")(**{member: name, "PolicyName": policy})
            for name in new.get(kind, []):
                getattr(client, f"put_{word}_policy")(
                    **{member: name, "PolicyName": policy, "PolicyDocument": document}
                )


def _provider(_: Call, properties: Properties) -> Properties:
    thumbprints = properties.get("ThumbprintList") or ["0" * 40]  # IAM finds it out where a template gives none
    return {**properties, "ThumbprintList": thumbprints}


TYPES: list[ResourceType] = [
    _Role(),
    _ManagedPolicy(),
    _Policy(),
    ApiType(
        name="AWS::IAM::OIDCProvider",
        service="iam",
        create_call="CreateOpenIDConnectProvider",
        delete_call="DeleteOpenIDConnectProvider",
        ref="{OpenIDConnectProviderArn}",
        attributes={"Arn": "{OpenIDConnectProviderArn}"},
        identity={"OpenIDConnectProviderArn": "{OpenIDConnectProviderArn}"},
        request=_provider,
        tagging=Tagging("TagOpenIDConnectProvider", "UntagOpenIDConnectProvider", arn="OpenIDConnectProviderArn"),
    ),
    ApiType(
        name="AWS::IAM::ServiceLinkedRole",
        service="iam",
        create_call="CreateServiceLinkedRole",
        ref="{Role[RoleName]}",
        attributes={"RoleName": "{Role[RoleName]}"},
        has_tags=False,
    ),
]
