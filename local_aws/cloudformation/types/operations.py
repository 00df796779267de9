"""What watches and scales: alarms, dashboards, budgets, scaling."""

import json
from collections.abc import Sequence

from botocore.exceptions import ClientError

from local_aws.cloudformation.api_type import ApiType, Tagging
from local_aws.cloudformation.resource import Call, Existing, Made, Properties, ResourceType, is_missing
from local_aws.cloudformation.typed import request


def _alarm(_: Call, properties: Properties) -> Properties:
    return {"ComparisonOperator": "GreaterThanThreshold", **properties}


def _budget(call: Call, properties: Properties) -> Properties:
    budget = {"BudgetName": call.generated_name(), **properties["Budget"]}
    members = {"AccountId": call.account_id, "Budget": budget}
    for name in ("NotificationsWithSubscribers", "ResourceTags"):
        if name in properties:
            members[name] = properties[name]
    return members


class _Budget(ApiType):
    """A budget is named inside its structure."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed)


def _scaling_policy(_: Call, properties: Properties) -> Properties:
    rest = {name: item for name, item in properties.items() if name != "ScalingTargetId"}
    if "ScalingTargetId" in properties:
        resource, dimension, namespace = properties["ScalingTargetId"].split("|")
        rest |= {"ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": namespace}
    return rest


_TARGET = {name: f"{{{name}}}" for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}


class _ScalableTarget(ApiType):
    """A scalable target, whose scheduled actions are calls of their own."""

    def create(self, call: Call, properties: Properties) -> Made:
        made = super().create(call, properties)
        self._schedule(call, made, (), properties.get("ScheduledActions", ()))
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        made = super().update(call, existing, properties)
        old = existing.properties.get("ScheduledActions", ())
        self._schedule(call, made, old, properties.get("ScheduledActions", ()))
        return made

    @staticmethod
    def _schedule(call: Call, made: Made, old: Sequence[Properties], new: Sequence[Properties]) -> None:
        client, names = call.client("application-autoscaling"), {item["ScheduledActionName"] for item in new}
        for action in new:
            members = request("application-autoscaling", "PutScheduledAction", {**made.identity, **action})
            client.put_scheduled_action(**members)
        for name in {item["ScheduledActionName"] for item in old} - names:
            client.delete_scheduled_action(**made.identity, ScheduledActionName=name)


class _Dashboard:
    name = "AWS::CloudWatch::Dashboard"
    name_property = "DashboardName"
    has_tags = False

    def replaces(self, changed: set[str]) -> bool:
        return "DashboardName" in changed

    def create(self, call: Call, properties: Properties) -> Made:
        name = properties.get("DashboardName") or call.generated_name()
        self._put(call, name, properties)
        return Made(name)

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        self._put(call, existing.made.physical_id, properties)
        return existing.made

    def delete(self, call: Call, existing: Existing) -> None:
        try:
            call.client("cloudwatch").delete_dashboards(DashboardNames=[existing.made.physical_id])
        except ClientError as err:
            if not is_missing(err.response["Error"]["Code"]):
                raise

    @staticmethod
    def _put(call: Call, name: str, properties: Properties) -> None:
        body = properties["DashboardBody"]
        text = body if isinstance(body, str) else json.dumps(body)
        members = request("cloudwatch", "PutDashboard", {"DashboardName": name, "DashboardBody": text})
        call.client("cloudwatch").put_dashboard(**members)


TYPES: list[ResourceType] = [
    ApiType(
        name="AWS::CloudWatch::Alarm",
        service="cloudwatch",
        create_call="PutMetricAlarm",
        update_call="PutMetricAlarm",
        delete_call="DeleteAlarms",
        ref="{AlarmName}",
        attributes={"Arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}"},
        identity={"AlarmName": "{AlarmName}", "AlarmNames": "{AlarmName}"},
        name_property="AlarmName",
        request=_alarm,
        tagging=Tagging("TagResource", "UntagResource", arn="ResourceARN"),
    ),
    ApiType(
        name="AWS::CloudWatch::CompositeAlarm",
        service="cloudwatch",
        create_call="PutCompositeAlarm",
        update_call="PutCompositeAlarm",
        delete_call="DeleteAlarms",
        ref="{AlarmName}",
        attributes={"Arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}"},
        identity={"AlarmName": "{AlarmName}", "AlarmNames": "{AlarmName}"},
        name_property="AlarmName",
        tagging=Tagging("TagResource", "UntagResource", arn="ResourceARN"),
    ),
    _Dashboard(),
    _Budget(
        name="AWS::Budgets::Budget",
        service="budgets",
        create_call="CreateBudget",
        delete_call="DeleteBudget",
        ref="{Budget[BudgetName]}",
        identity={"AccountId": "{account}", "BudgetName": "{Budget[BudgetName]}"},
        request=_budget,
        has_tags=False,
    ),
    _ScalableTarget(
        name="AWS::ApplicationAutoScaling::ScalableTarget",
        service="application-autoscaling",
        create_call="RegisterScalableTarget",
        update_call="RegisterScalableTarget",
        delete_call="DeregisterScalableTarget",
        ref="{ResourceId}|{ScalableDimension}|{ServiceNamespace}",
        attributes={"Id": "{ResourceId}|{ScalableDimension}|{ServiceNamespace}"},
        identity=_TARGET,
        fixed=frozenset(_TARGET),
        dropped=frozenset({"ScheduledActions"}),
        has_tags=False,
    ),
    ApiType(
        name="AWS::ApplicationAutoScaling::ScalingPolicy",
        service="application-autoscaling",
        create_call="PutScalingPolicy",
        update_call="PutScalingPolicy",
        delete_call="DeleteScalingPolicy",
        ref="{PolicyARN}",
        attributes={"Arn": "{PolicyARN}"},
        identity={**_TARGET, "PolicyName": "{PolicyName}"},
        fixed=frozenset({*_TARGET, "PolicyName", "ScalingTargetId"}),
        request=_scaling_policy,
        has_tags=False,
    ),
    ApiType(
        name="AWS::Logs::MetricFilter",
        service="logs",
        create_call="PutMetricFilter",
        update_call="PutMetricFilter",
        delete_call="DeleteMetricFilter",
        ref="{filterName}",
        identity={"filterName": "{filterName}", "logGroupName": "{logGroupName}"},
        name_property="FilterName",
        fixed=frozenset({"LogGroupName"}),
        has_tags=False,
    ),
]
