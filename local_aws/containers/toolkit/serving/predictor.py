"""Define what a model server serves, and how it refuses."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Answer:
    """The body of a response."""

    body: bytes
    content_type: str
    status: int = 200


class InvocationError(Exception):
    """A request that is answered with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Predictor(Protocol):
    """A loaded model behind /invocations."""

    def invoke(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Answer one request; `accept` is empty where the client has no wish.

        Raises:
            InvocationError: The request is refused.
        """
