"""Make the Athena workgroup: encrypted results, a limit on what one query may cost."""

from aws_cdk import aws_athena as athena
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

RESULTS_PREFIX = "query-results/"


class QueryWorkgroup(Construct):
    """A workgroup whose settings no client can override.

    Attributes:
        name: Of the workgroup.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        results: s3.IBucket,
        key: kms.IKey,
        scan_limit_bytes: int,
        deletes_with_history: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        encryption = athena.CfnWorkGroup.EncryptionConfigurationProperty(
            encryption_option="SSE_KMS", kms_key=key.key_arn
        )
        athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=name,
            recursive_delete_option=deletes_with_history,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=scan_limit_bytes,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{results.bucket_name}/{RESULTS_PREFIX}", encryption_configuration=encryption
                ),
            ),
        )
