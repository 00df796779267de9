"""Hold the samples of one metric over a time, and compute any of CloudWatch's statistics of them.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SIMPLE = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
_SHORT = re.compile(r"^(?P<kind>p|tm|tc|ts|wm)(?P<high>\d{1,2}(\.\d{1,10})?|100)$")
_RANGE = re.compile(r"^(?P<kind>TM|TC|TS|WM|PR)\((?P<low>[^:()]*):(?P<high>[^:()]*)\)$")
_DISTINCT = 2_000
_DIGITS = 3


class StatisticError(ValueError):
    """A text that names no statistic."""


@dataclass
class Samples:
    """How often each value was seen.

    Above 2,000 different values they are kept to three significant digits, so that memory is bounded and a percentile
    is off by half a percent at the most; count, sum, minimum and maximum stay exact.

    Attributes:
        values: Value → how often. Empty where only a statistic set was published, which has no percentiles.
    """

    count: float = 0.0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    values: dict[float, float] = field(default_factory=dict)
    is_rounded: bool = False
    has_all_values: bool = True

    def add(self, value: float, times: float = 1.0) -> None:
        """Add a value."""
        self.count += times
        self.total += value * times
        self.low, self.high = min(self.low, value), max(self.high, value)
        key = _rounded(value) if self.is_rounded else value
        self.values[key] = self.values.get(key, 0.0) + times
        if len(self.values) > _DISTINCT and not self.is_rounded:
            self._round()

    def add_set(self, count: float, total: float, low: float, high: float) -> None:
        """Add what is known of values only by their statistics."""
        if low == high and count > 0:
            self.add(low, count)
            return
        self.count, self.total = self.count + count, self.total + total
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.has_all_values = False

    def merge(self, other: "Samples") -> None:
        """Add all that another holds."""
        self.count, self.total = self.count + other.count, self.total + other.total
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.has_all_values = self.has_all_values and other.has_all_values
        for value, times in other.values.items():
            key = _rounded(value) if self.is_rounded else value
            self.values[key] = self.values.get(key, 0.0) + times
        if other.is_rounded or len(self.values) > _DISTINCT:
            self._round()

    def _round(self) -> None:
        if self.is_rounded:
            return
        self.is_rounded = True
        rounded: dict[float, float] = {}
        for value, times in self.values.items():
            key = _rounded(value)
            rounded[key] = rounded.get(key, 0.0) + times
        self.values = rounded


def check_statistic(name: str) -> None:
    """Raise StatisticError where CloudWatch has no such statistic."""
    if name not in _SIMPLE and name != "IQM" and not _SHORT.match(name):
        found = _RANGE.match(name)
        if found is None:
            raise StatisticError(
                f"The value {name} for parameter Stat is not supported; allowed are {', '.join(_SIMPLE)}, "
                "p0 to p100, tm, tc, ts, wm with a percentage, IQM, and TM, TC, TS, WM, PR(low:high)."
            )
        for bound in (found["low"], found["high"]):
            _bound(bound, 0.0)


def percentile_of(name: str) -> float | None:
    """Return the percentage of a percentile such as `p99.9`; None for any other statistic."""
    return float(name[1:]) if re.match(r"^p\d", name) else None


def statistic(samples: Samples, name: str) -> float | None:
    """Return a statistic; None where there are no samples, or only statistic sets to take a percentile of.

    Raises:
        StatisticError: There is no such statistic.
    """
    if samples.count <= 0:
        return None
    if name in _SIMPLE:
        return _simple(samples, name)
    check_statistic(name)
    if not samples.has_all_values:
        return None
    ordered = sorted(samples.values.items())
    percent = percentile_of(name)
    if percent is not None:
        return _percentile(ordered, percent)
    return _trimmed(ordered, name)


def _simple(samples: Samples, name: str) -> float:
    match name:
        case "SampleCount":
            return samples.count
        case "Sum":
            return samples.total
        case "Average":
            return samples.total / samples.count
        case "Minimum":
            return samples.low
        case _:
            return samples.high


def _percentile(ordered: list[tuple[float, float]], percent: float) -> float:
    """Return the smallest value that this share of the samples does not exceed."""
    wanted = sum(times for _, times in ordered) * percent / 100
    passed = 0.0
    for value, times in ordered:
        passed += times
        if passed >= wanted - 1e-9:
            return value
    return ordered[-1][0]


def _trimmed(ordered: list[tuple[float, float]], name: str) -> float | None:
    kind, low, high = _bounds(ordered, name)
    inside = [(value, times) for value, times in ordered if low < value <= high or value == low == high]
    total = sum(value * times for value, times in inside)
    count = sum(times for _, times in inside)
    everything = sum(times for _, times in ordered)
    match kind:
        case "tc":
            return count
        case "ts":
            return total
        case "pr":
            return 100 * count / everything
        case "wm":
            clipped = (min(max(value, low), high) * times for value, times in ordered if math.isfinite(value))
            return sum(clipped) / everything
        case _:
            return total / count if count else None


def _bounds(ordered: list[tuple[float, float]], name: str) -> tuple[str, float, float]:
    """Return what to compute, and the values between which samples count: above the first, up to the second."""
    if name == "IQM":
        return "tm", _percentile(ordered, 25), _percentile(ordered, 75)
    if short := _SHORT.match(name):
        return short["kind"], -math.inf, _percentile(ordered, float(short["high"]))
    found = _RANGE.match(name)
    assert found is not None
    low, high = _bound(found["low"], -math.inf), _bound(found["high"], math.inf)
    if "%" in name:
        low = _percentile(ordered, low) if found["low"].strip() not in {"", "0%"} else -math.inf
        high = _percentile(ordered, high) if found["high"] else math.inf
    return found["kind"].lower(), low, high


def _bound(text: str, default: float) -> float:
    try:
        return float(text.strip().removesuffix("%")) if text.strip() else default
    except ValueError:
        raise StatisticError(f"{text!r} is no bound of a statistic: give a number or a percentage.") from None


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS - 1}e}")


def periods(start: float, end: float, seconds: int) -> Iterator[int]:
    """Yield where each period begins."""
    yield from range(int(start), math.ceil(end), seconds)
