"""Describe a finished fit in training_report.json, which the evaluation job, the refit and the report page read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.channels import REPORT_NAME
from training.hyperparameters import Hyperparameters
from training.model import Fit, Scores

SCHEMA_VERSION = 1
HISTORY_POINTS = 200
_REPORT_NAMES = {"auc": "auc", "logloss": "log_loss", "aucpr": "average_precision", "error": "error"}


def describe(
    fit: Fit,
    hyperparameters: Hyperparameters,
    *,
    mode: str,
    rows: Mapping[str, int],
    instances: int,
    seconds: Mapping[str, float],
    validation: Mapping[str, float],
) -> dict[str, Any]:
    """The report's document.

    Args:
        fit: What ran; of an average of seeds the first.
        hyperparameters: What it ran with.
        mode: `fit` or `refit`.
        rows: Rows per channel, over all instances.
        instances: Instances that trained together.
        seconds: Wall time per stage.
        validation: Scores on the validation months; of the tuned model where this one was refitted on them.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "mode": mode,
        "best_iteration": fit.best_iteration,
        "num_boost_round": fit.best_iteration + 1,
        "rounds_run": len(fit.history),
        "hyperparameters": hyperparameters.to_dict(),
        "rows": dict(rows),
        "instances": instances,
        "metrics": {"validation": dict(validation)},
        "history": thin(fit.history),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }


def scores_of(prefix: str, scores: Scores) -> dict[str, float]:
    """The scores of one evaluation set under the report's names."""
    named = ((name.removeprefix(f"{prefix}-"), value) for name, value in scores.items() if name.startswith(prefix))
    return {_REPORT_NAMES[name]: value for name, value in named}


def thin(history: tuple[Scores, ...]) -> list[dict[str, float]]:
    """At most HISTORY_POINTS rounds of the learning curve, the first and the last among them."""
    step = max(1, -(-len(history) // HISTORY_POINTS))
    kept = sorted({*range(0, len(history), step), len(history) - 1})
    return [{"iteration": index, **history[index]} for index in kept]


def write(document: Mapping[str, Any], model_dir: Path) -> None:
    """Write the report beside the model."""
    (model_dir / REPORT_NAME).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
