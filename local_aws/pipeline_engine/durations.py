"""Read ISO 8601 durations as SageMaker accepts them for ExpireAfter."""

import re
from datetime import timedelta

_DURATION = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)
_DAYS_OF_YEAR, _DAYS_OF_MONTH = 365, 30


def parse_duration(text: str) -> timedelta:
    """Return the length of an ISO 8601 duration; a month counts 30 days, a year 365.

    >>> parse_duration("P4DT12H")
    datetime.timedelta(days=4, seconds=43200)

    Raises:
        ValueError: The text is no duration (SageMaker also takes `T12H`, without the P).
    """
    match = _DURATION.fullmatch(text)
    numbers = {unit: float(number) for unit, number in match.groupdict().items() if number} if match else {}
    if not numbers:
        raise ValueError(f"'{text}' is no ISO 8601 duration such as 'P30D', 'P4DT12H' or 'T12H'")
    days = numbers.pop("years", 0) * _DAYS_OF_YEAR + numbers.pop("months", 0) * _DAYS_OF_MONTH + numbers.pop("days", 0)
    return timedelta(days=days, **numbers)
