"""An always-valid confidence sequence for a mean whose observations depend on each other within a day.

Flights of one day share weather and congestion: 900 flights of a day say little more about the difference of two
models than a few independent ones would. So a day is one observation: its sum S_d of differences over its n_d requests.

The sequence inverts the anytime-valid t-test with a Gaussian mixture over the standardised effect and the right Haar
prior over the unknown scale (Lai 1976; Pérez-Ortiz, Lardy, de Heide and Grünwald 2022, "E-statistics, group invariance
and anytime-valid testing"; Wang and Ramdas 2023, "Anytime-valid t-tests and confidence sequences for Gaussian means
with unknown variance"). With residuals z_d = (S_d - mu n_d) of n days, S their sum and Q the sum of their squares:

    E_n(mu) = sqrt(c / (n + c)) · (1 - S² / ((n + c) Q))^(-n/2)

is a test martingale for the mean mu, whatever the scale, if day sums are Gaussian; by Ville's inequality the set
{mu: E_n(mu) < 1/alpha} covers the true mean at all n at once with probability ≥ 1 - alpha. It does not need many days,
as asymptotic sequences do: they are for hundreds of clusters, an experiment has about ten. Real days have heavier tails
than the Gaussian; self-normalised sums are then conservative rather than liberal (Efron 1969), and the simulation in
benchmarks/experiment checks it on real days.

The estimate is the ratio sum(S_d) / sum(n_d): the mean over requests, days of any size.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processing.metrics import Floats

DEFAULT_MIXTURE = 0.3


@dataclass(frozen=True)
class DaySequence:
    """The sequence after each day, along the last axis of its arrays.

    Attributes:
        estimate: Mean over the requests so far.
        lower: Lower end; minus infinity as long as nothing can be said.
        upper: Upper end.
    """

    estimate: Floats
    lower: Floats
    upper: Floats


def confidence_sequence(sums: Floats, sizes: Floats, *, alpha: float, mixture: float = DEFAULT_MIXTURE) -> DaySequence:
    """The confidence sequence of the mean difference per request.

    Args:
        sums: Sum of differences of each day, in the order of time along the last axis; other axes are experiments.
        sizes: Requests of each day, above 0; the same shape.
        alpha: Two-sided error probability over all looks together, in (0, 1).
        mixture: c above: the sequence is tightest for effects of about 1/sqrt(c) standard deviations of a day.
    """
    sums, sizes = np.asarray(sums, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    days = np.arange(1, sums.shape[-1] + 1, dtype=np.float64)
    total, size = np.cumsum(sums, axis=-1), np.cumsum(sizes, axis=-1)
    squares = (np.cumsum(product, axis=-1) for product in (sums * sums, sums * sizes, sizes * sizes))
    estimate = total / size
    lower, upper = _solve(days, (total, size), tuple(squares), alpha, mixture)
    # Rounding must not move an end across the estimate.
    return DaySequence(estimate, np.minimum(lower, estimate), np.maximum(upper, estimate))


def log_e_value(values: Floats, *, mixture: float = DEFAULT_MIXTURE) -> Floats:
    """Natural logarithm of E_n against a mean of 0 after each value, along the last axis."""
    days = np.arange(1, values.shape[-1] + 1, dtype=np.float64)
    total, squares = np.cumsum(values, axis=-1), np.cumsum(values * values, axis=-1)
    share = np.divide(total * total, squares, out=np.zeros_like(total), where=squares > 0)
    return 0.5 * np.log(mixture / (days + mixture)) - 0.5 * days * np.log1p(-share / (days + mixture))


def _solve(
    days: Floats, sums: tuple[Floats, Floats], squares: tuple[Floats, ...], alpha: float, mixture: float
) -> tuple[Floats, Floats]:
    """E_n(mu) < 1/alpha is a quadratic inequality in mu: leading mu² - 2 middle mu + constant > 0."""
    (total, size), (sum_square, cross, size_square) = sums, squares
    kappa = np.exp((2 * np.log(alpha) + np.log(mixture / (days + mixture))) / days)
    leading = (1 - kappa) * size_square - size * size / (days + mixture)
    middle = (1 - kappa) * cross - size * total / (days + mixture)
    constant = (1 - kappa) * sum_square - total * total / (days + mixture)
    bounded = leading < 0
    root = np.sqrt(np.maximum(middle * middle - leading * constant, 0.0))
    divisor = np.where(bounded, leading, -1.0)
    lower = np.where(bounded, (middle + root) / divisor, -np.inf)
    upper = np.where(bounded, (middle - root) / divisor, np.inf)
    return lower, upper


def best_mixture(days: float, alpha: float) -> float:
    """The mixture parameter whose sequence is about tightest after so many days.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), appendix on tuning rho: rho² days =
    -2 log(alpha) + log(-2 log(alpha)) + 1, and c = 1/rho². Few days want more mass on large effects than that large-n
    formula gives, so c is bounded above.
    """
    wanted = -2 * np.log(alpha)
    return float(min(max(days / (wanted + np.log(wanted) + 1), 0.1), 1.0))


def first_decision(sequence: DaySequence, margin: float = 0.0) -> NDArray[np.int64]:
    """Number of days after which the sequence first lies on one side of `margin`; 0 where it never does."""
    decided = (sequence.lower > margin) | (sequence.upper < margin)
    return np.where(decided.any(axis=-1), decided.argmax(axis=-1) + 1, 0)
