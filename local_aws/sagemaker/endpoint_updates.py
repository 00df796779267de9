"""Answer the operations that change an endpoint in service."""

from collections.abc import Mapping

from local_aws.errors import ValidationError
from local_aws.hosting import capacity, deployment, policies
from local_aws.hosting.fleet import FleetPlan
from local_aws.iam.endpoint_requirements import alarm_requirements
from local_aws.iam.requirements import Place
from local_aws.sagemaker.endpoint_configs import find_config
from local_aws.sagemaker.endpoints import KIND, check_idle, claim, find_endpoint, plan_of_config
from local_aws.sagemaker.operations import Context, Request, Response, operation
from local_aws.store import Record


@operation
def update_endpoint(context: Context, request: Request) -> Response:
    """Replace an endpoint's configuration."""
    name = request["EndpointName"]
    record = find_endpoint(context, name)
    plan = plan_of_config(context, request["EndpointConfigName"])
    check_idle(context, record)
    find_config(context, record["EndpointConfigName"])  # AWS refuses the update of an endpoint whose own is gone
    _check_scaling(context, record, plan)
    counts, weights = _wanted(request, record, plan)
    config = request.get("DeploymentConfig")
    if config is None and request.get("RetainDeploymentConfig"):
        config = record.get("LastDeploymentConfig")
    rollout = policies.rollout(config, _counts(record), counts)
    _check_alarms(context, plan, rollout)
    fields = {"LastDeploymentConfig": config} if config else {}
    claim(context, name, "Updating", FailureReason=None, **fields)
    deployment.update(context.plane, context.key(KIND, name), plan, weights, rollout)
    return {"EndpointArn": record["EndpointArn"]}


@operation
def update_endpoint_weights_and_capacities(context: Context, request: Request) -> Response:
    """Change weights and instance counts of variants in service."""
    name, desired = request["EndpointName"], request["DesiredWeightsAndCapacities"]
    record = find_endpoint(context, name)
    variants = {variant["VariantName"]: variant for variant in record["ProductionVariants"]}
    for item in desired:
        _check_desired(record, variants, item)
    weights = {item["VariantName"]: item["DesiredWeight"] for item in desired if "DesiredWeight" in item}
    counts = {item["VariantName"]: item["DesiredInstanceCount"] for item in desired if "DesiredInstanceCount" in item}
    claim(
        context,
        name,
        "Updating",
        lambda record: capacity.announce(record, weights, counts, context.plane.clock.now()),
        FailureReason=None,
    )
    deployment.change_capacity(context.plane, context.key(KIND, name), weights, counts)
    return {"EndpointArn": record["EndpointArn"]}


def _counts(record: Record) -> dict[str, int]:
    """Return the desired instance count of each variant; 1 stands for a serverless one."""
    return {item["VariantName"]: item.get("DesiredInstanceCount", 1) for item in record["ProductionVariants"]}


def _wanted(request: Request, record: Record, plan: FleetPlan) -> tuple[dict[str, int], dict[str, float]]:
    """Return counts and weights of the new variants: those of the configuration, or those that run."""
    counts = {item["VariantName"]: item.get("InitialInstanceCount", 1) for item in plan.variants}
    weights = {item["VariantName"]: item.get("InitialVariantWeight", 1.0) for item in plan.variants}
    if not request.get("RetainAllVariantProperties"):
        return counts, weights
    excluded = {item["VariantPropertyType"] for item in request.get("ExcludeRetainedVariantProperties", ())}
    running = {item["VariantName"]: item for item in record["ProductionVariants"] if item["VariantName"] in counts}
    if "DesiredInstanceCount" not in excluded:
        counts |= {name: item.get("DesiredInstanceCount", 1) for name, item in running.items()}
    if "DesiredWeight" not in excluded:
        weights |= {name: item["DesiredWeight"] for name, item in running.items()}
    return counts, weights


def _check_scaling(context: Context, record: Record, plan: FleetPlan) -> None:
    """Refuse to remove a variant, or to change its instance type, while it is a scalable target."""
    old = {item["VariantName"]: item.get("InstanceType") for item in record["_plan"]["config"]["ProductionVariants"]}
    new = {item["VariantName"]: item.get("InstanceType") for item in plan.variants}
    changed = {name for name, kind in old.items() if name not in new or new[name] != kind}
    if not changed:
        return
    scaling = context.plane.client("application-autoscaling", context.region)
    ids = {f"endpoint/{record['EndpointName']}/variant/{name}": name for name in changed}
    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=list(ids))["ScalableTargets"]
    if registered := sorted({ids[target["ResourceId"]] for target in targets if target["ResourceId"] in ids}):
        raise ValidationError(
            f'The variant(s) "{", ".join(registered)}" must be deregistered as scalable targets with AWS Auto Scaling '
            "before they can be removed or have their instance type updated."
        )


def _check_alarms(context: Context, plan: FleetPlan, rollout: policies.Rollout) -> None:
    """Refuse alarms that do not exist or which the models' roles may not read: they would never roll anything back."""
    if not rollout.alarms:
        return
    needed = alarm_requirements(rollout.alarms, Place(context.account_id, context.region))
    for role in {model["ExecutionRoleArn"] for model in plan.models.values()}:
        if denial := context.plane.denial_of_role(role, "sagemaker:UpdateEndpoint", needed, context.region):
            raise ValidationError(f"{denial}. The models' execution role needs it for AutoRollbackConfiguration.")
    cloudwatch = context.plane.client("cloudwatch", context.region)
    found = cloudwatch.describe_alarms(AlarmNames=list(rollout.alarms), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    known = {item["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for item in found.get(kind, ())}
    if missing := sorted(set(rollout.alarms) - known):
        raise ValidationError(
            f"Could not find the CloudWatch alarm(s) {', '.join(missing)} of AutoRollbackConfiguration."
        )


def _check_desired(record: Record, variants: Mapping[str, Record], item: Record) -> None:
    name = item["VariantName"]
    if name not in variants:
        raise ValidationError(f'Variant "{name}" was not found for endpoint "{record["EndpointArn"]}".')
    is_serverless = "CurrentServerlessConfig" in variants[name]
    if "ServerlessUpdateConfig" in item:
        raise ValidationError("The local AWS does not simulate ServerlessUpdateConfig; update the endpoint instead.")
    if is_serverless and "DesiredInstanceCount" in item:
        raise ValidationError(f"Variant {name} is serverless: it has no instance count.")
    if item.get("DesiredInstanceCount", 1) < 1:
        raise ValidationError(
            f"DesiredInstanceCount of variant {name} is 0; a variant with a model has at least 1 instance."
        )
