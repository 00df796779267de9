"""Releases from approval to end, by the deployed state machines."""

import json

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def nothing_is_denied(releases, first):
    yield
    assert first[2]["outcome"] == "released"
    assert [(item["role"], item["action"], item["resource"]) for item in releases.denied()] == []


def read(releases, bucket, key):
    return json.loads(releases.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def test_first_release_makes_a_scaled_captured_endpoint_and_names_the_champion(releases, first):
    package, execution, _ = first
    endpoint = releases.sagemaker.describe_endpoint(EndpointName=releases.endpoint)
    targets = releases.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    config = releases.sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    pointer = read(releases, releases.target.resources.buckets.artifacts, "champion/champion.json")

    assert endpoint["EndpointStatus"] == "InService"
    assert [item["ResourceId"] for item in targets["ScalableTargets"]] == [
        f"endpoint/{releases.endpoint}/variant/champion"
    ]
    assert config["DataCaptureConfig"]["EnableCapture"]
    assert pointer["version"] >= releases.package(package)["ModelPackageVersion"]
    assert "AskChampion" in releases.visited(execution)


def test_better_challenger_is_ramped_judged_and_promoted(releases):
    package, output = releases.release(verdict="promote", after=3)

    version = str(releases.package(package)["ModelPackageVersion"])
    state = read(releases, releases.facts["capture_bucket"], f"experiments/release-v{version}/state.json")
    verdict = read(
        releases, releases.facts["capture_bucket"], f"experiments/release-v{version}/verdicts/3/verdict.json"
    )
    assert output["outcome"] == "promoted", output
    assert releases.served_version() == version
    assert releases.weights() == {"champion": 1.0}
    assert [item["challenger"] for item in state["allocations"]] == [5, 25, 50]
    assert [verdict["look"], verdict["plan"]["experiment"]] == [3, f"release-v{version}"]
    assert verdict["captured"] > 0
    assert {item["Id"] for item in verdict["metrics"]["MetricDataResults"]} >= {
        "champion_invocations",
        "challenger_latency_p99",
    }
    assert releases.package(package)["CustomerMetadataProperties"]["release"] == "champion"


def test_losing_champion_is_rejected_and_nothing_of_it_is_left(releases):
    before, _ = releases.release(after=0)

    _, output = releases.release(after=0)

    models = [item["ModelName"] for item in releases.sagemaker.list_models()["Models"]]
    configs = releases.sagemaker.list_endpoint_configs()["EndpointConfigs"]
    assert output["outcome"] == "promoted", output
    assert releases.package(before)["ModelApprovalStatus"] == "Rejected"
    assert "released in its place" in releases.package(before)["ApprovalDescription"]
    assert len(models) == len(configs) == 1


def test_worse_challenger_is_abandoned_and_the_champion_serves_on(releases):
    champion = releases.served_version()

    package, output = releases.release(verdict="abandon", after=1)

    assert output["outcome"] == "abandoned", output
    assert releases.served_version() == champion
    assert releases.weights() == {"champion": 1.0}
    assert releases.package(package)["ModelApprovalStatus"] == "Rejected"
    assert releases.package(package)["ApprovalDescription"] == "told to abandon"


def test_challenger_that_cannot_answer_never_gets_traffic(releases):
    package = releases.register(model={"broken": True})
    execution = releases.approve(package)

    output = releases.end(execution)

    assert output["outcome"] == "abandoned", output
    assert "SetWeights" not in releases.visited(execution)
    assert releases.package(package)["ApprovalDescription"].startswith("Smoke test")


def test_alarm_takes_the_challengers_traffic_at_once_and_ends_the_experiment(releases):
    package = releases.register(after=9)
    execution = releases.approve(package)
    releases.rest(execution)
    cloudwatch = releases.client("cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix="FlightDelay-sandbox-Release-ChallengerErrors")["MetricAlarms"]

    cloudwatch.set_alarm_state(AlarmName=alarms[0]["AlarmName"], StateValue="ALARM", StateReason="planted")

    releases.until(lambda: releases.weights() == {"champion": 1.0, "challenger": 0.0})
    output = releases.end(execution)
    assert output["outcome"] == "abandoned", output
    assert releases.weights() == {"champion": 1.0}
    assert releases.package(package)["ModelApprovalStatus"] == "Rejected"


def test_second_approval_waits_and_the_older_of_two_that_wait_gives_way(releases):
    running = releases.approve(releases.register(verdict="abandon", after=1))
    releases.rest(running)
    older, newer = releases.register(), releases.register(verdict="abandon", after=0)
    waiting = releases.approve(older), releases.approve(newer)
    releases.until(lambda: all(releases.visited(item)[-1] == "WaitForTurn" for item in waiting))

    outputs = [releases.end(item) for item in (running, *waiting)]

    assert [output["outcome"] for output in outputs] == ["abandoned", "superseded", "abandoned"], outputs


def test_release_that_was_cut_off_goes_on_where_it_stopped(releases):
    package = releases.register(verdict="promote", after=2)
    cut = releases.approve(package)
    releases.rest(cut)
    releases.look(cut)
    releases.states.stop_execution(executionArn=cut, cause="planted")
    releases.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")

    again = releases.approve(package)
    output = releases.end(again)

    assert output["outcome"] == "promoted", output
    assert "UpdateToExperiment" not in releases.visited(again)
    version = releases.package(package)["ModelPackageVersion"]
    state = read(releases, releases.facts["capture_bucket"], f"experiments/release-v{version}/state.json")
    assert [item["challenger"] for item in state["allocations"]] == [5, 25, 5, 25]
    assert output["looks"] == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"DriftCheckBaselines": {}}, "lacks metrics, drift baselines"),
        (
            {"CustomerMetadataProperties": {"auc": "0.6", "log_loss": "0.3", "decision_threshold": "0.2"}},
            "worse than the floor",
        ),
    ],
    ids=("baselines", "quality"),
)
def test_package_that_must_not_be_released_is_refused_with_a_reason(releases, fault, reason):
    package, output = releases.release(**fault)

    assert output["error"] == "PackageRefused"
    assert releases.package(package)["ModelApprovalStatus"] == "Rejected"
    assert reason in releases.package(package)["ApprovalDescription"]
