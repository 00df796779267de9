"""Errors of the local AWS.

LocalAwsError
├── ApiError                 answered to the client as the AWS error of that code
│   ├── ValidationError      the request breaks the API's own rules
│   ├── SerializationError   a value of the request has the wrong JSON type
│   ├── ResourceNotFoundError
│   ├── ResourceInUseError
│   ├── ResourceLimitExceededError
│   ├── ConflictError
│   └── NotSimulatedError    AWS has the operation, the local AWS has not
└── JobFailedError           a job ends as Failed with this failure reason
"""


class LocalAwsError(Exception):
    """Any error the local AWS raises on purpose."""


class ApiError(LocalAwsError):
    """An error which the client sees as a botocore ClientError."""

    code = "InternalFailure"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ValidationError(ApiError):
    """The request breaks a constraint of the API."""

    code = "ValidationException"


class SerializationError(ApiError):
    """A value of the request has the wrong JSON type."""

    code = "SerializationException"


class ResourceNotFoundError(ApiError):
    """The resource named by the request does not exist."""

    code = "ResourceNotFound"


class ResourceInUseError(ApiError):
    """A resource of that name exists already, or is busy."""

    code = "ResourceInUse"


class ResourceLimitExceededError(ApiError):
    """An account quota is used up."""

    code = "ResourceLimitExceeded"


class ConflictError(ApiError):
    """The resource changed or is in a state that forbids the operation."""

    code = "ConflictException"


class NotSimulatedError(ApiError):
    """The operation exists in AWS, but the local AWS does not simulate it."""

    code = "NotImplementedException"
    status = 501


class UnknownOperationError(ApiError):
    """AWS has no such operation."""

    code = "UnknownOperationException"


class JobFailedError(LocalAwsError):
    """A job cannot go on; the message becomes its FailureReason, worded as SageMaker words it."""
