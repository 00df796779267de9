"""Errors of the pipeline engine.

ValidationError (local_aws.errors)
└── DefinitionError          the definition cannot be parsed, or can never run
LocalAwsError
├── StepFailedError          the step ends as Failed with this reason
└── StepStoppedError         the step ends as Stopped
"""

from local_aws.errors import LocalAwsError, ValidationError


class DefinitionError(ValidationError):
    """The pipeline definition is wrong; worded as SageMaker words it."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"Unable to parse pipeline definition. {where}: {problem}")
        self.where = where
        self.problem = problem


class StepFailedError(LocalAwsError):
    """A step cannot go on.

    Attributes:
        kind: SageMaker's retryable exception type (`Step.THROTTLING`, …), or None where no policy may retry.
    """

    def __init__(self, reason: str, kind: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


class StepStoppedError(LocalAwsError):
    """A step was stopped before its end."""

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason or "Stopped")
        self.reason = reason
