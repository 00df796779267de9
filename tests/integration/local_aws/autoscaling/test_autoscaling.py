"""Variants are scaled by the load that their metrics tell; a stand-in for the endpoint counts its instances."""

import pytest
from botocore.exceptions import ClientError

from local_aws.autoscaling import registered
from local_aws.server import LocalAws
from local_aws.settings import Settings
from local_aws.store import Key

RESOURCE = "endpoint/e/variant/champion"
IDENTITY = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
PREDEFINED = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}


class Endpoint:
    """A boto3 client of SageMaker with one endpoint, whose instances come at once."""

    def __init__(self):
        self.count, self.status, self.instance_type, self.asked = 1, "InService", "ml.m5.large", []

    def describe_endpoint(self, EndpointName):
        if EndpointName != "e":
            error = {"Code": "ValidationException", "Message": f'Could not find endpoint "{EndpointName}".'}
            raise ClientError({"Error": error}, "DescribeEndpoint")
        variant = {"VariantName": "champion", "CurrentInstanceCount": self.count, "DesiredInstanceCount": self.count}
        return {"EndpointStatus": self.status, "EndpointConfigName": "c", "ProductionVariants": [variant]}

    def describe_endpoint_config(self, EndpointConfigName):
        return {"ProductionVariants": [{"VariantName": "champion", "InstanceType": self.instance_type}]}

    def update_endpoint_weights_and_capacities(self, EndpointName, DesiredWeightsAndCapacities):
        [wanted] = DesiredWeightsAndCapacities
        self.count = wanted["DesiredInstanceCount"]
        self.asked.append(self.count)


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(Settings(root=tmp_path_factory.mktemp("scaling"))) as running:
        yield running


@pytest.fixture
def endpoint(aws, monkeypatch):
    made, original = Endpoint(), aws.plane.client

    def client(service, region, *more, **options):
        return made if service == "sagemaker" else original(service, region, *more, **options)

    object.__setattr__(aws.plane, "client", client)
    aws.plane.store.insert(Key("endpoint", "e", "123456789012", "us-east-1"), {"EndpointName": "e"})
    # Long enough for the alarms not to see the load of the test before.
    aws.plane.clock.advance(1_260 - aws.plane.clock.time() % 60 + 1)
    yield made
    object.__setattr__(aws.plane, "client", original)
    aws.plane.store.insert(Key("endpoint", "e", "123456789012", "us-east-1"), {"EndpointName": "e"})
    scaling = aws.clients("application-autoscaling", "us-east-1")
    if registered(aws.plane, "e", "champion", "us-east-1"):
        scaling.deregister_scalable_target(**IDENTITY)


@pytest.fixture
def scaling(aws, endpoint):
    return aws.clients("application-autoscaling", "us-east-1")


def track(scaling, *, low=1, high=4, target=100.0, **more):
    scaling.register_scalable_target(**IDENTITY, MinCapacity=low, MaxCapacity=high)
    configuration = {"TargetValue": target, "PredefinedMetricSpecification": PREDEFINED, **more}
    return scaling.put_scaling_policy(
        **IDENTITY, PolicyName="track", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=configuration,
    )  # fmt: skip


def load(aws, endpoint, requests_per_minute, minutes):
    """Let minutes pass, each with requests that the instances share."""
    for _ in range(minutes):
        value = requests_per_minute / endpoint.count
        dimensions = {"EndpointName": "e", "VariantName": "champion"}
        aws.plane.metrics.put("AWS/SageMaker", "InvocationsPerInstance", value, "None", dimensions, region="us-east-1")
        aws.plane.clock.advance(60)


def test_the_alarms_of_a_policy_are_those_that_aws_makes(aws, scaling):
    policy = track(scaling)
    found = aws.clients("cloudwatch", "us-east-1").describe_alarms(AlarmNamePrefix=f"TargetTracking-{RESOURCE}-Alarm")
    high, low = sorted(found["MetricAlarms"], key=lambda alarm: alarm["AlarmName"])

    assert high["AlarmName"].startswith(f"TargetTracking-{RESOURCE}-AlarmHigh-")
    assert (high["Threshold"], high["ComparisonOperator"]) == (100, "GreaterThanThreshold")
    assert (high["Period"], high["EvaluationPeriods"], high["Statistic"]) == (60, 3, "Sum")
    assert (low["Threshold"], low["ComparisonOperator"], low["EvaluationPeriods"]) == (90, "LessThanThreshold", 15)
    assert high["AlarmActions"] == low["AlarmActions"] == [policy["PolicyARN"]]
    assert {alarm["AlarmName"] for alarm in policy["Alarms"]} == {high["AlarmName"], low["AlarmName"]}


def test_a_step_load_reaches_the_wanted_count_and_returns(aws, endpoint, scaling):
    began = aws.plane.clock.now()
    track(scaling, ScaleOutCooldown=60, ScaleInCooldown=300)
    load(aws, endpoint, 290, 8)
    at_load = endpoint.count
    load(aws, endpoint, 20, 40)

    assert at_load == 3
    assert endpoint.count == 1
    assert endpoint.asked[0] == 3
    activities = scaling.describe_scaling_activities(ServiceNamespace="sagemaker", ResourceId=RESOURCE)
    *_, first = (item for item in activities["ScalingActivities"] if item["StartTime"] >= began)
    assert first["Description"] == "Setting desired instance count to 3."
    assert first["Cause"].startswith(f"monitor alarm TargetTracking-{RESOURCE}-AlarmHigh-")
    assert first["Cause"].endswith("in state ALARM triggered policy track")
    assert first["StatusCode"] == "Successful"


def test_nothing_is_scaled_beyond_the_limits(aws, endpoint, scaling):
    track(scaling, low=2, high=3)
    assert endpoint.asked == [2], "the minimum is kept from the registration on"

    load(aws, endpoint, 5_000, 6)

    assert endpoint.asked == [2, 3]


def test_during_a_cooldown_only_a_larger_scale_out_happens(aws, endpoint, scaling):
    track(scaling, high=20, ScaleOutCooldown=1_200)
    load(aws, endpoint, 190, 4)
    load(aws, endpoint, 290, 6)
    held = list(endpoint.asked)
    load(aws, endpoint, 1_900, 4)

    assert held == [2]
    assert endpoint.asked[:2] == [2, 19]


def test_scale_in_may_be_disabled(aws, endpoint, scaling):
    policy = track(scaling, DisableScaleIn=True)
    load(aws, endpoint, 290, 4)
    load(aws, endpoint, 0, 30)

    assert endpoint.count == 3
    assert ["AlarmHigh" in alarm["AlarmName"] for alarm in policy["Alarms"]] == [True]


def test_a_suspended_target_stays_as_it_is(aws, endpoint, scaling):
    track(scaling)
    scaling.register_scalable_target(**IDENTITY, SuspendedState={"DynamicScalingOutSuspended": True})
    load(aws, endpoint, 290, 5)

    assert endpoint.asked == []


def test_an_endpoint_that_is_being_updated_is_not_scaled_until_it_is_in_service(aws, endpoint, scaling):
    track(scaling)
    endpoint.status = "Updating"
    load(aws, endpoint, 290, 5)
    during = list(endpoint.asked)
    endpoint.status = "InService"
    load(aws, endpoint, 290, 2)

    assert (during, endpoint.asked) == ([], [3])


def test_step_scaling_follows_an_alarm_of_its_own(aws, endpoint, scaling):
    scaling.register_scalable_target(**IDENTITY, MinCapacity=1, MaxCapacity=9)
    configuration = {
        "AdjustmentType": "ChangeInCapacity", "Cooldown": 60,
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 2}],
    }  # fmt: skip
    arn = scaling.put_scaling_policy(
        **IDENTITY, PolicyName="steps", PolicyType="StepScaling", StepScalingPolicyConfiguration=configuration
    )["PolicyARN"]
    dimensions = [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "champion"}]
    aws.clients("cloudwatch", "us-east-1").put_metric_alarm(
        AlarmName="busy", Namespace="AWS/SageMaker", MetricName="InvocationsPerInstance", Dimensions=dimensions,
        Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=50, AlarmActions=[arn],
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    load(aws, endpoint, 80, 1)

    assert endpoint.asked == [3]
    [policy] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [alarm["AlarmName"] for alarm in policy["Alarms"]] == ["busy"]


def test_a_scheduled_action_changes_the_limits(aws, endpoint, scaling):
    scaling.register_scalable_target(**IDENTITY, MinCapacity=1, MaxCapacity=2)
    scaling.put_scheduled_action(
        **IDENTITY, ScheduledActionName="morning", Schedule="rate(5 minutes)",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 6},
    )  # fmt: skip
    aws.plane.clock.advance(310)

    [target] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"], endpoint.asked) == (2, 6, [2])
    activities = scaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
    assert activities[0]["Cause"] == "minimum capacity was set to 2"


def test_deleting_the_endpoint_deregisters_its_variants(aws, scaling):
    track(scaling)
    aws.plane.store.delete(Key("endpoint", "e", "123456789012", "us-east-1"))
    aws.plane.clock.advance(11)

    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    cloudwatch = aws.clients("cloudwatch", "us-east-1")
    assert cloudwatch.describe_alarms(AlarmNamePrefix="TargetTracking-")["MetricAlarms"] == []


def test_deregistering_removes_the_policy_and_its_alarms(aws, scaling):
    track(scaling)
    scaling.deregister_scalable_target(**IDENTITY)

    cloudwatch = aws.clients("cloudwatch", "us-east-1")
    assert cloudwatch.describe_alarms(AlarmNamePrefix="TargetTracking-")["MetricAlarms"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    with pytest.raises(scaling.exceptions.ObjectNotFoundException, match="No scalable target registered"):
        scaling.deregister_scalable_target(**IDENTITY)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ResourceId": "endpoint/e/variant/nobody"}, "variant doesn't exist"),
        ({"ResourceId": "endpoint/none/variant/champion"}, "Could not find endpoint"),
        ({"ResourceId": "service/cluster/web"}, "must be endpoint/<endpoint>/variant/<variant>"),
        ({"MinCapacity": 5}, "Maximum capacity cannot be less than minimum capacity"),
        ({"MinCapacity": 0}, "must be at least 1"),
        ({"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}, "scales endpoint variants only"),
    ],
)
def test_what_cannot_be_scaled_is_refused(scaling, changes, words):
    with pytest.raises(ClientError, match=words):
        scaling.register_scalable_target(**{**IDENTITY, "MinCapacity": 1, "MaxCapacity": 4, **changes})


def test_burstable_instances_are_refused(endpoint, scaling):
    endpoint.instance_type = "ml.t3.medium"

    with pytest.raises(ClientError, match="Burstable instances cannot be scaled"):
        scaling.register_scalable_target(**IDENTITY, MinCapacity=1, MaxCapacity=2)


def test_other_metrics_than_endpoints_are_refused_by_name(scaling):
    with pytest.raises(ClientError, match="not by ECSServiceAverageCPUUtilization"):
        track(scaling, PredefinedMetricSpecification={"PredefinedMetricType": "ECSServiceAverageCPUUtilization"})
