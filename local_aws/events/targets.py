"""Send what a target receives to it: as its role where it has one, else as the service itself.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.data_plane import DataPlane
from local_aws.errors import ApiError
from local_aws.iam import service_access, service_roles
from local_aws.moto_adapters import resource_policies
from local_aws.moto_adapters.logs import LogStream


class TargetError(ApiError):
    """A target cannot be reached, whoever tries again."""

    code = "NO_RESOURCE"


@dataclass(frozen=True)
class Call:
    """One invocation of a target.

    Attributes:
        service: Who sends: `events.amazonaws.com` or `scheduler.amazonaws.com`.
        source_arn: The rule or, for a schedule, its group: what trust and resource policies see.
        target: The target as the rule or schedule has it.
        text: What it receives.
        event_id: Names what came in.
    """

    plane: DataPlane
    service: str
    source_arn: str
    target: Mapping[str, Any]
    text: str
    event_id: str

    @property
    def arn(self) -> str:
        """The target's ARN."""
        return str(self.target["Arn"])

    @property
    def region(self) -> str:
        """The target's region."""
        return self.arn.split(":")[3] or self.source_arn.split(":")[3]

    def client(self, service: str, action: str = "") -> Any:
        """Return a client for the call: as the target's role, or, by the resource's policy, as the service."""
        role_arn = self.target.get("RoleArn")
        if role_arn:
            service_roles.check_trust(self.plane, role_arn, self.service, self.source_arn)
            session = "EventBridge" if self.service.startswith("events") else "Scheduler"
            return self.plane.client(service, self.region, role_arn, session_name=session)
        if not action:
            raise TargetError(f"A target {self.arn} needs a RoleArn")
        service_access.check_access(self.plane, self.service, action, self.arn, self.source_arn)
        return self.plane.client(service, self.region)


def send(call: Call) -> None:
    """Send one invocation to its target.

    Raises:
        ApiError: The target does not exist, or the service may not reach it.
        ClientError: The target's service refused it.
    """
    parts = call.arn.split(":")
    kind = f"{parts[2]}:{parts[5].partition('/')[0]}" if parts[2] in {"events", "sagemaker", "states"} else parts[2]
    if kind not in _SENDERS:
        raise TargetError(f"The local AWS does not send to '{call.arn}'; it sends to {', '.join(_SENDERS)}")
    _SENDERS[kind](call)


def _to_machine(call: Call) -> None:
    name = f"{call.event_id}_{uuid.uuid4()}"[:80]
    call.client("stepfunctions").start_execution(stateMachineArn=call.arn, name=name, input=call.text)


def _to_pipeline(call: Call) -> None:
    given = call.target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
    request = {"PipelineParameters": given} if given else {}
    call.client("sagemaker").start_pipeline_execution(
        PipelineName=call.arn, ClientRequestToken=call.event_id, **request
    )


def _to_topic(call: Call) -> None:
    _check_exists(call)
    call.client("sns", "sns:Publish").publish(TopicArn=call.arn, Message=call.text)


def _to_queue(call: Call) -> None:
    _check_exists(call)
    client = call.client("sqs", "sqs:SendMessage")
    own = call.plane.client("sqs", call.region)
    url = own.get_queue_url(QueueName=call.arn.rpartition(":")[2])["QueueUrl"]
    group = call.target.get("SqsParameters", {}).get("MessageGroupId")
    client.send_message(QueueUrl=url, MessageBody=call.text, **({"MessageGroupId": group} if group else {}))


def _to_function(call: Call) -> None:
    client = call.client("lambda", "lambda:InvokeFunction")
    client.invoke(FunctionName=call.arn, InvocationType="Event", Payload=call.text.encode())


def _to_log_group(call: Call) -> None:
    _check_exists(call)
    _, _, _, region, account_id, _, group, *_ = call.arn.split(":")
    stream = LogStream(account_id, region, group, str(uuid.uuid5(uuid.NAMESPACE_URL, call.source_arn)))
    stream.write([(int(call.plane.clock.time() * 1000), call.text)])


def _to_bus(call: Call) -> None:
    """Put the event on another bus: an event as it is, any other text as an event's detail."""
    given = call.target.get("EventBridgeParameters", {})
    content = json.loads(call.text)
    entry = {
        "Source": given.get("Source") or content.get("source"),
        "DetailType": given.get("DetailType") or content.get("detail-type"),
        "Detail": json.dumps(content if given else content.get("detail", {})),
        "Resources": content.get("resources", []) if not given else [],
        "EventBusName": call.arn,
    }
    bus: Any = call.plane.events
    if role_arn := call.target.get("RoleArn"):
        service_roles.check_trust(call.plane, role_arn, call.service, call.source_arn)
        service_roles.check_permission(call.plane, role_arn, "events:PutEvents", call.arn)
    bus.put(entry, call.arn.split(":")[4], call.region)


def _check_exists(call: Call) -> None:
    if not resource_policies.exists(call.arn):
        raise TargetError(f"The target {call.arn} does not exist")


_SENDERS: dict[str, Callable[[Call], None]] = {
    "events:event-bus": _to_bus,
    "lambda": _to_function,
    "logs": _to_log_group,
    "sagemaker:pipeline": _to_pipeline,
    "sns": _to_topic,
    "sqs": _to_queue,
    "states:stateMachine": _to_machine,
}
"""Service, or service and resource type, of a target's ARN → what sends to it."""
