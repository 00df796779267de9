"""Make one zone of the data lake: a bucket of its own, closed, encrypted, versioned."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct


class AccessLogs(s3.Bucket):
    """The bucket that other buckets log to.

    SSE-S3: log delivery to a bucket whose default is a customer managed key is not supported
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html).
    """

    def __init__(self, scope: Construct, construct_id: str, *, expires_after_days: int, is_protected: bool) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            versioned=True,
            lifecycle_rules=[_expiry("", expires_after_days), _noncurrent(expires_after_days)],
            **_closed(is_protected),
        )


class Zone(s3.Bucket):
    """A bucket encrypted with its data class's key.

    Args:
        key: Encrypts every object by default; an upload that names another key is denied.
        expires_after_days: Prefix → days after which its objects go; "" is the whole bucket.
        noncurrent_days: Days that overwritten and deleted versions are kept.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        access_logs: s3.IBucket,
        expires_after_days: Mapping[str, int],
        noncurrent_days: int,
        is_protected: bool,
    ) -> None:
        rules = [_expiry(prefix, days) for prefix, days in expires_after_days.items()]
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            versioned=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{construct_id.lower()}/",
            lifecycle_rules=[*rules, _noncurrent(noncurrent_days)],
            **_closed(is_protected),
        )
        self._deny_other_keys(key)

    def _deny_other_keys(self, key: kms.IKey) -> None:
        """Deny uploads that name a key or an algorithm that is not this zone's.

        An upload without the headers is allowed: the bucket's default encryption applies. Hence the Null test; IfExists
        would be true where the header is absent and deny exactly those.
        """
        wrong = {
            "s3:x-amz-server-side-encryption-aws-kms-key-id": key.key_arn,
            "s3:x-amz-server-side-encryption": "aws:kms",
        }
        for index, (header, right) in enumerate(wrong.items()):
            self.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=("DenyOtherKeys", "DenyOtherEncryption")[index],
                    effect=iam.Effect.DENY,
                    principals=[iam.StarPrincipal()],
                    actions=["s3:PutObject"],
                    resources=[self.arn_for_objects("*")],
                    conditions={"StringNotEquals": {header: right}, "Null": {header: "false"}},
                )
            )


def _closed(is_protected: bool) -> dict[str, Any]:
    return {
        "block_public_access": s3.BlockPublicAccess.BLOCK_ALL,
        "object_ownership": s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        "enforce_ssl": True,
        "minimum_tls_version": 1.2,
        "removal_policy": RemovalPolicy.RETAIN if is_protected else RemovalPolicy.DESTROY,
    }


def _expiry(prefix: str, days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id=f"expire-{prefix.strip('/') or 'all'}",
        prefix=prefix or None,
        expiration=Duration.days(days),
    )


def _noncurrent(days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id="expire-noncurrent",
        noncurrent_version_expiration=Duration.days(days),
        abort_incomplete_multipart_upload_after=Duration.days(7),
    )
