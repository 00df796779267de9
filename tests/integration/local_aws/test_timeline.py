"""After the clock was advanced, everything that clients see lies on one timeline."""

import datetime as dt
import json
import time

import pytest

from local_aws.server import LocalAws
from local_aws.settings import Settings

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::123456789012:role/job"
DAY = 86_400


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(Settings(root=tmp_path_factory.mktemp("timeline"))) as running:
        running.plane.clock.advance(2 * DAY)
        yield running


@pytest.fixture(scope="module")
def sagemaker(aws):
    return aws.clients("sagemaker", "us-east-1")


def wait(describe, status, ended):
    deadline = time.monotonic() + 30
    while (found := describe())[status] not in ended:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def assert_now(aws, *moments):
    for moment in moments:
        assert abs(moment - aws.plane.clock.now()) < dt.timedelta(minutes=2), moment


def test_a_job_and_its_log_are_of_the_local_time(aws, sagemaker):
    sagemaker.create_processing_job(
        ProcessingJobName="timeline", RoleArn=ROLE,
        AppSpecification={"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", "print('said')"]},
        ProcessingResources={
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    )  # fmt: skip

    job = wait(
        lambda: sagemaker.describe_processing_job(ProcessingJobName="timeline"), "ProcessingJobStatus", ["Completed"]
    )

    assert_now(aws, job["CreationTime"], job["ProcessingStartTime"], job["ProcessingEndTime"], job["LastModifiedTime"])
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    logs = aws.clients("logs", "us-east-1")
    group = "/aws/sagemaker/ProcessingJobs"
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="timeline/")["logStreams"]
    event = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"][0]
    assert_now(aws, dt.datetime.fromtimestamp(event["timestamp"] / 1000, dt.UTC))


def test_a_pipeline_execution_is_of_the_local_time(aws, sagemaker):
    definition = {
        "Version": "2020-12-01",
        "Steps": [{"Name": "No", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}}],
    }
    sagemaker.create_pipeline(
        PipelineName="pipeline", RoleArn=ROLE, PipelineDefinition=json.dumps(definition), ClientRequestToken="t" * 32
    )
    arn = sagemaker.start_pipeline_execution(PipelineName="pipeline")["PipelineExecutionArn"]

    found = wait(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn), "PipelineExecutionStatus", ["Failed"]
    )

    step = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"][0]
    assert_now(aws, found["CreationTime"], found["LastModifiedTime"], step["StartTime"], step["EndTime"])
    yesterday = aws.plane.clock.now() - dt.timedelta(days=1)
    recent = sagemaker.list_pipeline_executions(PipelineName="pipeline", CreatedAfter=yesterday)
    assert [item["PipelineExecutionArn"] for item in recent["PipelineExecutionSummaries"]] == [arn]
    assert_now(aws, recent["PipelineExecutionSummaries"][0]["StartTime"])


def test_models_and_packages_are_of_the_local_time(aws, sagemaker):
    sagemaker.create_model(ModelName="model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    sagemaker.create_model_package_group(ModelPackageGroupName="group")
    container = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"}
    package = sagemaker.create_model_package(
        ModelPackageGroupName="group",
        InferenceSpecification={
            "Containers": [container], "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]  # fmt: skip
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")

    described = sagemaker.describe_model_package(ModelPackageName=package)
    assert_now(aws, described["CreationTime"], described["LastModifiedTime"])
    assert_now(aws, sagemaker.describe_model(ModelName="model")["CreationTime"])
    assert_now(aws, sagemaker.describe_model_package_group(ModelPackageGroupName="group")["CreationTime"])


def test_objects_and_stacks_are_of_the_local_time(aws):
    s3, cloudformation = aws.clients("s3", "us-east-1"), aws.clients("cloudformation", "us-east-1")
    s3.create_bucket(Bucket="timeline")
    s3.put_object(Bucket="timeline", Key="x", Body=b"x")
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    cloudformation.create_stack(StackName="timeline", TemplateBody=json.dumps(template))

    stack = wait(
        lambda: cloudformation.describe_stacks(StackName="timeline")["Stacks"][0], "StackStatus", ["CREATE_COMPLETE"]
    )

    resource = cloudformation.describe_stack_resources(StackName="timeline")["StackResources"][0]
    events = cloudformation.describe_stack_events(StackName="timeline")["StackEvents"]
    assert_now(aws, stack["CreationTime"], resource["Timestamp"], *[event["Timestamp"] for event in events])
    assert_now(aws, s3.head_object(Bucket="timeline", Key="x")["LastModified"])
    assert_now(aws, s3.list_objects_v2(Bucket="timeline")["Contents"][0]["LastModified"])
