"""Answer single operations of services which moto knows only in part, by service and API operation name."""

from collections.abc import Callable
from typing import Any

from local_aws.sagemaker.operations import Context

Answer = Callable[[Context, dict[str, Any]], dict[str, Any]]
ANSWERS: dict[tuple[str, str], Answer] = {}
"""(signing name of the service, operation) to the function; it raises NotOursError to leave the request to moto."""


def answers(service: str, operation: str) -> Callable[[Answer], Answer]:
    """Register a function as the answer to one operation of a JSON service."""

    def register(function: Answer) -> Answer:
        ANSWERS[service, operation] = function
        return function

    return register
