"""Answer Application Auto Scaling's API."""

import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from local_aws.autoscaling import records, scaler
from local_aws.autoscaling.checks import check_capacity, check_kind, check_policy, check_variant
from local_aws.autoscaling.errors import ObjectNotFoundError
from local_aws.autoscaling.policies import deregister, make_alarms, policy_arn, remove_alarms
from local_aws.autoscaling.records import ACTION, POLICY, TARGET, Target, find_target, target_of
from local_aws.errors import ValidationError
from local_aws.events.expressions import ExpressionError, parse
from local_aws.sagemaker import validation
from local_aws.sagemaker.operations import Context, Request, Response
from local_aws.small_services import answers
from local_aws.store import Record

_SERVICE = "application-autoscaling"
_PAGE = 50
_NOT_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}
_LINKED_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"
_LINKED_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
_Operation = Callable[[Context, Request], Response]


def _operation(function: _Operation) -> _Operation:
    name = "".join(word.capitalize() for word in function.__name__.split("_"))

    def checked(context: Context, request: Request) -> Response:
        given = validation.checked_request(_SERVICE, name, request)
        if "ServiceNamespace" in given:
            check_kind(given)
        return validation.pruned_response(_SERVICE, name, function(context, given))

    return answers(_SERVICE, name)(checked)


@_operation
def register_scalable_target(context: Context, request: Request) -> Response:
    """Register a variant to be scaled, or change its limits or what is suspended."""
    target, plane = _target(context, request), context.plane
    old = plane.store.get(target.key)
    if old is None:
        check_variant(plane, target)
    low, high = (request.get(name, (old or {}).get(name)) for name in ("MinCapacity", "MaxCapacity"))
    check_capacity(low, high)
    suspended = {**_NOT_SUSPENDED, **(old or {}).get("SuspendedState", {}), **request.get("SuspendedState", {})}
    changes = {"MinCapacity": low, "MaxCapacity": high, "SuspendedState": suspended}
    if old is None:
        plane.store.insert(target.key, {**target.identity, **changes, **_fresh(context, request)})
    else:
        plane.store.update(target.key, lambda record: record.update(changes))
    scaler.keep_limits(plane, target)
    return {"ScalableTargetARN": find_target(plane, target)["ScalableTargetARN"]}


def _fresh(context: Context, request: Request) -> Record:
    place = f"{context.region}:{context.account_id}"
    role = f"aws-service-role/{_LINKED_SERVICE}/{_LINKED_ROLE}"
    _ensure_role(context)
    return {
        "RoleARN": f"arn:aws:iam::{context.account_id}:role/{role}",
        "CreationTime": context.plane.clock.now(),
        "ScalableTargetARN": f"arn:aws:application-autoscaling:{place}:scalable-target/{uuid.uuid4().hex[:24]}",
        "_tags": request.get("Tags", {}),
    }


def _ensure_role(context: Context) -> None:
    """Create the service-linked role, as the service does when the account has none."""
    try:
        context.plane.client("iam", context.region).create_service_linked_role(AWSServiceName=_LINKED_SERVICE)
    except ClientError as err:
        if err.response["Error"]["Code"] not in {"EntityAlreadyExists", "InvalidInput"}:
            raise


@_operation
def deregister_scalable_target(context: Context, request: Request) -> Response:
    """Forget a target with its policies, their alarms and its scheduled actions."""
    target = _target(context, request)
    find_target(context.plane, target)
    deregister(context.plane, target)
    return {}


@_operation
def describe_scalable_targets(context: Context, request: Request) -> Response:
    """Return targets."""
    ids = request.get("ResourceIds")
    found = [item for item in _list(context, TARGET) if not ids or item["ResourceId"] in ids]
    return _page("ScalableTargets", found, request)


@_operation
def put_scaling_policy(context: Context, request: Request) -> Response:
    """Make or replace a policy; target tracking gets its alarms."""
    target, plane, name = _target(context, request), context.plane, request["PolicyName"]
    find_target(plane, target)
    key = target.policy_key(name)
    old = plane.store.get(key)
    kind = request.get("PolicyType") or (old["PolicyType"] if old else "StepScaling")
    if old and old["PolicyType"] != kind:
        raise ValidationError(f"The type of policy {name} is {old['PolicyType']} and cannot be changed to {kind}.")
    check_policy(request, kind)
    _check_only_policy(context, target, request, kind)
    fresh = {"PolicyARN": policy_arn(target, name), "CreationTime": plane.clock.now(), "Alarms": []}
    policy: Record = {**fresh, **(old or {}), **request, "PolicyType": kind}
    if kind == "TargetTrackingScaling":
        policy["Alarms"] = make_alarms(plane, target, policy)
    if not plane.store.insert(key, policy):
        plane.store.update(key, lambda record: record.update(policy))
    return {"PolicyARN": policy["PolicyARN"], "Alarms": policy["Alarms"]}


def _check_only_policy(context: Context, target: Target, request: Request, kind: str) -> None:
    """Refuse a second target tracking policy with the metric of the first."""
    wanted = request.get("TargetTrackingScalingPolicyConfiguration", {}).get("PredefinedMetricSpecification")
    for policy in records.of_target(context.plane, POLICY, target):
        own = policy.get("TargetTrackingScalingPolicyConfiguration", {}).get("PredefinedMetricSpecification")
        if (
            kind == "TargetTrackingScaling"
            and wanted
            and own == wanted
            and policy["PolicyName"] != request["PolicyName"]
        ):
            raise ValidationError(
                "Only one TargetTrackingScaling policy for a given metric specification is allowed: "
                f"{policy['PolicyName']} has it already."
            )


@_operation
def delete_scaling_policy(context: Context, request: Request) -> Response:
    """Remove a policy and its alarms."""
    target, plane = _target(context, request), context.plane
    key = target.policy_key(request["PolicyName"])
    policy = plane.store.get(key)
    if policy is None:
        raise ObjectNotFoundError(f"No scaling policy found for {target.resource_id}: {request['PolicyName']}")
    remove_alarms(plane, target, policy)
    plane.store.delete(key)
    return {}


@_operation
def describe_scaling_policies(context: Context, request: Request) -> Response:
    """Return policies, with the alarms that have them as their action."""
    names, resource = request.get("PolicyNames"), request.get("ResourceId")
    found = [
        {**item, "Alarms": item["Alarms"] or _alarms_of(context, item["PolicyARN"])}
        for item in _list(context, POLICY)
        if (not names or item["PolicyName"] in names) and resource in {None, item["ResourceId"]}
    ]
    return _page("ScalingPolicies", found, request)


def _alarms_of(context: Context, arn: str) -> list[dict[str, str]]:
    found = context.plane.client("cloudwatch", context.region).describe_alarms(ActionPrefix=arn)["MetricAlarms"]
    return [{"AlarmName": alarm["AlarmName"], "AlarmARN": alarm["AlarmArn"]} for alarm in found]


@_operation
def describe_scaling_activities(context: Context, request: Request) -> Response:
    """Return what was scaled, and why, the newest first."""
    resource = request.get("ResourceId")
    for key, record in records.every(context.plane, records.ACTIVITIES):
        if (key.account_id, key.region) == (context.account_id, context.region):
            scaler.settle(context.plane, target_of(record, *_place(context)))
    found = [item for record in _list(context, records.ACTIVITIES) for item in record["items"]]
    found = [item for item in found if resource in {None, item["ResourceId"]}]
    return _page("ScalingActivities", sorted(found, key=lambda item: item["StartTime"], reverse=True), request)


@_operation
def put_scheduled_action(context: Context, request: Request) -> Response:
    """Make or change an action that changes a target's limits when it is due."""
    target, plane = _target(context, request), context.plane
    find_target(plane, target)
    key = target.action_key(request["ScheduledActionName"])
    old = plane.store.get(key)
    if old is None and not ("Schedule" in request and "ScalableTargetAction" in request):
        raise ValidationError("A new scheduled action needs Schedule and ScalableTargetAction.")
    try:
        parse(request.get("Schedule") or (old or {})["Schedule"], request.get("Timezone", "UTC"))
    except ExpressionError as err:
        raise ValidationError(str(err)) from err
    arn = (
        policy_arn(target, "").replace("scalingPolicy", "scheduledAction").replace("policyName", "scheduledActionName")
    )
    fresh = {"ScheduledActionARN": arn + request["ScheduledActionName"], "CreationTime": plane.clock.now()}
    action = {**fresh, **(old or {}), **request}
    if not plane.store.insert(key, action):
        plane.store.update(key, lambda record: record.update(action))
    return {}


@_operation
def delete_scheduled_action(context: Context, request: Request) -> Response:
    """Remove a scheduled action."""
    target, name = _target(context, request), request["ScheduledActionName"]
    if not context.plane.store.delete(target.action_key(name)):
        raise ObjectNotFoundError(f"No scheduled action found for {target.resource_id}: {name}")
    return {}


@_operation
def describe_scheduled_actions(context: Context, request: Request) -> Response:
    """Return scheduled actions."""
    names, resource = request.get("ScheduledActionNames"), request.get("ResourceId")
    found = [
        item
        for item in _list(context, ACTION)
        if (not names or item["ScheduledActionName"] in names) and resource in {None, item["ResourceId"]}
    ]
    return _page("ScheduledActions", found, request)


@_operation
def list_tags_for_resource(context: Context, request: Request) -> Response:
    """Return a target's tags."""
    return {"Tags": _tagged(context, request)[1].get("_tags", {})}


@_operation
def tag_resource(context: Context, request: Request) -> Response:
    """Add tags to a target."""
    target, record = _tagged(context, request)
    tags = {**record.get("_tags", {}), **request["Tags"]}
    context.plane.store.update(target.key, lambda found: found.update(_tags=tags))
    return {}


@_operation
def untag_resource(context: Context, request: Request) -> Response:
    """Remove tags from a target."""
    target, record = _tagged(context, request)
    tags = {key: value for key, value in record.get("_tags", {}).items() if key not in request["TagKeys"]}
    context.plane.store.update(target.key, lambda found: found.update(_tags=tags))
    return {}


def _tagged(context: Context, request: Request) -> tuple[Target, Record]:
    for record in _list(context, TARGET):
        if record["ScalableTargetARN"] == request["ResourceARN"]:
            return target_of(record, *_place(context)), record
    raise ObjectNotFoundError(f"{request['ResourceARN']} does not exist.")


def _place(context: Context) -> tuple[str, str]:
    return context.account_id, context.region


def _target(context: Context, request: Request) -> Target:
    return target_of(request, *_place(context))


def _list(context: Context, kind: str) -> list[Record]:
    return context.plane.store.list(kind, *_place(context))


def _page(name: str, found: list[Record], request: Request) -> dict[str, Any]:
    start, size = int(request.get("NextToken") or 0), request.get("MaxResults", _PAGE)
    more = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return {name: found[start : start + size], **more}
