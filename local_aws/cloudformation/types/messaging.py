"""Topics, queues, rules and schedules."""

import json
from typing import Any

from botocore.exceptions import ClientError

from local_aws.cloudformation.api_type import ApiType, Tagging
from local_aws.cloudformation.resource import (
    Call,
    Existing,
    Made,
    Properties,
    ResourceType,
    changed_properties,
    is_missing,
)
from local_aws.cloudformation.typed import request


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def _attributes(properties: Properties, apart: set[str]) -> dict[str, str]:
    return {name: _text(item) for name, item in properties.items() if name not in apart}


_TOPIC_APART = {"TopicName", "Tags", "Subscription", "DataProtectionPolicy", "DeliveryStatusLogging"}


def _topic(_: Call, properties: Properties) -> Properties:
    tags = {"Tags": properties["Tags"]} if "Tags" in properties else {}
    return {"Name": properties["TopicName"], "Attributes": _attributes(properties, _TOPIC_APART), **tags}


class _Topic(ApiType):
    """A topic: each attribute changes by a call of its own; inline subscriptions are made with it."""

    def create(self, call: Call, properties: Properties) -> Made:
        made = super().create(call, properties)
        for item in properties.get("Subscription", []):
            call.client("sns").subscribe(
                TopicArn=made.physical_id, Protocol=item["Protocol"], Endpoint=item["Endpoint"]
            )
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        arn = existing.made.physical_id
        changed = changed_properties(existing.properties, properties)
        for name in changed - _TOPIC_APART:
            value = _text(properties.get(name, ""))
            call.client("sns").set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
        if "Tags" in changed:
            self._retag(call, existing, properties)
        return existing.made

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"TopicName", "FifoTopic"})


class _Policies:
    """A policy that is an attribute of several topics or queues."""

    name_property = ""
    has_tags = False

    def __init__(self, name: str, service: str, targets: str) -> None:
        self.name, self._service, self._targets = name, service, targets

    def replaces(self, changed: set[str]) -> bool:
        return self._targets in changed

    def create(self, call: Call, properties: Properties) -> Made:
        for target in properties[self._targets]:
            self._set(call, target, json.dumps(properties["PolicyDocument"]))
        return Made(call.generated_name())

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        self.create(call, properties)
        return existing.made

    def delete(self, call: Call, existing: Existing) -> None:
        for target in existing.properties[self._targets]:
            try:
                self._set(call, target, "")
            except ClientError as err:
                if not is_missing(err.response["Error"]["Code"]):
                    raise

    def _set(self, call: Call, target: str, policy: str) -> None:
        client = call.client(self._service)
        if self._service == "sqs":
            client.set_queue_attributes(QueueUrl=target, Attributes={"Policy": policy})
            return
        account, owner = "AWS:SourceOwner", call.account_id
        statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sns:Publish", "Resource": target}
        default = {
            "Version": "2008-10-17",
            "Statement": [{**statement, "Condition": {"StringEquals": {account: owner}}}],
        }
        text = policy or json.dumps(default)
        client.set_topic_attributes(TopicArn=target, AttributeName="Policy", AttributeValue=text)


_SUBSCRIBED = {"TopicArn", "Protocol", "Endpoint", "Region"}


def _subscription(_: Call, properties: Properties) -> Properties:
    members: Properties = {
        name: properties[name] for name in ("TopicArn", "Protocol", "Endpoint") if name in properties
    }
    return {**members, "Attributes": _attributes(properties, _SUBSCRIBED), "ReturnSubscriptionArn": True}


_QUEUE_APART = {"QueueName", "Tags"}


def _queue(_: Call, properties: Properties) -> Properties:
    tags = {"tags": properties["Tags"]} if "Tags" in properties else {}
    return {"QueueName": properties["QueueName"], "Attributes": _attributes(properties, _QUEUE_APART), **tags}


class _Queue(ApiType):
    def create(self, call: Call, properties: Properties) -> Made:
        made = super().create(call, properties)
        arn = f"arn:aws:sqs:{call.region}:{call.account_id}:{made.attributes['QueueName']}"
        return Made(made.physical_id, {**made.attributes, "Arn": arn}, made.identity)

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        changed = changed_properties(existing.properties, properties) - _QUEUE_APART
        attributes = {name: _text(properties[name]) for name in changed if name in properties}
        if attributes:
            call.client("sqs").set_queue_attributes(QueueUrl=existing.made.physical_id, Attributes=attributes)
        return existing.made

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"QueueName", "FifoQueue"})


class _Rule(ApiType):
    """A rule with its targets."""

    def create(self, call: Call, properties: Properties) -> Made:
        made = super().create(call, properties)
        self._put_targets(call, made, {}, properties)
        return made

    def update(self, call: Call, existing: Existing, properties: Properties) -> Made:
        made = super().update(call, existing, properties)
        self._put_targets(call, made, existing.properties, properties)
        return made

    def delete(self, call: Call, existing: Existing) -> None:
        try:
            self._put_targets(call, existing.made, existing.properties, {})
        except ClientError as err:
            if not is_missing(err.response["Error"]["Code"]):
                raise
        super().delete(call, existing)

    @staticmethod
    def _put_targets(call: Call, made: Made, old: Properties, new: Properties) -> None:
        client, name = call.client("events"), made.identity["Name"]
        bus = {"EventBusName": new.get("EventBusName") or old.get("EventBusName") or "default"}
        before, after = ({item["Id"]: item for item in source.get("Targets", [])} for source in (old, new))
        if gone := [key for key in before if key not in after]:
            client.remove_targets(Rule=name, Ids=gone, **bus)
        if changed := [item for key, item in after.items() if before.get(key) != item]:
            client.put_targets(**request("events", "PutTargets", {"Rule": name, "Targets": changed, **bus}))


TYPES: list[ResourceType] = [
    _Topic(
        name="AWS::SNS::Topic",
        service="sns",
        create_call="CreateTopic",
        update_call="SetTopicAttributes",
        delete_call="DeleteTopic",
        ref="{TopicArn}",
        attributes={"TopicArn": "{TopicArn}", "TopicName": "{TopicName}"},
        identity={"TopicArn": "{TopicArn}"},
        name_property="TopicName",
        request=_topic,
        tagging=Tagging("TagResource", "UntagResource", value="{TopicArn}"),
    ),
    _Policies("AWS::SNS::TopicPolicy", "sns", "Topics"),
    _Policies("AWS::SQS::QueuePolicy", "sqs", "Queues"),
    ApiType(
        name="AWS::SNS::Subscription",
        service="sns",
        create_call="Subscribe",
        delete_call="Unsubscribe",
        ref="{SubscriptionArn}",
        attributes={"Arn": "{SubscriptionArn}"},
        identity={"SubscriptionArn": "{SubscriptionArn}"},
        request=_subscription,
        has_tags=False,
    ),
    _Queue(
        name="AWS::SQS::Queue",
        service="sqs",
        create_call="CreateQueue",
        update_call="SetQueueAttributes",
        delete_call="DeleteQueue",
        ref="{QueueUrl}",
        attributes={"QueueUrl": "{QueueUrl}", "QueueName": "{QueueName}"},
        identity={"QueueUrl": "{QueueUrl}"},
        name_property="QueueName",
        name_limit=80,
        request=_queue,
    ),
    _Rule(
        name="AWS::Events::Rule",
        service="events",
        create_call="PutRule",
        update_call="PutRule",
        delete_call="DeleteRule",
        ref="{Name}",
        attributes={"Arn": "{RuleArn}"},
        identity={"Name": "{Name}"},
        name_property="Name",
        name_limit=64,
        fixed=frozenset({"EventBusName"}),
        dropped=frozenset({"Targets"}),
    ),
    ApiType(
        name="AWS::Events::EventBus",
        service="events",
        create_call="CreateEventBus",
        delete_call="DeleteEventBus",
        ref="{Name}",
        attributes={"Arn": "{EventBusArn}", "Name": "{Name}"},
        identity={"Name": "{Name}"},
        name_property="Name",
    ),
    ApiType(
        name="AWS::Scheduler::Schedule",
        service="scheduler",
        create_call="CreateSchedule",
        update_call="UpdateSchedule",
        delete_call="DeleteSchedule",
        ref="{Name}",
        attributes={"Arn": "{ScheduleArn}"},
        identity={"Name": "{Name}", "GroupName": "{GroupName}"},
        name_property="Name",
        name_limit=64,
        fixed=frozenset({"GroupName"}),
        request=lambda _, properties: {"GroupName": "default", **properties},
        has_tags=False,
    ),
    ApiType(
        name="AWS::Scheduler::ScheduleGroup",
        service="scheduler",
        create_call="CreateScheduleGroup",
        delete_call="DeleteScheduleGroup",
        ref="{Name}",
        attributes={"Arn": "{ScheduleGroupArn}"},
        identity={"Name": "{Name}"},
        name_property="Name",
        name_limit=64,
        tagging=Tagging("TagResource", "UntagResource"),
    ),
]
