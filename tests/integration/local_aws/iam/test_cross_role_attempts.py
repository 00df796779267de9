"""What a role may not do is AWS's own AccessDenied, through boto3."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.iam.platform_fixture import ACCOUNT, IMAGE, REGION, document, statement


def denial(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]


def test_the_training_role_cannot_read_raw_data(platform):
    s3 = platform.client("s3", "training")

    assert s3.get_object(Bucket=platform.bucket, Key="curated/in")["Body"].read()
    error = denial(s3.get_object, Bucket=platform.bucket, Key="raw/in")

    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{platform.name}-training/test"
    assert error["Code"] == "AccessDenied"
    assert error["Message"] == (
        f"User: {session} is not authorized to perform: s3:GetObject on resource: "
        f'"arn:aws:s3:::{platform.bucket}/raw/in" because no identity-based policy allows the s3:GetObject action'
    )


def test_it_cannot_list_outside_its_prefix(platform):
    s3 = platform.client("s3", "training")

    assert s3.list_objects_v2(Bucket=platform.bucket, Prefix="curated/in")["KeyCount"] == 1
    assert denial(s3.list_objects_v2, Bucket=platform.bucket, Prefix="raw/")["Code"] == "AccessDenied"
    assert denial(s3.list_objects_v2, Bucket=platform.bucket)["Code"] == "AccessDenied"


def test_it_cannot_write_curated_data_nor_delete_a_model(platform):
    s3 = platform.client("s3", "training")

    s3.put_object(Bucket=platform.bucket, Key="models/a", Body=b"")
    error = denial(s3.put_object, Bucket=platform.bucket, Key="curated/a", Body=b"")

    assert error["Code"] == "AccessDenied"
    assert denial(s3.delete_object, Bucket=platform.bucket, Key="models/a")["Code"] == "AccessDenied"


def test_copying_takes_the_right_to_read_the_source(platform):
    s3 = platform.client("s3", "training")
    source = {"Bucket": platform.bucket, "Key": "raw/in"}

    error = denial(s3.copy_object, Bucket=platform.bucket, Key="models/raw", CopySource=source)

    assert f'"arn:aws:s3:::{platform.bucket}/raw/in"' in error["Message"]


def test_nobody_but_the_administrator_may_name_another_key(platform):
    """Not even a role that may do everything: the bucket's policy denies it."""
    request = {"Bucket": platform.bucket, "Key": "models/b", "Body": b"", "ServerSideEncryption": "aws:kms"}

    error = denial(platform.client("s3", "operator").put_object, **request, SSEKMSKeyId=platform.other_key)

    assert error["Message"].endswith("with an explicit deny in a resource-based policy")


def test_a_key_is_usable_through_s3_only(platform):
    kms = platform.client("kms", "training")
    secret = platform.admin("kms").encrypt(KeyId=platform.key, Plaintext=b"data")["CiphertextBlob"]

    for error in (
        denial(kms.decrypt, CiphertextBlob=secret),
        denial(kms.generate_data_key, KeyId=platform.key, KeySpec="AES_256"),
        denial(kms.encrypt, KeyId=platform.other_key, Plaintext=b"data"),
    ):
        assert error["Code"] == "AccessDeniedException"


def test_an_object_is_as_closed_as_its_key(platform):
    platform.admin("s3").put_object(
        Bucket=platform.bucket,
        Key="curated/secret",
        Body=b"",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=platform.other_key,
    )

    error = denial(platform.client("s3", "training").get_object, Bucket=platform.bucket, Key="curated/secret")

    assert "kms:Decrypt on the resource associated with this ciphertext" in error["Message"]


def outside(platform):
    return platform.job("job-outside", NetworkConfig={"EnableNetworkIsolation": True})


def elsewhere(platform):
    vpc = {"Subnets": [platform.subnet, "subnet-other"], "SecurityGroupIds": [platform.security_group]}
    return platform.job("job-elsewhere", NetworkConfig={"EnableNetworkIsolation": True, "VpcConfig": vpc})


def connected(platform):
    vpc = {"Subnets": [platform.subnet], "SecurityGroupIds": [platform.security_group]}
    return platform.job("job-connected", NetworkConfig={"VpcConfig": vpc})


def unencrypted(platform):
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    return platform.job("job-plain", ProcessingResources={"ClusterConfig": cluster})


def foreign_key(platform):
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    cluster["VolumeKmsKeyId"] = platform.other_key
    return platform.job("job-key", ProcessingResources={"ClusterConfig": cluster})


@pytest.mark.parametrize("request_of", [outside, elsewhere, connected, unencrypted, foreign_key])
def test_a_job_is_isolated_inside_the_vpc_under_the_key_or_not_at_all(platform, request_of):
    error = denial(platform.client("sagemaker", "pipeline").create_processing_job, **request_of(platform))

    assert error["Code"] == "AccessDeniedException"
    assert "sagemaker:CreateProcessingJob on resource: arn:aws:sagemaker:" in error["Message"]


def test_only_a_job_role_can_be_passed(platform):
    request = platform.job("job-passing", RoleArn=platform.role("operator"))

    error = denial(platform.client("sagemaker", "pipeline").create_processing_job, **request)

    assert f"iam:PassRole on resource: {platform.role('operator')} because" in error["Message"]


def test_sagemaker_assumes_only_roles_that_trust_it(platform):
    request = platform.job("job-trust", RoleArn=platform.role("operator"))

    error = denial(platform.admin("sagemaker").create_processing_job, **request)

    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith(f"Could not assume role {platform.role('operator')}.")


def test_a_tag_that_hides_another_action_is_denied(platform):
    tags = [{"Key": "team", "Value": "x"}]
    pipeline = platform.client("sagemaker", "pipeline")
    arn = platform.admin("sagemaker").describe_model_package_group(ModelPackageGroupName=platform.group)

    error = denial(pipeline.add_tags, ResourceArn=arn["ModelPackageGroupArn"], Tags=tags)

    assert "sagemaker:AddTags" in error["Message"]


def test_the_pipeline_cannot_approve_its_own_model(platform):
    pipeline = platform.client("sagemaker", "pipeline")
    inference = {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": f"s3://{platform.bucket}/models/a"}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    request = {"ModelPackageGroupName": platform.group, "InferenceSpecification": inference}
    pending = pipeline.create_model_package(**request, ModelApprovalStatus="PendingManualApproval")

    approved = denial(pipeline.create_model_package, **request, ModelApprovalStatus="Approved")
    approving = {"ModelPackageArn": pending["ModelPackageArn"], "ModelApprovalStatus": "Approved"}

    assert "sagemaker:CreateModelPackage" in approved["Message"]
    assert "sagemaker:UpdateModelPackage" in denial(pipeline.update_model_package, **approving)["Message"]


def test_the_runner_may_start_a_pipeline_and_not_change_it(platform):
    runner = platform.client("sagemaker", "runner")

    error = denial(runner.update_pipeline, PipelineName="any", PipelineDisplayName="mine")

    assert (
        f"sagemaker:UpdatePipeline on resource: arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/any" in error["Message"]
    )


def test_a_call_whose_permissions_nobody_knows_is_denied(platform):
    error = denial(platform.client("dynamodb", "operator").list_tables)

    assert error["Code"] == "AccessDeniedException"
    assert "does not know which permissions dynamodb:ListTables takes" in error["Message"]


def test_a_key_that_nobody_issued_is_no_identity(platform):
    stranger = boto3.Session("AKIASTRANGER00000000", "secret", region_name=REGION)

    s3 = stranger.client("s3", endpoint_url=platform.aws.endpoint_url)

    assert denial(s3.get_object, Bucket=platform.bucket, Key="curated/in")["Code"] == "InvalidAccessKeyId"


def test_a_session_policy_narrows_the_role(platform):
    narrow = document(statement("One", "s3:GetObject", f"arn:aws:s3:::{platform.bucket}/curated/other"))

    s3 = platform.client("s3", "training", Policy=narrow)

    assert "no session policy" in denial(s3.get_object, Bucket=platform.bucket, Key="curated/in")["Message"]


def test_a_boundary_caps_whatever_the_role_is_given(platform):
    iam, name = platform.admin("iam"), f"{platform.name}-capped"
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=document(statement("Cap", "s3:List*", "*")))["Policy"][
        "Arn"
    ]
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), PermissionsBoundary=boundary)
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document(statement("All", "s3:*", "*")))

    s3 = platform.client("s3", "capped")

    assert s3.list_objects_v2(Bucket=platform.bucket)["KeyCount"] > 0
    error = denial(s3.get_object, Bucket=platform.bucket, Key="raw/in")
    assert error["Message"].endswith("because no permissions boundary allows the s3:GetObject action")
