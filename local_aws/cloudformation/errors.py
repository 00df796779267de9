"""Errors of the simulated CloudFormation, worded and coded as AWS's.

LocalAwsError
├── ApiError
│   └── StackValidationError         code ValidationError: a request or a template is wrong
│       ├── AlreadyExistsError
│       ├── ChangeSetNotFoundError
│       └── InvalidChangeSetStatusError
└── ResourceError                    one resource of a stack cannot be made, changed or removed
"""

from local_aws.errors import ApiError, LocalAwsError


class StackValidationError(ApiError):
    """A request, a template or the state of a stack forbids the operation."""

    code = "ValidationError"


class AlreadyExistsError(StackValidationError):
    """A stack of that name exists."""

    code = "AlreadyExistsException"


class ChangeSetNotFoundError(StackValidationError):
    """The change set does not exist."""

    code = "ChangeSetNotFound"


class InvalidChangeSetStatusError(StackValidationError):
    """The change set cannot be executed in its state."""

    code = "InvalidChangeSetStatus"


class ResourceError(LocalAwsError):
    """A resource of a stack cannot be made, changed or removed; the message is the event's status reason."""
