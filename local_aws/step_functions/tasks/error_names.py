"""Name the errors of services as state machines see them: `S3.NoSuchKeyException`, `SageMaker.SageMakerException`.

An error that the service's model does not know has the service's own name. The optimised integrations of SageMaker,
SNS and SQS keep the names of the first Java SDK.
"""

from botocore.exceptions import ClientError

from local_aws.sagemaker.validation import service_model
from local_aws.step_functions.errors import StatesError
from local_aws.step_functions.resources import Resource

_NAMES = {
    "application-autoscaling": "ApplicationAutoScaling",
    "cloudformation": "CloudFormation",
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDb",
    "events": "EventBridge",
    "eventbridge": "EventBridge",
    "lambda": "Lambda",
    "logs": "CloudWatchLogs",
    "sagemaker": "SageMaker",
    "sagemaker-metrics": "SageMakerMetrics",
    "sagemaker-runtime": "SageMakerRuntime",
    "secretsmanager": "SecretsManager",
    "stepfunctions": "Sfn",
}
"""botocore's service → its name in errors; else it is the capitalised name."""
_OPTIMIZED = {"sns": "SNS", "sqs": "SQS", "stepfunctions": "StepFunctions"}
_FIRST_SDK = {"sagemaker": "AmazonSageMakerException", "sns": "AmazonSNSException", "sqs": "AmazonSQSException"}

_OF_HEAD = {"HeadObject": "NoSuchKey", "HeadBucket": "NoSuchBucket"}
"""Answers to HEAD have no body that names the error; the Java SDK names it itself."""


def service_name(resource: Resource) -> str:
    """Return a service's name in errors."""
    own = _NAMES.get(resource.service, resource.service.replace("-", " ").title().replace(" ", ""))
    return own if resource.is_sdk else _OPTIMIZED.get(resource.service, own)


def error_of(resource: Resource, error: ClientError | None) -> StatesError:
    """Return the state's error for what a service answered; only the service's name without an answer."""
    name = service_name(resource)
    if error is None:
        return StatesError(name, "")
    details = error.response["Error"]
    code = str(details.get("Code", ""))
    kind = _exception(resource, code)
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 400)
    request_id = error.response["ResponseMetadata"].get("RequestId", "")
    text = f"{details.get('Message', code)} (Service: {name}, Status Code: {status}, Request ID: {request_id})"
    return StatesError(f"{name}.{kind}", text)


def _exception(resource: Resource, code: str) -> str:
    code = _OF_HEAD.get(resource.action, code) if code == "404" else code
    for shape in service_model(resource.service).error_shapes:
        if code in {shape.name, shape.metadata.get("error", {}).get("code")}:
            return _suffixed(shape.name)
    if resource.is_sdk:
        return f"{service_name(resource)}Exception"
    return _FIRST_SDK.get(resource.service, _suffixed(code))


def _suffixed(name: str) -> str:
    for ending in ("Fault", "Error", "Exception"):
        name = name.removesuffix(ending)
    return f"{name}Exception"
