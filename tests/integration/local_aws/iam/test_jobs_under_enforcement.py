"""Jobs and pipelines do all their work under their roles, through the VPC, and fail with AWS's words."""

import base64
import json
import time

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.integration.local_aws.iam.platform_fixture import ACCOUNT, REGION, document, statement


def test_a_job_of_the_pipeline_role_succeeds_and_uses_nothing_that_is_not_granted(platform, usage, unique):
    name = unique("job")

    platform.client("sagemaker", "pipeline").create_processing_job(**platform.job(name))

    assert platform.wait(name)["ProcessingJobStatus"] == "Completed", platform.wait(name)
    report = usage()
    assert report["used_but_not_granted"] == []
    used = report["roles"][platform.role("training")]["allowed"]
    assert used["s3:GetObject"] == used["s3:PutObject"] == 1
    assert {"kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant", "ecr:BatchGetImage"} <= set(used)
    assert "ec2:CreateNetworkInterface" in used


def test_its_data_goes_through_the_vpc_endpoint(platform, usage, unique):
    name = unique("job")

    platform.client("sagemaker", "pipeline").create_processing_job(**platform.job(name))
    platform.wait(name)

    reads = [call for call in usage()["calls"] if call["action"] == "s3:GetObject"]
    assert [call["context"]["aws:SourceVpce"] for call in reads] == [platform.endpoint]
    assert all(call["endpoint_policy"] for call in reads)


def test_the_endpoint_policy_binds_a_job(platform, unique):
    ec2 = platform.admin("ec2")
    own = statement("Own", "s3:*", "*", {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}, Principal="*")
    nothing = statement("Other", "s3:*", "arn:aws:s3:::elsewhere/*", Principal="*")
    ec2.modify_vpc_endpoint(VpcEndpointId=platform.endpoint, PolicyDocument=document(nothing))
    try:
        name = unique("job")
        platform.admin("sagemaker").create_processing_job(**platform.job(name))
        job = platform.wait(name)
    finally:
        ec2.modify_vpc_endpoint(VpcEndpointId=platform.endpoint, PolicyDocument=document(own))

    assert job["ProcessingJobStatus"] == "Failed"
    assert "no VPC endpoint policy allows the s3:ListBucket action" in job["FailureReason"]


def test_a_job_fails_where_its_role_may_not_read(platform, unique):
    name = unique("job")
    request = platform.job(name)
    request["ProcessingInputs"][0]["S3Input"]["S3Uri"] = f"s3://{platform.bucket}/raw/in"

    platform.admin("sagemaker").create_processing_job(**request)
    job = platform.wait(name)

    assert job["ProcessingJobStatus"] == "Failed"
    assert "is not authorized to perform: s3:ListBucket" in job["FailureReason"]


def test_a_role_that_cannot_pull_the_image_starts_no_job(platform, unique):
    request = platform.job(unique("job"))
    request["AppSpecification"]["ImageUri"] = "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1"

    with pytest.raises(ClientError, match="ecr:BatchCheckLayerAvailability"):
        platform.client("sagemaker", "pipeline").create_processing_job(**request)


def pipeline(platform, name, **changes):
    arguments = {key: value for key, value in platform.job(name, **changes).items() if key != "ProcessingJobName"}
    report = {"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}
    steps = [{"Name": "Copy", "Type": "Processing", "Arguments": arguments, "PropertyFiles": [report]}]
    definition = {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": steps}
    platform.admin("sagemaker").create_pipeline(
        PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=platform.role("pipeline")
    )
    return platform.client("sagemaker", "runner").start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]


def ended(platform, execution):
    sagemaker = platform.admin("sagemaker")
    while True:
        record = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)
        if record["PipelineExecutionStatus"] != "Executing":
            steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=execution)
            return record["PipelineExecutionStatus"], steps["PipelineExecutionSteps"]
        time.sleep(0.05)


def test_a_pipeline_succeeds_under_enforcement(platform, usage, unique):
    tags = [{"Key": "project", "Value": "flights"}]

    status, steps = ended(platform, pipeline(platform, unique("pipeline"), Tags=tags))

    assert status == "Succeeded", steps
    report = usage()
    assert report["used_but_not_granted"] == []
    allowed = report["roles"][platform.role("pipeline")]["allowed"]
    assert {"sagemaker:CreateProcessingJob", "sagemaker:AddTags", "iam:PassRole"} <= set(allowed)
    assert report["roles"][platform.role("runner")]["allowed"] == {"sagemaker:StartPipelineExecution": 1}


def test_a_step_that_is_denied_fails_with_the_denial(platform, unique):
    execution = pipeline(platform, unique("pipeline"), NetworkConfig={"EnableNetworkIsolation": True})

    status, steps = ended(platform, execution)

    assert status == "Failed"
    assert "AccessDeniedException" in steps[0]["FailureReason"]
    assert "is not authorized to perform: sagemaker:CreateProcessingJob" in steps[0]["FailureReason"]


def token(**claims):
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"header.{body}.signature"


def test_github_assumes_the_role_of_its_environment_only(platform, unique):
    iam, name = platform.admin("iam"), unique("github")
    issuer = "token.actions.githubusercontent.com"
    provider = iam.create_open_id_connect_provider(Url=f"https://{issuer}", ThumbprintList=["a" * 40])
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": "repo:a/b:environment:prod"}
        },
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    unsigned = Config(signature_version=UNSIGNED)
    sts = boto3.Session(region_name=REGION).client("sts", endpoint_url=platform.aws.endpoint_url, config=unsigned)
    request = {"RoleArn": role, "RoleSessionName": "ci"}
    claims = {"iss": f"https://{issuer}", "aud": "sts.amazonaws.com"}

    assumed = sts.assume_role_with_web_identity(
        **request, WebIdentityToken=token(**claims, sub="repo:a/b:environment:prod")
    )

    assert assumed["AssumedRoleUser"]["Arn"].endswith(f"assumed-role/{name}/ci")
    with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        sts.assume_role_with_web_identity(**request, WebIdentityToken=token(**claims, sub="repo:a/b:pull_request"))


def test_granted_but_never_used_names_role_statement_and_action(platform, usage):
    platform.client("s3", "training").get_object(Bucket=platform.bucket, Key="curated/in")

    unused = usage()["granted_but_never_used"]

    own = [item for item in unused if item["role"] == platform.role("training")]
    assert {"role": platform.role("training"), "policy": "own", "statement": "Metrics"} | {
        "action": "cloudwatch:PutMetricData"
    } in own
    assert not any(item["action"] == "s3:GetObject" for item in own)
