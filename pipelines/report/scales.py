"""Map data to positions, and choose ticks where a person would."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1, 2, 5, 10)
_CLOCK = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
# From this ratio of its ends on, a positive range is drawn logarithmically.
_WIDE = 7


@dataclass(frozen=True)
class Scale:
    """A mapping of [low, high] to [start, end], linear or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return the position of a value; outside the range the nearest end."""
        low, high, at = (
            (math.log(v) for v in (self.low, self.high, max(value, self.low)))
            if self.logarithmic
            else (
                self.low,
                self.high,
                value,
            )
        )
        share = (at - low) / (high - low) if high > low else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, wanted: int = 5) -> list[float]:
        """Return tick values inside the range."""
        return _log_ticks(self.low, self.high) if self.logarithmic else ticks(self.low, self.high, wanted)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return about so many round numbers within [low, high].

    >>> ticks(0, 1)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not high > low:
        return [low]
    step = _round_step((high - low) / max(wanted, 1))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def clock_ticks(seconds: float, wanted: int = 6) -> list[float]:
    """Return tick values of a time axis from 0: seconds, minutes, hours as on a clock."""
    step = next((step for step in _CLOCK if seconds / step <= wanted), None) or _round_step(seconds / wanted)
    return [i * step for i in range(int(seconds / step + 1e-9) + 1)]


def covering(
    values: Sequence[float], start: float, end: float, *, margin: float = 0.06, logarithmic: bool | None = None
) -> Scale:
    """Return a scale which shows all values; logarithmic as told, or else where positive values span far."""
    low, high = min(values), max(values)
    far = high / low > _WIDE if low > 0 and logarithmic is None else logarithmic
    if far and 0 < low < high:
        factor = (high / low) ** margin
        return Scale(low / factor, high * factor, start, end, logarithmic=True)
    room = (high - low) * margin or abs(high) * margin or 1.0
    return Scale(low - room, high + room, start, end)


def tick_label(value: float, values: Sequence[float]) -> str:
    """Write a tick with as many decimals as its neighbours need."""
    digits = max((len(f"{v:.10g}".partition(".")[2]) for v in values if abs(v) >= 1e-9), default=0)  # noqa: PLR2004
    return f"{value:.{min(digits, 6)}f}".replace("-", "\N{MINUS SIGN}")


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return min((power * nice for nice in _STEPS), key=lambda nice: abs(math.log(nice / step)))


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5)):
        found = [d * 10.0**p for p in powers for d in digits if low <= d * 10.0**p <= high]
        if len(found) > 2:  # noqa: PLR2004  two ticks do not show that an axis is logarithmic
            return found
    return found
