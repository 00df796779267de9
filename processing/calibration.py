"""Do probabilities mean what they say? Reliability bins with intervals, and the expected calibration error."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from processing.metrics import Floats, Labels

DEFAULT_BINS = 15
# Two-sided 95 % of the normal distribution.
_Z = 1.959963984540054


@dataclass(frozen=True)
class Bin:
    """Rows of neighbouring probability: what was said and what came true.

    Attributes:
        lower: Smallest probability in the bin.
        upper: Largest probability in the bin.
        rows: Number of rows.
        mean_prediction: What the model said.
        observed: Share of positives.
        observed_lower: Lower end of Wilson's 95 % interval of that share.
        observed_upper: Upper end.
    """

    lower: float
    upper: float
    rows: int
    mean_prediction: float
    observed: float
    observed_lower: float
    observed_upper: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def reliability(labels: Labels, scores: Floats, bins: int = DEFAULT_BINS) -> list[Bin]:
    """Bins of equal row counts, by rising probability; equal scores may share a bin's edge."""
    order = np.argsort(scores, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    return [_bin(labels[part], scores[part]) for part in parts]


def expected_calibration_error(bins: list[Bin]) -> float:
    """Mean absolute gap between said and observed, weighted by rows."""
    rows = sum(each.rows for each in bins)
    return sum(each.rows * abs(each.mean_prediction - each.observed) for each in bins) / rows


def wilson_interval(successes: float, trials: float) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share at 95 %; honest at 0 and 1 and for few trials."""
    share, square = successes / trials, _Z * _Z
    centre = share + square / (2 * trials)
    half = _Z * np.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    scale = 1 + square / trials
    return max(0.0, float((centre - half) / scale)), min(1.0, float((centre + half) / scale))


def _bin(labels: Labels, scores: Floats) -> Bin:
    positives, rows = int(labels.sum()), len(labels)
    low, high = wilson_interval(positives, rows)
    return Bin(float(scores.min()), float(scores.max()), rows, float(scores.mean()), positives / rows, low, high)
