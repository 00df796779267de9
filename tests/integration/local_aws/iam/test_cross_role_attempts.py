"""What a role may not do is AWS's own AccessDenied, through boto3: jobs, roles, models, stacks."""

import json

import boto3
import pytest

from tests.integration.local_aws.iam.platform_fixture import ACCOUNT, IMAGE, REGION, denial, document, statement


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


def test_nobody_assumes_a_role_that_does_not_exist(platform):
    absent = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/absent", "RoleSessionName": "session"}

    for sts in (platform.admin("sts"), platform.client("sts", "operator")):
        error = denial(sts.assume_role, **absent)
        assert error["Code"] == "AccessDenied"
        assert f"sts:AssumeRole on resource: {absent['RoleArn']}" in error["Message"]


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("not-an-arn-at-all-but-long", "ValidationError"),
        (f"arn:aws:iam::{ACCOUNT}:user/x", "ValidationError"),
        ("arn:aws:iam::999999999999:role/x", "AccessDenied"),
    ],
)
def test_what_is_no_role_of_the_account_is_not_assumed(platform, arn, code):
    request = {"RoleArn": arn, "RoleSessionName": "session"}

    for kind in ("operator", "training"):
        assert denial(platform.client("sts", kind).assume_role, **request)["Code"] == code
    assert denial(platform.admin("sts").assume_role, **request)["Code"] == code


def test_a_chain_of_roles_ends_where_a_trust_policy_ends_it(platform):
    """The operator may do everything, but no role trusts a role by name, so that its own policy decides."""
    operator, training = platform.client("sts", "operator"), platform.client("sts", "training")

    assert operator.assume_role(RoleArn=platform.role("training"), RoleSessionName="chained")["Credentials"]
    error = denial(training.assume_role, RoleArn=platform.role("operator"), RoleSessionName="chained")

    assert (
        f"sts:AssumeRole on resource: {platform.role('operator')} because no identity-based policy"
        in (error["Message"])
    )


def test_nobody_gives_himself_more_rights(platform):
    iam, name = platform.client("iam", "training"), f"{platform.name}-training"
    everything = document(statement("All", "*", "*"))

    for error in (
        denial(iam.put_role_policy, RoleName=name, PolicyName="more", PolicyDocument=everything),
        denial(iam.attach_role_policy, RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
        denial(iam.update_assume_role_policy, RoleName=f"{platform.name}-operator", PolicyDocument=everything),
        denial(iam.delete_role_permissions_boundary, RoleName=name),
        denial(iam.create_user, UserName="me"),
        denial(iam.create_access_key, UserName="me"),
        denial(iam.create_policy, PolicyName="all", PolicyDocument=everything),
    ):
        assert error["Code"] == "AccessDenied"


def test_the_runner_neither_makes_nor_removes_pipelines_nor_approves(platform):
    runner = platform.client("sagemaker", "runner")
    definition = {"PipelineDefinition": '{"Version": "2020-12-01", "Steps": []}', "RoleArn": platform.role("pipeline")}
    package = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{platform.group}/1"

    for error in (
        denial(runner.create_pipeline, PipelineName="mine", ClientRequestToken="x" * 32, **definition),
        denial(runner.delete_pipeline, PipelineName="any", ClientRequestToken="x" * 32),
        denial(runner.update_model_package, ModelPackageArn=package, ModelApprovalStatus="Approved"),
        denial(runner.create_training_job, **training_job(platform)),
    ):
        assert error["Code"] == "AccessDeniedException"


def training_job(platform):
    return {
        "TrainingJobName": "direct",
        "RoleArn": platform.role("training"),
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{platform.bucket}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def test_cloudformation_without_a_role_may_what_its_caller_may(platform):
    body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    allowed, limited = (platform.client("cloudformation", kind) for kind in ("operator", "deployer"))

    allowed.create_stack(StackName=f"{platform.name}-allowed", TemplateBody=body)
    limited.create_stack(StackName=f"{platform.name}-limited", TemplateBody=body)

    statuses = [
        allowed.describe_stacks(StackName=f"{platform.name}-{kind}")["Stacks"][0]["StackStatus"]
        for kind in ("allowed", "limited")
    ]
    assert statuses == ["CREATE_COMPLETE", "ROLLBACK_COMPLETE"]
    events = limited.describe_stack_events(StackName=f"{platform.name}-limited")["StackEvents"]
    (reason,) = (event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "CREATE_FAILED")
    assert f"{platform.name}-deployer/test is not authorized to perform: " in reason
    assert "SNS:CreateTopic" in reason or "sns:CreateTopic" in reason


def test_a_stronger_role_is_not_handed_to_cloudformation(platform):
    deployer = platform.client("cloudformation", "deployer")
    request = {"StackName": f"{platform.name}-stronger", "TemplateBody": '{"Resources": {}}'}

    error = denial(deployer.create_stack, **request, RoleARN=platform.role("operator"))

    assert error["Code"] == "AccessDenied"
    assert f"iam:PassRole on resource: {platform.role('operator')}" in error["Message"]
