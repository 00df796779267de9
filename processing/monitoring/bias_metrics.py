"""SageMaker Clarify's post-training bias metrics of one facet value, with standard errors.

Facet d is the slice, facet a everybody else; 1 (late) is the positive label. Names, formulas and signs are Clarify's:

    DPPL q'a - q'd       difference in positive proportions in predicted labels      DI   q'd / q'a
    RD   recall a - d    SD   specificity d - a    AD   accuracy a - d    TE   FN/FP of d - FN/FP of a
    DCA  n1/n'1 a - d    DCR  n0/n'0 d - a         DAR  precision a - d   DRR  TN/(TN+FN) of d - a

Two are ours. CID is the calibration intercept of d minus that of a, in log-odds: how many more positives than predicted
the slice has, whatever the threshold. LSR is the logarithm of how much predictions (log-odds) vary within d, over a: a
slice in which everybody gets the same answer harms nobody's accuracy on a calm day, but it has no variation on any day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.metrics import Confusion, Floats, Labels, confusion
from processing.monitoring.calibration_line import Estimate, calibration_intercept

DESCRIPTIONS: Mapping[str, str] = {
    "AD": "Accuracy Difference (AD)",
    "CID": "Calibration Intercept Difference (CID)",
    "DAR": "Difference in Acceptance Rates (DAR)",
    "DCA": "Difference in Conditional Acceptance (DCA)",
    "DCR": "Difference in Conditional Rejection (DCR)",
    "DI": "Disparate Impact (DI)",
    "DPPL": "Difference in Positive Proportions in Predicted Labels (DPPL)",
    "DRR": "Difference in Rejection Rates (DRR)",
    "LSR": "Log Spread Ratio of predictions (LSR)",
    "RD": "Recall Difference (RD)",
    "SD": "Specificity Difference (SD)",
    "TE": "Treatment Equality (TE)",
}
_EPSILON = 1e-6
_SMALLEST_SPREAD = 1e-3
_LEAST_OF_A_SHARE = 10
"""A share of fewer rows than this is unknown."""


@dataclass(frozen=True)
class Slice:
    """A facet value with its rows."""

    facet: str
    value: str
    rows: NDArray[np.bool_]


def slices_of(frame: pd.DataFrame, columns: Sequence[str], min_rows: int) -> Iterator[Slice]:
    """Every value of the columns that has enough rows, and enough others to compare with; missing values are none."""
    for column in columns:
        if column not in frame.columns:
            continue
        codes, values = pd.factorize(frame[column].astype(object), sort=False)
        counts = np.bincount(codes[codes >= 0], minlength=len(values))
        for code, value in sorted(enumerate(map(str, values)), key=lambda pair: pair[1]):
            if value and counts[code] >= min_rows and len(codes) - counts[code] >= min_rows:
                yield Slice(column, value, codes == code)


def bias_metrics(labels: Labels, scores: Floats, rows: NDArray[np.bool_], threshold: float) -> dict[str, Estimate]:
    """The metrics of the rows against the rest; NaN where a metric has nothing to divide by.

    The errors are those of binomial shares; ratios of counts (DI, DCA, DCR, TE) are reported without.
    """
    d, a = (confusion(labels[part], scores[part], threshold) for part in (rows, ~rows))
    return {
        "AD": _difference(a.true_negative + a.true_positive, a.rows, d.true_negative + d.true_positive, d.rows),
        "CID": _calibration_difference(labels, scores, rows),
        "DAR": _difference(a.true_positive, _flagged(a), d.true_positive, _flagged(d)),
        "DCA": _plain(_ratio(_positives(a), _flagged(a)) - _ratio(_positives(d), _flagged(d))),
        "DCR": _plain(_ratio(_negatives(d), _unflagged(d)) - _ratio(_negatives(a), _unflagged(a))),
        "DI": _plain(_ratio(_ratio(_flagged(d), d.rows), _ratio(_flagged(a), a.rows))),
        "DPPL": _difference(_flagged(a), a.rows, _flagged(d), d.rows),
        "DRR": _difference(d.true_negative, _unflagged(d), a.true_negative, _unflagged(a)),
        "LSR": _log_spread_ratio(scores, rows),
        "RD": _difference(a.true_positive, _positives(a), d.true_positive, _positives(d)),
        "SD": _difference(d.true_negative, _negatives(d), a.true_negative, _negatives(a)),
        "TE": _plain(_ratio(d.false_negative, d.false_positive) - _ratio(a.false_negative, a.false_positive)),
    }


def _difference(first: int, first_rows: int, second: int, second_rows: int) -> Estimate:
    """Difference of two shares; its error counts one success and one failure more, so that 0 of 5 is not certain."""
    value = _ratio(first, first_rows) - _ratio(second, second_rows)
    if min(first_rows, second_rows) < _LEAST_OF_A_SHARE:
        return Estimate(value, float("nan"))
    variance = sum(
        share * (1 - share) / (rows + 2)
        for share, rows in (
            ((first + 1) / (first_rows + 2), first_rows),
            ((second + 1) / (second_rows + 2), second_rows),
        )
    )
    return Estimate(value, float(np.sqrt(variance)))


def _calibration_difference(labels: Labels, scores: Floats, rows: NDArray[np.bool_]) -> Estimate:
    d, a = (calibration_intercept(labels[part], scores[part]) for part in (rows, ~rows))
    return Estimate(d.value - a.value, float(np.hypot(d.error, a.error)))


def _log_spread_ratio(scores: Floats, rows: NDArray[np.bool_]) -> Estimate:
    clipped = np.clip(scores, _EPSILON, 1 - _EPSILON)
    logits = np.log(clipped) - np.log1p(-clipped)
    d, a = logits[rows], logits[~rows]
    if min(len(d), len(a)) < 2:  # noqa: PLR2004 - a spread needs two
        return _plain(float("nan"))
    ratio = max(float(d.std(ddof=1)), _SMALLEST_SPREAD) / max(float(a.std(ddof=1)), _SMALLEST_SPREAD)
    return Estimate(float(np.log(ratio)), float(np.sqrt(0.5 / (len(d) - 1) + 0.5 / (len(a) - 1))))


def _plain(value: float) -> Estimate:
    return Estimate(value, float("nan"))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _flagged(counts: Confusion) -> int:
    return counts.true_positive + counts.false_positive


def _unflagged(counts: Confusion) -> int:
    return counts.true_negative + counts.false_negative


def _positives(counts: Confusion) -> int:
    return counts.true_positive + counts.false_negative


def _negatives(counts: Confusion) -> int:
    return counts.true_negative + counts.false_positive
