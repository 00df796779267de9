"""Write numbers, durations and moments as people read them. None is an en dash."""

import re
from datetime import datetime

from markupsafe import Markup

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
_MINUTE = 60
_HOUR = 3600
_SHORT = 10
# From here on, three significant digits would lose whole numbers.
_LARGE = 1000


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with so many decimals and a true minus sign.

    >>> number(-0.04512) == MINUS + "0.045", number(None) == NONE
    (True, True)
    """
    return NONE if value is None else _sign(f"{value:,.{digits}f}")


def signed(value: float | None, digits: int = 4) -> str:
    """Write a difference: always with its sign.

    >>> signed(0.0123), signed(0.0)
    ('+0.0123', '0.0000')
    """
    if value is None:
        return NONE
    text = f"{value:+,.{digits}f}"
    return text[1:] if float(text.replace(",", "")) == 0 else _sign(text)


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share as per cent, with a space that does not break the line."""
    return NONE if value is None else f"{number(100 * value, digits)}\N{NO-BREAK SPACE}%"


def count(value: float | None) -> str:
    """Write a number of things.

    >>> count(27020)
    '27,020'
    """
    return number(value, 0)


def compact(value: float | None) -> str:
    """Write a hyperparameter or a tick: whole numbers as they are, others with three significant digits.

    >>> compact(0.036123), compact(0.9), compact(6.0), compact(1200)
    ('0.0361', '0.900', '6', '1200')
    """
    if value is None:
        return NONE
    whole = value == round(value) or abs(value) >= _LARGE
    return _sign(f"{value:.0f}" if whole else f"{value:#.3g}")


def duration(seconds: float | None) -> str:
    """Write a time span with two units at the most: 3.2 s, 1 min 15 s, 1 h 1 min."""
    if seconds is None:
        return NONE
    space = "\N{NO-BREAK SPACE}"
    if seconds < _SHORT:
        return f"{seconds:.1f}{space}s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole}{space}s"
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes}{space}min{space}{rest}{space}s" if rest else f"{minutes}{space}min"
    hours, rest = divmod(whole, _HOUR)
    return f"{hours}{space}h{space}{rest // _MINUTE}{space}min"


def moment(value: datetime | None) -> str:
    """Write a point in time in UTC, to the minute."""
    return NONE if value is None else f"{value:%d %B %Y, %H:%M} UTC".lstrip("0")


def humps(name: str) -> Markup:
    """Allow a line break before each capital of a step's name."""
    return Markup("<wbr>").join(re.findall(r"[A-Z]?[^A-Z]+|[A-Z]", name))


def coded(words: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = words.split("`")
    return Markup().join(Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts))


def plural(amount: int, noun: str) -> str:
    """Write a number with its noun.

    >>> plural(1, "step"), plural(12, "trial")
    ('1 step', '12 trials')
    """
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def _sign(text: str) -> str:
    return text.replace("-", MINUS)
