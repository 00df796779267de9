"""S3: a bucket is one call to make and one for each of its settings."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from local_aws.cloudformation.api_type import ApiType
from local_aws.cloudformation.errors import ResourceError
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

_NAME_LIMIT = 63


@dataclass(frozen=True)
class _Setting:
    """The calls that set and unset one property of a bucket."""

    put: str
    delete: str
    body: Callable[[Any], Properties]
    unset: Mapping[str, Any] | None = None
    """The members that `put` sends instead of a delete call."""


def _lifecycle(value: Any) -> Properties:
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}}


def _lifecycle_rule(rule: Properties) -> Properties:
    """Return a rule as the API wants it: CloudFormation flattens expirations and filters."""
    found: Properties = {name: rule[name] for name in ("Status", "AbortIncompleteMultipartUpload") if name in rule}
    found["ID"] = rule.get("Id", "rule")
    days = {
        "ExpirationInDays": "Days",
        "ExpirationDate": "Date",
        "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
    }
    expiration = {new: rule[old] for old, new in days.items() if old in rule}
    if expiration:
        found["Expiration"] = expiration
    old_versions = rule.get("NoncurrentVersionExpiration")
    if old_versions is None and "NoncurrentVersionExpirationInDays" in rule:
        old_versions = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if old_versions is not None:
        found["NoncurrentVersionExpiration"] = old_versions
    moves = rule.get("Transitions", [rule["Transition"]] if "Transition" in rule else [])
    if moves:
        names = {"TransitionInDays": "Days", "TransitionDate": "Date", "StorageClass": "StorageClass"}
        found["Transitions"] = [{names[name]: item for name, item in move.items()} for move in moves]
    if "NoncurrentVersionTransitions" in rule:
        names = {"TransitionInDays": "NoncurrentDays", "StorageClass": "StorageClass"}
        found["NoncurrentVersionTransitions"] = [
            {names.get(name, name): item for name, item in move.items()}
            for move in rule["NoncurrentVersionTransitions"]
        ]
    found["Filter"] = _filter(rule)
    return found


def _filter(rule: Properties) -> Properties:
    names = ("Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan")
    parts: Properties = {name: rule[name] for name in names if name in rule}
    tags = rule.get("TagFilters", [])
    if len(parts) + len(tags) > 1:
        return {"And": {**parts, **({"Tags": tags} if tags else {})}}
    return {"Tag": tags[0]} if tags else parts or {"Prefix": ""}


def _encryption(value: Any) -> Properties:
    rules = [
        {
            "ApplyServerSideEncryptionByDefault" if name == "ServerSideEncryptionByDefault" else name: item
            for name, item in rule.items()
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _logging(value: Any) -> Properties:
    names = {"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"}
    target = {"TargetPrefix": "", **{names.get(name, name): item for name, item in value.items()}}
    if "TargetBucket" not in target:
        raise ResourceError("Model validation failed: LoggingConfiguration needs DestinationBucketName")
    return {"BucketLoggingStatus": {"LoggingEnabled": target}}


def _cors(value: Any) -> Properties:
    names = {
        "AllowedHeaders": "AllowedHeaders",
        "MaxAge": "MaxAgeSeconds",
        "Id": "ID",
        "ExposedHeaders": "ExposeHeaders",
    }
    rules = [{names.get(name, name): item for name, item in rule.items()} for rule in value["CorsRules"]]
    return {"CORSConfiguration": {"CORSRules": rules}}


def _notifications(value: Any) -> Properties:
    lists = {
        "LambdaConfigurations": ("LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        "QueueConfigurations": ("QueueConfigurations", "Queue", "QueueArn"),
        "TopicConfigurations": ("TopicConfigurations", "Topic", "TopicArn"),
    }
    found: Properties = {}
    for name, (api_name, target, api_target) in lists.items():
        for item in value.get(name, []):
            one = {api_target: item[target], "Events": [item["Event"]]}
            if "Filter" in item:
                one["Filter"] = {"Key": {"FilterRules": item["Filter"]["S3Key"]["Rules"]}}
            found.setdefault(api_name, []).append(one)
    if value.get("EventBridgeConfiguration"):
        found["EventBridgeConfiguration"] = {}
    return {"NotificationConfiguration": found}


def _as(member: str) -> Callable[[Any], Properties]:
    return lambda value: {member: value}


_SUSPENDED = {"VersioningConfiguration": {"Status": "Suspended"}}
_SETTINGS = {
    "VersioningConfiguration": _Setting("PutBucketVersioning", "", _as("VersioningConfiguration"), _SUSPENDED),
    "BucketEncryption": _Setting("PutBucketEncryption", "DeleteBucketEncryption", _encryption),
    "PublicAccessBlockConfiguration": _Setting(
        "PutPublicAccessBlock", "DeletePublicAccessBlock", _as("PublicAccessBlockConfiguration")
    ),
    "OwnershipControls": _Setting(
        "PutBucketOwnershipControls", "DeleteBucketOwnershipControls", _as("OwnershipControls")
    ),
    "LifecycleConfiguration": _Setting("PutBucketLifecycleConfiguration", "DeleteBucketLifecycle", _lifecycle),
    "LoggingConfiguration": _Setting("PutBucketLogging", "", _logging, {"BucketLoggingStatus": {}}),
    "CorsConfiguration": _Setting("PutBucketCors", "DeleteBucketCors", _cors),
    "NotificationConfiguration": _Setting(
        "PutBucketNotificationConfiguration", "", _notifications, {"NotificationConfiguration": {}}
    ),
    "AccelerateConfiguration": _Setting("PutBucketAccelerateConfiguration", "", _as("AccelerateConfiguration")),
    "Tags": _Setting("PutBucketTagging", "DeleteBucketTagging", lambda value: {"Tagging": {"TagSet": value}}),
}
_AT_CREATION = {"BucketName", "ObjectLockEnabled", "AccessControl"}


class _Bucket:
    name = "AWS::S3::Bucket"
    name_property = "BucketName"
    has_tags = True

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"BucketName", "ObjectLockEnabled"})

    def create(self, call: Call, properties: Properties) -> Made:
        bucket = properties.get("BucketName") or call.generated_name(_NAME_LIMIT).lower()
        unknown = set(properties) - set(_SETTINGS) - _AT_CREATION
        if unknown:
            raise ResourceError(f"The local AWS does not simulate {', '.join(sorted(unknown))} of a bucket")
        place = {} if call.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": call.region}}
        lock = {"ObjectLockEnabledForBucket": True} if properties.get("ObjectLockEnabled") else {}
        owner = properties.get("OwnershipControls", {"Rules": [{}]})["Rules"][0].get("ObjectOwnership")
        ownership = {"ObjectOwnership": owner} if owner else {}
        call.client("s3").create_bucket(Bucket=bucket, **place, **lock, **ownership)
        self._set(call, bucket, properties, set(properties))
        return Made(bucket, _attributes(bucket, call.region), {"Bucket": bucket})

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        changed = changed_properties(existing.properties, properties)
        self._set(call, existing.made.physical_id, properties, changed)
        return existing.made

    def delete(self, call: Call, existing: Existing) -> None:
        try:
            call.client("s3").delete_bucket(Bucket=existing.made.physical_id)
        except ClientError as err:
            if not is_missing(err.response["Error"]["Code"]):
                raise

    @staticmethod
    def _set(call: Call, bucket: str, properties: Properties, changed: set[str]) -> None:
        for name, setting in _SETTINGS.items():
            if name not in changed:
                continue
            if name in properties:
                _send(call, setting.put, {"Bucket": bucket, **setting.body(properties[name])})
            elif setting.delete:
                _send(call, setting.delete, {"Bucket": bucket})
            elif setting.unset is not None:
                _send(call, setting.put, {"Bucket": bucket, **setting.unset})


def _send(call: Call, operation: str, members: Properties) -> None:
    getattr(call.client("s3"), xform_name(operation))(**request("s3", operation, members))


def _attributes(bucket: str, region: str) -> dict[str, str]:
    return {
        "Arn": f"arn:aws:s3:::{bucket}",
        "DomainName": f"{bucket}.s3.amazonaws.com",
        "DualStackDomainName": f"{bucket}.s3.dualstack.{region}.amazonaws.com",
        "RegionalDomainName": f"{bucket}.s3.{region}.amazonaws.com",
        "WebsiteURL": f"http://{bucket}.s3-website-{region}.amazonaws.com",
    }


def _policy(_: Call, properties: Properties) -> Properties:
    return {"Bucket": properties["Bucket"], "Policy": json.dumps(properties["PolicyDocument"])}


TYPES: list[ResourceType] = [
    _Bucket(),
    ApiType(
        name="AWS::S3::BucketPolicy",
        service="s3",
        create_call="PutBucketPolicy",
        update_call="PutBucketPolicy",
        delete_call="DeleteBucketPolicy",
        ref="{Bucket}",
        identity={"Bucket": "{Bucket}"},
        fixed=frozenset({"Bucket"}),
        request=_policy,
        has_tags=False,
    ),
]
