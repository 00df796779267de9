"""The whole platform, by the real cdk CLI, in a local AWS of its own."""

import boto3
import pytest

from pipelines.names import PIPELINE_NAME
from pipelines.platform.deployment import deploy
from pipelines.platform.outputs import deployed_resources
from pipelines.platform.removal import destroy
from pipelines.targets import Target
from tests.own_process import local_aws_process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def target(tmp_path):
    with local_aws_process(tmp_path / "aws") as environment:
        session, url = boto3.Session("test", "test", region_name="us-east-1"), environment["AWS_ENDPOINT_URL"]

        def find():
            return deployed_resources(target.client("cloudformation"), "sandbox")

        target = Target("local", session, find, endpoint_url=url, variables=environment)
        yield target


def test_the_platform_is_deployed_found_left_alone_and_purged(target):
    assert deploy(target, "sandbox", "default").changed
    assert not deploy(target, "sandbox", "default").changed

    pipeline = target.client("sagemaker").describe_pipeline(PipelineName=PIPELINE_NAME)
    assert pipeline["RoleArn"] == target.resources.roles.pipeline
    target.client("s3").put_object(Bucket=target.resources.buckets.raw, Key="flights/x", Body=b"x")

    kept = {remain.what for remain in destroy(target, "sandbox", purges=False)}
    assert f"bucket {target.resources.buckets.raw}" in kept
    assert "stack FlightDelay-sandbox-Training" not in kept
    remains = destroy(target, "sandbox", purges=True)
    assert [remain.what for remain in remains if not remain.what.endswith("(pending deletion)")] == []
    assert target.client("cloudformation").describe_stacks()["Stacks"] == []
