"""Content-Type and Accept: what a request is, and which form of the answer its client likes best (RFC 9110, 12.5.1)."""

import re
from functools import lru_cache

from inference.errors import ContentTypeError, NotAcceptableError

CSV, JSON, JSON_LINES, PARQUET = "text/csv", "application/json", "application/jsonlines", "application/x-parquet"
REQUEST_TYPES = (CSV, JSON, JSON_LINES, PARQUET)
# In the server's order of preference.
ANSWER_TYPES = (JSON, CSV, JSON_LINES)

_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_QUALITY = re.compile(r"(0(\.\d{0,3})?|1(\.0{0,3})?)\Z", re.ASCII)
_SHOWN = 100


@lru_cache(maxsize=256)
def request_type(header: str) -> str:
    """The media type of a body.

    Raises:
        ContentTypeError: It is none of REQUEST_TYPES, or text in another encoding than UTF-8.
    """
    media_type, parameters = _split(header)
    if media_type not in REQUEST_TYPES:
        raise ContentTypeError(f"Content-Type is {header[:_SHOWN]!r}; allowed are {', '.join(REQUEST_TYPES)}")
    charset = parameters.get("charset", "utf-8").lower()
    if charset not in _UTF8:
        raise ContentTypeError(f"Content-Type has charset {charset[:_SHOWN]!r}; allowed is utf-8")
    return media_type


@lru_cache(maxsize=256)
def answer_type(header: str) -> str:
    """The form of the answer: the best quality; of equals the one that the client names first.

    Raises:
        NotAcceptableError: The header excludes all of ANSWER_TYPES.
    """
    ranges = [_range(part, header) for part in (header or "*/*").split(",") if part.strip()]
    best, best_rank = "", (0.0, 0)
    for candidate in ANSWER_TYPES:
        rank = _rank(candidate, ranges)
        if rank[0] > 0 and (not best or rank > best_rank):
            best, best_rank = candidate, rank
    if not best:
        raise NotAcceptableError(f"Accept is {header[:_SHOWN]!r}; the answer can be {', '.join(ANSWER_TYPES)}")
    return best


def _rank(candidate: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """Quality and place of the most specific range that covers the candidate; the earlier the better."""
    for pattern in (candidate, candidate.partition("/")[0] + "/*", "*/*"):
        for place, (media_range, quality) in enumerate(ranges):
            if media_range == pattern:
                return quality, -place
    return 0.0, 0


def _range(part: str, header: str) -> tuple[str, float]:
    media_range, parameters = _split(part)
    quality = parameters.get("q", "1")
    if not _QUALITY.match(quality):
        raise NotAcceptableError(f"Accept is {header[:_SHOWN]!r}: q={quality[:_SHOWN]!r} is no number from 0 to 1")
    return media_range, float(quality)


def _split(text: str) -> tuple[str, dict[str, str]]:
    """A media type in lower case, and its parameters."""
    media_type, *parameters = text.split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return media_type.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
