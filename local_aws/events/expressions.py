"""Read schedule expressions: `rate(1 hour)`, `cron(0 6 * * ? *)`, `at(2026-01-31T06:00:00)`.

Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html,
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import calendar
import datetime as dt
import functools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_RATE = re.compile(r"^rate\((?P<count>[1-9]\d*) (?P<unit>minute|hour|day)s?\)$")
_CRON = re.compile(r"^cron\((?P<fields>[^()]+)\)$")
_AT = re.compile(r"^at\((?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_FIELDS = 6
_LAST_YEAR = 2199
_UTC = ZoneInfo("UTC")
_MOST_DAYS = 366 * 8
"""No cron expression that ever fires pauses for longer: 29 February over a century's end."""
_ANY = {"*", "?"}


class ExpressionError(ValueError):
    """A text is no schedule expression."""


@dataclass(frozen=True)
class Schedule:
    """When something is due; `next_after` works with seconds since the epoch."""

    kind: str
    seconds: float = 0
    cron: "Cron | None" = None
    zone: ZoneInfo = _UTC

    def next_after(self, moment: float, start: float) -> float | None:
        """Return the first time after a moment at which it is due, or None where there is none.

        `start` is when a rate begins to count.
        """
        if self.kind == "at":
            return self.seconds if self.seconds > moment else None
        if self.kind == "rate":
            return start + self.seconds * max(0, math.floor((moment - start) / self.seconds) + 1)
        assert self.cron
        return self.cron.next_after(moment, self.zone)


@functools.lru_cache(maxsize=512)
def parse(text: str, timezone: str = "UTC") -> Schedule:
    """Return the schedule.

    Raises:
        ExpressionError: The text is no schedule expression, or the time zone is not known.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as err:
        raise ExpressionError(f"time zone '{timezone}' is not known; allowed are IANA's names, such as UTC") from err
    if rate := _RATE.match(text):
        return Schedule("rate", int(rate["count"]) * _SECONDS[rate["unit"]])
    if at := _AT.match(text):
        return Schedule("at", dt.datetime.fromisoformat(at["moment"]).replace(tzinfo=zone).timestamp())
    if cron := _CRON.match(text):
        return Schedule("cron", cron=Cron.parse(cron["fields"]), zone=zone)
    raise ExpressionError(f"'{text}' is no schedule expression; allowed are rate(...), cron(...) and at(...)")


def why_invalid(text: str, timezone: str) -> str:
    """Return what is wrong with an expression or its time zone; empty where nothing is."""
    try:
        parse(text, timezone)
    except ExpressionError as err:
        return str(err)
    return ""


@dataclass(frozen=True)
class Cron:
    """The six fields of a cron expression; the two of the day stay texts, as they depend on the month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Return the fields.

        Raises:
            ExpressionError: There are not six, or a value is out of its range.
        """
        fields = text.upper().split()
        if len(fields) != _FIELDS:
            raise ExpressionError(
                f"cron({text}) has {len(fields)} fields; it needs {_FIELDS}: minutes hours day month weekday year"
            )
        if (fields[2] == "?") == (fields[4] == "?"):
            raise ExpressionError(f"cron({text}): one of day-of-month and day-of-week, and not both, must be ?")
        minutes, hours, months, years = (_values(fields[number], number) for number in (0, 1, 3, 5))
        cron = cls(tuple(sorted(minutes)), tuple(sorted(hours)), fields[2], months, fields[4], years)
        cron.days_of(2024, 1)  # reads the two fields of the day
        return cron

    def next_after(self, moment: float, zone: ZoneInfo) -> float | None:
        """Return the first time after a moment; times that a change of the clocks leaves out are passed over."""
        local = dt.datetime.fromtimestamp(moment, zone)
        day = local.date()
        for _ in range(_MOST_DAYS):
            if day.year > _LAST_YEAR:
                return None
            if day.month in self.months and day.year in self.years and day.day in self.days_of(day.year, day.month):
                for found in self._times(day, zone):
                    if found > moment:
                        return found
            day += dt.timedelta(days=1)
        return None

    def _times(self, day: dt.date, zone: ZoneInfo) -> Iterator[float]:
        for hour in self.hours:
            for minute in self.minutes:
                moment = dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                if moment.astimezone(dt.UTC).astimezone(zone).hour == hour:
                    yield moment.timestamp()

    def days_of(self, year: int, month: int) -> frozenset[int]:
        """Return the days of a month that the day-of-month or day-of-week field names."""
        return _days_of_month(self.days, year, month) if self.weekdays == "?" else _weekdays(self.weekdays, year, month)


@functools.lru_cache(maxsize=512)
def _days_of_month(text: str, year: int, month: int) -> frozenset[int]:
    last = calendar.monthrange(year, month)[1]
    found: set[int] = set()
    for part in text.split(","):
        if part == "L":
            found.add(last)
        elif part == "LW" or part.endswith("W"):
            wanted = last if part == "LW" else int(part[:-1])
            found.add(_nearest_weekday(year, month, min(wanted, last)))
        else:
            found |= _values(part, 2)
    return frozenset(day for day in found if day <= last)


def _nearest_weekday(year: int, month: int, day: int) -> int:
    last = calendar.monthrange(year, month)[1]
    weekday = dt.date(year, month, day).weekday()
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < last else day - 2
    return day


@functools.lru_cache(maxsize=512)
def _weekdays(text: str, year: int, month: int) -> frozenset[int]:
    last = calendar.monthrange(year, month)[1]
    days_by = {
        number: [day for day in range(1, last + 1) if dt.date(year, month, day).isoweekday() % 7 + 1 == number]
        for number in range(1, 8)
    }
    found: set[int] = set()
    for part in text.split(","):
        if "#" in part:
            weekday, _, count = part.partition("#")
            found.update(days_by[_number(weekday, 4)][int(count) - 1 : int(count)])
        elif part.endswith("L"):
            found.update(days_by[_number(part[:-1] or "7", 4)][-1:])
        else:
            found.update(day for number in _values(part, 4) for day in days_by[number])
    return frozenset(found)


def _values(text: str, field: int) -> frozenset[int]:
    """Return the numbers that a field names: `*`, `1`, `1-5`, `1,3`, `*/15`, `10/5`."""
    low, high = _RANGES[field]
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in _ANY:
            first, last = low, high
        else:
            start, dash, end = span.partition("-")
            first = _number(start, field)
            last = _number(end, field) if dash else (high if step else first)
        if step and not (step.isdigit() and int(step)):
            raise ExpressionError(f"'{part}': a step is a positive number")
        found.update(
            range(first, last + 1, int(step or 1))
            if first <= last
            else [*range(first, high + 1), *range(low, last + 1)]
        )
    return frozenset(found)


def _number(text: str, field: int) -> int:
    low, high = _RANGES[field]
    value = {3: _MONTHS, 4: _DAYS}.get(field, {}).get(text)
    if value is None and text.isdigit():
        value = int(text)
    if value is None or not low <= value <= high:
        raise ExpressionError(f"'{text}' is out of range; allowed is {low} to {high}")
    return value
