"""Read rules, targets and schedules out of moto, which stores them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.moto_adapters import backends


@dataclass(frozen=True)
class Rule:
    """An enabled rule of an event bus, and its targets."""

    name: str
    arn: str
    pattern: str | None
    schedule: str | None
    targets: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Schedule:
    """An enabled schedule of EventBridge Scheduler; `start` and `end` are seconds since the epoch."""

    arn: str
    name: str
    group: str
    expression: str
    timezone: str
    start: float | None
    end: float | None
    created: float
    is_deleted_after: bool
    target: Mapping[str, Any]


def has_bus(account_id: str, region: str, name: str) -> bool:
    """Tell whether an event bus exists."""
    return name in backends.backend("events", account_id, region).event_buses


def rules(account_id: str, region: str, bus: str) -> list[Rule]:
    """Return the enabled rules of a bus."""
    found = backends.backend("events", account_id, region).event_buses.get(bus)
    return [_rule(item) for item in list(found.rules.values()) if item.state != "DISABLED"] if found else []


def scheduled_rules(account_id: str, region: str) -> list[Rule]:
    """Return the enabled rules that have a schedule: only the default bus has such."""
    found = backends.backend("events", account_id, region).event_buses["default"].rules.values()
    return [_rule(item) for item in list(found) if item.scheduled_expression and item.state != "DISABLED"]


def places(service: str) -> Iterator[tuple[str, str]]:
    """Yield the accounts and regions in which a service holds something."""
    for backend_dict in backends.loaded():
        if backend_dict.service_name == service:
            yield from (
                (account, region) for account, regions in list(backend_dict.items()) for region in list(regions)
            )


def schedules(account_id: str, region: str) -> list[Schedule]:
    """Return the enabled schedules of every group."""
    groups = list(backends.backend("scheduler", account_id, region).schedule_groups.values())
    found = [item for group in groups for item in list(group.schedules.values()) if item.state != "DISABLED"]
    return [
        Schedule(
            arn=item.arn,
            name=item.name,
            group=item.group_name,
            expression=item.schedule_expression,
            timezone=item.schedule_expression_timezone or "UTC",
            start=_seconds(item.start_date),
            end=_seconds(item.end_date),
            created=float(item.creation_date),
            is_deleted_after=item.action_after_completion == "DELETE",
            target=item.target,
        )
        for item in found
    ]


def delete_schedule(account_id: str, region: str, schedule: Schedule) -> None:
    """Remove a schedule that is to be deleted after its last invocation."""
    group = backends.backend("scheduler", account_id, region).schedule_groups.get(schedule.group)
    if group and group.schedules.pop(schedule.name, None):
        backends.mark_changed("scheduler")


def _rule(item: Any) -> Rule:
    pattern = item.event_pattern.dump() if item.event_pattern else None
    return Rule(item.name, item.arn, pattern or None, item.scheduled_expression or None, tuple(item.targets))


def _seconds(moment: Any) -> float | None:
    return None if moment is None else float(moment)
