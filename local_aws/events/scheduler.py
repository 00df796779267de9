"""Invoke the target of a schedule of EventBridge Scheduler: a templated one, or any API operation.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
"""

import json
import re
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from local_aws.data_plane import DataPlane
from local_aws.events import targets
from local_aws.events.delivery import Delivery, deliver
from local_aws.iam import service_roles
from local_aws.moto_adapters.event_rules import Schedule
from local_aws.sagemaker.validation import operation_model, service_model
from local_aws.step_functions.resources import SDK_SERVICES
from local_aws.step_functions.tasks.parameters import ParameterError, as_request

_SERVICE = "scheduler.amazonaws.com"
_UNIVERSAL = re.compile(r"^arn:aws[\w-]*:scheduler:::aws-sdk:(?P<service>\w+):(?P<action>\w+)$")
_METRICS = "AWS/Scheduler"


def invoke(plane: DataPlane, schedule: Schedule, scheduled: str, stop: threading.Event) -> None:
    """Invoke a schedule's target for one moment, with its retries and its dead-letter queue."""
    execution_id = uuid.uuid4().hex
    region = schedule.arn.split(":")[3]
    dimensions = {"ScheduleGroup": schedule.group}

    def text(attempt: int) -> str:
        values = {
            "<aws.scheduler.schedule-arn>": schedule.arn,
            "<aws.scheduler.scheduled-time>": scheduled,
            "<aws.scheduler.execution-id>": execution_id,
            "<aws.scheduler.attempt-number>": str(attempt + 1),
        }
        given = str(schedule.target.get("Input") or "{}")
        for name, value in values.items():
            given = given.replace(name, value)
        return given

    def attempt(number: int) -> None:
        plane.metrics.put(_METRICS, "InvocationAttemptCount", 1, "Count", dimensions, region=region)
        call = targets.Call(plane, _SERVICE, _group_arn(schedule), schedule.target, text(number), execution_id)
        if found := _UNIVERSAL.match(call.arn):
            _call_service(call, found["service"], found["action"])
        else:
            targets.send(call)

    def on_end(is_delivered: bool, is_dead_letter: bool) -> None:
        if not is_delivered:
            plane.metrics.put(_METRICS, "TargetErrorCount", 1, "Count", dimensions, region=region)
        if is_dead_letter:
            plane.metrics.put(_METRICS, "InvocationsSentToDeadLetterCount", 1, "Count", dimensions, region=region)

    deliver(plane, Delivery(_SERVICE, schedule.arn, schedule.target, text(0), attempt, on_end), stop)


def _group_arn(schedule: Schedule) -> str:
    """Return the ARN that a role's trust policy sees: the schedule's group."""
    return schedule.arn.replace(":schedule/", ":schedule-group/", 1).rpartition("/")[0]


def _call_service(call: targets.Call, service: str, action: str) -> None:
    """Call an API operation with the input as its parameters."""
    name, operation = _operation(service, action)
    shape = operation_model(name, operation).input_shape
    try:
        given: Mapping[str, Any] = json.loads(call.text)
        request = as_request(shape, given) if shape else {}
    except (ParameterError, ValueError) as err:
        raise targets.TargetError(f"The input of {call.arn} is no request of {operation}: {err}") from err
    role_arn = str(call.target["RoleArn"])
    service_roles.check_trust(call.plane, role_arn, call.service, call.source_arn)
    client = call.plane.client(name, call.region, role_arn, session_name="Scheduler")
    getattr(client, xform_name(operation))(**request)


def _operation(service: str, action: str) -> tuple[str, str]:
    name = SDK_SERVICES.get(service, service)
    try:
        operations = service_model(name).operation_names
    except UnknownServiceError as err:
        raise targets.TargetError(f"The service '{service}' of a universal target is not known") from err
    found = next((item for item in operations if item.lower() == action.lower()), None)
    if found is None or action.lower().startswith(("get", "describe", "list")):
        raise targets.TargetError(f"'{action}' of '{service}' is no operation that a schedule can invoke")
    return name, found
