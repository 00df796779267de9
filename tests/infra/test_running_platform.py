"""Cross-role attempts on the real roles of the deployed platform, through boto3: each is a true AccessDenied."""

import functools
import subprocess
import sys

import boto3
import pytest
from botocore.exceptions import ClientError

from local_aws import launcher
from local_aws.iam.principals import ADMINISTRATOR_KEY
from tests.infra.running_platform import ACCOUNT, REGION, RunningPlatform

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
pytestmark = pytest.mark.slow  # six stacks are deployed first

JOB_ROLES = ("Identities/Processing", "Identities/Training", "Identities/Evaluation")
WORKERS = (*JOB_ROLES, "Identities/Pipeline")
OTHERS = ("Delivery/Run", "Delivery/Plan", "Delivery/Deploy")
REPORT, MODEL, RAW = "evaluations/x/evaluation.json", "training/x/output/model.tar.gz", "nycflights13/f.parquet"
CURATED = "flight-delay-training/x/train/part.parquet"


@pytest.fixture(scope="module")
def platform(synthesised, tmp_path_factory):
    # A process of its own: what moto keeps is shared by all that runs in one, and these names are the real ones.
    root = tmp_path_factory.mktemp("platform")
    command = [sys.executable, "-m", "local_aws", "up", "--root", str(root), "--iam", "enforce"]
    subprocess.run(command, check=True, capture_output=True)
    server = launcher.status(root)
    try:
        session = boto3.Session(ADMINISTRATOR_KEY, "none", region_name=REGION)
        url = server.environment["AWS_ENDPOINT_URL"]
        platform = RunningPlatform(functools.partial(session.client, endpoint_url=url), synthesised)
        s3 = platform.admin("s3")
        for zone, key in (("Raw", RAW), ("Curated", CURATED), ("Artifacts", MODEL), ("Artifacts", REPORT)):
            s3.put_object(Bucket=platform.name(f"Lake/{zone}"), Key=key, Body=b"{}")
        yield platform
    finally:
        launcher.down(root)


def denied(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    assert error["Code"] in {"AccessDenied", "AccessDeniedException"}, error
    return error["Message"]


def test_cloudformation_deployed_every_stack_under_the_execution_policies(platform):
    assert {tuple(status) for status in platform.statuses.values()} == {("CREATE_COMPLETE",)}


@pytest.mark.parametrize("role", ["Identities/Training", "Identities/Evaluation", "Identities/Pipeline", *OTHERS])
def test_nobody_but_processing_reads_raw_data(role, platform):
    s3, raw = platform.client("s3", role), platform.name("Lake/Raw")
    processing = platform.client("s3", "Identities/Processing")

    assert processing.get_object(Bucket=raw, Key=RAW)["Body"].read() == b"{}"
    assert f's3:GetObject on resource: "arn:aws:s3:::{raw}/{RAW}"' in denied(s3.get_object, Bucket=raw, Key=RAW)
    assert "s3:ListBucket" in denied(s3.list_objects_v2, Bucket=raw)
    artifacts = platform.name("Lake/Artifacts")
    source = {"Bucket": raw, "Key": RAW}
    assert f"{raw}/{RAW}" in denied(s3.copy_object, Bucket=artifacts, Key="training/raw", CopySource=source)


@pytest.mark.parametrize("role", ["Identities/Processing", "Identities/Evaluation", "Identities/Pipeline", *OTHERS])
def test_nobody_but_training_writes_models(role, platform):
    s3, artifacts = platform.client("s3", role), platform.name("Lake/Artifacts")
    training = platform.client("s3", "Identities/Training")

    training.put_object(Bucket=artifacts, Key="training/y", Body=b"")
    assert "s3:PutObject" in denied(s3.put_object, Bucket=artifacts, Key=MODEL, Body=b"")
    assert "s3:PutObject" in denied(s3.create_multipart_upload, Bucket=artifacts, Key=MODEL)
    assert "s3:DeleteObject" in denied(s3.delete_object, Bucket=artifacts, Key=MODEL)


@pytest.mark.parametrize("role", [*WORKERS, *OTHERS])
def test_nobody_writes_the_champion(role, platform):
    s3, artifacts = platform.client("s3", role), platform.name("Lake/Artifacts")

    assert "s3:PutObject" in denied(s3.put_object, Bucket=artifacts, Key="champion/model.tar.gz", Body=b"")


def test_nobody_encrypts_with_another_key(platform):
    other = platform.admin("kms").create_key()["KeyMetadata"]["Arn"]
    named = {"Body": b"", "ServerSideEncryption": "aws:kms"}
    writers = {"Identities/Processing": ("Curated", CURATED), "Identities/Training": ("Artifacts", MODEL)}
    for role, (zone, key) in writers.items():
        s3, where = platform.client("s3", role), {"Bucket": platform.name(f"Lake/{zone}"), "Key": key}

        s3.put_object(**where, Body=b"{}")
        for wrong in (other, platform.name("Lake/CaptureKey")):
            assert "explicit deny" in denied(s3.put_object, **where, **named, SSEKMSKeyId=wrong)
        assert "explicit deny" in denied(s3.put_object, **where, Body=b"", ServerSideEncryption="AES256")


@pytest.mark.parametrize("role", [*WORKERS, *OTHERS])
def test_nobody_uses_a_key_directly(role, platform):
    kms = platform.client("kms", role)
    for key in (platform.name(f"Lake/{name}") for name in ("DataKey", "ModelKey", "CaptureKey")):
        secret = platform.admin("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]

        assert "kms:Decrypt" in denied(kms.decrypt, CiphertextBlob=secret)
        assert "kms:GenerateDataKey" in denied(kms.generate_data_key, KeyId=key, KeySpec="AES_256")
        grantee = platform.role("Identities/Training")
        denied(kms.create_grant, KeyId=key, GranteePrincipal=grantee, Operations=["Decrypt"])


def job(platform, **changes):
    """Return a training job as the pipeline makes them; None leaves a member out."""
    own = [platform.name("Network/NetworkVpcisolatedSubnet1Subnet")]
    cluster = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
    request = {
        "TrainingJobName": "attempt",
        "RoleArn": platform.role("Identities/Training"),
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{platform.name('Lake/Artifacts')}/training"},
        "ResourceConfig": {**cluster, "VolumeKmsKeyId": key_arn(platform, "DataKey")},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "VpcConfig": {"Subnets": own, "SecurityGroupIds": [platform.name("Network/NetworkWorkload")]},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        **changes,
    }
    return {name: value for name, value in request.items() if value is not None}


def key_arn(platform, name):
    return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{platform.name(f'Lake/{name}')}"


def wrong_jobs(platform):
    vpc = job(platform)["VpcConfig"]
    cluster = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
    return {
        "outside the VPC": {"VpcConfig": None},
        "in another subnet": {"VpcConfig": {**vpc, "Subnets": [*vpc["Subnets"], "subnet-00000000"]}},
        "in another security group": {"VpcConfig": {**vpc, "SecurityGroupIds": ["sg-00000000"]}},
        "with a network": {"EnableNetworkIsolation": False},
        "without saying so": {"EnableNetworkIsolation": None},
        "in the clear": {"EnableInterContainerTrafficEncryption": None},
        "without a key": {"ResourceConfig": cluster},
        "with another key": {"ResourceConfig": {**cluster, "VolumeKmsKeyId": key_arn(platform, "ModelKey")}},
    }


def test_a_job_is_inside_and_encrypted_or_not_at_all(platform):
    pipeline = platform.client("sagemaker", "Identities/Pipeline")

    for changes in wrong_jobs(platform).values():
        message = denied(pipeline.create_training_job, **job(platform, **changes))
        assert "sagemaker:CreateTrainingJob" in message
    created = pipeline.create_training_job(**job(platform, OutputDataConfig={"S3OutputPath": "s3://nowhere/x"}))
    assert created["TrainingJobArn"].endswith("training-job/attempt")


@pytest.mark.parametrize("role", [*JOB_ROLES, *OTHERS])
def test_nobody_but_the_pipeline_creates_jobs(role, platform):
    assert "sagemaker:CreateTrainingJob" in denied(
        platform.client("sagemaker", role).create_training_job, **job(platform)
    )


@pytest.mark.parametrize("passed", ["Identities/Pipeline", "Delivery/Deploy", "Delivery/Run"])
def test_only_job_roles_are_passed(passed, platform):
    pipeline = platform.client("sagemaker", "Identities/Pipeline")

    message = denied(pipeline.create_training_job, **job(platform, RoleArn=platform.role(passed)))

    assert f"iam:PassRole on resource: {platform.role(passed)}" in message


@pytest.mark.parametrize("role", [*WORKERS, *OTHERS])
def test_nobody_changes_makes_or_removes_a_pipeline(role, platform):
    sagemaker, name = platform.client("sagemaker", role), platform.name("Training/TrainingPipeline")
    definition = {"PipelineDefinition": '{"Version": "2020-12-01", "Steps": []}'}
    new = {**definition, "RoleArn": platform.role("Identities/Pipeline"), "ClientRequestToken": "x" * 32}

    assert "sagemaker:UpdatePipeline" in denied(sagemaker.update_pipeline, PipelineName=name, **definition)
    assert "sagemaker:CreatePipeline" in denied(sagemaker.create_pipeline, PipelineName="mine", **new)
    assert "sagemaker:DeletePipeline" in denied(
        sagemaker.delete_pipeline, PipelineName=name, ClientRequestToken="x" * 32
    )


@pytest.mark.parametrize("role", [*WORKERS, *OTHERS])
def test_no_role_of_the_training_platform_approves_a_model(role, platform):
    sagemaker, group = platform.client("sagemaker", role), platform.name("Training/Models")
    containers = [{"Image": IMAGE, "ModelDataUrl": f"s3://{platform.name('Lake/Artifacts')}/{MODEL}"}]
    types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
    new = {"ModelPackageGroupName": group, "InferenceSpecification": {"Containers": containers, **types}}
    package = platform.admin("sagemaker").create_model_package(**new)["ModelPackageArn"]

    approved = {"ModelPackageArn": package, "ModelApprovalStatus": "Approved"}
    assert "sagemaker:UpdateModelPackage" in denied(sagemaker.update_model_package, **approved)
    assert "sagemaker:CreateModelPackage" in denied(
        sagemaker.create_model_package, **new, ModelApprovalStatus="Approved"
    )
