"""The two ways to compare models, both reduced to one number a day.

Paired: both models score every captured request, whoever answered it; a day's sum is that of the requests' differences.
Valid only where the prediction does not change the outcome.

Split: each request speaks for the variant that it was assigned to, not for the one that stood in: analysed as assigned,
a fallback cannot flatter the variant that failed. Within a day, requests are compared within the same hour and the same
planned share, weighted as Mantel and Haenszel do: n_c n_0 / (n_c + n_0). Otherwise a share that rises during a day,
when evenings are worse than mornings, would make the challenger look bad (Simpson's paradox).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processing.experiment.day_sequence import DaySequence, confidence_sequence
from processing.experiment.plan import PAIRED
from processing.experiment.requests import CHALLENGER, CHAMPION, Requests
from processing.metrics import Floats, Labels, row_log_loss


@dataclass(frozen=True)
class DaySums:
    """One entry a day, in the order of time.

    Attributes:
        days: Their numbers.
        sums: Sum of (weighted) differences, challenger minus champion.
        sizes: Sum of weights: the requests if paired.
        requests: Requests behind them.
    """

    days: NDArray[np.int64]
    sums: Floats
    sizes: Floats
    requests: NDArray[np.int64]

    def sequence(self, alpha: float, mixture: float) -> DaySequence:
        """The confidence sequence of the mean difference."""
        return confidence_sequence(self.sums, self.sizes, alpha=alpha, mixture=mixture)


@dataclass(frozen=True)
class Quantity:
    """What is compared: a value of each row for each model.

    Attributes:
        challenger: Value under the challenger.
        champion: Value under the champion.
    """

    challenger: Floats
    champion: Floats


def log_losses(requests: Requests, comparison: str) -> Quantity:
    """Log losses: of what each model says (paired), or of what the client got (split)."""
    return _of_probabilities(requests, comparison, _loss)


def calibration_gaps(requests: Requests, comparison: str) -> Quantity:
    """Probability minus outcome."""
    return _of_probabilities(requests, comparison, lambda labels, scores: scores - labels)


def compare(
    requests: Requests, quantity: Quantity, comparison: str, rows: NDArray[np.bool_], *, sign: float = -1.0
) -> DaySums:
    """Challenger plus `sign` times champion, by day.

    Args:
        requests: All of them.
        quantity: What to compare.
        comparison: `paired` or `split`.
        rows: Which rows count; their labels must be known.
        sign: -1 for the difference, 1 for the sum.
    """
    if comparison == PAIRED:
        rows = rows & requests.is_scored
        values = quantity.challenger[rows] + sign * quantity.champion[rows]
        return _by_day(requests.days[rows], values, np.ones(int(rows.sum())), np.ones(int(rows.sum())))
    return _stratified(requests, quantity, rows & (requests.assigned >= 0), sign)


def _stratified(requests: Requests, quantity: Quantity, rows: NDArray[np.bool_], sign: float) -> DaySums:
    hours = (requests.moments[rows] // 3600).astype(np.int64)
    # Two shares differ if they differ in the sixth digit; an unknown share is one of its own.
    shares = np.nan_to_num(np.round(requests.shares[rows] * 1e6), nan=-1.0).astype(np.int64)
    keys = np.column_stack([requests.days[rows], hours, shares])
    strata, places = np.unique(keys, axis=0, return_inverse=True)
    places = places.reshape(-1)
    is_challenger = requests.assigned[rows] == 1
    count = len(strata)
    arms = []
    for chosen, values in ((is_challenger, quantity.challenger[rows]), (~is_challenger, quantity.champion[rows])):
        sizes = np.bincount(places[chosen], minlength=count).astype(np.float64)
        arms.append((sizes, np.bincount(places[chosen], weights=values[chosen], minlength=count)))
    (n_1, sum_1), (n_0, sum_0) = arms
    both = (n_1 > 0) & (n_0 > 0)
    n_1, sum_1, n_0, sum_0 = n_1[both], sum_1[both], n_0[both], sum_0[both]
    weights = n_1 * n_0 / (n_1 + n_0)
    return _by_day(strata[both, 0], weights * (sum_1 / n_1 + sign * sum_0 / n_0), weights, n_1 + n_0)


def _by_day(days: NDArray[np.int64], values: Floats, weights: Floats, requests: Floats) -> DaySums:
    found, places = np.unique(days, return_inverse=True)
    count = len(found)
    return DaySums(
        days=found,
        sums=np.bincount(places, weights=values, minlength=count),
        sizes=np.bincount(places, weights=weights, minlength=count),
        requests=np.bincount(places, weights=requests, minlength=count).astype(np.int64),
    )


def _of_probabilities(requests: Requests, comparison: str, value: Callable[[Floats, Floats], Floats]) -> Quantity:
    if comparison == PAIRED:
        challenger, champion = (value(requests.labels, requests.scores[name]) for name in (CHALLENGER, CHAMPION))
        return Quantity(challenger, champion)
    served = value(requests.labels, requests.answers)
    return Quantity(served, served)


def _loss(labels: Floats, scores: Floats) -> Floats:
    known = ~np.isnan(labels) & ~np.isnan(scores)
    losses = np.full(len(labels), np.nan)
    whole: Labels = labels[known].astype(np.int8)
    losses[known] = row_log_loss(whole, scores[known])
    return losses
