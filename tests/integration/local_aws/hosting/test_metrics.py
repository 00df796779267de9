"""Metrics of endpoints in CloudWatch."""

import contextlib
import datetime as dt

import pytest
from botocore.exceptions import ClientError

from local_aws.server import LocalAws
from local_aws.settings import Settings
from tests.integration.local_aws.hosting.conftest import Hosting


@pytest.fixture(scope="module")
def own_aws(tmp_path_factory):
    """A local AWS of this module's own, whose clock it may advance as it likes."""
    with LocalAws(Settings(root=tmp_path_factory.mktemp("metrics"), stop_grace_seconds=1)) as aws:
        yield aws


@pytest.fixture
def hosting(own_aws, unique):
    def client(service):
        return own_aws.clients(service, own_aws.settings.region)

    bucket = unique("bucket")
    client("s3").create_bucket(Bucket=bucket)
    return Hosting(client, bucket, unique)


@pytest.fixture
def statistics(own_aws):
    """Return the Sum and the SampleCount of a metric since the test began."""
    cloudwatch = own_aws.clients("cloudwatch", own_aws.settings.region)
    start = own_aws.plane.clock.now() - dt.timedelta(minutes=2)

    def statistics(name, metric, namespace="AWS/SageMaker", variant="champion", **dimensions):
        wanted = {"EndpointName": name, "VariantName": variant, **dimensions}
        found = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in wanted.items()],
            StartTime=start,
            EndTime=own_aws.plane.clock.now() + dt.timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]
        return sum(item["Sum"] for item in found), sum(item["SampleCount"] for item in found)

    return statistics


def test_every_invocation_is_counted_for_its_variant(hosting, statistics):
    name = hosting.endpoint(hosting.variant(count=2))
    for body in ("x", "x", "x", "broken"):
        with contextlib.suppress(ClientError):
            hosting.ask(name, body)

    assert statistics(name, "Invocations") == (4, 4)
    assert statistics(name, "InvocationsPerInstance") == (2, 4)
    assert statistics(name, "Invocation5XXErrors") == (1, 4)
    assert statistics(name, "Invocation4XXErrors") == (0, 4)
    assert statistics(name, "InvocationModelErrors") == (1, 4)
    assert statistics(name, "ConcurrentRequestsPerModel")[1] >= 1


def test_latencies_are_microseconds(hosting, statistics):
    name = hosting.endpoint()
    hosting.ask(name, "sleep 0.2")

    assert 200_000 < statistics(name, "ModelLatency")[0] < 2_000_000
    assert 0 < statistics(name, "OverheadLatency")[0] < 1_000_000


def test_an_idle_variant_publishes_zeros_and_what_its_instances_use(own_aws, hosting, statistics):
    name = hosting.endpoint()

    own_aws.plane.clock.advance(180)

    total, samples = statistics(name, "Invocations")
    assert (total, samples >= 2) == (0, True)
    memory, samples = statistics(name, "MemoryUtilization", namespace="/aws/sagemaker/Endpoints")
    assert samples >= 2
    assert 0 < memory / samples < 100


def test_a_new_fleet_has_metrics_of_its_own_while_it_is_watched(own_aws, hosting, statistics):
    name = hosting.endpoint(hosting.variant(count=2))
    new = hosting.config(hosting.variant(count=2))
    routing = {
        "Type": "CANARY",
        "WaitIntervalInSeconds": 60,
        "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
    }
    policy = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    hosting.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=policy)
    while not statistics(name, "Invocations", EndpointConfigName=new)[0]:
        hosting.ask(name)
    while hosting.describe(name)["EndpointStatus"] == "Updating":
        own_aws.plane.clock.advance(10)

    asked = statistics(name, "Invocations")[0]
    hosting.ask(name)

    assert statistics(name, "Invocations")[0] == asked + 1
    assert 1 <= statistics(name, "Invocations", EndpointConfigName=new)[0] < asked


def alarm_on(own_aws, hosting, name, config, **watched):
    """Make an alarm on the new fleet of an update; return its name."""
    alarm = hosting.unique("alarm")
    dimensions = {"EndpointName": name, "VariantName": "champion", "EndpointConfigName": config}
    own_aws.clients("cloudwatch", "us-east-1").put_metric_alarm(
        AlarmName=alarm,
        Namespace="AWS/SageMaker",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Period=60,
        EvaluationPeriods=2,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        **watched,
    )
    return alarm


@pytest.mark.parametrize(
    ("watched", "answer", "body"),
    [
        ({"MetricName": "Invocation5XXErrors", "Statistic": "Average", "Threshold": 0.05}, "broken", "x"),
        ({"MetricName": "ModelLatency", "ExtendedStatistic": "p99", "Threshold": 100_000}, "new", "sleep 0.15"),
    ],
    ids=["errors", "slow"],
)
def test_a_canary_that_fails_or_is_slow_is_rolled_back_by_its_alarm(own_aws, hosting, watched, answer, body):
    clock, name = own_aws.plane.clock, hosting.endpoint(hosting.variant(answer="old", count=2))
    old = hosting.describe(name)["EndpointConfigName"]
    new = hosting.config(hosting.variant(answer=answer, count=2))
    alarm = alarm_on(own_aws, hosting, name, new, **watched)
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": 600, "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}}
    policy = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    policy["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": alarm}]}
    hosting.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=policy)

    end = clock.time() + 600
    while hosting.describe(name)["EndpointStatus"] in {"Updating", "RollingBack"} and clock.time() < end:
        for _ in range(8):
            with contextlib.suppress(ClientError):
                hosting.ask(name, body)
        clock.advance(60)
    found = hosting.wait(name)

    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", old)
    assert alarm in found["FailureReason"]
    assert {hosting.ask(name, "x") for _ in range(20)} == {"old:x"}
