"""Judge the candidate: from predictions to the document of evaluation.json, without reading or writing files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing import bootstrap, calibration, slices
from processing.attributions import Attributions
from processing.metrics import (
    Confusion,
    Floats,
    Labels,
    average_precision,
    brier,
    cheapest_threshold,
    confusion,
    log_loss,
    roc_auc,
    roc_auc_standard_error,
)
from processing.model_monitor_metrics import binary_classification_metrics

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Costs:
    """What wrong decisions cost, in any unit: only their ratio matters.

    The default says that a late flight nobody was warned of costs five times a needless warning.
    """

    false_positive: float = 1.0
    false_negative: float = 5.0

    @property
    def break_even(self) -> float:
        """The probability from which flagging pays, were probabilities perfectly calibrated."""
        return self.false_positive / (self.false_positive + self.false_negative)


@dataclass(frozen=True)
class Scored:
    """Labelled rows with the probabilities of each model, `candidate` and `tuned` at least."""

    labels: Labels
    scores: Mapping[str, Floats]


@dataclass(frozen=True)
class Options:
    """How the evaluation is made."""

    costs: Costs = Costs()
    resamples: int = bootstrap.DEFAULT_RESAMPLES
    min_slice_rows: int = slices.DEFAULT_MIN_ROWS
    seed: int = 0


@dataclass(frozen=True)
class TestRows:
    """What the test months say beyond labels and scores.

    Attributes:
        frame: The prepared rows, for slices.
        slice_columns: Columns to slice by.
        days: The day of each row, within which rows depend on each other.
        known_rate: Share of late flights in the months before: what one knows without a model.
    """

    __test__ = False  # a class pytest must not collect

    frame: pd.DataFrame
    slice_columns: tuple[str, ...]
    days: NDArray[Any]
    known_rate: float


def evaluate(
    test: Scored, validation: Scored, rows: TestRows, attributed: Attributions, options: Options
) -> dict[str, Any]:
    """The document of evaluation.json.

    The decision threshold is chosen on the validation months by the tuned model, which never saw them, and only
    measured on the test months.
    """
    candidate = test.scores["candidate"]
    threshold = cheapest_threshold(
        validation.labels,
        validation.scores["tuned"],
        false_positive=options.costs.false_positive,
        false_negative=options.costs.false_negative,
    )
    metrics = {
        "test": summarise(test.labels, candidate),
        "validation": summarise(validation.labels, validation.scores["tuned"]),
    }
    comparisons = _compare(test, rows, options)
    bins = calibration.reliability(test.labels, candidate)
    sliced = (rows.frame, rows.slice_columns, test.labels, candidate)
    return {
        "schema_version": SCHEMA_VERSION,
        "binary_classification_metrics": binary_classification_metrics(
            test.labels, candidate, threshold, seed=options.seed
        ),
        "metrics": metrics,
        "comparisons": comparisons,
        "gate": {
            "auc": metrics["test"]["auc"],
            "log_loss": metrics["test"]["log_loss"],
            "worse_than_champion_by": _worse_by(comparisons["champion"]),
        },
        "threshold": _describe_threshold(test.labels, candidate, threshold, options.costs),
        "calibration": {
            "expected_calibration_error": calibration.expected_calibration_error(bins),
            "mean_prediction": float(candidate.mean()),
            "bins": [each.to_dict() for each in bins],
        },
        "slices": slices.slice_quality(*sliced, min_rows=options.min_slice_rows),
        "fairness": slices.slice_fairness(*sliced, threshold=threshold, min_rows=options.min_slice_rows),
        "slice_values_with_too_few_rows": slices.skipped_slices(rows.frame, rows.slice_columns, options.min_slice_rows),
        "attributions": attributed.entries,
        "attribution_rows": attributed.rows,
    }


def summarise(labels: Labels, scores: Floats) -> dict[str, float]:
    """The figures of one split; the standard error of the AUC is DeLong's."""
    return {
        "auc": roc_auc(labels, scores),
        "auc_standard_error": roc_auc_standard_error(labels, scores),
        "average_precision": average_precision(labels, scores),
        "log_loss": log_loss(labels, scores),
        "brier": brier(labels, scores),
        "base_rate": float(labels.mean()),
        "base_rate_log_loss": log_loss(labels, np.full(len(labels), labels.mean())),
        "rows": len(labels),
    }


def _compare(test: Scored, rows: TestRows, options: Options) -> dict[str, Any]:
    candidate = test.scores["candidate"]
    constant = np.full(len(test.labels), rows.known_rate)

    def against(other: Floats) -> dict[str, Any]:
        compared = bootstrap.compare(
            test.labels, candidate, other, rows.days, resamples=options.resamples, seed=options.seed
        )
        return {"log_loss": log_loss(test.labels, other), "auc": roc_auc(test.labels, other), **compared.to_dict()}

    champion = test.scores.get("champion")
    return {
        "tuned": against(test.scores["tuned"]),
        "base_rate": {"rate": rows.known_rate, **against(constant)},
        "champion": {"present": False} if champion is None else {"present": True, **against(champion)},
        "method": {
            "name": "paired bootstrap over days, percentile interval",
            "confidence": bootstrap.CONFIDENCE,
            "resamples": options.resamples,
            "seed": options.seed,
            "days": len(np.unique(rows.days)),
        },
    }


def _worse_by(champion: Mapping[str, Any]) -> float:
    """Lower bound of candidate minus champion log loss: above zero the candidate is surely worse."""
    return float(champion["log_loss_difference"]["lower"]) if champion["present"] else 0.0


def _describe_threshold(labels: Labels, scores: Floats, threshold: float, costs: Costs) -> dict[str, Any]:
    def price(decided: Confusion) -> float:
        return decided.cost(false_positive=costs.false_positive, false_negative=costs.false_negative)

    chosen = confusion(labels, scores, threshold)
    return {
        "value": threshold,
        "chosen_on": "validation months, by the tuned model",
        "cost_false_positive": costs.false_positive,
        "cost_false_negative": costs.false_negative,
        "break_even_probability": costs.break_even,
        "confusion_matrix": chosen.to_dict(),
        "mean_cost": price(chosen),
        "mean_cost_at_break_even": price(confusion(labels, scores, costs.break_even)),
        "mean_cost_flag_none": price(confusion(labels, scores, np.inf)),
        "mean_cost_flag_all": price(confusion(labels, scores, -np.inf)),
    }
