"""KMS keys, log groups and parameters."""

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
from local_aws.cloudformation.typed import request


class _Key(ApiType):
    """A key: rotation and being enabled are calls of their own."""

    def create(self, call: Call, properties: Properties) -> Made:
        made = super().create(call, properties)
        self._settle(call, made.physical_id, {}, properties)
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        made, client = super().update(call, existing, properties), call.client("kms")
        changed = changed_properties(existing.properties, properties)
        if "KeyPolicy" in changed:
            policy = {"KeyId": made.physical_id, "PolicyName": "default", "Policy": properties["KeyPolicy"]}
            client.put_key_policy(**request("kms", "PutKeyPolicy", policy))
        self._settle(call, made.physical_id, existing.properties, properties)
        return made

    def delete(self, call: Call, existing: Existing) -> None:
        days = int(existing.properties.get("PendingWindowInDays", 30))
        try:
            call.client("kms").schedule_key_deletion(KeyId=existing.made.physical_id, PendingWindowInDays=days)
        except ClientError as err:
            code = err.response["Error"]["Code"]
            if not is_missing(code) and code != "KMSInvalidStateException":
                raise

    @staticmethod
    def _settle(call: Call, key_id: str, old: Properties, new: Properties) -> None:
        client = call.client("kms")
        changed = changed_properties(old, new)
        if changed & {"EnableKeyRotation", "RotationPeriodInDays"}:
            if new.get("EnableKeyRotation"):
                client.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=int(new.get("RotationPeriodInDays", 365)))
            elif old.get("EnableKeyRotation"):
                client.disable_key_rotation(KeyId=key_id)
        if "Enabled" in changed:
            (client.enable_key if new.get("Enabled", True) else client.disable_key)(KeyId=key_id)


_KEY_APART = {"EnableKeyRotation", "RotationPeriodInDays", "PendingWindowInDays", "Enabled"}


def _key(_: Call, properties: Properties) -> Properties:
    names = {"KeyPolicy": "Policy"}
    return {names.get(name, name): item for name, item in properties.items() if name not in _KEY_APART}


class _LogGroup(ApiType):
    """A log group: its retention is a call of its own."""

    def create(self, call: Call, properties: Properties) -> Made:
        made = super().create(call, properties)
        self._retain(call, made.physical_id, properties)
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        made, client = super().update(call, existing, properties), call.client("logs")
        changed, name = changed_properties(existing.properties, properties), existing.made.physical_id
        if "RetentionInDays" in changed:
            self._retain(call, name, properties)
        if "KmsKeyId" in changed:
            if "KmsKeyId" in properties:
                client.associate_kms_key(logGroupName=name, kmsKeyId=properties["KmsKeyId"])
            else:
                client.disassociate_kms_key(logGroupName=name)
        return made

    @staticmethod
    def _retain(call: Call, name: str, properties: Properties) -> None:
        days = properties.get("RetentionInDays")
        if days is None:
            call.client("logs").delete_retention_policy(logGroupName=name)
        else:
            call.client("logs").put_retention_policy(logGroupName=name, retentionInDays=int(days))


def _parameter(_: Call, properties: Properties) -> Properties:
    tags = [{"Key": key, "Value": value} for key, value in properties.get("Tags", {}).items()]
    rest = {name: item for name, item in properties.items() if name != "Tags"}
    # PutParameter refuses tags together with Overwrite
    return {**rest, "Overwrite": True} if not tags else {**rest, "Tags": tags}


TYPES: list[ResourceType] = [
    _Key(
        name="AWS::KMS::Key",
        service="kms",
        create_call="CreateKey",
        update_call="UpdateKeyDescription",
        ref="{KeyId}",
        attributes={"Arn": "{Arn}", "KeyId": "{KeyId}"},
        identity={"KeyId": "{KeyId}"},
        fixed=frozenset({"KeySpec", "KeyUsage", "MultiRegion", "Origin"}),
        handled=frozenset({"Policy"}),
        request=_key,
        tagging=Tagging("TagResource", "UntagResource", arn="KeyId", value="{KeyId}"),
    ),
    ApiType(
        name="AWS::KMS::Alias",
        service="kms",
        create_call="CreateAlias",
        update_call="UpdateAlias",
        delete_call="DeleteAlias",
        ref="{AliasName}",
        identity={"AliasName": "{AliasName}"},
        name_property="AliasName",
        has_tags=False,
    ),
    _LogGroup(
        name="AWS::Logs::LogGroup",
        service="logs",
        create_call="CreateLogGroup",
        update_call="PutRetentionPolicy",
        delete_call="DeleteLogGroup",
        ref="{logGroupName}",
        attributes={"Arn": "arn:aws:logs:{region}:{account}:log-group:{logGroupName}:*"},
        identity={"logGroupName": "{logGroupName}"},
        name_property="LogGroupName",
        name_limit=512,
        handled=frozenset({"KmsKeyId", "RetentionInDays"}),
        dropped=frozenset({"RetentionInDays", "DataProtectionPolicy", "FieldIndexPolicies", "ResourcePolicyDocument"}),
        tagging=Tagging(
            "TagResource",
            "UntagResource",
            arn="resourceArn",
            value="arn:aws:logs:{region}:{account}:log-group:{Ref}",
        ),
    ),
    ApiType(
        name="AWS::Logs::ResourcePolicy",
        service="logs",
        create_call="PutResourcePolicy",
        update_call="PutResourcePolicy",
        delete_call="DeleteResourcePolicy",
        ref="{policyName}",
        identity={"policyName": "{policyName}"},
        name_property="PolicyName",
        has_tags=False,
    ),
    ApiType(
        name="AWS::SSM::Parameter",
        service="ssm",
        create_call="PutParameter",
        update_call="PutParameter",
        delete_call="DeleteParameter",
        ref="{Name}",
        attributes={"Type": "{Type}", "Value": "{Value}"},
        identity={"Name": "{Name}"},
        name_property="Name",
        fixed=frozenset({"Type"}),
        request=_parameter,
        has_tags=False,
    ),
]
