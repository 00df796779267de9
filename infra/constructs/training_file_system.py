"""Make the file system that training may read its channels from, and the rules that let jobs reach it."""

from dataclasses import dataclass
from typing import Literal

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_efs as efs
from aws_cdk import aws_fsx as fsx
from aws_cdk import aws_kms as kms
from constructs import Construct

from pipelines.resources import FileSystem

FileSystemKind = Literal["fsx-lustre", "efs"]
_API_KINDS: dict[FileSystemKind, Literal["FSxLustre", "EFS"]] = {"fsx-lustre": "FSxLustre", "efs": "EFS"}

_NFS = ((2049, 2049),)
# https://docs.aws.amazon.com/fsx/latest/LustreGuide/limit-access-security-groups.html
_LUSTRE = ((988, 988), (1018, 1023))
_SMALLEST_LUSTRE_GB = 1200


@dataclass(frozen=True)
class FileSystemPlace:
    """Where a file system stands and what encrypts it."""

    vpc: ec2.IVpc
    workload_security_group_id: str
    key: kms.IKey
    is_protected: bool


class TrainingFileSystem(Construct):
    """FSx for Lustre (one zone, linked to the curated zone) or EFS (all zones).

    FSx imports what Prepare writes; into EFS somebody has to copy it (DataSync), under the execution's id.

    Attributes:
        described: For the training channels of the pipeline.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, kind: FileSystemKind, place: FileSystemPlace, linked_uri: str
    ) -> None:
        super().__init__(scope, construct_id)
        self._place = place
        group = ec2.SecurityGroup(
            self, "Group", vpc=place.vpc, description="The training file system", allow_all_outbound=False
        )
        if kind == "efs":
            self._open(group, _NFS)
            identifier, directory = self._make_efs(group)
        else:
            self._open(group, _LUSTRE)
            # Lustre's servers talk to each other on the same ports.
            self._open_between(group.security_group_id, group.security_group_id, "Servers", _LUSTRE)
            identifier, directory = self._make_lustre(group, linked_uri)
        self.described = FileSystem(_API_KINDS[kind], identifier, directory)

    def _make_efs(self, group: ec2.ISecurityGroup) -> tuple[str, str]:
        system = efs.FileSystem(
            self,
            "Efs",
            vpc=self._place.vpc,
            encrypted=True,
            kms_key=self._place.key,
            security_group=group,
            enable_automatic_backups=True,
            removal_policy=RemovalPolicy.RETAIN if self._place.is_protected else RemovalPolicy.DESTROY,
        )
        # No slash at its end: the pipeline puts one before the execution's folder.
        return system.file_system_id, ""

    def _make_lustre(self, group: ec2.ISecurityGroup, linked_uri: str) -> tuple[str, str]:
        system = fsx.CfnFileSystem(
            self,
            "Lustre",
            file_system_type="LUSTRE",
            file_system_type_version="2.15",
            storage_capacity=_SMALLEST_LUSTRE_GB,
            kms_key_id=self._place.key.key_arn,
            # Lustre stands in one zone; jobs in other zones reach it at a price per GB.
            subnet_ids=[self._place.vpc.isolated_subnets[0].subnet_id],
            security_group_ids=[group.security_group_id],
            lustre_configuration=fsx.CfnFileSystem.LustreConfigurationProperty(
                deployment_type="PERSISTENT_2",
                per_unit_storage_throughput=125,
                data_compression_type="LZ4",
                metadata_configuration=fsx.CfnFileSystem.MetadataConfigurationProperty(mode="AUTOMATIC"),
            ),
        )
        system.apply_removal_policy(RemovalPolicy.RETAIN if self._place.is_protected else RemovalPolicy.DESTROY)
        fsx.CfnDataRepositoryAssociation(
            self,
            "Link",
            file_system_id=system.ref,
            file_system_path="/curated",
            data_repository_path=linked_uri,
            batch_import_meta_data_on_create=True,
            s3=fsx.CfnDataRepositoryAssociation.S3Property(
                auto_import_policy=fsx.CfnDataRepositoryAssociation.AutoImportPolicyProperty(
                    events=["NEW", "CHANGED", "DELETED"]
                )
            ),
        )
        # A channel's DirectoryPath starts with the mount name.
        return system.ref, f"/{system.attr_lustre_mount_name}/curated"

    def _open(self, group: ec2.ISecurityGroup, ports: tuple[tuple[int, int], ...]) -> None:
        workload = self._place.workload_security_group_id
        self._open_between(workload, group.security_group_id, "Jobs", ports)

    def _open_between(self, client: str, server: str, name: str, ports: tuple[tuple[int, int], ...]) -> None:
        for low, high in ports:
            ec2.CfnSecurityGroupEgress(
                self,
                f"{name}To{low}",
                group_id=client,
                destination_security_group_id=server,
                ip_protocol="tcp",
                from_port=low,
                to_port=high,
                description=f"{name} to the training file system",
            )
            ec2.CfnSecurityGroupIngress(
                self,
                f"{name}From{low}",
                group_id=server,
                source_security_group_id=client,
                ip_protocol="tcp",
                from_port=low,
                to_port=high,
                description=f"{name} to the training file system",
            )
