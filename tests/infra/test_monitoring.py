"""What watches the models: alarms that can fire, one schedule, and Model Monitor where a stage asks for it."""

import json
from dataclasses import replace

import pytest

from infra.checks.guards import problems
from infra.settings import STAGES, Monitoring
from tests.infra.synthesis import synthesise

KINDS = ("data-quality", "model-quality", "bias", "attribution")


def of_monitoring(assembly, kind):
    return [item for item in assembly.resources(kind) if item.stack.endswith("Monitoring")]


@pytest.fixture(scope="module")
def facts(synthesised):
    stack = "FlightDelay-sandbox-Monitoring"
    return json.loads(synthesised.resolve(stack, synthesised.templates[stack]["Outputs"]["Monitoring"]["Value"]))


@pytest.fixture(scope="module")
def by_model_monitor(tmp_path_factory):
    monitoring = Monitoring(backend="model-monitor", baselines="s3://b/baseline/", evaluation="s3://e/evaluation")
    return synthesise(replace(STAGES["sandbox"], monitoring=monitoring), tmp_path_factory.mktemp("mm") / "cdk.out")


def test_the_output_names_every_alarm(synthesised, facts):
    names = {
        synthesised.name(alarm.stack, alarm.logical_id)
        for alarm in of_monitoring(synthesised, "AWS::CloudWatch::Alarm")
    }

    assert {variant: set(alarms) for variant, alarms in facts["alarms"].items()} == {
        "champion": set(KINDS),
        "challenger": set(KINDS),
    }
    told = {name for alarms in facts["alarms"].values() for name in alarms.values()}
    told |= {*facts["failed_alarms"].values(), *facts["did_not_run_alarms"].values()}
    assert len(told) == 11
    assert told <= names


def test_drift_alarms_keep_their_state_between_the_daily_runs_and_tell_people(synthesised, facts):
    alarms = {
        synthesised.name(a.stack, a.logical_id): a.properties for a in synthesised.resources("AWS::CloudWatch::Alarm")
    }

    for kind, name in facts["alarms"]["champion"].items():
        alarm = alarms[name]
        assert {item["Name"]: item["Value"] for item in alarm["Dimensions"]} == {
            "Endpoint": "flight-delay-sandbox",
            "Variant": "champion",
            "Monitor": kind,
        }
        assert (alarm["MetricName"], alarm["Threshold"]) == ("Violations", 0)
        assert alarm["TreatMissingData"] == "ignore"
        assert alarm["AlarmActions"] == [facts["topic"]]


def test_a_run_that_does_not_come_is_seen_within_cloudwatchs_longest_evaluation(synthesised, facts):
    name = facts["did_not_run_alarms"]["champion"]
    alarm = next(
        a.properties
        for a in synthesised.resources("AWS::CloudWatch::Alarm")
        if synthesised.name(a.stack, a.logical_id) == name
    )
    periods = {m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m}

    assert periods == {3600}
    assert alarm["EvaluationPeriods"] == alarm["DatapointsToAlarm"] == 24
    assert 3600 * alarm["EvaluationPeriods"] <= 86_400


def test_that_monitoring_is_broken_is_one_message(synthesised, facts):
    (page,) = of_monitoring(synthesised, "AWS::CloudWatch::CompositeAlarm")
    watched = json.dumps(page.properties["AlarmRule"])

    assert all(name in watched for name in (*facts["failed_alarms"].values(), *facts["did_not_run_alarms"].values()))
    assert not any(name in watched for name in facts["alarms"]["champion"].values())
    assert page.properties["AlarmActions"] == [facts["topic"]]


def test_drift_of_the_champion_retrains_and_that_of_its_data_does_not(synthesised, facts):
    rule = next(r for r in of_monitoring(synthesised, "AWS::Events::Rule") if "Drift" in r.logical_id)
    wanted = [facts["alarms"]["champion"][kind] for kind in ("model-quality", "bias", "attribution")]

    assert [arn.split(":alarm:")[1] for arn in rule.properties["EventPattern"]["resources"]] == wanted
    assert "DeadLetterConfig" in rule.properties["Targets"][0]


def test_the_machine_knows_the_kind_of_every_alarm_that_retrains(synthesised, facts):
    machine = next(
        m for m in of_monitoring(synthesised, "AWS::StepFunctions::StateMachine") if "Retrain" in m.logical_id
    )
    text = machine.properties["DefinitionString"]
    for name, value in machine.properties["DefinitionSubstitutions"].items():
        text = text.replace(f"${{{name}}}", value)
    choices = json.loads(text)["States"]["WhichMonitor"]["Choices"]

    assert {rule["Assign"]["kind"]: rule["StringEquals"] for rule in choices} == {
        kind: facts["alarms"]["champion"][kind] for kind in STAGES["sandbox"].monitoring.retrains_on
    }


def test_monitors_run_once_a_day_in_utc(synthesised):
    (schedule,) = of_monitoring(synthesised, "AWS::Scheduler::Schedule")

    assert schedule.properties["ScheduleExpression"] == "cron(0 1 * * ? *)"
    assert schedule.properties.get("ScheduleExpressionTimezone", "UTC") == "UTC"
    assert "stateMachine" in schedule.properties["Target"]["Arn"] or "Machine" in schedule.properties["Target"]["Arn"]


def test_model_monitor_has_the_four_kinds_without_fixed_names(by_model_monitor):
    kinds = ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
    definitions = [d for kind in kinds for d in by_model_monitor.resources(f"AWS::SageMaker::{kind}JobDefinition")]
    schedules = list(by_model_monitor.resources("AWS::SageMaker::MonitoringSchedule"))

    assert len(definitions) == 4
    assert all("JobDefinitionName" not in definition.properties for definition in definitions)
    for definition in definitions:
        assert definition.properties["NetworkConfig"]["EnableNetworkIsolation"] is True
        assert definition.properties["JobResources"]["ClusterConfig"]["VolumeKmsKeyId"]
    assert {s.properties["MonitoringScheduleConfig"]["MonitoringType"] for s in schedules} == set(kinds)


def test_model_monitor_takes_the_place_of_our_schedule_and_keeps_every_rule(by_model_monitor):
    assert of_monitoring(by_model_monitor, "AWS::Scheduler::Schedule") == []
    assert problems(by_model_monitor) == []
    rule = next(r for r in of_monitoring(by_model_monitor, "AWS::Events::Rule") if "Drift" in r.logical_id)
    assert rule.properties["EventPattern"]["detail"]["ExitMessage"] == [{"prefix": "CompletedWithViolations"}]


def test_cloudformation_may_make_what_model_monitor_needs_where_it_is_used(by_model_monitor, synthesised):
    def may(assembly):
        policies = [p for p in assembly.resources("AWS::IAM::ManagedPolicy") if p.logical_id.startswith("Execution")]
        return "sagemaker:CreateMonitoringSchedule" in json.dumps([policy.properties for policy in policies])

    assert may(by_model_monitor)
    assert not may(synthesised)


def test_no_stage_uses_model_monitor_by_default(synthesised, prod):
    for assembly in (synthesised, prod):
        assert list(assembly.resources("AWS::SageMaker::MonitoringSchedule")) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kinds": ("bias",)}, "retrains_on names attribution, model-quality, which kinds does not"),
        ({"backend": "model-monitor"}, "baselines or evaluation is missing"),
    ],
)
def test_settings_that_cannot_run_are_refused(changes, expected):
    with pytest.raises(ValueError, match=expected):
        Monitoring(**changes)


def test_model_monitor_in_a_region_whose_images_are_unknown_is_refused(tmp_path):
    monitoring = Monitoring(backend="model-monitor", baselines="s3://b/x", evaluation="s3://e/x")

    with pytest.raises(ValueError, match="backend model-monitor in eu-north-1"):
        synthesise(replace(STAGES["sandbox"], region="eu-north-1", monitoring=monitoring), tmp_path / "cdk.out")
