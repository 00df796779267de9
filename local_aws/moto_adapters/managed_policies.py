"""Give moto's IAM a policy that AWS manages when somebody names it: loading all costs seconds and megabytes."""

import functools
import json
from collections.abc import Callable
from typing import Any

_PREFIX = "arn:aws:iam::aws:policy/"
_NAMING = ("attach_role_policy", "attach_user_policy", "attach_group_policy", "get_policy", "get_policy_version")


def provide_on_use() -> None:
    """Make the operations that name a policy find AWS's own."""
    from moto.iam.models import IAMBackend  # noqa: PLC0415 - moto is imported on first use

    for name in _NAMING:
        setattr(IAMBackend, name, _providing(getattr(IAMBackend, name)))


def _providing(operation: Callable[..., Any]) -> Callable[..., Any]:
    if hasattr(operation, "__wrapped__"):
        return operation  # a second local AWS in this process

    @functools.wraps(operation)
    def provided(backend: Any, policy_arn: str, *arguments: Any, **more: Any) -> Any:
        if policy_arn.startswith(_PREFIX) and policy_arn not in backend.managed_policies:
            _provide(backend, policy_arn)
        return operation(backend, policy_arn, *arguments, **more)

    return provided


def _provide(backend: Any, arn: str) -> None:
    from moto.iam.models import AWSManagedPolicy  # noqa: PLC0415 - moto is imported on first use

    name = arn.rsplit("/", 1)[-1]
    if name in _data():
        policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, _data()[name])
        if policy.arn == arn:
            backend.managed_policies[arn] = policy


@functools.cache
def _data() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415 - megabytes

    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found
