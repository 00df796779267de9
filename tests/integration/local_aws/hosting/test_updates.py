"""UpdateEndpoint: blue/green, canary, linear, rolling, rollback, what is retained."""

import itertools

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.hosting.conftest import Clients
from tests.integration.local_aws.hosting.test_variants import change, counts, weights


def canary(wait=0, size=50, alarms=(), **fields):
    routing = {
        "Type": "CANARY",
        "WaitIntervalInSeconds": wait,
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": size},
    }
    return guarded(routing, alarms, **fields)


def guarded(routing, alarms=(), **fields):
    config = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **fields}}
    if alarms:
        config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return config


def update(hosting, name, config, **fields):
    hosting.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, **fields)


@pytest.fixture
def alarm(client, unique):
    """Make an alarm; returns its name and a function that sets its state."""
    cloudwatch = client("cloudwatch")
    name = unique("alarm")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    return name, lambda state: cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


@pytest.fixture
def clock(local_aws):
    return local_aws.plane.clock


def always(ask):
    """Ask until the clients are stopped."""
    return lambda _, stop: itertools.takewhile(lambda _: not stop.is_set(), itertools.repeat(ask))


def test_a_plain_update_replaces_the_model_without_an_error(hosting):
    name = hosting.endpoint(hosting.variant(answer="old"))
    new = hosting.config(hosting.variant(answer="new"))

    with Clients(4, always(lambda: hosting.ask(name, "x"))) as clients:
        update(hosting, name, new)
        found = hosting.wait(name)
        after = {hosting.ask(name, "x") for _ in range(5)}
        clients.stop()

    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", new)
    assert clients.errors == []
    assert set(clients.answers) == {"old:x", "new:x"}
    assert after == {"new:x"}


def test_a_canary_takes_part_of_the_traffic_bakes_and_then_takes_all(hosting, clock):
    name = hosting.endpoint(hosting.variant(answer="old", count=2))
    new = hosting.config(hosting.variant(answer="new", count=2))
    update(hosting, name, new, DeploymentConfig=canary(wait=600))
    baking = wait_for_bake(hosting, name, "canary capacity of 1")

    during = {hosting.ask(name, "x") for _ in range(60)}
    clock.advance(600)
    wait_for_bake(hosting, name, "full capacity of 2")
    clock.advance(600)
    found = hosting.wait(name)

    summary = baking["PendingDeploymentSummary"]
    assert (baking["EndpointStatus"], summary["EndpointConfigName"]) == ("Updating", new)
    assert counts(summary) == {"champion": (1, 2)} or counts(summary) == {"champion": (1, 1)}
    assert during == {"old:x", "new:x"}
    assert (found["EndpointConfigName"], counts(found)) == (new, {"champion": (2, 2)})
    assert found["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "CANARY"
    assert "PendingDeploymentSummary" not in found


def wait_for_bake(hosting, name, text):
    while True:
        found = hosting.wait(name, "Updating")
        pending = found.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
        if any(text in status["StatusMessage"] for item in pending for status in item.get("VariantStatus", ())):
            status = pending[0]["VariantStatus"][0]["Status"]
            if status == "Baking":
                return found


def test_a_canary_that_rings_an_alarm_is_rolled_back_and_nobody_sees_an_error_after(hosting, clock, alarm):
    alarm_name, set_state = alarm
    old = hosting.config(hosting.variant(answer="old", count=2))
    name = hosting.start(old)
    hosting.wait(name)
    new = hosting.config(hosting.variant(answer="broken", count=2))
    update(hosting, name, new, DeploymentConfig=canary(wait=600, alarms=[alarm_name]))
    wait_for_bake(hosting, name, "canary")
    with Clients(1, lambda *_: [lambda: hosting.ask(name, "x")] * 40) as clients:
        pass
    assert clients.errors

    set_state("ALARM")
    clock.advance(60)
    found = hosting.wait(name)

    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", old)
    assert alarm_name in found["FailureReason"]
    assert {hosting.ask(name, "x") for _ in range(40)} == {"old:x"}


def test_an_alarm_that_rings_already_aborts_the_update(hosting, alarm):
    alarm_name, set_state = alarm
    set_state("ALARM")
    name = hosting.endpoint(hosting.variant(answer="old", count=2))
    old = hosting.describe(name)["EndpointConfigName"]

    update(hosting, name, hosting.config(hosting.variant(count=2)), DeploymentConfig=canary(alarms=[alarm_name]))
    found = hosting.wait(name)

    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", old)
    assert "before the deployment started" in found["FailureReason"]


def test_a_new_fleet_that_is_not_healthy_is_rolled_back(hosting):
    name = hosting.endpoint(hosting.variant(answer="old"))
    old = hosting.describe(name)["EndpointConfigName"]
    missing = hosting.container("new", SAGEMAKER_PROGRAM="missing.py")

    update(hosting, name, hosting.config(hosting.variant(ModelName=hosting.model(PrimaryContainer=missing))))
    found = hosting.wait(name)

    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", old)
    assert "did not pass the ping health check" in found["FailureReason"]
    assert hosting.ask(name, "x") == "old:x"


@pytest.mark.parametrize(
    ("policy", "messages"),
    [
        (
            guarded(
                {
                    "Type": "LINEAR",
                    "WaitIntervalInSeconds": 60,
                    "LinearStepSize": {"Type": "INSTANCE_COUNT", "Value": 1},
                }
            ),
            ["linear capacity of 1", "full capacity of 2"],
        ),
        (
            {
                "RollingUpdatePolicy": {
                    "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
                    "WaitIntervalInSeconds": 60,
                }
            },
            ["rolling capacity of 1", "full capacity of 2"],
        ),
    ],
    ids=["linear", "rolling"],
)
def test_traffic_moves_in_steps(hosting, clock, policy, messages):
    name = hosting.endpoint(hosting.variant(answer="old", count=2))
    update(hosting, name, hosting.config(hosting.variant(answer="new", count=2)), DeploymentConfig=policy)

    for message in messages:
        wait_for_bake(hosting, name, message)
        assert "new:x" in {hosting.ask(name, "x") for _ in range(40)}
        clock.advance(60)
    found = hosting.wait(name)

    assert counts(found) == {"champion": (2, 2)}
    assert {hosting.ask(name, "x") for _ in range(5)} == {"new:x"}


def test_an_update_keeps_scaled_counts_and_weights_when_they_are_retained(hosting):
    name = hosting.endpoint(hosting.variant(), hosting.variant("challenger"))
    change(hosting, name, champion={"DesiredInstanceCount": 2, "DesiredWeight": 3.0})

    kept = hosting.config(hosting.variant(), hosting.variant("challenger", weight=2.0))
    update(hosting, name, kept, RetainAllVariantProperties=True)
    retained = hosting.wait(name)
    update(
        hosting,
        name,
        hosting.config(hosting.variant(weight=5.0), hosting.variant("challenger")),
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    excluded = hosting.wait(name)

    assert (counts(retained)["champion"], weights(retained)) == ((2, 2), {"champion": 3.0, "challenger": 1.0})
    assert (counts(excluded)["champion"], weights(excluded)["champion"]) == ((2, 2), 5.0)


def test_an_update_resets_counts_and_weights_when_nothing_is_retained(hosting):
    name = hosting.endpoint()
    change(hosting, name, champion={"DesiredInstanceCount": 2, "DesiredWeight": 3.0})

    update(hosting, name, hosting.config(hosting.variant()))
    found = hosting.wait(name)

    assert (counts(found), weights(found)) == ({"champion": (1, 1)}, {"champion": 1.0})


def test_an_update_while_one_runs_is_refused(hosting, clock):
    name = hosting.endpoint(hosting.variant(count=2))
    new = hosting.config(hosting.variant(count=2))
    update(hosting, name, new, DeploymentConfig=canary(wait=60))

    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        update(hosting, name, new)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        hosting.sagemaker.delete_endpoint(EndpointName=name)

    for text in ("canary", "full"):
        wait_for_bake(hosting, name, text)
        clock.advance(60)
    hosting.wait(name)


@pytest.mark.parametrize(
    ("count", "config", "text"),
    [
        (1, canary(), "it must be at most half of them"),
        (2, canary(size=60), "60 CAPACITY_PERCENT; allowed is 1 to 50"),
        (2, canary(wait=600, MaximumExecutionTimeoutInSeconds=900), "greater than the total wait"),
        (2, canary(alarms=["nobody"]), "Could not find the CloudWatch alarm"),
        (2, guarded({"Type": "CANARY", "WaitIntervalInSeconds": 0}), "needs CanarySize"),
    ],
)
def test_a_deployment_config_that_breaks_a_rule_is_refused(shared, unchanged, count, config, text):
    with pytest.raises(ClientError, match=text):
        update(shared, unchanged, shared.config(shared.variant(count=count)), DeploymentConfig=config)

    assert shared.describe(unchanged)["EndpointStatus"] == "InService"


@pytest.fixture(scope="module")
def unchanged(shared):
    """An endpoint whose updates are refused."""
    return shared.endpoint(shared.variant(count=2))


def test_a_canary_needs_the_same_variant_names(hosting):
    name = hosting.endpoint(hosting.variant(count=2))
    both = hosting.config(hosting.variant(count=2), hosting.variant("challenger", count=2))

    with pytest.raises(ClientError, match="must have the same variant names"):
        update(hosting, name, both, DeploymentConfig=canary())
    update(hosting, name, both)

    assert set(counts(hosting.wait(name))) == {"champion", "challenger"}


def test_a_variant_that_is_a_scalable_target_cannot_be_removed(hosting, client):
    name = hosting.endpoint(hosting.variant(), hosting.variant("challenger"))
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/challenger",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling = client("application-autoscaling")
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    alone = hosting.config(hosting.variant())

    with pytest.raises(ClientError, match='"challenger" must be deregistered as scalable targets'):
        update(hosting, name, alone)
    scaling.deregister_scalable_target(**target)
    update(hosting, name, alone)

    assert set(counts(hosting.wait(name))) == {"champion"}


def test_an_endpoint_whose_configuration_was_deleted_cannot_be_updated(hosting):
    name = hosting.endpoint()
    hosting.sagemaker.delete_endpoint_config(EndpointConfigName=hosting.describe(name)["EndpointConfigName"])

    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        update(hosting, name, hosting.config(hosting.variant()))

    assert hosting.ask(name) == "champion:1,2"
