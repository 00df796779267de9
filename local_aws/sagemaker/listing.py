"""Answer List* operations: filter, sort and cut a page, as all of SageMaker's do."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from local_aws.errors import ValidationError
from local_aws.store import Record

DEFAULT_PAGE = 10
SortKey = Callable[[Record], Any]
TIME_FILTERS = {
    "CreationTimeAfter": ("CreationTime", 1),
    "CreationTimeBefore": ("CreationTime", -1),
    "LastModifiedTimeAfter": ("LastModifiedTime", 1),
    "LastModifiedTimeBefore": ("LastModifiedTime", -1),
}


def select(
    records: Iterable[Record], request: Mapping[str, Any], *, name: str, status: str | None = None
) -> list[Record]:
    """Return the records that pass the request's NameContains, StatusEquals and time filters.

    Args:
        records: Records in the shape of their Describe* response.
        request: The List* request.
        name: Field that holds a record's name.
        status: Field that StatusEquals compares.
    """
    part = request.get("NameContains", "").lower()
    chosen = [record for record in records if part in str(record.get(name, "")).lower()]
    if status and "StatusEquals" in request:
        chosen = [record for record in chosen if record.get(status) == request["StatusEquals"]]
    for wanted, (field, sign) in TIME_FILTERS.items():
        if wanted in request:
            bound = _timestamp(request[wanted])
            chosen = [record for record in chosen if field in record and sign * (_timestamp(record[field]) - bound) > 0]
    return chosen


def cut_page(
    records: Sequence[Record],
    request: Mapping[str, Any],
    *,
    sort_keys: Mapping[str, SortKey],
    sort_by: str,
    order: str = "Ascending",
    page_size: int = DEFAULT_PAGE,
) -> tuple[list[Record], dict[str, str]]:
    """Sort records and return one page, and `{"NextToken": …}` where there are more.

    Args:
        records: What to list.
        request: The List* request: SortBy, SortOrder, MaxResults and NextToken.
        sort_keys: SortBy value to the key it sorts by.
        sort_by: SortBy of a request that names none.
        order: SortOrder of a request that names none.
        page_size: MaxResults of a request that names none.

    Raises:
        ValidationError: NextToken is none of ours.
    """
    key = sort_keys[request.get("SortBy", sort_by)]
    ordered = sorted(records, key=key, reverse=request.get("SortOrder", order) == "Descending")
    start = _decode(request["NextToken"]) if request.get("NextToken") else 0
    end = start + int(request.get("MaxResults") or page_size)
    return ordered[start:end], {"NextToken": _encode(end)} if end < len(ordered) else {}


def _timestamp(value: Any) -> float:
    """Return seconds since the epoch of what may be a datetime, a number, or ISO text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)


def _encode(offset: int) -> str:
    return base64.urlsafe_b64encode(f"offset:{offset}".encode()).decode()


def _decode(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("offset:"))
    except (binascii.Error, UnicodeDecodeError, ValueError) as err:
        raise ValidationError(
            "The NextToken that you specified isn't valid. Use the one of the previous response."
        ) from err
