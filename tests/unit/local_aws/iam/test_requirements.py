"""Calls are mapped to the actions, resources and condition keys that AWS checks."""

import pytest

from local_aws.iam import resources
from local_aws.iam.requirements import Place, passed_roles
from local_aws.iam.sagemaker_requirements import platform_requirements, sagemaker_requirements, volume_requirements

PLACE = Place("123456789012", "us-east-1")
ROLE = "arn:aws:iam::123456789012:role/job"


def arn(service, resource):
    return PLACE.arn(service, resource)


@pytest.mark.parametrize(
    ("action", "given", "expected"),
    [
        ("logs:PutLogEvents", {"logGroupName": "g", "logStreamName": "s"}, [arn("logs", "log-group:g:log-stream:s")]),
        ("logs:CreateLogGroup", {"logGroupName": "/g"}, [arn("logs", "log-group:/g:log-stream:")]),
        ("lambda:InvokeFunction", {"FunctionName": "f"}, [arn("lambda", "function:f")]),
        ("lambda:InvokeFunction", {"FunctionName": arn("lambda", "function:f")}, [arn("lambda", "function:f")]),
        (
            "states:StartExecution",
            {"stateMachineArn": arn("states", "stateMachine:m")},
            [arn("states", "stateMachine:m")],
        ),
        ("sqs:SendMessage", {"QueueUrl": "http://127.0.0.1/123456789012/q"}, [arn("sqs", "q")]),
        ("ssm:GetParameters", {"Names": ["/a/b", "c"]}, [arn("ssm", "parameter/a/b"), arn("ssm", "parameter/c")]),
        ("cloudformation:DescribeStacks", {"StackName": "s"}, [arn("cloudformation", "stack/s/*")]),
        ("cloudformation:ListStacks", {}, ["*"]),
        ("sagemaker:StartPipelineExecution", {"PipelineName": "p"}, [arn("sagemaker", "pipeline/p")]),
        ("sagemaker:AddTags", {"ResourceArn": arn("sagemaker", "model/m")}, [arn("sagemaker", "model/m")]),
        ("sagemaker:DescribeEndpoint", {"EndpointName": "e"}, [arn("sagemaker", "endpoint/e")]),
        (
            "sagemaker:DescribePipelineExecution",
            {"PipelineExecutionArn": arn("sagemaker", "pipeline/p/execution/x")},
            [arn("sagemaker", "pipeline/p/execution/x")],
        ),
        ("cloudwatch:PutMetricData", {"Namespace": "n"}, ["*"]),
        ("ec2:DescribeSubnets", {"SubnetIds": ["s"]}, ["*"]),
    ],
)
def test_a_resource_is_named_by_its_parameters(action, given, expected):
    service, _, name = action.partition(":")

    assert resources.arns(service, name, given, PLACE) == expected


def test_every_action_of_the_reference_finds_a_resource():
    for service, table in resources.reference().items():
        for action in table["actions"]:
            assert resources.arns(service, action, {"Name": "n"}, PLACE)


JOB = {
    "TrainingJobName": "t",
    "RoleArn": ROLE,
    "AlgorithmSpecification": {"TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": arn("kms", "key/1")},
    "OutputDataConfig": {"S3OutputPath": "s3://b", "KmsKeyId": arn("kms", "key/2")},
    "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "EnableNetworkIsolation": True,
    "Tags": [{"Key": "team", "Value": "x"}],
}


def required(operation, given):
    return sagemaker_requirements(operation, given, PLACE, lambda _: 3)


def test_a_training_job_carries_every_condition_key_of_its_action():
    create, tag = required("CreateTrainingJob", JOB)

    assert (create.action, create.resource) == ("sagemaker:CreateTrainingJob", arn("sagemaker", "training-job/t"))
    assert create.context == {
        "sagemaker:InstanceTypes": ["ml.m5.large"],
        "sagemaker:VpcSubnets": ["subnet-1"],
        "sagemaker:VpcSecurityGroupIds": ["sg-1"],
        "sagemaker:VolumeKmsKeyArn": arn("kms", "key/1"),
        "sagemaker:OutputKmsKeyArn": arn("kms", "key/2"),
        "sagemaker:NetworkIsolation": "true",
        "sagemaker:MaxRuntimeInSeconds": "60",
        "aws:RequestTag/team": "x",
        "aws:TagKeys": ["team"],
    }
    assert (tag.action, tag.context["sagemaker:TaggingAction"]) == ("sagemaker:AddTags", "CreateTrainingJob")


def test_a_key_that_one_of_a_tuning_jobs_definitions_lacks_is_absent():
    definitions = [JOB, {**JOB, "EnableNetworkIsolation": None, "VpcConfig": {"Subnets": ["subnet-2"]}}]
    request = {"HyperParameterTuningJobName": "h", "TrainingJobDefinitions": definitions}

    (create,) = required("CreateHyperParameterTuningJob", request)

    assert create.context["sagemaker:VpcSubnets"] == ["subnet-1", "subnet-2"]
    assert "sagemaker:VpcSecurityGroupIds" not in create.context


def test_a_model_package_is_the_next_version_of_its_group():
    request = {"ModelPackageGroupName": "g", "ModelApprovalStatus": "Approved"}

    (create,) = required("CreateModelPackage", request)

    assert create.resource == arn("sagemaker", "model-package/g/4")
    assert create.context == {"sagemaker:ModelApprovalStatus": "Approved"}


def test_the_platform_pulls_the_image_and_attaches_to_the_vpc_under_the_jobs_role():
    needed = platform_requirements("CreateTrainingJob", JOB, PLACE)

    fatal = {requirement.action for requirement in needed if requirement.decides}
    recorded = {requirement.action for requirement in needed if not requirement.decides}
    assert {"ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ec2:CreateNetworkInterface"} <= fatal
    assert {"logs:PutLogEvents", "cloudwatch:PutMetricData", "kms:DescribeKey"} <= recorded
    assert [need.resource for need in volume_requirements(JOB, PLACE)] == [arn("kms", "key/1")]


def test_a_role_is_passed_by_calls_that_hand_it_over_only():
    assert passed_roles("sagemaker", "CreateTrainingJob", JOB) == [(ROLE, "sagemaker.amazonaws.com")]
    assert passed_roles("sagemaker", "DescribeTrainingJob", JOB) == []
    assert passed_roles("sts", "AssumeRole", JOB) == []
    assert passed_roles("events", "PutTargets", {"Targets": [{"Id": "1", "RoleArn": ROLE}]}) == [
        (ROLE, "events.amazonaws.com")
    ]
