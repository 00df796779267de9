"""The state machines: valid, careful, allowed to do what they do and nothing else."""

import json
import re
from collections import Counter

import pytest

from infra.checks import workflows
from infra.checks.guards import problems
from infra.checks.policies import roles
from infra.settings import STAGES, Experiment
from local_aws.step_functions.definition import check
from local_aws.step_functions.definition import targets as next_states

MOST_EVENTS = 25_000
# Events of a state that is entered and left, and of a task on top of that.
STATE_EVENTS, TASK_EVENTS = 2, 5
SERVICES = {
    "applicationautoscaling": "application-autoscaling",
    "sagemakerruntime": "sagemaker",
    "sfn": "states",
}
ACTIONS = {
    "s3:headObject": {"s3:GetObject"},
    "s3:copyObject": {"s3:GetObject", "s3:PutObject"},
    "s3:listObjectsV2": {"s3:ListBucket"},
}
# What no state calls by name, and who needs it.
INDIRECT = {
    "application-autoscaling:RegisterScalableTarget": {"iam:CreateServiceLinkedRole"},
    "sagemaker:CreateModel": {"iam:PassRole", "sagemaker:AddTags"},
    "sagemaker:CreateProcessingJob": {
        "events:DescribeRule",
        "events:PutRule",
        "events:PutTargets",
        "iam:PassRole",
        "sagemaker:AddTags",
        "sagemaker:DescribeProcessingJob",
        "sagemaker:StopProcessingJob",
    },
    "sagemaker:CreateTransformJob": {"sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob"},
}
# Delivery of logs and traces: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
OF_THE_SERVICE = ("logs:", "xray:")


@pytest.fixture(scope="module")
def machines(synthesised):
    return {machine.address.split("/")[1][:7]: machine for machine in workflows.machines(synthesised)}


@pytest.fixture
def planted(sandbox):
    """Change the release definition: `planted(change)` → what the guards find."""

    def plant(change):
        resource = next(r for r in sandbox.resources("AWS::StepFunctions::StateMachine") if "Release" in r.logical_id)
        definition = json.loads(resource.raw["Properties"]["DefinitionString"])
        change(definition["States"])
        resource.raw["Properties"]["DefinitionString"] = json.dumps(definition)
        return problems(sandbox)

    return plant


def by_role(assembly):
    """Role → its state machines."""
    arns = {role.arn: role for role in roles(assembly).values()}
    resources = {resource.address: resource for resource in assembly.resources("AWS::StepFunctions::StateMachine")}
    found = {}
    for machine in workflows.machines(assembly):
        role = arns[resources[machine.address].properties["RoleArn"]]
        found.setdefault(role.name, (role, []))[1].append(machine)
    return found


def granted(role):
    statements = [statement for document in role.identity.values() for statement in document["Statement"]]
    actions = [s["Action"] if isinstance(s["Action"], list) else [s["Action"]] for s in statements]
    return {action for group in actions for action in group}


def called(machines):
    found = set()
    for machine in machines:
        for _, task in machine.tasks():
            service, action = workflows.call_of(task).split(":")
            name = f"{SERVICES.get(service, service)}:{action[0].upper()}{action[1:]}"
            found |= ACTIONS.get(f"{service}:{action}", {name})
    return found | {extra for name in found & set(INDIRECT) for extra in INDIRECT[name]}


def test_every_machine_is_valid(machines):
    assert {"Release", "Withdra", "Monitor", "Retrain"} <= set(machines)
    assert [check(json.dumps(machine.definition))[1] for machine in machines.values()] == [[]] * len(machines)


def test_every_call_is_granted_and_every_grant_is_called(synthesised):
    for role, own in by_role(synthesised).values():
        wanted, given = called(own), granted(role)

        assert wanted - given == set(), role.name
        needless = {action for action in given - wanted if not action.startswith(OF_THE_SERVICE)}
        # Listing is what makes a missing object a 404.
        assert needless - {"s3:ListBucket"} == set(), role.name


FAULTS = {
    "a task without retry": (lambda s: s["CreateModel"].pop("Retry"), "CreateModel has no Retry"),
    "a task that lets errors pass": (lambda s: s["Judge"].pop("Catch"), "Judge does not catch every error"),
    "a catch that takes some": (lambda s: s["Judge"]["Catch"][0].update(ErrorEquals=["X"]), "does not catch every"),
    "an open model": (
        lambda s: s["DescribeModelToMake"]["Parameters"].pop("EnableNetworkIsolation"),
        "makes a model that is not isolated",
    ),
    "a model outside the VPC": (lambda s: s["DescribeModelToMake"]["Parameters"].pop("VpcConfig"), "outside the VPC"),
    "one instance": (
        lambda s: s["DescribeFirstConfig"]["Parameters"]["ProductionVariants"][0].update(InitialInstanceCount=1),
        "DescribeFirstConfig makes a variant of fewer than 2 instances",
    ),
    "another variant": (
        lambda s: s["DescribeFirstConfig"]["Parameters"]["ProductionVariants"][0].update(VariantName="blue"),
        "names are fixed",
    ),
    "nothing captured": (
        lambda s: s["DescribeLastConfig"]["Parameters"]["DataCaptureConfig"].update(EnableCapture=False),
        "captures no data",
    ),
    "captured in the clear": (
        lambda s: s["DescribeLastConfig"]["Parameters"]["DataCaptureConfig"].pop("KmsKeyId"),
        "without keys",
    ),
    "counts forgotten": (
        lambda s: s["RemoveChallenger"]["Parameters"].pop("RetainAllVariantProperties"),
        "resets the instance counts",
    ),
    "an unguarded promotion": (
        lambda s: s["UpdateToPromotion"]["Parameters"]["DeploymentConfig"].pop("AutoRollbackConfiguration"),
        "is not rolled back by any alarm",
    ),
    "an open judge": (lambda s: s["Judge"]["Parameters"].pop("NetworkConfig"), "a job that is not isolated"),
    "a judge without keys": (
        lambda s: s["Judge"]["Parameters"]["ProcessingOutputConfig"].pop("KmsKeyId"),
        "a job without keys",
    ),
}


@pytest.mark.parametrize(("member", "key"), [("TransformOutput", "KmsKeyId"), ("TransformResources", "VolumeKmsKeyId")])
def test_transform_job_without_a_key_is_found(sandbox, member, key):
    resource = next(r for r in sandbox.resources("AWS::StepFunctions::StateMachine") if "Score" in r.logical_id)
    definition = json.loads(resource.raw["Properties"]["DefinitionString"])
    definition["States"]["Score"]["Parameters"][member].pop(key)
    resource.raw["Properties"]["DefinitionString"] = json.dumps(definition)

    (found,) = problems(sandbox)

    assert "Score starts a job without keys" in found


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_of_a_workflow_is_found(name, planted):
    change, expected = FAULTS[name]

    found = planted(change)

    assert len(found) == 1, found
    assert expected in found[0]


def test_an_experiment_that_runs_to_its_end_fits_into_an_executions_history(machines):
    states = dict(machines["Release"].states())
    loop, name = [], "WaitForLook"
    while name not in loop:
        loop.append(name)
        state = states[name]
        following = [target for target, _ in next_states(state)]
        name = "TakeVerdict" if "TakeVerdict" in following else following[0]
    events = sum(STATE_EVENTS + TASK_EVENTS * (states[name]["Type"] == "Task") for name in loop)

    assert {"CheckAlarms", "Judge", "Decide"} <= set(loop)
    for stage in STAGES.values():
        assert stage.experiment.most_looks * events < MOST_EVENTS * 0.8


def test_a_stage_that_looks_too_often_for_one_execution_is_refused():
    with pytest.raises(ValueError, match="look_seconds is 600; an execution's history holds 400 looks"):
        Experiment(look_seconds=600)


def test_metrics_of_the_longest_experiment_fit_into_a_state(machines):
    queries = dict(machines["Release"].states())["CollectMetrics"]["Parameters"]["MetricDataQueries"]
    point = len('"2026-11-21T12:00:00.000Z",') + len("123456.789012,")

    for stage in STAGES.values():
        points = stage.experiment.maximum_days * 86_400 / stage.experiment.metric_seconds + 1
        assert len(queries) * points * point < 256 * 1024 * 0.7


def test_the_rollback_alarms_fire_within_the_bake_of_a_promotion(synthesised, machines):
    promotion = dict(machines["Release"].states())["UpdateToPromotion"]["Parameters"]["DeploymentConfig"]
    bake = promotion["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["WaitIntervalInSeconds"]
    names = {alarm["AlarmName"] for alarm in promotion["AutoRollbackConfiguration"]["Alarms"]}
    alarms = [
        a for a in synthesised.resources("AWS::CloudWatch::Alarm") if synthesised.name(a.stack, a.logical_id) in names
    ]

    assert len(alarms) == len(names) == 6
    for alarm in alarms:
        periods = [m["MetricStat"]["Period"] for m in alarm.properties.get("Metrics", []) if "MetricStat" in m]
        period = alarm.properties.get("Period") or max(periods)
        assert period * alarm.properties["EvaluationPeriods"] < bake
        assert alarm.properties["TreatMissingData"] == "notBreaching"


# What SageMaker publishes: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
PER_VARIANT = {"EndpointName", "VariantName"}
EMITTED = {
    "AWS/SageMaker": {
        "Invocations", "InvocationsPerInstance", "Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors",
        "ModelLatency", "OverheadLatency", "ConcurrentRequestsPerModel",
    },
    "/aws/sagemaker/Endpoints": {"CPUUtilization", "MemoryUtilization", "DiskUtilization"},
}  # fmt: skip


def read_metrics(document):
    """Yield (namespace, name, dimensions) of every metric of an alarm, a dashboard or GetMetricData."""
    if isinstance(document, dict):
        if "MetricName" in document and "Namespace" in document:
            dimensions = {
                item["Name"]: item.get("Value", item.get("Value.$")) for item in document.get("Dimensions", [])
            }
            yield document["Namespace"], document["MetricName"], dimensions
        for item in document.values():
            yield from read_metrics(item)
    elif isinstance(document, list):
        if len(document) > 2 and all(isinstance(item, str) for item in document[:2]) and "/" in document[0]:
            names = document[2:-1] if isinstance(document[-1], dict) else document[2:]
            yield document[0], document[1], dict(zip(names[::2], names[1::2], strict=True))
        for item in document:
            yield from read_metrics(item)


def test_alarms_dashboards_and_judge_read_metrics_that_sagemaker_publishes(synthesised, machines):
    bodies = [json.loads(d.properties["DashboardBody"]) for d in synthesised.resources("AWS::CloudWatch::Dashboard")]
    alarms = [alarm.properties for alarm in synthesised.resources("AWS::CloudWatch::Alarm")]
    found = list(read_metrics([bodies, alarms, [machine.definition for machine in machines.values()]]))

    counted = Counter(namespace for namespace, _, _ in found)
    assert counted["AWS/SageMaker"] > 20
    for namespace, name, dimensions in found:
        if namespace in EMITTED:
            assert name in EMITTED[namespace]
            assert set(dimensions) == PER_VARIANT
            assert dimensions["EndpointName"] == "flight-delay-sandbox"
            assert dimensions["VariantName"] in {*workflows.VARIANTS, "$variant"}
        else:
            assert namespace in {"AWS/SQS", "AWS/Scheduler", "FlightDelay/Monitoring"}


def test_latency_is_alarmed_in_microseconds(synthesised):
    alarms = [
        alarm.properties
        for alarm in synthesised.resources("AWS::CloudWatch::Alarm")
        if alarm.properties.get("MetricName") == "ModelLatency"
    ]

    assert [alarm["Threshold"] for alarm in alarms] == [STAGES["sandbox"].hosting.p99_latency_ms * 1000] * 2


def test_no_definition_has_a_place_without_a_value(machines):
    text = json.dumps([machine.definition for machine in machines.values()])

    assert re.findall(r"\$\{\w+\}", text) == []


def test_endpoints_names_fit_sagemakers_limit(machines):
    longest = "flight-delay-sandbox-v99999-" + "0" * 32

    assert len(longest) <= 63
    assert max(len(name) for name, _ in machines["Release"].states()) <= 80
