"""Read the splits that the evaluation judges, and write its documents and pictures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from processing import plots
from processing.evaluation import Scored
from processing.metrics import Curve, average_precision, precision_recall_curve, roc_auc, roc_curve, thin
from usecase.feature_spec import FeatureSpec

_POINTS = 400


class EvaluationInputError(Exception):
    """An input of the evaluation cannot be used; the text is fit for a failure reason."""


def read_split(
    name: str, folder: Path, spec: FeatureSpec, *, needed: tuple[str, ...] = (), columns: tuple[str, ...] = ()
) -> pd.DataFrame:
    """The rows of a split: the given columns, or features, label and what else is needed."""
    files = sorted(folder.rglob("*.parquet")) if folder.is_dir() else []
    if not files:
        raise EvaluationInputError(f"split {name!r}: no *.parquet file in {folder}; give the prepare job's output")
    wanted = list(dict.fromkeys(columns or (*spec.names, spec.label, *needed)))
    frame = pd.concat([_read(name, file, wanted) for file in files], ignore_index=True)
    labels = set(frame[spec.label].unique())
    if labels != {0, 1}:
        raise EvaluationInputError(
            f"split {name!r}: {len(frame)} rows with labels {sorted(map(str, labels))}; both 0 and 1 must occur"
        )
    return frame


def curves_document(evaluation: Mapping[str, Any], scored: Scored, tuned_report: Mapping[str, Any]) -> dict[str, Any]:
    """Points of all curves, thinned for a page."""
    return {
        "schema_version": 1,
        "roc": {
            name: _points(thin(roc_curve(scored.labels, scores), _POINTS)) for name, scores in scored.scores.items()
        },
        "precision_recall": {
            name: _points(thin(precision_recall_curve(scored.labels, scores), _POINTS))
            for name, scores in scored.scores.items()
        },
        "calibration": evaluation["calibration"]["bins"],
        "learning_curve": tuned_report.get("history", []),
    }


def write_plots(folder: Path, evaluation: Mapping[str, Any], scored: Scored, tuned_report: Mapping[str, Any]) -> None:
    """Draw every picture into the folder."""
    measures, threshold = evaluation["binary_classification_metrics"], evaluation["threshold"]
    decided = {name: measures[name]["value"] for name in ("precision", "recall", "false_positive_rate")}
    costs = (threshold["cost_false_positive"], threshold["cost_false_negative"])
    labels, candidate = scored.labels, scored.scores["candidate"]
    recalls = {name: (_recall(scored, name), average_precision(labels, s)) for name, s in scored.scores.items()}
    rates = {n: (thin(roc_curve(labels, s), _POINTS), roc_auc(labels, s)) for n, s in scored.scores.items()}
    pictures = {
        "roc": plots.roc(rates, (decided["false_positive_rate"], decided["recall"]), threshold["value"]),
        "precision_recall": plots.precision_recall(
            recalls, (decided["recall"], decided["precision"]), evaluation["metrics"]["test"]["base_rate"]
        ),
        "calibration": plots.calibration(
            evaluation["calibration"]["bins"], evaluation["calibration"]["expected_calibration_error"]
        ),
        "score_histogram": plots.score_histogram(labels, candidate, threshold["value"]),
        "slices": plots.slices(evaluation["slices"], evaluation["metrics"]["test"]["auc"]),
        "attributions": plots.attributions(evaluation["attributions"], evaluation["attribution_rows"]),
        "confusion": plots.confusion(threshold["confusion_matrix"], threshold["value"], costs),
        "learning_curve": plots.learning_curve(
            tuned_report.get("history", []), int(tuned_report.get("best_iteration", 0))
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        if picture is not None:
            (folder / f"{name}.svg").write_text(picture, encoding="utf-8")


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write strict JSON: no NaN, no infinity."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _recall(scored: Scored, name: str) -> Curve:
    return thin(precision_recall_curve(scored.labels, scored.scores[name]), _POINTS)


def _points(curve: Curve) -> dict[str, list[float]]:
    return {"x": [round(value, 5) for value in curve.x.tolist()], "y": [round(value, 5) for value in curve.y.tolist()]}


def _read(name: str, file: Path, columns: list[str]) -> pd.DataFrame:
    try:
        parquet = pq.ParquetFile(file)
        missing = sorted(set(columns) - set(parquet.schema_arrow.names))
        if missing:
            raise EvaluationInputError(
                f"split {name!r}, {file.name}: columns {', '.join(missing)} are missing; the specification names them, "
                "so prepare the data and the specification together"
            )
        return parquet.read(columns=columns).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise EvaluationInputError(f"split {name!r}, {file.name}: not a readable Parquet file ({error})") from error
