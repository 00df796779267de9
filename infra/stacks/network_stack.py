"""Deploy the network: a VPC without internet."""

from typing import Any

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.isolated_network import IsolatedNetwork
from infra.log_retention import retention
from infra.settings import Stage
from infra.stacks.platform_stack import PlatformStack


class NetworkStack(PlatformStack):
    """The VPC, its endpoints and the security group of every job.

    Attributes:
        subnet_ids: The isolated subnets.
        security_group_id: The workload security group.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, logs_key: kms.IKey, **more: Any) -> None:
        super().__init__(scope, construct_id, stage=stage, **more)
        self.network = IsolatedNetwork(
            self,
            "Network",
            availability_zones=stage.availability_zones,
            interface_endpoints=stage.interface_endpoints,
            flow_log_retention=retention(stage.retention.access_log_days),
            logs_key=logs_key,
            keeps_logs=stage.is_protected,
        )
        self._allow_own_buckets_only()
        self.vpc: ec2.IVpc = self.network.vpc
        self.subnet_ids = [subnet.subnet_id for subnet in self.network.vpc.isolated_subnets]
        self.security_group_id = self.network.workload_security_group.security_group_id

    def _allow_own_buckets_only(self) -> None:
        """Let S3 calls through to buckets of this account alone: data cannot leave to anybody else's bucket.

        AWS's own image-layer bucket is not needed: SageMaker pulls the image outside the VPC.
        """
        self.network.s3_endpoint.add_to_policy(
            iam.PolicyStatement(
                sid="OwnBucketsOnly",
                principals=[iam.StarPrincipal()],
                actions=["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:AbortMultipartUpload"],
                resources=["*"],
                conditions={"StringEquals": {"aws:ResourceAccount": self.account}},
            )
        )
