"""Errors of the pipeline's tools.

PipelineError                what the command line shows as one paragraph and a hint
├── UsageError               the caller asked for something that cannot be asked for (exit code 2)
├── DefinitionError          the pipeline definition breaks one of its own checks
├── TargetError              the target (local AWS or AWS) cannot be reached, or is not what it should be
├── PlatformError            the cdk CLI is missing, or a synthesis, deploy or destroy failed
├── ResourcesError           the resources the pipeline needs are missing or unreadable
└── ExecutionFailedError     an execution ended in another status than Succeeded
"""


class PipelineError(Exception):
    """Any error these tools raise on purpose: where, which value, what is allowed, and a hint what to do next."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PipelineError):
    """The command line asks for something that does not exist."""

    exit_code = 2


class DefinitionError(PipelineError):
    """The definition breaks one of its own checks."""


class TargetError(PipelineError):
    """The target cannot be reached or must not be used."""


class ResourcesError(PipelineError):
    """A resource which the pipeline needs is missing."""


class ExecutionFailedError(PipelineError):
    """The execution ended, but not as Succeeded."""


class PlatformError(PipelineError):
    """The platform cannot be synthesised, deployed or destroyed."""
