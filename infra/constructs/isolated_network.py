"""Lay out a VPC without a way to the internet, in which jobs and endpoints run."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.job_role import ServiceRole, permit
from infra.names import arn

_HTTPS = 443
_IKE = 500
# Not Port.esp(): that renders port numbers, which the protocol does not have.
_ESP = ec2.Port(protocol=ec2.Protocol.ESP, string_representation="ESP")


class IsolatedNetwork(Construct):
    """A VPC with isolated subnets only, an S3 gateway endpoint, chosen interface endpoints and flow logs.

    Attributes:
        vpc: The VPC.
        workload_security_group: For jobs, models and endpoints.
        s3_endpoint: The gateway endpoint; its policy is set by the stack that knows the buckets.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        availability_zones: int,
        interface_endpoints: tuple[str, ...],
        flow_log_retention: logs.RetentionDays,
        logs_key: kms.IKey,
        keeps_logs: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        subnets = ec2.SubnetConfiguration(name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=availability_zones,
            nat_gateways=0,
            create_internet_gateway=False,
            subnet_configuration=[subnets],
            # Emptying the default group takes a custom resource with a Lambda function; nothing is ever put into it.
            restrict_default_security_group=False,
        )
        self.workload_security_group = self._workload_security_group()
        self.s3_endpoint = self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        self._add_interface_endpoints(interface_endpoints)
        self._add_flow_log(flow_log_retention, logs_key, keeps_logs=keeps_logs)

    def _workload_security_group(self) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "Workload",
            vpc=self.vpc,
            description="Jobs, models and endpoints: each other and HTTPS, no inbound from outside",
            allow_all_outbound=False,
        )
        # No route leaves the VPC but the S3 gateway endpoint's; its prefix list's id differs by region.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(_HTTPS), "S3 and interface endpoints")
        # Instances of one job talk to each other; with encrypted traffic they do so by IPsec:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/train-encrypt.html
        peers = {"all TCP": ec2.Port.all_tcp(), "IKE": ec2.Port.udp(_IKE), "ESP": _ESP}
        for name, port in peers.items():
            group.add_ingress_rule(group, port, f"Instances of one job: {name}")
            group.add_egress_rule(group, port, f"Instances of one job: {name}")
        return group

    def _add_interface_endpoints(self, names: tuple[str, ...]) -> None:
        for name in names:
            endpoint = self.vpc.add_interface_endpoint(
                "".join(part.capitalize() for part in name.split(".")),
                service=ec2.InterfaceVpcEndpointAwsService(name),
                open=False,
            )
            endpoint.connections.allow_from(self.workload_security_group, ec2.Port.tcp(_HTTPS), "Workload")

    def _add_flow_log(self, retention: logs.RetentionDays, key: kms.IKey, *, keeps_logs: bool) -> None:
        group = logs.LogGroup(
            self,
            "FlowLogs",
            retention=retention,
            encryption_key=key,
            removal_policy=RemovalPolicy.RETAIN if keeps_logs else RemovalPolicy.DESTROY,
        )
        role = ServiceRole(
            self,
            "FlowLogsRole",
            # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
            service="vpc-flow-logs",
            source_arn=arn(self, "ec2", "vpc-flow-log/*"),
            description="Writes the VPC's flow logs",
        )
        write = iam.PolicyStatement(
            sid="WriteFlowLogs",
            actions=["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            resources=[group.log_group_arn],
        )
        written = permit(self, "FlowLogsPolicy", role, [write])
        # L1: the L2 flow log attaches an inline policy.
        flow_log = ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=self.vpc.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )
        flow_log.node.add_dependency(written)
