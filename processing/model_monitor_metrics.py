"""Quality in the shape of Model Monitor's model-quality statistics: `binary_classification_metrics`.

Standard deviations are over RESAMPLES draws of SHARE of the rows, and "NaN" below MIN_ROWS rows, as the service does.
`*_best_constant_classifier` is the same metric for always answering the commoner class.
"""

from typing import Any

import numpy as np

from processing.metrics import (
    Confusion,
    Floats,
    Labels,
    confusion,
    precision_recall_curve,
    roc_auc,
    roc_curve,
    thin,
)

RESAMPLES = 5
SHARE = 0.8
MIN_ROWS = 200
CURVE_POINTS = 200


def binary_classification_metrics(labels: Labels, scores: Floats, threshold: float, *, seed: int = 0) -> dict[str, Any]:
    """All metrics of the shape, decisions taken at the threshold."""
    values = _metrics(labels, scores, threshold)
    deviations = _deviations(labels, scores, threshold, seed)
    constant = _metrics_of(confusion(labels, np.full(len(labels), float(labels.mean() > 0.5)), 0.5), 0.5)  # noqa: PLR2004
    roc = thin(roc_curve(labels, scores), CURVE_POINTS)
    recall_precision = thin(precision_recall_curve(labels, scores), CURVE_POINTS)
    return {
        "confusion_matrix": confusion(labels, scores, threshold).to_dict(),
        **{name: {"value": value, "standard_deviation": deviations[name]} for name, value in values.items()},
        **{
            f"{name}_best_constant_classifier": {"value": value, "standard_deviation": 0.0}
            for name, value in constant.items()
        },
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": roc.x.tolist(),
            "true_positive_rates": roc.y.tolist(),
        },
        "precision_recall_curve": {
            "precisions": recall_precision.y.tolist(),
            "recalls": recall_precision.x.tolist(),
        },
    }


def _metrics(labels: Labels, scores: Floats, threshold: float) -> dict[str, float]:
    return _metrics_of(confusion(labels, scores, threshold), roc_auc(labels, scores))


def _metrics_of(counts: Confusion, auc: float) -> dict[str, float]:
    return {
        "recall": counts.recall,
        "precision": counts.precision,
        "accuracy": counts.accuracy,
        "true_positive_rate": counts.recall,
        "true_negative_rate": 1 - counts.false_positive_rate,
        "false_positive_rate": counts.false_positive_rate,
        "false_negative_rate": 1 - counts.recall,
        "auc": auc,
        "f0_5": counts.f_score(0.5),
        "f1": counts.f_score(1),
        "f2": counts.f_score(2),
    }


def _deviations(labels: Labels, scores: Floats, threshold: float, seed: int) -> dict[str, float | str]:
    rng = np.random.default_rng(seed)
    size = int(SHARE * len(labels))
    draws = [
        _metrics(labels[rows], scores[rows], threshold)
        for rows in (rng.choice(len(labels), size, replace=False) for _ in range(RESAMPLES))
    ]
    spreads = {name: float(np.std([draw[name] for draw in draws], ddof=1)) for name in draws[0]}
    # A draw without a positive has no AUC.
    return {
        name: spread if len(labels) >= MIN_ROWS and np.isfinite(spread) else "NaN" for name, spread in spreads.items()
    }
