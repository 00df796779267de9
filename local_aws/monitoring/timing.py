"""Read when a monitoring schedule fires, and which time each firing looks at.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ScheduleConfig.html.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.errors import ValidationError

NOW = "NOW"
HOUR = 3600
_DAY_HOURS = 24
_CRON = re.compile(r"^cron\(0 (?P<first>\*|[01]?\d|2[0-3])(/(?P<step>[01]?\d|2[0-4]))? \? \* \* \*\)$")
_OFFSET = re.compile(r"^(?P<sign>[-+]?)P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?$")
_LONGEST = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Timing:
    """When a schedule fires: at full hours, from a first one on, each so many hours; or once.

    Attributes:
        first: Hour of the day.
        hours: Hours from one firing to the next; 0 for a schedule that fires once.
    """

    first: int
    hours: int

    @classmethod
    def parse(cls, expression: str) -> "Timing":
        """Read a ScheduleExpression.

        Raises:
            ValidationError: Model Monitor does not take it.
        """
        if expression == NOW:
            return cls(0, 0)
        found = _CRON.fullmatch(expression)
        if found is None or found["step"] in {"0", "00"} or (found["first"] == "*" and found["step"]):
            raise ValidationError(
                f"ScheduleExpression '{expression}' is not supported. Use cron(0 * ? * * *) for each hour, "
                "cron(0 [00-23] ? * * *) for each day, cron(0 [00-23]/[01-24] ? * * *) for each so many hours, or NOW."
            )
        if found["first"] == "*":
            return cls(0, 1)
        return cls(int(found["first"]), int(found["step"] or _DAY_HOURS))

    def is_due(self, moment: float) -> bool:
        """Tell whether it fires in the full hour at a time."""
        hour = int(moment // HOUR) % _DAY_HOURS
        return bool(self.hours) and (hour - self.first) % _DAY_HOURS % self.hours == 0


def check(config: Mapping[str, Any]) -> None:
    """Check a ScheduleConfig.

    Raises:
        ValidationError: It is none that Model Monitor takes.
    """
    timing = Timing.parse(config["ScheduleExpression"])
    names = ("DataAnalysisStartTime", "DataAnalysisEndTime")
    if not timing.hours and not all(config.get(name) for name in names):
        raise ValidationError(
            "DataAnalysisStartTime and DataAnalysisEndTime are required if ScheduleExpression is NOW."
        )
    if bool(config.get(names[0])) != bool(config.get(names[1])):
        raise ValidationError("DataAnalysisStartTime and DataAnalysisEndTime must be given together.")
    if config.get(names[0]):
        length = offset(config[names[1]]) - offset(config[names[0]])
        if not dt.timedelta(0) < length <= _LONGEST:
            raise ValidationError(
                f"DataAnalysisStartTime {config[names[0]]} must precede DataAnalysisEndTime {config[names[1]]}, "
                "by 24 hours at the most."
            )


def offset(text: str) -> dt.timedelta:
    """Return an offset such as `-PT1H` or `-P1D`.

    Raises:
        ValidationError: It is none.
    """
    found = _OFFSET.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        raise ValidationError(f"'{text}' is no offset; it is an ISO 8601 duration such as -PT1H or -P1D.")
    parts = {name: int(found[name] or 0) for name in ("days", "hours", "minutes")}
    return dt.timedelta(**parts) * (-1 if found["sign"] == "-" else 1)


@dataclass(frozen=True)
class Window:
    """The time whose data an execution looks at."""

    start: dt.datetime
    end: dt.datetime

    @classmethod
    def of(cls, scheduled: dt.datetime, config: Mapping[str, Any], given: Mapping[str, Any]) -> "Window":
        """Return the window of a firing.

        Args:
            scheduled: When it was due.
            config: The ScheduleConfig.
            given: The EndpointInput, whose offsets come second.
        """
        if config.get("DataAnalysisStartTime"):
            ends = config["DataAnalysisStartTime"], config["DataAnalysisEndTime"]
            return cls(scheduled + offset(ends[0]), scheduled + offset(ends[1]))
        length = dt.timedelta(hours=Timing.parse(config["ScheduleExpression"]).hours)
        start = offset(given["StartTimeOffset"]) if given.get("StartTimeOffset") else -length
        end = offset(given["EndTimeOffset"]) if given.get("EndTimeOffset") else dt.timedelta(0)
        return cls(scheduled + start, scheduled + end)

    def hours(self) -> Iterator[str]:
        """Yield the folders of its hours, `yyyy/mm/dd/hh`."""
        moment = self.start.replace(minute=0, second=0, microsecond=0)
        while moment < self.end:
            yield f"{moment:%Y/%m/%d/%H}"
            moment += dt.timedelta(hours=1)
