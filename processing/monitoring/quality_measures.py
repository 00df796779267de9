"""Quality of one day's labelled requests beyond Model Monitor's metrics, each with a standard error.

The base rate swings from day to day (2 % to 60 % of flights are late), and every loss with it. What should not swing is
calibration: the intercept and slope of the day, and the loss beyond the one that the model itself expects.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from processing.metrics import Floats, Labels, roc_auc, roc_auc_standard_error, row_log_loss
from processing.monitoring.calibration_line import Estimate, calibration_intercept, calibration_slope

AUC, INTERCEPT, SLOPE = "auc", "absolute_calibration_intercept", "calibration_slope"
_EPSILON = 1e-6
_HOUR = 3600.0


def quality_measures(labels: Labels, scores: Floats, moments: Floats) -> Mapping[str, Estimate]:
    """The measures by name.

    `calibration_gap` is the mean prediction minus the observed rate; `excess_log_loss` the log loss minus the mean
    entropy of the predictions, which is what the model expects. Errors of means respect that requests of one hour
    depend on each other.
    """
    clipped = np.clip(scores, _EPSILON, 1 - _EPSILON)
    hours = np.floor(moments / _HOUR).astype(np.int64)
    losses = row_log_loss(labels, clipped)
    entropies = -(clipped * np.log(clipped) + (1 - clipped) * np.log1p(-clipped))
    intercept, slope = calibration_intercept(labels, scores), calibration_slope(labels, scores)
    return {
        "log_loss": _mean(losses, hours),
        "expected_log_loss": _mean(entropies, hours),
        "excess_log_loss": _mean(losses - entropies, hours),
        "brier": _mean((scores - labels) ** 2, hours),
        "mean_prediction": _mean(scores, hours),
        "base_rate": _mean(labels.astype(np.float64), hours),
        "calibration_gap": _mean(scores - labels, hours),
        "calibration_intercept": intercept,
        INTERCEPT: Estimate(abs(intercept.value), intercept.error),
        SLOPE: slope,
        AUC: Estimate(roc_auc(labels, scores), roc_auc_standard_error(labels, scores)),
    }


def _mean(values: Floats, clusters: NDArray[np.int64]) -> Estimate:
    """A mean with its cluster-robust error, which is never below that of independent rows."""
    mean, rows = float(values.mean()), len(values)
    _, places = np.unique(clusters, return_inverse=True)
    sums = np.bincount(places, weights=values - mean)
    independent = float(np.sum((values - mean) ** 2))
    clustered = float(np.sum(sums**2)) * len(sums) / (len(sums) - 1) if len(sums) > 1 else 0.0
    return Estimate(mean, float(np.sqrt(max(independent, clustered)) / rows))
