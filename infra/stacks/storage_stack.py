"""Deploy a file system for training, where a stage's `training_storage` asks for one. Billed by the hour."""

from typing import Any

from aws_cdk import CfnOutput
from constructs import Construct

from infra.constructs.training_file_system import FileSystemKind, FileSystemPlace, TrainingFileSystem
from infra.settings import Stage
from infra.stacks.lake_stack import LakeStack
from infra.stacks.network_stack import NetworkStack
from infra.stacks.platform_stack import PlatformStack
from pipelines.names import PIPELINE_NAME


class StorageStack(PlatformStack):
    """FSx for Lustre or EFS, reachable by the jobs' security group only."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        kind: FileSystemKind,
        network: NetworkStack,
        lake: LakeStack,
        **more: Any,
    ) -> None:
        super().__init__(scope, construct_id, stage=stage, is_stateful=True, **more)
        self.file_system = TrainingFileSystem(
            self,
            "Training",
            kind=kind,
            place=FileSystemPlace(network.vpc, network.security_group_id, lake.data_key, stage.is_protected),
            linked_uri=f"s3://{lake.curated.bucket_name}/{PIPELINE_NAME}/",
        )
        CfnOutput(self, "FileSystemId", value=self.file_system.described.identifier)
        CfnOutput(self, "Directory", value=self.file_system.described.directory or "/")
