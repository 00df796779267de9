"""Write the statements of the platform's roles: explicit, named, and no wider than the work.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html (what each kind of job calls),
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html (resources and keys).
Nothing here speaks of keys: who may use one stands in the key's own policy (infra/constructs/data_key.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam

ENI_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)


def allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, Any] | None = None
) -> iam.PolicyStatement:
    """Return an Allow statement."""
    return iam.PolicyStatement(sid=sid, actions=list(actions), resources=list(resources), conditions=conditions or {})


def read_objects(sid: str, bucket_arn: str, *prefixes: str) -> list[iam.PolicyStatement]:
    """Allow to list and read objects below prefixes of a bucket; "" is the whole bucket."""
    return [
        allow(f"{sid}Read", ["s3:GetObject"], [f"{bucket_arn}/{prefix}*" for prefix in prefixes]),
        allow(
            f"{sid}List",
            ["s3:ListBucket"],
            [bucket_arn],
            {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}} if all(prefixes) else None,
        ),
    ]


def write_objects(sid: str, bucket_arn: str, *prefixes: str) -> iam.PolicyStatement:
    """Allow to write objects below prefixes of a bucket, in one part or several."""
    objects = [f"{bucket_arn}/{prefix}*" for prefix in prefixes]
    return allow(f"{sid}Write", ["s3:PutObject", "s3:AbortMultipartUpload"], objects)


def attach_to_vpc() -> iam.PolicyStatement:
    """Allow what SageMaker does to put a job's network interfaces into the VPC.

    No condition and no resource, because SageMaker's validation of the job fails with either
    (https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html).
    """
    return allow("AttachToVpc", ENI_ACTIONS, ["*"])


def write_logs(region: str, account: str, *groups: str) -> iam.PolicyStatement:
    """Allow to write to SageMaker's log groups of the named kinds of job; the groups exist already."""
    arns = [f"arn:aws:logs:{region}:{account}:log-group:/aws/sagemaker/{group}:*" for group in groups]
    return allow("WriteLogs", ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], arns)


def publish_metrics(*namespaces: str) -> iam.PolicyStatement:
    """Allow to publish metrics in namespaces; the action has no resources."""
    return allow(
        "PublishMetrics",
        ["cloudwatch:PutMetricData"],
        ["*"],
        {"StringLike": {"cloudwatch:namespace": list(namespaces)}},
    )


def pull_image(region: str, image_account: str, repository: str) -> list[iam.PolicyStatement]:
    """Allow to pull one managed image."""
    arn = f"arn:aws:ecr:{region}:{image_account}:repository/{repository}"
    layers = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    return [allow("PullImage", layers, [arn]), allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"])]


def isolated(subnets: Sequence[str], security_groups: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the conditions of making what runs in our subnets and security groups only, isolated.

    ForAllValues is true for a request without the key, hence the Null tests.
    """
    return {
        "ForAllValues:StringEquals": {
            "sagemaker:VpcSubnets": list(subnets),
            "sagemaker:VpcSecurityGroupIds": list(security_groups),
        },
        "Null": {"sagemaker:VpcSubnets": "false", "sagemaker:VpcSecurityGroupIds": "false"},
        "Bool": {"sagemaker:NetworkIsolation": "true"},
    }


def isolated_job(
    subnets: Sequence[str], security_groups: Sequence[str], volume_key_arn: str
) -> dict[str, dict[str, Any]]:
    """Return the conditions of creating a job: as `isolated`, its instances talk encrypted, its volumes have our key.

    `sagemaker:VolumeKmsKey`, without Arn at its end, is deprecated and no longer sent.
    """
    conditions = isolated(subnets, security_groups)
    conditions["Bool"]["sagemaker:InterContainerTrafficEncryption"] = "true"
    return {**conditions, "ArnEquals": {"sagemaker:VolumeKmsKeyArn": volume_key_arn}}


def log_state_machine() -> list[iam.PolicyStatement]:
    """Allow a state machine to log and trace itself; the delivery of logs and traces have no resource level."""
    delivery = [f"logs:{verb}LogDelivery" for verb in ("Create", "Delete", "Get", "Update")]
    more = ["ListLogDeliveries", "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"]
    traces = ["GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments"]
    return [
        allow("LogExecutions", [*delivery, *(f"logs:{action}" for action in more)], ["*"]),
        allow("Trace", [f"xray:{action}" for action in traces], ["*"]),
    ]
