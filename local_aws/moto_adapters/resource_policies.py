"""Read from moto the policies that topics, queues and functions have of their own."""

import json
from typing import Any

from local_aws.moto_adapters import backends


def exists(arn: str) -> bool:
    """Tell whether a topic, queue or log group exists."""
    return _resource(arn) is not None


def policy_of(arn: str) -> str | None:
    """Return the policy of a topic, a queue or a function as JSON; None where it has none."""
    found = _resource(arn)
    if found is None:
        return None
    if arn.split(":")[2] == "lambda":
        return json.dumps({"Version": "2012-10-17", "Statement": found.policy.statements})
    policy = found.policy
    return policy if isinstance(policy, str) or policy is None else json.dumps(policy)


def key_of(arn: str) -> str | None:
    """Return the KMS key id, ARN or alias that encrypts a topic or a queue."""
    found = _resource(arn)
    if found is None:
        return None
    return getattr(found, "kms_master_key_id", None) or None


def _resource(arn: str) -> Any:
    _, _, service, region, account_id, *name = arn.split(":")
    if service == "sns":
        return backends.backend("sns", account_id, region).topics.get(arn)
    if service == "sqs":
        return backends.backend("sqs", account_id, region).queues.get(name[0])
    if service == "logs":
        return backends.backend("logs", account_id, region).groups.get(name[1])
    if service == "lambda":
        try:
            return backends.backend("lambda", account_id, region).get_function(arn)
        except Exception:  # noqa: BLE001 - moto's own error class, which loading would cost a second
            return None
    return None
