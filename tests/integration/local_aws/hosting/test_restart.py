"""Endpoints and a restart of the local AWS."""

import itertools

import pytest

from local_aws.server import LocalAws
from local_aws.settings import Settings
from tests.integration.local_aws.hosting.conftest import Hosting

_NUMBERS = itertools.count(1)


@pytest.fixture
def start(tmp_path):
    """Start a local AWS on the test's folder, with its state."""
    return lambda **settings: LocalAws(Settings(root=tmp_path, is_persistent=True, stop_grace_seconds=1, **settings))


def hosting_of(aws, bucket):
    def client(service):
        return aws.clients(service, aws.settings.region)

    return Hosting(client, bucket, lambda prefix: f"{prefix}-{next(_NUMBERS)}")


def test_endpoints_come_back_with_their_counts_weights_and_requests(start, unique):
    bucket = unique("bucket")
    with start() as aws:
        aws.clients("s3", "us-east-1").create_bucket(Bucket=bucket)
        hosting = hosting_of(aws, bucket)
        name = hosting.endpoint(hosting.variant(), hosting.variant("challenger"), DataCaptureConfig=hosting.capture())
        desired = [{"VariantName": "champion", "DesiredInstanceCount": 2, "DesiredWeight": 0.0}]
        hosting.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=desired)
        hosting.wait(name)
        hosting.ask(name, "before", InferenceId="before")

    with start() as aws:
        hosting = hosting_of(aws, bucket)
        answer = hosting.ask(name, "after", InferenceId="after")
        found = hosting.wait(name)
        hosting.delete(name)

        assert answer == "challenger:after"
        champion = found["ProductionVariants"][0]
        assert (champion["CurrentInstanceCount"], champion["CurrentWeight"]) == (2, 0.0)
        assert hosting.ids(name) == ["after", "before"]


@pytest.mark.slow
def test_an_update_that_the_end_of_the_server_broke_off_leaves_the_old_configuration(start, unique):
    bucket = unique("bucket")
    with start() as aws:
        aws.clients("s3", "us-east-1").create_bucket(Bucket=bucket)
        hosting = hosting_of(aws, bucket)
        name = hosting.endpoint(hosting.variant(answer="old", count=2))
        old = hosting.describe(name)["EndpointConfigName"]
        routing = {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 3600,
            "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
        }
        hosting.sagemaker.update_endpoint(
            EndpointName=name,
            EndpointConfigName=hosting.config(hosting.variant(answer="new", count=2)),
            DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
        )

    with start() as aws:
        hosting = hosting_of(aws, bucket)
        found = hosting.wait(name)
        answers = {hosting.ask(name, "x") for _ in range(10)}
        hosting.delete(name)

    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", old)
    assert answers == {"old:x"}
