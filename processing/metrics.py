"""Quality of probabilistic binary predictions: exact, vectorised formulas without a framework.

Notation: `labels` are 0 or 1, `scores` are probabilities of 1. Ties in scores count half, as in the Mann-Whitney U.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = NDArray[np.int8]

# As scikit-learn: a probability of exactly 0 or 1 would make the log loss infinite.
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Curve:
    """Points of a curve over falling thresholds."""

    x: Floats
    y: Floats
    thresholds: Floats


@dataclass(frozen=True)
class Confusion:
    """Counts of decisions at one threshold."""

    true_negative: int
    false_positive: int
    false_negative: int
    true_positive: int

    @property
    def rows(self) -> int:
        """All decisions."""
        return self.true_negative + self.false_positive + self.false_negative + self.true_positive

    @property
    def accuracy(self) -> float:
        """Share of right decisions."""
        return ratio(self.true_negative + self.true_positive, self.rows)

    @property
    def precision(self) -> float:
        """Share of the flagged that are positive."""
        return ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Share of the positive that are flagged: the true positive rate."""
        return ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def false_positive_rate(self) -> float:
        """Share of the negative that are flagged."""
        return ratio(self.false_positive, self.false_positive + self.true_negative)

    @property
    def flagged(self) -> float:
        """Share of all that are flagged."""
        return ratio(self.true_positive + self.false_positive, self.rows)

    def f_score(self, beta: float) -> float:
        """F-beta: recall weighs beta times as much as precision."""
        weight = beta * beta
        numerator = (1 + weight) * self.true_positive
        return ratio(numerator, numerator + weight * self.false_negative + self.false_positive)

    def cost(self, *, false_positive: float, false_negative: float) -> float:
        """Mean cost of a decision."""
        return ratio(self.false_positive * false_positive + self.false_negative * false_negative, self.rows)

    def to_dict(self) -> dict[str, dict[str, int]]:
        """Model Monitor's form: actual class → predicted class → count."""
        return {
            "0": {"0": self.true_negative, "1": self.false_positive},
            "1": {"0": self.false_negative, "1": self.true_positive},
        }


def ratio(numerator: float, denominator: float) -> float:
    """A quotient, 0 where nothing was counted."""
    return float(numerator) / float(denominator) if denominator else 0.0


def roc_auc(labels: Labels, scores: Floats) -> float:
    """Probability that a positive scores higher than a negative, ties counting half; NaN with one class only."""
    positives, negatives = scores[labels == 1], np.sort(scores[labels == 0])
    if not len(positives) or not len(negatives):
        return float("nan")
    return float(_mean_ranks(negatives, positives).mean() / len(negatives))


def roc_auc_standard_error(labels: Labels, scores: Floats) -> float:
    """DeLong's standard error of the ROC AUC, for independent rows.

    DeLong, DeLong and Clarke-Pearson (1988): Var = var(V10)/m + var(V01)/n over the structural components, here
    in O(n log n) by ranks (Sun and Xu, 2014).
    """
    positives, negatives = scores[labels == 1], scores[labels == 0]
    if min(len(positives), len(negatives)) < 2:  # noqa: PLR2004 - a variance needs two
        return float("nan")
    over_negatives = _mean_ranks(np.sort(negatives), positives) / len(negatives)
    over_positives = 1 - _mean_ranks(np.sort(positives), negatives) / len(positives)
    variance = over_negatives.var(ddof=1) / len(positives) + over_positives.var(ddof=1) / len(negatives)
    return float(np.sqrt(variance))


def row_log_loss(labels: Labels, scores: Floats) -> Floats:
    """Log loss of each row."""
    clipped = np.clip(scores, _EPSILON, 1 - _EPSILON)
    return -np.where(labels == 1, np.log(clipped), np.log1p(-clipped))


def log_loss(labels: Labels, scores: Floats) -> float:
    """Mean negative log likelihood."""
    return float(row_log_loss(labels, scores).mean())


def brier(labels: Labels, scores: Floats) -> float:
    """Mean squared error of the probabilities."""
    return float(np.mean((scores - labels) ** 2))


def roc_curve(labels: Labels, scores: Floats) -> Curve:
    """False positive rate (x) and true positive rate (y), from (0, 0) to (1, 1)."""
    thresholds, flagged, hits = _cumulative(labels, scores)
    misses = flagged - hits
    return Curve(
        x=np.r_[0.0, misses / max(misses[-1], 1)],
        y=np.r_[0.0, hits / max(hits[-1], 1)],
        thresholds=np.r_[np.inf, thresholds],
    )


def precision_recall_curve(labels: Labels, scores: Floats) -> Curve:
    """Recall (x) and precision (y), from recall 0, where precision is 1 by convention."""
    thresholds, flagged, hits = _cumulative(labels, scores)
    return Curve(
        x=np.r_[0.0, hits / max(hits[-1], 1)],
        y=np.r_[1.0, hits / flagged],
        thresholds=np.r_[np.inf, thresholds],
    )


def average_precision(labels: Labels, scores: Floats) -> float:
    """Area under the precision-recall steps: sum of precision times the gain in recall."""
    curve = precision_recall_curve(labels, scores)
    return float(np.sum(np.diff(curve.x) * curve.y[1:]))


def confusion(labels: Labels, scores: Floats, threshold: float) -> Confusion:
    """Decisions at a threshold; a score equal to it is flagged."""
    flagged = scores >= threshold
    counts = np.bincount(2 * labels.astype(np.int64) + flagged, minlength=4)
    return Confusion(*(int(count) for count in counts))


def cheapest_threshold(labels: Labels, scores: Floats, *, false_positive: float, false_negative: float) -> float:
    """The score threshold of least total cost on these rows; above 1 when flagging nothing is cheapest."""
    thresholds, flagged, hits = _cumulative(labels, scores)
    costs = (flagged - hits) * false_positive + (hits[-1] - hits) * false_negative
    nothing = hits[-1] * false_negative
    best = int(np.argmin(costs))
    return float(np.nextafter(1.0, 2.0)) if nothing <= costs[best] else float(thresholds[best])


def thin(curve: Curve, points: int) -> Curve:
    """The curve at about so many points, evenly spread along its length, both ends kept."""
    if len(curve.x) <= points:
        return curve
    length = np.r_[0.0, np.cumsum(np.hypot(np.diff(curve.x), np.diff(curve.y)))]
    kept = np.unique(np.searchsorted(length, np.linspace(0, length[-1], points)))
    return Curve(curve.x[kept], curve.y[kept], curve.thresholds[kept])


def _mean_ranks(ordered: Floats, values: Floats) -> Floats:
    """How many of the ordered numbers each value exceeds, a tie counting half."""
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    return (below + up_to) / 2.0


def _cumulative(labels: Labels, scores: Floats) -> tuple[Floats, Floats, Floats]:
    """Distinct scores, falling, with the number of rows and of positives at or above each."""
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], np.cumsum(labels[order] == 1)
    last = np.r_[np.flatnonzero(np.diff(falling)), len(falling) - 1]
    return falling[last], (last + 1).astype(np.float64), hits[last].astype(np.float64)
