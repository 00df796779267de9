"""Calibration intercept and slope (Cox 1958): do the day's labels follow the probabilities, whatever the base rate?

logit P(label) = intercept + logit p      intercept 0: as many positives as predicted; it hardly depends on how many
logit P(label) = a + slope · logit p      slope 1: probabilities separate as well as they claim; 0: they say nothing

Both are fitted by penalised maximum likelihood: a day without a positive still has a finite answer, and a wide error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processing.metrics import Floats, Labels

# Standard deviations of the priors: much wider than any day, they only keep a hopeless fit finite.
_INTERCEPT_PRIOR, _SLOPE_PRIOR = 4.0, 2.0
_STEPS = 30
_LARGEST_STEP = 2.0
_EPSILON = 1e-6


@dataclass(frozen=True)
class Estimate:
    """A fitted value with its standard error."""

    value: float
    error: float


def calibration_intercept(labels: Labels, scores: Floats) -> Estimate:
    """Shift of the log-odds that makes the expected positives the observed ones."""
    logits = _logits(scores)
    ones = np.ones((len(labels), 1))
    found, covariance = _fit(labels, ones, logits, np.zeros(1), np.array([_INTERCEPT_PRIOR]))
    return Estimate(float(found[0]), float(np.sqrt(covariance[0, 0])))


def calibration_slope(labels: Labels, scores: Floats) -> Estimate:
    """How much of the claimed separation is there."""
    logits = _logits(scores)
    design = np.column_stack([np.ones(len(labels)), logits])
    prior, widths = np.array([0.0, 1.0]), np.array([_INTERCEPT_PRIOR, _SLOPE_PRIOR])
    found, covariance = _fit(labels, design, np.zeros(len(labels)), prior, widths)
    return Estimate(float(found[1]), float(np.sqrt(covariance[1, 1])))


def _logits(scores: Floats) -> Floats:
    clipped = np.clip(scores, _EPSILON, 1 - _EPSILON)
    return np.log(clipped) - np.log1p(-clipped)


def _fit(
    labels: Labels, design: NDArray[np.float64], offset: Floats, prior: Floats, widths: Floats
) -> tuple[Floats, NDArray[np.float64]]:
    """Newton's method, its steps bounded; the penalty makes the likelihood strictly concave."""
    parameters, precision = prior.copy(), np.diag(widths**-2.0)
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(-np.clip(offset + design @ parameters, -30, 30)))
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + precision
        step = np.linalg.solve(curvature, design.T @ (labels - expected) - precision @ (parameters - prior))
        parameters = parameters + np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
        if float(np.abs(step).max()) < 1e-8:  # noqa: PLR2004 - converged
            break
    return parameters, np.linalg.inv(curvature)
