"""Points in time: ISO 8601 text, the days of an experiment, and the hour folders of captured data."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import PurePath

_HOUR_FOLDER = re.compile(r"(?:^|/)(\d{4})/(\d{2})/(\d{2})/(\d{2})/[^/]*$")


def read_moment(text: object) -> datetime:
    """A point in time from ISO 8601 text; without a zone it is UTC.

    Raises:
        ValueError: It is no such text.
    """
    if isinstance(text, datetime):
        moment = text
    elif isinstance(text, str):
        moment = datetime.fromisoformat(text)
    else:
        raise ValueError(f"{text!r} is no point in time; expected ISO 8601, e.g. 2026-01-31T12:00:00Z")  # noqa: TRY004 - one error for callers
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def hour_of_path(path: PurePath) -> datetime | None:
    """The hour that a path's `yyyy/mm/dd/hh` folders name."""
    found = _HOUR_FOLDER.search(path.as_posix())
    if not found:
        return None
    try:
        return datetime.strptime("".join(found.groups()), "%Y%m%d%H").replace(tzinfo=UTC)
    except ValueError:
        return None


def day_number(moment: datetime, starts_at_hour: int) -> int:
    """The day of a moment, as the number of days since 1970."""
    return int((moment.timestamp() - 3600 * starts_at_hour) // 86400)


def day_start(number: int, starts_at_hour: int) -> datetime:
    """When a day begins."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number, hours=starts_at_hour)
