"""Round and show times as CloudWatch does."""

import datetime as dt

_DAY = 86_400


def utc(moment: float) -> dt.datetime:
    """Return epoch seconds as a time in UTC."""
    return dt.datetime.fromtimestamp(moment, dt.UTC)


def aligned_start(start: float, period: int, now: float) -> int:
    """Return where CloudWatch begins to read: whole minutes, for older data five minutes or hours.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html (StartTime).
    """
    age = now - start
    step = 60 if age < 15 * _DAY else 300 if age < 63 * _DAY else 3_600
    if period < step == 60:  # noqa: PLR2004 - a minute
        step = period
    return int(start // step * step)


def in_reason(moment: float) -> str:
    """Return a time as the reasons of alarms show it: `(21/11/26 12:45:00)`."""
    return f"({utc(moment):%d/%m/%y %H:%M:%S})"


def in_data(moment: float) -> str:
    """Return a time as alarms' data shows it: `2026-11-21T12:45:00.000+0000`."""
    return f"{utc(moment):%Y-%m-%dT%H:%M:%S}.{int(moment % 1 * 1000):03d}+0000"
