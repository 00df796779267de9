"""Deliver to a target: try again as its retry policy says, and hand what cannot be delivered to its dead-letter queue.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html, .../eb-rule-dlq.html
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.data_plane import DataPlane
from local_aws.errors import ApiError
from local_aws.iam import service_access

_LOG = logging.getLogger(__name__)
_MAX_AGE, _MAX_ATTEMPTS = 86_400, 185
_LONGEST_PAUSE = 300.0
_SERVER_ERROR = 500


@dataclass(frozen=True)
class Delivery:
    """What is to be delivered.

    Attributes:
        source_arn: The rule or schedule, which the dead-letter queue's policy and messages see.
        attempt: Sends it once; it is given the number of the attempt, from 0.
        on_end: Told whether it was delivered, and whether it went to the dead-letter queue.
    """

    service: str
    source_arn: str
    target: Mapping[str, Any]
    text: str
    attempt: Callable[[int], None]
    on_end: Callable[[bool, bool], None]


def deliver(plane: DataPlane, delivery: Delivery, stop: threading.Event) -> None:
    """Deliver, with retries in local time; returns when it is delivered, given up, or the local AWS ends."""
    policy = delivery.target.get("RetryPolicy") or {}
    most = policy.get("MaximumRetryAttempts", _MAX_ATTEMPTS)
    oldest = plane.clock.time() + policy.get("MaximumEventAgeInSeconds", _MAX_AGE)
    number = 0
    while not stop.is_set():
        try:
            delivery.attempt(number)
        except (ApiError, ClientError, BotoCoreError) as err:
            code, message = _named(err)
            pause = min(2.0**number, _LONGEST_PAUSE)
            if not _is_transient(err) or number >= most or plane.clock.time() + pause > oldest:
                _give_up(plane, delivery, {"code": code, "message": message, "attempts": str(number)})
                return
            number += 1
            plane.clock.wait(pause, stop)
        else:
            delivery.on_end(True, False)
            return


def _give_up(plane: DataPlane, delivery: Delivery, why: Mapping[str, str]) -> None:
    _LOG.warning("%s could not deliver to %s: %s", delivery.source_arn, delivery.target["Arn"], why["message"])
    queue = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
    is_sent = bool(queue) and _send_dead_letter(plane, delivery, str(queue), why)
    delivery.on_end(False, is_sent)


def _send_dead_letter(plane: DataPlane, delivery: Delivery, queue: str, why: Mapping[str, str]) -> bool:
    is_rule = delivery.service.startswith("events")
    attributes = {
        "RULE_ARN" if is_rule else "SCHEDULE_ARN": delivery.source_arn,
        "TARGET_ARN": str(delivery.target["Arn"]),
        "ERROR_CODE": why["code"],
        "ERROR_MESSAGE": why["message"],
        "RETRY_ATTEMPTS": why["attempts"],
    }
    client = plane.client("sqs", queue.split(":")[3])
    try:
        if is_rule:
            service_access.check_access(plane, delivery.service, "sqs:SendMessage", queue, delivery.source_arn)
        client.send_message(
            QueueUrl=client.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"],
            MessageBody=delivery.text,
            MessageAttributes={name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()},
        )
    except (ApiError, ClientError, BotoCoreError) as err:
        _LOG.warning("the dead-letter queue %s of %s takes nothing: %s", queue, delivery.source_arn, err)
        return False
    return True


def _named(error: Exception) -> tuple[str, str]:
    if isinstance(error, ApiError):
        return error.code, error.message
    if isinstance(error, ClientError):
        details = error.response["Error"]
        return str(details.get("Code")), str(details.get("Message"))
    return "SDK_CLIENT_ERROR", str(error)


def _is_transient(error: Exception) -> bool:
    """Tell whether another attempt can help: not where a permission, a resource or a parameter is wrong."""
    if isinstance(error, ApiError):
        return False
    if not isinstance(error, ClientError):
        return True
    code = str(error.response["Error"].get("Code", ""))
    is_limit = "Throttl" in code or "LimitExceeded" in code or "TooManyRequests" in code
    status: int = error.response["ResponseMetadata"].get("HTTPStatusCode", _SERVER_ERROR)
    return is_limit or (status >= _SERVER_ERROR and code != "NotImplementedException")
