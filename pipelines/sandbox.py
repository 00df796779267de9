"""Make the resources the pipeline needs, in the local AWS only.

A stand-in: the CDK application replaces it, with least-privilege policies on the roles. Until then the roles have a
trust policy and no permissions, which the local AWS does not enforce. Every function finds before it creates.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from pipelines.images import xgboost_image
from pipelines.raw_zone import ensure_champion_marker
from pipelines.resources import PROJECT, TAGS, Keys, Network, Resources, Roles, bucket_names
from pipelines.targets import make_client, refuse_foreign_endpoint

_CIDR = "10.20.0.0/16"
_SUBNET_CIDRS = ("10.20.0.0/20", "10.20.16.0/20")
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def ensure_sandbox(session: Any, endpoint_url: str) -> Resources:
    """Return the sandbox's resources; make those that are missing.

    Raises:
        TargetError: The endpoint is not on this machine.
    """
    refuse_foreign_endpoint(endpoint_url)
    region = session.region_name

    def client(service: str) -> Any:
        return make_client(session, service, endpoint_url)

    account = client("sts").get_caller_identity()["Account"]
    keys = Keys(data=_key(client("kms"), "data"), model=_key(client("kms"), "model"))
    buckets = bucket_names(account, region)
    s3 = client("s3")
    _bucket(s3, buckets.raw, keys.data)
    _bucket(s3, buckets.curated, keys.data)
    _bucket(s3, buckets.artifacts, keys.model)
    ensure_champion_marker(s3, buckets.artifacts)
    _model_package_group(client("sagemaker"))
    iam = client("iam")
    return Resources(
        region=region,
        account=account,
        image=xgboost_image(region),
        buckets=buckets,
        keys=keys,
        roles=Roles(**{use: _role(iam, use) for use in ("pipeline", "processing", "training", "evaluation")}),
        network=_network(client("ec2")),
    )


def _key(kms: Any, use: str) -> str:
    alias = f"alias/{PROJECT}-{use}"
    try:
        return str(kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"])
    except ClientError:
        tags = [{"TagKey": name, "TagValue": value} for name, value in TAGS.items()]
        metadata = kms.create_key(Description=f"{PROJECT}: {use}", Tags=tags)["KeyMetadata"]
        kms.create_alias(AliasName=alias, TargetKeyId=metadata["KeyId"])
        return str(metadata["Arn"])


def _bucket(s3: Any, name: str, key_arn: str) -> None:
    try:
        s3.head_bucket(Bucket=name)
    except ClientError:
        region = s3.meta.region_name
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **place)
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
        rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))


def _model_package_group(sagemaker: Any) -> None:
    try:
        sagemaker.describe_model_package_group(ModelPackageGroupName=PROJECT)
    except ClientError:
        tags = [{"Key": name, "Value": value} for name, value in TAGS.items()]
        sagemaker.create_model_package_group(ModelPackageGroupName=PROJECT, Tags=tags)


def _role(iam: Any, use: str) -> str:
    name = f"{PROJECT}-{use}"
    try:
        return str(iam.get_role(RoleName=name)["Role"]["Arn"])
    except ClientError:
        tags = [{"Key": tag, "Value": value} for tag, value in TAGS.items()]
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST), Tags=tags)
        return str(role["Role"]["Arn"])


def _network(ec2: Any) -> Network:
    ours = [{"Name": "tag:project", "Values": [PROJECT]}]
    vpcs = ec2.describe_vpcs(Filters=ours)["Vpcs"]
    if not vpcs:
        vpcs = [ec2.create_vpc(CidrBlock=_CIDR, TagSpecifications=_ec2_tags("vpc"))["Vpc"]]
    vpc = vpcs[0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=ours)["Subnets"]
    if not subnets:
        zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone, TagSpecifications=_ec2_tags("subnet"))[
                "Subnet"
            ]
            for cidr, zone in zip(_SUBNET_CIDRS, zones, strict=False)
        ]
    groups = [group["GroupId"] for group in ec2.describe_security_groups(Filters=ours)["SecurityGroups"]]
    if not groups:
        made = ec2.create_security_group(
            GroupName=f"{PROJECT}-jobs",
            Description="Jobs of the pipeline",
            VpcId=vpc,
            TagSpecifications=_ec2_tags("security-group"),
        )
        groups = [made["GroupId"]]
    return Network(tuple(sorted(subnet["SubnetId"] for subnet in subnets)), tuple(sorted(groups)))


def _ec2_tags(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": name, "Value": value} for name, value in TAGS.items()]}]
