"""An always-valid confidence sequence for a share: errors among invocations, requests over a latency limit.

Robbins' (1970) beta mixture: with s successes in n trials and a Beta(a, b) prior,

    M_n(p) = B(a + s, b + n - s) / B(a, b) / (p^s (1 - p)^(n - s))

is a martingale with mean 1 under the share p, so {p: M_n(p) < 1/alpha} covers p at all n at once with probability
≥ 1 - alpha (Ville; the prior-posterior ratio of Waudby-Smith and Ramdas 2020). It is exact for independent trials at
any n. Errors come in clumps when an instance dies: the guardrails' tolerance is there for that.

A quantile is a share, too: the 99th percentile of latency is at most L exactly if at most 1 % of requests exceed L
(Howard and Ramdas 2022, "Sequential estimation of quantiles").
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln

_PRIOR = 0.5


@dataclass(frozen=True)
class Share:
    """A share with its interval; 0 and 1 while nothing was counted."""

    estimate: float
    lower: float
    upper: float


def log_e_value(successes: float, trials: float, share: float) -> float:
    """Natural logarithm of M_n(share), with Jeffreys' prior Beta(1/2, 1/2)."""
    failures = trials - successes
    with np.errstate(divide="ignore"):
        likelihood = _times_log(successes, share) + _times_log(failures, 1 - share)
    return float(betaln(_PRIOR + successes, _PRIOR + failures) - betaln(_PRIOR, _PRIOR) - likelihood)


def confidence_interval(successes: float, trials: float, *, alpha: float) -> Share:
    """The confidence sequence's interval after so many trials.

    Args:
        successes: From 0 to `trials`; fractions are allowed, for counts that come from quantiles.
        trials: 0 or more.
        alpha: Two-sided error probability over all looks together.
    """
    if trials <= 0:
        return Share(0.0, 0.0, 1.0)
    estimate = min(successes / trials, 1.0)

    def excess(share: float) -> float:
        return log_e_value(successes, trials, share) + float(np.log(alpha))

    tiny = 1e-12
    lower = 0.0 if excess(tiny) < 0 or estimate <= tiny else float(brentq(excess, tiny, estimate))
    upper = 1.0 if excess(1 - tiny) < 0 or estimate >= 1 - tiny else float(brentq(excess, estimate, 1 - tiny))
    return Share(estimate, lower, upper)


def _times_log(count: float, share: float) -> float:
    return float(count * np.log(share)) if count else 0.0
