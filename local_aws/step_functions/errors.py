"""Errors of Step Functions.

StatesError            a state failed: Retry and Catch may name it
InterruptedFlowError   the flow is to end: its execution was stopped, timed out, or a sibling branch failed
states_api_error(...)  what an API caller sees
"""

from local_aws.errors import ApiError, LocalAwsError

RUNTIME = "States.Runtime"
TIMEOUT = "States.Timeout"
HEARTBEAT = "States.HeartbeatTimeout"
TASK_FAILED = "States.TaskFailed"
_TERMINAL = {RUNTIME, "States.DataLimitExceeded", "States.ExceedToleratedFailureThreshold"}


class StatesError(LocalAwsError):
    """A state failed with an error name and a cause."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"{name}: {cause}")
        self.name, self.cause = name, cause

    def output(self) -> dict[str, str]:
        """Return the error as a Catch hands it on."""
        return {"Error": self.name, "Cause": self.cause}

    def is_named(self, names: list[str]) -> bool:
        """Tell whether the ErrorEquals of a Retry or a Catch matches.

        Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
        """
        if self.name in names:
            return True
        if self.name == HEARTBEAT and TIMEOUT in names:
            return True
        if TASK_FAILED in names and self.name not in {TIMEOUT, HEARTBEAT, *_TERMINAL}:
            return True
        return "States.ALL" in names and self.name not in _TERMINAL - {"States.ExceedToleratedFailureThreshold"}


class InterruptedFlowError(LocalAwsError):
    """A flow ends without a result of its own."""


def states_api_error(code: str, message: str) -> ApiError:
    """Return the API error of a code."""
    error = ApiError(message)
    error.code = code
    return error
