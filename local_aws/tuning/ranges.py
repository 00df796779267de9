"""Map hyperparameter ranges onto the unit interval and back, on the scale the tuning job asks for.

Every search works on unit coordinates, so Linear, Logarithmic and ReverseLogarithmic scaling exist in this module only.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

AUTO_LOGARITHMIC_RATIO = 100
"""`Auto` is a simulation: a positive range that spans at least this factor is searched logarithmically."""

Coordinate = float | str
"""Where a value lies in its range: 0 to 1 for numbers, the category itself otherwise."""


@dataclass(frozen=True)
class NumericRange:
    """A continuous or integer hyperparameter, both ends included.

    Attributes:
        scale: `Linear`, `Logarithmic` or `ReverseLogarithmic`.
    """

    name: str
    low: float
    high: float
    scale: str = "Linear"
    is_integer: bool = False

    def at(self, unit: float) -> str:
        """Return the value at a point of [0, 1], as the string that SageMaker passes.

        >>> NumericRange("eta", 0.01, 1.0, "Logarithmic").at(0.5)
        '0.1'
        >>> NumericRange("max_depth", 3, 5, is_integer=True).at(0.99)
        '5'
        """
        low, high = self._edges
        start, end = self._scaled(low), self._scaled(high)
        value = self._unscaled(start + unit * (end - start))
        if self.is_integer:
            return str(min(max(round(value), int(self.low)), int(self.high)))
        return repr(min(max(float(f"{value:.12g}"), self.low), self.high))

    def locate(self, value: str) -> float | None:
        """Return the point of [0, 1] which a value comes from; None where it lies outside the range."""
        try:
            number = float(value)
        except ValueError:
            return None
        if not self.low <= number <= self.high or (self.is_integer and number != round(number)):
            return None
        low, high = self._edges
        start, end = self._scaled(low), self._scaled(high)
        return min(max((self._scaled(number) - start) / (end - start), 0.0), 1.0)

    @property
    def _edges(self) -> tuple[float, float]:
        """Integers own half a unit to each side, so that the ends are as likely as the values between."""
        return (self.low - 0.5, self.high + 0.5) if self.is_integer else (self.low, self.high)

    def _scaled(self, value: float) -> float:
        if self.scale == "Logarithmic":
            return math.log(value)
        if self.scale == "ReverseLogarithmic":
            return -math.log1p(-value)
        return value

    def _unscaled(self, scaled: float) -> float:
        if self.scale == "Logarithmic":
            return math.exp(scaled)
        if self.scale == "ReverseLogarithmic":
            return -math.expm1(-scaled)
        return scaled


@dataclass(frozen=True)
class CategoricalRange:
    """A hyperparameter that takes one of a few strings."""

    name: str
    values: tuple[str, ...]

    def at(self, unit: float) -> str:
        """Return the category at a point of [0, 1]; all are equally wide."""
        return self.values[min(int(unit * len(self.values)), len(self.values) - 1)]

    def locate(self, value: str) -> str | None:
        """Return the category itself; None where the range does not have it."""
        return value if value in self.values else None


Range = NumericRange | CategoricalRange


@dataclass(frozen=True)
class SearchSpace:
    """All hyperparameters that one training job definition tunes."""

    ranges: tuple[Range, ...]

    def at(self, units: Mapping[str, float]) -> dict[str, str]:
        """Return the hyperparameters at a point of the unit cube."""
        return {r.name: r.at(units[r.name]) for r in self.ranges}

    def locate(self, values: Mapping[str, str]) -> dict[str, Coordinate] | None:
        """Return the coordinates of hyperparameters; None where any is missing or outside its range."""
        found = {r.name: r.locate(values[r.name]) for r in self.ranges if r.name in values}
        if len(found) < len(self.ranges):
            return None
        coordinates = {name: coordinate for name, coordinate in found.items() if coordinate is not None}
        return coordinates if len(coordinates) == len(found) else None

    @property
    def grid_size(self) -> int:
        """Number of combinations of categories."""
        return math.prod(len(r.values) for r in self.ranges if isinstance(r, CategoricalRange))

    def grid(self) -> Iterator[dict[str, str]]:
        """Iterate over every combination of categories, the last hyperparameter fastest."""
        categorical = [r for r in self.ranges if isinstance(r, CategoricalRange)]
        for combination in itertools.product(*(r.values for r in categorical)):
            yield {r.name: value for r, value in zip(categorical, combination, strict=True)}


def parse_space(ranges: Mapping[str, Any]) -> SearchSpace:
    """Build the search space from an API `ParameterRanges` structure, which `validation` has accepted."""
    return SearchSpace(
        (
            *(_numeric(r, is_integer=True) for r in ranges.get("IntegerParameterRanges", [])),
            *(_numeric(r, is_integer=False) for r in ranges.get("ContinuousParameterRanges", [])),
            *(CategoricalRange(r["Name"], tuple(r["Values"])) for r in ranges.get("CategoricalParameterRanges", [])),
        )
    )


def _numeric(request: Mapping[str, Any], *, is_integer: bool) -> NumericRange:
    low, high = float(request["MinValue"]), float(request["MaxValue"])
    scale = request.get("ScalingType", "Auto")
    if scale == "Auto":
        scale = "Logarithmic" if low > 0 and high / low >= AUTO_LOGARITHMIC_RATIO else "Linear"
    return NumericRange(request["Name"], low, high, scale, is_integer)
