"""Make moto's EventBridge Scheduler refuse a schedule expression that is none: it stores any text."""

import functools
from collections.abc import Callable
from typing import Any

Check = Callable[[str, str], str]
"""From an expression and its time zone to what is wrong with them; empty where nothing is."""


def refuse_by(why_invalid: Check) -> None:
    """Check the schedules that are made or changed from now on."""
    from moto.scheduler.models import EventBridgeSchedulerBackend  # noqa: PLC0415 - moto is imported on first use

    for name in ("create_schedule", "update_schedule"):
        operation = getattr(EventBridgeSchedulerBackend, name)
        if not hasattr(operation, "__wrapped__"):
            setattr(EventBridgeSchedulerBackend, name, _checking(operation, why_invalid))


def _checking(operation: Callable[..., Any], why_invalid: Check) -> Callable[..., Any]:
    @functools.wraps(operation)
    def checked(backend: Any, **members: Any) -> Any:
        from moto.scheduler.exceptions import ValidationException  # noqa: PLC0415

        zone = members.get("schedule_expression_timezone") or "UTC"
        if problem := why_invalid(members["schedule_expression"], zone):
            raise ValidationException(f"Invalid Schedule Expression {members['schedule_expression']}. {problem}")
        return operation(backend, **members)

    return checked
