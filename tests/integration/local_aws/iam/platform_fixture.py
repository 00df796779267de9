"""A small platform made through boto3: network, keys, buckets, and roles with policies such as infra/ writes."""

import json
import time
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local_aws.server import LocalAws

ACCOUNT, REGION = "123456789012", "us-east-1"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
IMAGE_ARN = f"arn:aws:ecr:{REGION}:683313688378:repository/sagemaker-scikit-learn"
VIA_S3 = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
ENI = [
    "CreateNetworkInterface",
    "CreateNetworkInterfacePermission",
    "DeleteNetworkInterface",
    "DeleteNetworkInterfacePermission",
    "DescribeDhcpOptions",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
]


def statement(sid: str, actions: Any, resources: Any, conditions: Any = None, **more: Any) -> dict[str, Any]:
    condition = {"Condition": conditions} if conditions else {}
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources, **condition, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def denial(call: Any, **request: Any) -> dict[str, str]:
    """Return the error with which a call fails."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return dict(caught.value.response["Error"])


def sagemaker(kind: str, name: str = "*") -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


@dataclass
class Platform:
    """Names of what was made, and clients under its roles."""

    aws: LocalAws
    name: str
    bucket: str
    group: str
    key: str
    other_key: str
    subnet: str
    security_group: str
    endpoint: str

    def role(self, kind: str) -> str:
        return f"arn:aws:iam::{ACCOUNT}:role/{self.name}-{kind}"

    def admin(self, service: str) -> Any:
        return self.aws.boto3_session().client(service)

    def client(self, service: str, kind: str, **more: Any) -> Any:
        """Return a client of a role's session."""
        role = {"RoleArn": self.role(kind), "RoleSessionName": "test"}
        keys = self.admin("sts").assume_role(**role, **more)["Credentials"]
        return boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
        ).client(service, endpoint_url=self.aws.endpoint_url)

    def job(self, name: str, **changes: Any) -> dict[str, Any]:
        """Return a processing job's request: it copies curated/in to the models."""
        script = "open('/opt/ml/processing/out/m','w').write(open('/opt/ml/processing/input/data/in').read())"
        entry = ["python3", "-c", script]
        cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1, "VolumeKmsKeyId": self.key}
        source = {"S3Uri": f"s3://{self.bucket}/curated/in", "LocalPath": "/opt/ml/processing/input/data"}
        target = {"S3Uri": f"s3://{self.bucket}/models/{name}", "LocalPath": "/opt/ml/processing/out"}
        request = {
            "ProcessingJobName": name,
            "RoleArn": self.role("training"),
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": entry},
            "ProcessingResources": {"ClusterConfig": cluster},
            "NetworkConfig": {
                "EnableNetworkIsolation": True,
                "VpcConfig": {"Subnets": [self.subnet], "SecurityGroupIds": [self.security_group]},
            },
            "ProcessingInputs": [
                {"InputName": "in", "S3Input": {**source, "S3DataType": "S3Prefix", "S3InputMode": "File"}}
            ],
            "ProcessingOutputConfig": {
                "KmsKeyId": self.key,
                "Outputs": [{"OutputName": "out", "S3Output": {**target, "S3UploadMode": "EndOfJob"}}],
            },
        }
        return {**request, **changes}

    def wait(self, job: str, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            record = self.admin("sagemaker").describe_processing_job(ProcessingJobName=job)
            if record["ProcessingJobStatus"] != "InProgress":
                return record
            time.sleep(0.05)
        raise TimeoutError(job)


def make_platform(aws: LocalAws, name: str) -> Platform:
    """Make the platform's resources as the account's administrator."""
    session = aws.boto3_session()
    ec2, kms = session.client("ec2"), session.client("kms")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName=name, Description="jobs", VpcId=vpc)["GroupId"]
    main = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]["RouteTableId"]
    own = statement("Own", ["s3:*"], "*", {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}, Principal="*")
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[main],
        PolicyDocument=document(own),
    )["VpcEndpoint"]["VpcEndpointId"]
    key, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    platform = Platform(aws, name, f"{name}-lake", f"{name}-group", key, other, subnet, group, endpoint)
    _make_bucket(platform)
    _make_roles(platform)
    session.client("sagemaker").create_model_package_group(ModelPackageGroupName=platform.group)
    return platform


def _make_bucket(platform: Platform) -> None:
    s3 = platform.admin("s3")
    s3.create_bucket(Bucket=platform.bucket)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": platform.key}
    s3.put_bucket_encryption(
        Bucket=platform.bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
        },
    )
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    wrong_key = {"StringNotEquals": {header: platform.key}, "Null": {header: "false"}}
    bucket = f"arn:aws:s3:::{platform.bucket}"
    deny = {"Effect": "Deny", "Principal": "*"}
    s3.put_bucket_policy(
        Bucket=platform.bucket,
        Policy=document(
            statement("Tls", "s3:*", [bucket, f"{bucket}/*"], {"Bool": {"aws:SecureTransport": "false"}}, **deny),
            statement("OtherKeys", "s3:PutObject", f"{bucket}/*", wrong_key, **deny),
        ),
    )
    for key in ("raw/in", "curated/in", "evaluations/report.json"):
        s3.put_object(Bucket=platform.bucket, Key=key, Body=b'{"auc": 0.8}')


def _make_roles(platform: Platform) -> None:
    bucket = f"arn:aws:s3:::{platform.bucket}"
    work = [
        statement("Pull", [f"ecr:{name}" for name in _PULL], IMAGE_ARN),
        statement("LogIn", "ecr:GetAuthorizationToken", "*"),
        statement("AttachToVpc", [f"ec2:{name}" for name in ENI], "*"),
        statement("Logs", _LOGS, f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/ProcessingJobs:*"),
        statement(
            "Metrics", "cloudwatch:PutMetricData", "*", {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}}
        ),
        statement("Volumes", "kms:CreateGrant", platform.key, {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        statement("VolumeKey", "kms:DescribeKey", platform.key),
        statement("DataKey", ["kms:Decrypt", "kms:GenerateDataKey"], platform.key, VIA_S3),
    ]
    prefix = {"StringLike": {"s3:prefix": "curated/*"}}
    role = platform.role
    _make_role(
        platform,
        "training",
        statement("CuratedRead", "s3:GetObject", f"{bucket}/curated/*"),
        statement("CuratedList", "s3:ListBucket", bucket, prefix),
        statement("ModelsWrite", ["s3:PutObject", "s3:AbortMultipartUpload"], f"{bucket}/models/*"),
        *work,
    )
    _make_role(platform, "operator", statement("All", "*", "*"), trust="ec2.amazonaws.com")
    inside = {
        "ForAllValues:StringEquals": {
            "sagemaker:VpcSubnets": [platform.subnet],
            "sagemaker:VpcSecurityGroupIds": [platform.security_group],
        },
        "Null": {"sagemaker:VpcSubnets": "false", "sagemaker:VpcSecurityGroupIds": "false"},
        "Bool": {"sagemaker:NetworkIsolation": "true"},
        "ArnEquals": {"sagemaker:VolumeKmsKeyArn": platform.key},
    }
    package = sagemaker("model-package", f"{platform.group}/*")
    pending = {"StringEquals": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}}
    to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    tagging = {"StringEquals": {"sagemaker:TaggingAction": ["CreateProcessingJob", "CreateModelPackage"]}}
    _make_role(
        platform,
        "pipeline",
        statement("Create", "sagemaker:CreateProcessingJob", sagemaker("processing-job"), inside),
        statement("Follow", _FOLLOW, sagemaker("processing-job")),
        statement("Tag", "sagemaker:AddTags", [sagemaker("processing-job"), package], tagging),
        statement("Register", "sagemaker:CreateModelPackage", package, pending),
        statement("Pass", "iam:PassRole", role("training"), to_sagemaker),
        statement("Report", "s3:GetObject", f"{bucket}/evaluations/*"),
        statement("ReportKey", "kms:Decrypt", platform.key, VIA_S3),
    )
    _make_role(platform, "deployer", statement("Stacks", "cloudformation:*", "*"))
    _make_role(platform, "runner", statement("Run", "sagemaker:StartPipelineExecution", sagemaker("pipeline")))


_PULL = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
_LOGS = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
_FOLLOW = ["sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"]


def _make_role(
    platform: Platform, kind: str, *statements: dict[str, Any], trust: str = "sagemaker.amazonaws.com"
) -> None:
    iam = platform.admin("iam")
    ours = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    trusted = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": trust}, "Action": "sts:AssumeRole", "Condition": ours},
            {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
        ]
    }
    name = f"{platform.name}-{kind}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trusted))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
