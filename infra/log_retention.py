"""Turn days into the retention periods that CloudWatch Logs offers."""

from aws_cdk import aws_logs as logs

_BY_DAYS = {
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


def retention(days: int) -> logs.RetentionDays:
    """Return the retention period of a number of days.

    Raises:
        ValueError: CloudWatch Logs has no such period among those we use.
    """
    if days not in _BY_DAYS:
        raise ValueError(f"log retention: {days} days; allowed are {sorted(_BY_DAYS)} (infra/settings.py)")
    return _BY_DAYS[days]
