"""An always-valid confidence sequence for a mean over many requests: for alarms that cannot wait for the day to end.

The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021, "Time-uniform central limit
theory and asymptotic confidence sequences"): after t observations with standard deviation sigma

    mean ± sigma · sqrt( 2 (t rho² + 1) / (t² rho²) · log( sqrt(t rho² + 1) / alpha ) )

It covers the running mean of the conditional means, which may change from request to request. So it can test "on no day
is the challenger worse by more than the tolerance", where a day's conditional mean is what the day makes of it, but not
"on average over all days there is no difference": for that, days are the observations (day_sequence).
"""

import math
from dataclasses import dataclass

MINIMUM = 100
"""Observations below which the asymptotic sequence says nothing."""

_TIGHTEST_AT = 500


@dataclass(frozen=True)
class Mean:
    """A mean with its interval; unbounded while there are too few observations."""

    estimate: float
    lower: float
    upper: float


def confidence_interval(count: float, total: float, square_total: float, *, alpha: float) -> Mean:
    """The confidence sequence's interval after so many observations.

    Args:
        count: Number of observations.
        total: Their sum.
        square_total: The sum of their squares.
        alpha: Two-sided error probability over all looks together.
    """
    if count <= 0:
        return Mean(0.0, -math.inf, math.inf)
    mean = total / count
    if count < MINIMUM:
        return Mean(mean, -math.inf, math.inf)
    deviation = math.sqrt(max(square_total / count - mean * mean, 0.0))
    half = deviation * half_width(count, alpha)
    return Mean(mean, mean - half, mean + half)


def half_width(count: float, alpha: float, tightest_at: float = _TIGHTEST_AT) -> float:
    """Half the interval's width in standard deviations; tightest after `tightest_at` observations."""
    wanted = -2 * math.log(alpha)
    rho_square = (wanted + math.log(wanted) + 1) / tightest_at
    scaled = count * rho_square + 1
    return math.sqrt(2 * scaled / (count * count * rho_square) * math.log(math.sqrt(scaled) / alpha))
