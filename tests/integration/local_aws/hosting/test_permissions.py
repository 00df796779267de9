"""Endpoints where IAM is enforced: what the model's role needs, and what a caller needs."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from local_aws.server import LocalAws
from local_aws.settings import Settings
from tests.integration.local_aws.hosting.conftest import Hosting

ACCOUNT, REGION = "123456789012", "us-east-1"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com", "AWS": "*"}, "Action": "sts:AssumeRole"}
REPOSITORY = f"arn:aws:ecr:{REGION}:683313688378:repository/sagemaker-scikit-learn"
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **item} for item in statements]})


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory):
    """A local AWS that enforces IAM."""
    settings = Settings(root=tmp_path_factory.mktemp("enforcing"), stop_grace_seconds=1, iam="enforce")
    with LocalAws(settings) as aws:
        yield aws


@pytest.fixture
def hosting(enforcing, unique):
    def client(service):
        return enforcing.boto3_session().client(service)

    bucket = unique("bucket")
    client("s3").create_bucket(Bucket=bucket)
    made = Hosting(client, bucket, unique)
    yield made
    for name in made.endpoints:
        made.wait(name)
        made.delete(name)


@pytest.fixture
def role(enforcing, unique):
    """Make a role with some permissions; returns its ARN."""

    def role(*statements):
        iam, name = enforcing.boto3_session().client("iam"), unique("role")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUST))
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    return role


@pytest.fixture
def model_role(role, hosting):
    """Make a role that may host a model; leaves out the permissions named."""

    def model_role(*left_out):
        bucket = f"arn:aws:s3:::{hosting.bucket}"
        statements = {
            "read": {"Action": ["s3:GetObject"], "Resource": f"{bucket}/model.tar.gz"},
            "list": {"Action": "s3:ListBucket", "Resource": bucket},
            "capture": {"Action": "s3:PutObject", "Resource": f"{bucket}/capture/*"},
            "pull": {"Action": PULL, "Resource": REPOSITORY},
            "token": {"Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        }
        return role(*[item for name, item in statements.items() if name not in left_out])

    return model_role


def start(hosting, role_arn, **fields):
    model = hosting.unique("model")
    hosting.sagemaker.create_model(ModelName=model, ExecutionRoleArn=role_arn, PrimaryContainer=hosting.container("a"))
    name = hosting.start(hosting.config(hosting.variant(ModelName=model), **fields))
    return name, hosting.wait(name)


def test_a_model_is_hosted_under_its_role(enforcing, hosting, model_role):
    enforcing.guard.answer("DELETE")
    arn = model_role()
    name, found = start(hosting, arn, DataCaptureConfig=hosting.capture())
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")
    hosting.ask(name, "x", InferenceId="one")
    hosting.delete(name)
    hosting.endpoints.remove(name)

    assert hosting.ids(name) == ["one"]
    report = enforcing.guard.answer("GET")
    assert [item for item in report["granted_but_never_used"] if item["role"] == arn] == []
    denied = {item["action"] for item in report["used_but_not_granted"] if item["role"] == arn}
    assert denied <= {
        "logs:DescribeLogStreams",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "cloudwatch:PutMetricData",
    }


@pytest.mark.parametrize(
    ("left_out", "text"),
    [("read", "may read it"), ("list", "Data download failed"), ("pull", "ecr:BatchCheckLayerAvailability")],
)
def test_an_endpoint_fails_where_the_models_role_lacks_a_permission(hosting, model_role, left_out, text):
    _, found = start(hosting, model_role(left_out))

    assert found["EndpointStatus"] == "Failed"
    assert text in found["FailureReason"]


def test_capture_that_the_role_may_not_write_fails_no_request(hosting, model_role):
    name, _ = start(hosting, model_role("capture"), DataCaptureConfig=hosting.capture())

    assert hosting.ask(name, "x") == "a:x"
    assert hosting.captured(name) == []


def test_a_caller_invokes_only_the_endpoint_that_its_policy_names(enforcing, hosting, model_role, role):
    name, _ = start(hosting, model_role())
    other, _ = start(hosting, model_role())
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name}"
    caller = role({"Action": "sagemaker:InvokeEndpoint", "Resource": arn})
    keys = enforcing.boto3_session().client("sts").assume_role(RoleArn=caller, RoleSessionName="test")["Credentials"]
    runtime = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
    ).client("sagemaker-runtime", endpoint_url=enforcing.endpoint_url)

    assert runtime.invoke_endpoint(EndpointName=name, Body="x")["Body"].read() == b"a:x"
    with pytest.raises(ClientError, match=f"not authorized to perform: sagemaker:InvokeEndpoint on .*{other}"):
        runtime.invoke_endpoint(EndpointName=other, Body="x")


def test_alarms_that_the_models_role_may_not_read_are_refused(enforcing, hosting, model_role):
    name, _ = start(hosting, model_role())
    policy = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}
    }
    policy["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "some"}]}
    config = hosting.describe(name)["EndpointConfigName"]

    with pytest.raises(ClientError, match="cloudwatch:DescribeAlarms"):
        hosting.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, DeploymentConfig=policy)
