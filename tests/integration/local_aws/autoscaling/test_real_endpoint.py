"""A real endpoint under a step load gets the instances that it needs, and gives them back."""

import pytest

from local_aws.server import LocalAws
from local_aws.settings import Settings
from tests.integration.local_aws.hosting.conftest import Hosting


@pytest.fixture
def aws(tmp_path):
    with LocalAws(Settings(root=tmp_path, stop_grace_seconds=1)) as running:
        yield running


@pytest.fixture
def hosting(aws, unique):
    bucket = unique("bucket")
    aws.clients("s3", "us-east-1").create_bucket(Bucket=bucket)
    return Hosting(lambda service: aws.clients(service, "us-east-1"), bucket, unique)


def test_a_step_load_adds_instances_and_its_end_removes_them(aws, hosting):
    clock, name = aws.plane.clock, hosting.endpoint()
    scaling = aws.clients("application-autoscaling", "us-east-1")
    identity = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/champion",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**identity, MinCapacity=1, MaxCapacity=3)
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    tracking = {"TargetValue": 10.0, "PredefinedMetricSpecification": metric, "ScaleInCooldown": 60}
    scaling.put_scaling_policy(
        **identity, PolicyName="p", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )  # fmt: skip

    def pass_minutes(minutes, requests):
        for _ in range(minutes):
            for _ in range(requests):
                hosting.ask(name)
            clock.advance(60)
            hosting.wait(name)
        return len(aws.plane.endpoints.all()) and count()

    def count():
        return hosting.describe(name)["ProductionVariants"][0]["CurrentInstanceCount"]

    clock.advance(60 - clock.time() % 60 + 1)
    assert pass_minutes(4, 18) == 2, "18 requests a minute at 10 per instance"
    assert pass_minutes(25, 0) == 1, "no request for long"
    causes = [
        item["Cause"] for item in scaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
    ]
    assert ["AlarmLow" in cause for cause in causes] == [True, False]
    hosting.delete(name)
