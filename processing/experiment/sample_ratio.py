"""Does each variant get its planned share of the traffic? If not, something selects, and no comparison can be trusted.

The sequential test of Lindon and Malek (2022, "Anytime-valid inference for multinomial count data"): against the
planned shares theta stands a Dirichlet mixture centred on them with concentration k,

    E_n = B(k theta + counts) / B(k theta) / prod(theta_i ^ counts_i),

a test martingale: P(E_n ever ≥ 1/alpha) ≤ alpha, so it may be looked at after every request. k sets which mismatch it
is tuned to. When the planned shares change (a ramp), each stretch has its own factor; the product stays a martingale.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln
from scipy.stats import binom, chisquare

from processing.metrics import Floats

DEFAULT_MISMATCH = 0.01
_MANY = 50_000_000


@dataclass(frozen=True)
class Stretch:
    """Traffic during which the planned shares did not change.

    Attributes:
        counts: Requests by variant, as assigned.
        shares: Planned share by variant; they sum to 1.
    """

    counts: Mapping[str, int]
    shares: Mapping[str, float]


@dataclass(frozen=True)
class SampleRatio:
    """The result.

    Attributes:
        log_e_value: Natural logarithm of the evidence against the planned shares.
        p_value: Always-valid p-value of the latest look: 1 / E, at most 1.
        is_mismatch: Whether it is below alpha.
        fixed_p_value: Pearson's chi-square over all stretches, valid for one single look; for reference.
    """

    log_e_value: float
    p_value: float
    is_mismatch: bool
    fixed_p_value: float


def check(stretches: Sequence[Stretch], *, alpha: float, mismatch: float = DEFAULT_MISMATCH) -> SampleRatio:
    """Test all stretches of an experiment together.

    Args:
        stretches: In any order; variants planned at 0 are left out, those that got traffic all the same count.
        alpha: False alarm probability over all looks.
        mismatch: Deviation of a share that the test is tuned to, e.g. 0.01 for one percentage point.
    """
    log_e = sum(_log_e_value(stretch, mismatch) for stretch in stretches)
    return SampleRatio(
        log_e_value=float(log_e),
        p_value=float(min(1.0, math.exp(-log_e))) if log_e > 0 else 1.0,
        is_mismatch=bool(log_e >= -math.log(alpha)),
        fixed_p_value=_chi_square(stretches),
    )


def concentration(share: float, mismatch: float) -> float:
    """The mixture's concentration for which a share's deviation has the standard deviation `mismatch`."""
    return max(share * (1 - share) / (mismatch * mismatch) - 1, 1.0)


def requests_needed(share: float, *, mismatch: float, alpha: float, power: float) -> int:
    """Smallest number of requests at which a mismatch is detected with this power, exactly.

    The count of a variant is binomial; the smaller power of the deviations up and down decides. Looking earlier as well
    can only add power.

    Args:
        share: Planned share of the challenger, in (0, 1).
        mismatch: True deviation of that share.
        alpha: False alarm probability of the test.
        power: Wanted probability of detection.
    """
    low, high = 1, 64
    while _power(share, high, mismatch, alpha) < power and high < _MANY:
        low, high = high, high * 2
    while high - low > max(1, low // 500):
        middle = (low + high) // 2
        low, high = (middle, high) if _power(share, middle, mismatch, alpha) < power else (low, middle)
    return high


def _power(share: float, requests: int, mismatch: float, alpha: float) -> float:
    reached = []
    for true in (share - mismatch, share + mismatch):
        if not 0 < true < 1:
            continue
        # Detection is a count outside an interval around the planned share: find its ends.
        low, high = _acceptance(share, requests, mismatch, alpha)
        reached.append(float(binom.cdf(low, requests, true) + binom.sf(high - 1, requests, true)))
    return min(reached, default=0.0)


def _acceptance(share: float, requests: int, mismatch: float, alpha: float) -> tuple[int, int]:
    """Largest count below and smallest above the planned one that raise the alarm (-1, requests + 1 if none does)."""
    spread = int(12 * math.sqrt(requests * share * (1 - share))) + 2
    centre = round(requests * share)
    counts = np.arange(max(0, centre - spread), min(requests, centre + spread) + 1, dtype=np.float64)
    alarms = log_e_values(counts, requests, share, mismatch) >= -math.log(alpha)
    below, above = counts[alarms & (counts < centre)], counts[alarms & (counts > centre)]
    return (int(below.max()) if len(below) else -1), (int(above.min()) if len(above) else requests + 1)


def log_e_values(counts: Floats, requests: Floats | float, share: float, mismatch: float) -> Floats:
    """Log E_n of two variants for many counts at once: `counts` of `requests` went to the one planned at `share`."""
    k = concentration(share, mismatch)
    a, b = k * share, k * (1 - share)
    rest = requests - counts
    return (
        (gammaln(a + counts) - gammaln(a))
        + (gammaln(b + rest) - gammaln(b))
        - (gammaln(k + requests) - gammaln(k))
        - counts * math.log(share)
        - rest * math.log1p(-share)
    )


def _log_e_value(stretch: Stretch, mismatch: float) -> float:
    planned = {name: share for name, share in stretch.shares.items() if share > 0}
    if any(count for name, count in stretch.counts.items() if name not in planned):
        return math.inf
    if len(planned) < 2:  # noqa: PLR2004 - one variant alone has no ratio
        return 0.0
    total = sum(planned.values())
    shares = np.array([share / total for share in planned.values()])
    counts = np.array([stretch.counts.get(name, 0) for name in planned], dtype=np.float64)
    prior = concentration(float(shares.min()), mismatch) * shares
    mixture = gammaln(prior + counts).sum() - gammaln(prior).sum()
    mixture -= gammaln(prior.sum() + counts.sum()) - gammaln(prior.sum())
    return float(mixture - (counts * np.log(shares)).sum())


def _chi_square(stretches: Sequence[Stretch]) -> float:
    counts: dict[str, float] = {}
    expected: dict[str, float] = {}
    for stretch in stretches:
        requests = sum(stretch.counts.values())
        for name, share in stretch.shares.items():
            counts[name] = counts.get(name, 0) + stretch.counts.get(name, 0)
            expected[name] = expected.get(name, 0) + share * requests
    used = [name for name in expected if expected[name] > 0]
    if len(used) < 2 or sum(counts.values()) == 0:  # noqa: PLR2004 - one variant alone has no ratio
        return 1.0
    observed, wanted = np.array([counts[n] for n in used]), np.array([expected[n] for n in used])
    return float(chisquare(observed, wanted * observed.sum() / wanted.sum()).pvalue)
