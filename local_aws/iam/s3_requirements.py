"""Tell which permissions an S3 call takes, with those of the KMS key that S3 uses on the caller's behalf.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html (multipart uploads and KMS).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.iam import s3_calls
from local_aws.iam.requirements import Context, Place, Requirement
from local_aws.moto_adapters import permissions

_BUCKET = {
    "GET bucket": "ListBucket",
    "HEAD bucket": "ListBucket",
    "PUT bucket": "CreateBucket",
    "DELETE bucket": "DeleteBucket",
    "GET bucket:versions": "ListBucketVersions",
    "GET bucket:uploads": "ListBucketMultipartUploads",
    "GET service": "ListAllMyBuckets",
}
_OBJECT = {
    "DELETE object:uploadId": ["AbortMultipartUpload"],
    "GET object:uploadId": ["ListMultipartUploadParts"],
    "GET object:attributes": ["GetObject", "GetObjectAttributes"],
    "POST object:restore": ["RestoreObject"],
}
_READS = ("GET object", "HEAD object", "POST object:select")
_UPLOADS = ("PUT object", "POST object:uploads", "PUT object:uploadId", "POST object:uploadId")
_RENAMED = {"GET Location": "GetBucketLocation", "PUT Lifecycle": "PutLifecycleConfiguration"}
_NO_BUCKET_PREFIX = frozenset(
    {
        "AccelerateConfiguration",
        "AnalyticsConfiguration",
        "EncryptionConfiguration",
        "IntelligentTieringConfiguration",
        "InventoryConfiguration",
        "LifecycleConfiguration",
        "MetricsConfiguration",
    }
)


def s3_requirements(operation: str, given: Mapping[str, Any], context: Context, place: Place) -> list[Requirement]:
    """Return the permissions of one S3 call."""
    bucket = f"arn:aws:s3:::{given['Bucket']}"
    if " object" not in operation:
        return list(_of_bucket(operation, bucket, given, context))
    target = f"{bucket}/{given['Key']}"
    version = "Version" if given["VersionId"] else ""
    if operation in _READS:
        return [Requirement(f"s3:GetObject{version}", target, context), *_decrypts(given, target, place)]
    if operation in _UPLOADS:
        return list(_upload(operation, target, given, context, place))
    if operation == "DELETE object":
        return [Requirement(f"s3:DeleteObject{version}", target, context)]
    if operation in _OBJECT:
        return [Requirement(f"s3:{name}", target, context) for name in _OBJECT[operation]]
    verb = operation.partition(" ")[0].title()
    return [Requirement(f"s3:{verb}Object{version}{s3_calls.subresource(operation)}", target, context)]


def _of_bucket(operation: str, bucket: str, given: Mapping[str, Any], context: Context) -> Iterator[Requirement]:
    if operation == "POST bucket:delete":
        for key in given["Keys"]:
            yield Requirement("s3:DeleteObject", f"{bucket}/{key}", context)
        return
    if operation in _BUCKET:
        name, resource = _BUCKET[operation], "*" if operation == "GET service" else bucket
    else:
        name, resource = _bucket_action(operation), bucket
    yield Requirement(f"s3:{name}", resource, context)


def _bucket_action(operation: str) -> str:
    verb, sub = operation.partition(" ")[0], s3_calls.subresource(operation)
    # S3 has one permission to write a bucket's setting and to delete it, but for the policy and the website.
    deletes = verb == "DELETE" and sub in {"Policy", "Website"}
    title = "Delete" if deletes else "Get" if verb in {"GET", "HEAD"} else "Put"
    return f"{title}{'' if sub in _NO_BUCKET_PREFIX else 'Bucket'}{sub}"


def _upload(
    operation: str, target: str, given: Mapping[str, Any], context: Context, place: Place
) -> Iterator[Requirement]:
    if source := given.get("CopySource"):
        bucket, _, key = str(source).partition("/")
        yield Requirement("s3:GetObject", f"arn:aws:s3:::{source}", {})
        yield from _decrypts({"Bucket": bucket, "Key": key, "VersionId": None}, f"arn:aws:s3:::{source}", place)
    yield Requirement("s3:PutObject", target, context)
    if given.get("Tags"):
        yield Requirement("s3:PutObjectTagging", target, context)
    algorithm = context.get("s3:x-amz-server-side-encryption")
    key_id = context.get("s3:x-amz-server-side-encryption-aws-kms-key-id")
    default = permissions.bucket(given["Bucket"])
    if default and not algorithm:
        algorithm, key_id = default.encryption, key_id or default.key_id
    if str(algorithm).startswith("aws:kms") and key_id:
        # S3 decrypts the parts of an upload to put them together.
        actions = ["GenerateDataKey"] if operation == "PUT object" else ["GenerateDataKey", "Decrypt"]
        yield from _uses(str(key_id), actions, target, default, place)


def _decrypts(given: Mapping[str, Any], target: str, place: Place) -> Iterator[Requirement]:
    key_id = permissions.object_key_id(given["Bucket"], given["Key"], given["VersionId"])
    if key_id:
        yield from _uses(key_id, ["Decrypt"], target, permissions.bucket(given["Bucket"]), place)


def _uses(
    key_id: str, actions: list[str], target: str, bucket: permissions.Bucket | None, place: Place
) -> Iterator[Requirement]:
    found = permissions.kms_key(key_id, place.account_id, place.region)
    arn = found[0] if found else key_id if key_id.startswith("arn:") else place.arn("kms", f"key/{key_id}")
    # With a bucket key, one data key serves all of the bucket's objects.
    subject = target.partition("/")[0] if bucket and bucket.has_bucket_key else target
    context: Context = {
        "kms:ViaService": f"s3.{place.region}.amazonaws.com",
        "kms:CallerAccount": place.account_id,
        "kms:EncryptionContext:aws:s3:arn": subject,
        "kms:EncryptionContextKeys": ["aws:s3:arn"],
    }
    for action in actions:
        shown = "the resource associated with this ciphertext" if action == "Decrypt" else ""
        yield Requirement(f"kms:{action}", arn, context, via="s3", shown=shown)
