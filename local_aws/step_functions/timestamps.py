"""Read and write the timestamps of state machines: RFC 3339, with an upper-case T and a zone."""

import datetime as dt
import re

_FORMAT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def read(text: object) -> dt.datetime | None:
    """Return the moment, or None where the text is no timestamp."""
    if not isinstance(text, str) or not _FORMAT.fullmatch(text):
        return None
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def text_of(moment: dt.datetime) -> str:
    """Return a moment with milliseconds, as the context object has it."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
