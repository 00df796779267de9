"""Compare two models on the same rows by a paired bootstrap over days.

Flights of one day share weather and congestion, so rows are not independent; days are resampled instead, and both
models are always scored on the same days. Nothing is looped over resamples: log loss is a ratio of weighted day sums,
and AUC a ratio of quadratic forms in the day weights, because the number of concordant (positive, negative) pairs
splits into a matrix over (day of the positive, day of the negative).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processing.metrics import Floats, Labels, row_log_loss

DEFAULT_RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its percentile interval."""

    value: float
    lower: float
    upper: float

    def to_dict(self) -> dict[str, float]:
        """The JSON form."""
        return {"value": self.value, "lower": self.lower, "upper": self.upper}


@dataclass(frozen=True)
class Comparison:
    """Candidate minus other: below zero the candidate's log loss is better, above zero its AUC is."""

    log_loss: Interval
    auc: Interval

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"log_loss_difference": self.log_loss.to_dict(), "auc_difference": self.auc.to_dict()}


def compare(
    labels: Labels,
    candidate: Floats,
    other: Floats,
    days: NDArray[Any],
    *,
    resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Differences of log loss and AUC with intervals at CONFIDENCE.

    Args:
        labels: 0 or 1 per row.
        candidate: Its probabilities per row.
        other: The other model's.
        days: The cluster of each row, of any type that sorts.
        resamples: Draws of as many days as there are, with replacement.
        seed: Of the draws.
    """
    codes = np.unique(days, return_inverse=True)[1]
    count = int(codes.max()) + 1
    weights = _day_weights(count, resamples, seed)
    return Comparison(
        log_loss=_interval(_log_loss_differences(labels, candidate, other, codes, weights)),
        auc=_interval(_auc_differences(labels, candidate, other, codes, weights)),
    )


def concordance(labels: Labels, scores: Floats, codes: NDArray[np.intp]) -> Floats:
    """Concordant pairs by (day of the positive, day of the negative), ties counting half."""
    count = int(codes.max()) + 1
    positive = labels == 1
    scores_of_positives, days_of_positives = scores[positive], codes[positive]
    table = np.zeros((count, count))
    for day in range(count):
        negatives = np.sort(scores[~positive & (codes == day)])
        below, up_to = (np.searchsorted(negatives, scores_of_positives, side) for side in ("left", "right"))
        wins = (below + up_to) / 2.0
        table[:, day] = np.bincount(days_of_positives, weights=wins, minlength=count)
    return table


def _day_weights(count: int, resamples: int, seed: int) -> Floats:
    """How often each day was drawn; the first row, every day once, is the sample itself."""
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.vstack([np.ones((1, count)), draws]).astype(np.float64)


def _log_loss_differences(
    labels: Labels, candidate: Floats, other: Floats, codes: NDArray[np.intp], weights: Floats
) -> Floats:
    differences = np.bincount(codes, weights=row_log_loss(labels, candidate) - row_log_loss(labels, other))
    return (weights @ differences) / (weights @ np.bincount(codes))


def _auc_differences(
    labels: Labels, candidate: Floats, other: Floats, codes: NDArray[np.intp], weights: Floats
) -> Floats:
    gained = concordance(labels, candidate, codes) - concordance(labels, other, codes)
    count = weights.shape[1]
    positives = weights @ np.bincount(codes[labels == 1], minlength=count)
    negatives = weights @ np.bincount(codes[labels == 0], minlength=count)
    pairs = positives * negatives
    won = np.einsum("bi,ij,bj->b", weights, gained, weights, optimize=True)
    return np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)


def _interval(values: Floats) -> Interval:
    tail = (1 - CONFIDENCE) / 2
    lower, upper = np.nanquantile(values[1:], [tail, 1 - tail])
    return Interval(float(values[0]), float(lower), float(upper))
