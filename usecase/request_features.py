"""Features of one flight from the request alone: what a client knows that has no feature store at hand.

A raw record is a row of the flights table, as published before departure, with the weather last observed at the origin
and the aircraft's year and seats if known. From it come the calendar, the route, the block time, the weather of one
moment and the aircraft. What cannot be known from a single record stays missing: how the network is running now (live
delays, waiting flights), history, the inbound aircraft, how full the schedule is, and the trend of the weather. That
costs most of the model's skill; docs/reference/model-server.md has the figures. A client that knows any of those
features may name them in the record as well.

Fields that are known only after the flight (dep_delay, arr_delay, …) are accepted and never looked at.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from usecase.schema import FLIGHTS, WEATHER
from usecase.time_zones import DESTINATION_ZONES, ORIGIN_ZONE
from usecase.timeline import SHORTEST_BLOCK

FieldKind = Literal["text", "integer", "number"]
_READINGS = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "pressure", "visib")


@dataclass(frozen=True)
class RawField:
    """One field of a raw record."""

    name: str
    kind: FieldKind
    required: bool = False
    minimum: float = -math.inf
    maximum: float = math.inf
    allowed: tuple[str, ...] = ()


class RawRecordError(ValueError):
    """A raw record that cannot be used.

    Attributes:
        field: the field at fault.
        value: what it holds.
        problem: what is wrong with it, in words that follow the value.
        allowed: what the field may be.
    """

    def __init__(self, field: str, value: object, problem: str, allowed: str) -> None:
        super().__init__(f"{field}: {value!r} {problem}; allowed is {allowed}")
        self.field, self.value, self.problem, self.allowed = field, value, problem, allowed


def _of_schema() -> tuple[RawField, ...]:
    flights = {column.name: column for column in FLIGHTS.columns}
    weather = {column.name: column for column in WEATHER.columns}
    return (
        *(
            RawField(name, "text", required=True, allowed=flights[name].allowed)
            for name in ("carrier", "origin", "dest")
        ),
        # The schema knows one year only; the calendar does not.
        RawField("year", "integer", True, 1900, 2200),
        RawField("month", "integer", True, 1, 12),
        RawField("day", "integer", True, 1, 31),
        RawField("sched_dep_time", "integer", True, *_range(flights["sched_dep_time"])),
        RawField("sched_arr_time", "integer", False, *_range(flights["sched_arr_time"])),
        RawField("distance", "number", False, *_range(flights["distance"])),
        RawField("plane_year", "integer", False, 1900, 2200),
        RawField("seats", "integer", False, 1, 900),
        *(RawField(name, "number", False, *_range(weather[name])) for name in _READINGS),
    )


def _range(column: Any) -> tuple[float, float]:
    return column.minimum, column.maximum


RAW_FIELDS = _of_schema()
IGNORED_FIELDS = (
    "flight", "tailnum", "hour", "minute", "time_hour",
    "dep_time", "dep_delay", "arr_time", "arr_delay", "air_time",
)  # fmt: skip
"""Columns of the flights table that say nothing to the model, or too late."""

RAW_MARKER = "sched_dep_time"
"""The field that makes a record a raw one: every raw record needs it, and it is no feature."""

RAW_NAMES = frozenset({*(field.name for field in RAW_FIELDS), *IGNORED_FIELDS})
RAW_NUMBERS = frozenset(field.name for field in RAW_FIELDS if field.kind != "text")


def derive_features(record: Mapping[str, Any]) -> dict[str, float | str | None]:
    """Derive the features that a raw record determines; the others are not in the result.

    Raises:
        RawRecordError: A required field is missing, or a field is not what it may be.
    """
    values = {field.name: _checked(field, record.get(field.name)) for field in RAW_FIELDS}
    date = _date(values)
    minute = _minutes("sched_dep_time", values["sched_dep_time"])
    plane_year = values["plane_year"]
    return {
        **{name: values[name] for name in ("carrier", "origin", "dest", "distance", "seats")},
        "dep_minute": minute,
        "day_of_week": date.weekday(),
        "block": _block(date, minute, values["sched_arr_time"], values["dest"]),
        "plane_age": None if plane_year is None else values["year"] - plane_year,
        **_weather(values),
    }


def _weather(values: Mapping[str, Any]) -> dict[str, float | None]:
    """The last observation; the trends need earlier ones."""
    speed, direction = values["wind_speed"], values["wind_dir"]
    is_windy = speed is not None and direction is not None
    angle = math.radians(direction) if is_windy else 0.0
    return {
        **{f"wl_{name}": values[name] for name in _READINGS if name != "wind_speed"},
        "wl_wsin": math.sin(angle) * speed if is_windy else None,
        "wl_wcos": math.cos(angle) * speed if is_windy else None,
        "wl_visib_min3": values["visib"],
    }


def _checked(field: RawField, value: Any) -> Any:
    if value is None:
        if field.required:
            raise RawRecordError(field.name, value, "is missing; a raw record needs it", _allowed(field))
        return None
    if field.kind == "text":
        if not isinstance(value, str) or (field.allowed and value not in field.allowed):
            raise RawRecordError(field.name, value, "cannot be used", _allowed(field))
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RawRecordError(field.name, value, "is not a number", _allowed(field))
    if not field.minimum <= value <= field.maximum:
        raise RawRecordError(field.name, value, "is out of range", _allowed(field))
    if field.kind == "integer" and value != int(value):
        raise RawRecordError(field.name, value, "is not a whole number", _allowed(field))
    return int(value) if field.kind == "integer" else float(value)


def _allowed(field: RawField) -> str:
    if field.kind == "text":
        return f"one of {', '.join(field.allowed)}" if field.allowed else "text"
    kind = "a whole number" if field.kind == "integer" else "a number"
    return f"{kind} from {field.minimum:g} to {field.maximum:g}"


def _date(values: Mapping[str, Any]) -> dt.date:
    try:
        return dt.date(values["year"], values["month"], values["day"])
    except ValueError:
        month = f"{values['year']}-{values['month']:02d}"
        raise RawRecordError("day", values["day"], f"is no day of {month}", "a day of the month") from None


def _minutes(name: str, clock: int) -> int:
    """Minutes since midnight of a clock time written as HHMM."""
    if clock % 100 >= 60:  # noqa: PLR2004 - minutes of an hour
        raise RawRecordError(name, clock, "is no time of day", "a time written as HHMM, such as 1745")
    return clock // 100 * 60 + clock % 100


def _block(date: dt.date, departure: int, arrival_clock: int | None, dest: str) -> int | None:
    """Scheduled minutes from gate to gate; missing for a destination whose zone is not known.

    The same rules as `usecase.timeline` applies to whole tables: the first such clock time after departure.
    """
    zone = DESTINATION_ZONES.get(dest)
    if arrival_clock is None or zone is None:
        return None
    leaves = _utc(date, departure, ORIGIN_ZONE)
    lands = _utc(date, _minutes("sched_arr_time", arrival_clock), zone)
    if lands - leaves < dt.timedelta(minutes=SHORTEST_BLOCK):
        lands = _utc(date + dt.timedelta(days=1), _minutes("sched_arr_time", arrival_clock), zone)
    return round((lands - leaves).total_seconds() / 60)


def _utc(date: dt.date, minute: int, zone: str) -> dt.datetime:
    local = dt.datetime.combine(date, dt.time()) + dt.timedelta(minutes=minute)
    moment = local.replace(tzinfo=_zone(zone)).astimezone(dt.UTC)
    if moment.astimezone(_zone(zone)).replace(tzinfo=None) == local:
        return moment
    # A time that the clocks skip in spring counts as the first one after the gap, which ends at a full hour.
    after = local.replace(minute=0) + dt.timedelta(hours=1)
    return after.replace(tzinfo=_zone(zone)).astimezone(dt.UTC)


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
