"""Know the evaluation metrics of XGBoost's algorithm mode: XGBoost's own and those the container adds."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn import metrics as scores

_NATIVE_MAXIMISED = {"auc", "aucpr", "map", "ndcg"}
_NATIVE_MINIMISED = {
    *("aft-nloglik", "cox-nloglik", "error", "gamma-deviance", "gamma-nloglik", "interval-regression-accuracy"),
    *("logloss", "mae", "mape", "merror", "mlogloss", "mphe", "poisson-nloglik", "rmse", "rmsle", "tweedie-nloglik"),
}
_WITH_CUTOFF = {"error", "map", "ndcg", "tweedie-nloglik"}

Score = Callable[[Any, Any], float]
_ADDED_CLASSIFICATION: dict[str, Score] = {
    "accuracy": scores.accuracy_score,
    "balanced_accuracy": scores.balanced_accuracy_score,
    "f1": lambda truth, label: scores.f1_score(truth, label, average="macro", zero_division=0),
    "f1_binary": lambda truth, label: scores.f1_score(truth, label, average="binary", zero_division=0),
    "f1_macro": lambda truth, label: scores.f1_score(truth, label, average="macro", zero_division=0),
    "precision": lambda truth, label: scores.precision_score(truth, label, average="binary", zero_division=0),
    "precision_macro": lambda truth, label: scores.precision_score(truth, label, average="macro", zero_division=0),
    "precision_micro": lambda truth, label: scores.precision_score(truth, label, average="micro", zero_division=0),
    "recall": lambda truth, label: scores.recall_score(truth, label, average="binary", zero_division=0),
    "recall_macro": lambda truth, label: scores.recall_score(truth, label, average="macro", zero_division=0),
    "recall_micro": lambda truth, label: scores.recall_score(truth, label, average="micro", zero_division=0),
}
_ADDED_REGRESSION: dict[str, Score] = {"mse": scores.mean_squared_error, "r2": scores.r2_score}


def names() -> list[str]:
    """Return every metric's name."""
    return sorted({*_NATIVE_MAXIMISED, *_NATIVE_MINIMISED, *_ADDED_CLASSIFICATION, *_ADDED_REGRESSION})


def is_known(name: str) -> bool:
    """Whether a metric exists; some take a cut-off, as in `error@0.7`."""
    base, _, cutoff = name.partition("@")
    return base in names() and (not cutoff or base in _WITH_CUTOFF)


def is_maximised(name: str) -> bool:
    """Whether more is better."""
    base = name.partition("@")[0]
    return base in _NATIVE_MAXIMISED or base in _ADDED_CLASSIFICATION or base == "r2"


def native(wanted: Sequence[str]) -> list[str]:
    """Return the metrics that XGBoost computes itself."""
    return [name for name in wanted if name not in _ADDED_CLASSIFICATION and name not in _ADDED_REGRESSION]


def added(wanted: Sequence[str]) -> Callable[[Any, Any], list[tuple[str, float]]] | None:
    """Return XGBoost's `custom_metric` for the metrics that the container adds; None where none is wanted."""
    chosen = [name for name in wanted if name not in native(wanted)]
    if not chosen:
        return None

    def evaluate(predictions: Any, data: Any) -> list[tuple[str, float]]:
        truth, labels = data.get_label(), _labels(predictions)
        return [
            (name, float(_ADDED_CLASSIFICATION[name](truth, labels)))
            if name in _ADDED_CLASSIFICATION
            else (name, float(_ADDED_REGRESSION[name](truth, predictions)))
            for name in chosen
        ]

    return evaluate


def _labels(predictions: Any) -> Any:
    if predictions.ndim > 1:
        return np.argmax(predictions, axis=1)
    is_class = np.all(predictions == np.floor(predictions))
    return predictions if is_class else (predictions > 0.5).astype(int)  # noqa: PLR2004 - the container's threshold
