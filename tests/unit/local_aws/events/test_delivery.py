"""Deliveries: which failures are tried again, how long, and when a delivery is given up."""

import threading
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local_aws.clock import Clock
from local_aws.data_plane import DataPlane
from local_aws.events.delivery import Delivery, deliver
from local_aws.settings import Settings
from local_aws.store import Store


@pytest.fixture
def plane(tmp_path: Path) -> DataPlane:
    clock = Clock()
    clock.speed = 86_400
    nothing = None
    return DataPlane(Settings(root=tmp_path), Store(), nothing, nothing, nothing, nothing, clock=clock)  # type: ignore[arg-type]


def error(status: int, code: str) -> ClientError:
    meta = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": meta}, "Send")  # type: ignore[typeddict-item]


class Target:
    """Fails as often as it is told, then takes what comes."""

    def __init__(self, *errors: ClientError) -> None:
        self.errors, self.attempts, self.ends = list(errors), 0, list[tuple[bool, bool]]()

    def attempt(self, number: int) -> None:
        assert number == self.attempts
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)

    def delivery(self, **policy: int) -> Delivery:
        target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:queue", "RetryPolicy": policy}
        ended = lambda is_delivered, is_dead: self.ends.append((is_delivered, is_dead))  # noqa: E731 - a probe
        return Delivery(
            "events.amazonaws.com", "arn:aws:events:us-east-1:123456789012:rule/r", target, "{}", self.attempt, ended
        )


def test_throttling_and_server_errors_are_tried_again(plane: DataPlane) -> None:
    target = Target(error(400, "ThrottlingException"), error(503, "ServiceUnavailable"))

    deliver(plane, target.delivery(), threading.Event())

    assert (target.attempts, target.ends) == (3, [(True, False)])


def test_a_refusal_is_given_up_at_once(plane: DataPlane) -> None:
    target = Target(error(400, "AccessDeniedException"))

    deliver(plane, target.delivery(), threading.Event())

    assert (target.attempts, target.ends) == (1, [(False, False)])


def test_attempts_end_with_the_retry_policy(plane: DataPlane) -> None:
    target = Target(*[error(500, "InternalError") for _ in range(9)])

    deliver(plane, target.delivery(MaximumRetryAttempts=2), threading.Event())

    assert (target.attempts, target.ends) == (3, [(False, False)])


def test_attempts_end_with_the_age_of_the_event(plane: DataPlane) -> None:
    target = Target(*[error(500, "InternalError") for _ in range(99)])

    deliver(plane, target.delivery(MaximumEventAgeInSeconds=3600), threading.Event())

    assert (3 < target.attempts < 30, target.ends) == (True, [(False, False)])
