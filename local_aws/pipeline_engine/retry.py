"""Decide whether, and after how long, a failed step is tried again."""

import re
from collections.abc import Iterable
from typing import Any

from local_aws.pipeline_engine.errors import DefinitionError
from local_aws.pipeline_engine.model import RetryPolicy

SERVICE_FAULT = "Step.SERVICE_FAULT"
THROTTLING = "Step.THROTTLING"
INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
CAPACITY_ERROR = "SageMaker.CAPACITY_ERROR"
RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"
EXCEPTION_TYPES = (SERVICE_FAULT, THROTTLING, INTERNAL_ERROR, CAPACITY_ERROR, RESOURCE_LIMIT)

DEFAULT_POLICY = RetryPolicy(frozenset({SERVICE_FAULT, THROTTLING}), max_attempts=3)
"""SageMaker retries these two for every step that has no policy of its own for them."""

_MOST_ATTEMPTS, _LONGEST_INTERVAL, _LATEST_EXPIRY = 20, 43200, 14400
_SECONDS_OF_MINUTE = 60
_FAILURE_REASONS = {"InternalServerError": INTERNAL_ERROR, "CapacityError": CAPACITY_ERROR}
_SERVER_ERROR, _NOT_IMPLEMENTED = 500, 501


def kind_of_api_error(code: str, status: int) -> str | None:
    """Return the exception type of an API error, or None where no policy may retry it."""
    if code in {"ResourceLimitExceeded", "ResourceLimitExceededException"}:
        return RESOURCE_LIMIT
    if "Throttl" in code or code in {"TooManyRequestsException", "RequestLimitExceeded"}:
        return THROTTLING
    return SERVICE_FAULT if status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED else None


def kind_of_job_failure(reason: str) -> str | None:
    """Return the exception type of a job's FailureReason, or None where no policy may retry it."""
    match = re.match(r"\w+", reason)
    word = match.group() if match else ""
    return RESOURCE_LIMIT if word.startswith("ResourceLimitExceeded") else _FAILURE_REASONS.get(word)


def delay_before_retry(
    policies: Iterable[RetryPolicy], kind: str | None, *, retries: int, elapsed_seconds: float
) -> float | None:
    """Return after how many seconds to try again, or None to give up.

    Args:
        policies: The step's policies, in order; the first that names the kind decides.
        kind: What failed, as one of EXCEPTION_TYPES.
        retries: How often this step was retried already.
        elapsed_seconds: Time since the step started.
    """
    policy = next((policy for policy in (*policies, DEFAULT_POLICY) if kind in policy.exception_types), None)
    if policy is None:
        return None
    delay = policy.interval_seconds * policy.backoff_rate**retries
    if policy.max_attempts is not None:
        return delay if retries < policy.max_attempts else None
    assert policy.expire_after_minutes is not None
    return delay if elapsed_seconds + delay <= policy.expire_after_minutes * _SECONDS_OF_MINUTE else None


def parse_retry_policy(item: dict[str, Any], where: str) -> RetryPolicy:
    """Return the policy of a RetryPolicies entry.

    Raises:
        DefinitionError: A member is missing or out of SageMaker's bounds.
    """
    types = item.get("ExceptionType") or []
    types = [types] if isinstance(types, str) else types
    unknown = [kind for kind in types if kind not in EXCEPTION_TYPES]
    if not types or unknown:
        raise DefinitionError(
            f"{where}.ExceptionType", f"{unknown or 'nothing'} given; allowed are {list(EXCEPTION_TYPES)}."
        )
    attempts, expiry = item.get("MaxAttempts"), item.get("ExpireAfterMin")
    if (attempts is None) == (expiry is None):
        raise DefinitionError(where, "Exactly one of MaxAttempts and ExpireAfterMin must be given.")
    interval, backoff = item.get("IntervalSeconds", 1), item.get("BackoffRate", 2.0)
    for member, value, least, most in (
        ("MaxAttempts", attempts, 1, _MOST_ATTEMPTS),
        ("ExpireAfterMin", expiry, 0, _LATEST_EXPIRY),
        ("IntervalSeconds", interval, 0, _LONGEST_INTERVAL),
        ("BackoffRate", backoff, 0, float("inf")),
    ):
        if value is not None and not (isinstance(value, (int, float)) and least <= value <= most):
            raise DefinitionError(f"{where}.{member}", f"{value!r} is not a number from {least} to {most}.")
    return RetryPolicy(frozenset(types), interval, backoff, attempts, expiry)
