"""Say what CloudFormation may do for the stacks that serve and release, and how the stage's names begin."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.names import arn, iam_arn
from infra.policies import allow
from infra.settings import Stage

_DEFINITION_KINDS = ("data-quality", "model-bias", "model-explainability", "model-quality")


def release(stack: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    """The release workflow: state machines, and the parameters that they are steered by."""
    machines = ("Create", "Delete", "Describe", "Update")
    tags = ("ListTagsForResource", "TagResource", "UntagResource")
    parameters = ("DeleteParameter", "GetParameter", "PutParameter")
    parameter_tags = ("AddTagsToResource", "ListTagsForResource", "RemoveTagsFromResource")
    return [
        allow(
            "StateMachines",
            of("states", *(f"{verb}StateMachine" for verb in machines), *tags),
            named(stack, stage, "states", "stateMachine:"),
        ),
        allow("CheckStateMachines", ["states:ValidateStateMachineDefinition"], ["*"]),
        allow(
            "Parameters",
            of("ssm", *parameters, *parameter_tags),
            [arn(stack, "ssm", f"parameter/flight-delay/{stage.name}/*")],
        ),
    ]


def serving(stack: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    """What serves and what watches it: endpoint configurations, scaling, dashboards. Models are the workflow's."""
    config = [f"{verb}EndpointConfig" for verb in ("Create", "Delete", "Describe")]
    tags = ("AddTags", "DeleteTags", "ListTags")
    scaling = "application-autoscaling"
    of_sagemaker = {"StringEquals": {f"{scaling}:service-namespace": "sagemaker"}}
    changes = ("DeleteScalingPolicy", "DeregisterScalableTarget", "PutScalingPolicy", "RegisterScalableTarget")
    dashboards = [f"arn:aws:cloudwatch::{stack.account}:dashboard/{name}*" for name in stems(stage)]
    return [
        allow(
            "EndpointConfigs",
            of("sagemaker", *config, *tags),
            [arn(stack, "sagemaker", f"endpoint-config/flight-delay-{stage.name}*")],
        ),
        allow("Scale", of(scaling, *changes), [arn(stack, scaling, "scalable-target/*")], of_sagemaker),
        allow("FindScaling", of(scaling, "DescribeScalableTargets", "DescribeScalingPolicies"), ["*"]),
        service_linked_role(stack, "sagemaker.application-autoscaling.amazonaws.com"),
        allow("Dashboards", of("cloudwatch", "DeleteDashboards", "GetDashboard", "PutDashboard"), dashboards),
    ]


def model_monitor(stack: Stack, stage: Stage) -> list[iam.PolicyStatement]:
    """Amazon SageMaker Model Monitor's definitions and schedules, where the stage has them."""
    if stage.monitoring.backend != "model-monitor":
        return []
    kinds = ("DataQuality", "ModelBias", "ModelExplainability", "ModelQuality")
    nouns = [*(f"{kind}JobDefinition" for kind in kinds), "MonitoringSchedule"]
    verbs = [f"{verb}{noun}" for verb in ("Create", "Delete", "Describe") for noun in nouns]
    # CloudFormation makes the definitions' names up; the schedules' begin with the endpoint's.
    definitions = [arn(stack, "sagemaker", f"{kind}-job-definition/*") for kind in _DEFINITION_KINDS]
    schedules = arn(stack, "sagemaker", f"monitoring-schedule/flight-delay-{stage.name}*")
    more = ("AddTags", "DeleteTags", "ListTags", "UpdateMonitoringSchedule")
    return [allow("ModelMonitor", of("sagemaker", *verbs, *more), [*definitions, schedules])]


def service_linked_role(stack: Stack, service: str) -> iam.PolicyStatement:
    """Allow to make the role by which AWS names a service; AWS makes no other under such a name."""
    return allow(
        "ServiceLinkedRole",
        ["iam:CreateServiceLinkedRole"],
        [iam_arn(stack, f"role/aws-service-role/{service}/*")],
        {"StringEquals": {"iam:AWSServiceName": service}},
    )


def named(stack: Stack, stage: Stage, service: str, kind: str) -> list[str]:
    """Return the ARNs of the stage's resources of a kind, by what their names begin with."""
    return [arn(stack, service, f"{kind}{stem}*") for stem in stems(stage)]


def stems(stage: Stage) -> tuple[str, str]:
    """Return what the names of the stage's resources begin with: those that CloudFormation makes up, and its own."""
    return f"{stage.prefix}-", f"flight-delay-{stage.name}"


def of(service: str, *actions: str) -> list[str]:
    """Return a service's actions."""
    return [f"{service}:{action}" for action in actions]
