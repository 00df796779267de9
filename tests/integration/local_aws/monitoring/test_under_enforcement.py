"""With IAM enforced, who makes monitors needs permissions, and so does the role under which they run."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from local_aws.server import LocalAws
from local_aws.settings import Settings
from local_aws.store import Key

ACCOUNT = "123456789012"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
RESOURCE = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(Settings(root=tmp_path_factory.mktemp("enforced"), iam="enforce")) as running:
        yield running


def role(aws, unique, *statements, service="sagemaker.amazonaws.com"):
    """Make a role with a policy; return its ARN."""
    name, iam = unique("role"), aws.boto3_session().client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    if statements:
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    return arn


def allow(action, resource="*"):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def definition(role_arn):
    place = {"EndpointName": "e", "LocalPath": "/opt/ml/processing/input/endpoint"}
    output = {"S3Uri": "s3://reports/x", "LocalPath": "/opt/ml/processing/output"}
    return {
        "DataQualityAppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["true"]},
        "DataQualityJobInput": {"EndpointInput": place},
        "DataQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
        "RoleArn": role_arn,
    }


def scheduled(name):
    once = {"ScheduleExpression": "NOW", "DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "PT0H"}
    return {"ScheduleConfig": once, "MonitoringJobDefinitionName": name, "MonitoringType": "DataQuality"}


def test_monitors_are_made_by_who_may_make_them(aws, unique):
    runs = role(aws, unique)
    makes = role(
        aws, unique,
        allow("sagemaker:CreateDataQualityJobDefinition", f"{RESOURCE}:data-quality-job-definition/mine-*"),
        allow("sagemaker:*MonitoringSchedule", f"{RESOURCE}:monitoring-schedule/mine-*"),
        allow("iam:PassRole", runs),
    )  # fmt: skip
    sagemaker = aws.plane.client("sagemaker", "us-east-1", makes)
    denied = {}

    sagemaker.create_data_quality_job_definition(JobDefinitionName="mine-a", **definition(runs))
    sagemaker.create_monitoring_schedule(MonitoringScheduleName="mine-a", MonitoringScheduleConfig=scheduled("mine-a"))
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName="mine-a")
    for name, role_arn in (("other", runs), ("mine-b", makes)):
        with pytest.raises(ClientError) as error:
            sagemaker.create_data_quality_job_definition(JobDefinitionName=name, **definition(role_arn))
        denied[name] = error.value.response["Error"]["Message"]
    with pytest.raises(ClientError, match="sagemaker:CreateMonitoringSchedule"):
        sagemaker.create_monitoring_schedule(
            MonitoringScheduleName="other", MonitoringScheduleConfig=scheduled("mine-a")
        )

    assert "sagemaker:CreateDataQualityJobDefinition" in denied["other"]
    assert "iam:PassRole" in denied["mine-b"]


def test_an_execution_runs_under_the_definitions_role(aws, unique):
    admin = aws.boto3_session().client("sagemaker")
    name = unique("poor")
    aws.plane.store.insert(
        Key("endpoint", "e", ACCOUNT, "us-east-1"),
        {"EndpointName": "e", "DataCaptureConfig": {"DestinationS3Uri": "s3://captured/x"}},
    )
    admin.create_data_quality_job_definition(JobDefinitionName=name, **definition(role(aws, unique)))
    admin.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=scheduled(name))

    deadline = time.monotonic() + 30
    while True:
        [found] = admin.list_monitoring_executions(MonitoringScheduleName=name)["MonitoringExecutionSummaries"]
        if found["MonitoringExecutionStatus"] not in {"Pending", "InProgress"}:
            break
        assert time.monotonic() < deadline, found
        time.sleep(0.05)

    assert found["MonitoringExecutionStatus"] == "Failed"
    assert "s3:ListBucket" in found["FailureReason"] or "AccessDenied" in found["FailureReason"]
