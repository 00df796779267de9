"""How much one request may hold."""

from typing import Final

from inference.errors import PayloadTooLargeError

MAX_BODY_BYTES: Final = 6 * 1024 * 1024
"""SageMaker passes on no larger body (InvokeEndpoint: 6,291,456 bytes)."""

MAX_ROWS: Final = 100_000
"""Bounds the memory of a request whose rows are a few bytes each."""


def refuse_too_many(rows: int) -> None:
    """Refuse more rows than a request may hold.

    Raises:
        PayloadTooLargeError: There are more.
    """
    if rows > MAX_ROWS:
        raise PayloadTooLargeError(f"the body has more than {MAX_ROWS:,} rows; send them in several requests")
