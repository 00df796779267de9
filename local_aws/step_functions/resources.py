"""Understand the Resource of a Task state: which service and action, and which way of waiting for it."""

import functools
import re
from dataclasses import dataclass

from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from local_aws.sagemaker.validation import service_model

_INTEGRATION = re.compile(
    r"^arn:aws[\w-]*:states:::(?P<sdk>aws-sdk:)?(?P<service>\w+):(?P<action>\w+)(?:\.(?P<pattern>sync:2|sync|waitForTaskToken))?$"
)
_FUNCTION = re.compile(r"^arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$")
SDK_SERVICES = {
    "applicationautoscaling": "application-autoscaling",
    "cloudwatchlogs": "logs",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "eventbridge": "events",
    "sagemakerfeaturestoreruntime": "sagemaker-featurestore-runtime",
    "sagemakermetrics": "sagemaker-metrics",
    "sagemakerruntime": "sagemaker-runtime",
    "servicequotas": "service-quotas",
    "sfn": "stepfunctions",
}
"""Service name in an aws-sdk resource → botocore's, where they differ."""
JOBS = {
    "createProcessingJob": "Processing",
    "createTrainingJob": "Training",
    "createTransformJob": "Transform",
    "createHyperParameterTuningJob": "HyperParameterTuning",
}
"""SageMaker actions that `.sync` can wait for, and the word of their API names."""
_OPTIMIZED: dict[str, dict[str, tuple[str, ...]]] = {
    "events": {"putEvents": ("", "waitForTaskToken")},
    "lambda": {"invoke": ("", "waitForTaskToken")},
    "sagemaker": {
        **dict.fromkeys(JOBS, ("", "sync")),
        **dict.fromkeys(("createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint"), ("",)),
    },
    "sns": {"publish": ("", "waitForTaskToken")},
    "sqs": {"sendMessage": ("", "waitForTaskToken")},
    "states": {"startExecution": ("", "sync", "sync:2", "waitForTaskToken")},
}
_BOTO_OF_OPTIMIZED = {"states": "stepfunctions"}


@dataclass(frozen=True)
class Resource:
    """What a task calls.

    Attributes:
        service: botocore's name of the service.
        action: The API's name of the operation.
        kind: `resourceType` in the history: `aws-sdk:s3`, `sagemaker`, `lambda`…
        name: `resource` in the history: `putObject`, `createProcessingJob.sync`…
        pattern: How it waits: empty for the response, `sync`, `sync:2` or `waitForTaskToken`.
        is_sdk: Whether it is an aws-sdk integration, no optimised one.
        function: A function's ARN, where the resource itself is one.
    """

    service: str
    action: str
    kind: str
    name: str
    pattern: str = ""
    is_sdk: bool = False
    function: str = ""


@functools.cache
def read(text: str) -> Resource:
    """Return what a valid Resource names."""
    if _FUNCTION.match(text):
        return Resource("lambda", "Invoke", "lambda", text, function=text)
    found = _INTEGRATION.match(text)
    assert found
    pattern = found["pattern"] or ""
    name = found["action"] + (f".{pattern}" if pattern else "")
    if found["sdk"]:
        service = SDK_SERVICES.get(found["service"], found["service"])
        return Resource(
            service, _operation(service, found["action"]), f"aws-sdk:{found['service']}", name, pattern, is_sdk=True
        )
    service = _BOTO_OF_OPTIMIZED.get(found["service"], found["service"])
    action = found["action"][:1].upper() + found["action"][1:]
    return Resource(service, action, found["service"], name, pattern)


def why_invalid(text: str) -> str:
    """Return what is wrong with a Resource; empty where nothing is."""
    if _FUNCTION.match(text):
        return ""
    found = _INTEGRATION.match(text)
    if not found:
        return f"Value '{text}' is not a valid resource ARN"
    if found["sdk"]:
        return _why_no_sdk_call(found["service"], found["action"], found["pattern"] or "")
    actions = _OPTIMIZED.get(found["service"], {})
    if found["action"] not in actions or (found["pattern"] or "") not in actions[found["action"]]:
        known = ", ".join(f"{service}:{action}" for service, all_ in _OPTIMIZED.items() for action in all_)
        return (
            f"The local AWS does not simulate the integration '{text}'; it has {known}, and aws-sdk:<service>:<action>"
        )
    return ""


def _why_no_sdk_call(service: str, action: str, pattern: str) -> str:
    if pattern not in ("", "waitForTaskToken"):
        return f"An aws-sdk integration cannot use .{pattern}"
    try:
        operation = _operation(SDK_SERVICES.get(service, service), action)
    except UnknownServiceError:
        return f"The service '{service}' is not known"
    return "" if operation else f"The service '{service}' has no action '{action}'; actions are spelled in camelCase"


def _operation(service: str, action: str) -> str:
    """Return the API's name of an action in camelCase; empty where there is none."""
    wanted = action.lower()
    return next(
        (name for name in service_model(service).operation_names if name.lower() == wanted and action[:1].islower()), ""
    )


def method_of(resource: Resource) -> str:
    """Return the method of a boto3 client that makes the call."""
    return str(xform_name(resource.action))
