"""Record who read and wrote which object of the lake."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.data_key import DataKey


class AuditTrail(Construct):
    """A CloudTrail trail with management events and the S3 data events of the lake's zones.

    Cost: an account's first copy of management events is free, data events cost per event.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        zones: Sequence[s3.IBucket],
        logs_bucket: s3.IBucket,
        key: DataKey,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
        trails = f"arn:{stack.partition}:cloudtrail:*:{stack.account}:trail/*"
        key.name_service(
            "EncryptTrail",
            "cloudtrail.amazonaws.com",
            ["kms:GenerateDataKey", "kms:Decrypt"],
            {
                "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails},
                "ArnLike": {"aws:SourceArn": trails},
            },
        )
        key.name_service(
            "DescribeForTrail", "cloudtrail.amazonaws.com", ["kms:DescribeKey"], {"ArnLike": {"aws:SourceArn": trails}}
        )
        trail = cloudtrail.Trail(
            self,
            "Trail",
            bucket=logs_bucket,
            s3_key_prefix="cloudtrail",
            encryption_key=key,
            enable_file_validation=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
        )
        trail.add_s3_event_selector([cloudtrail.S3EventSelector(bucket=zone) for zone in zones])
