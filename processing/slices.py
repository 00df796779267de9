"""Quality and fairness by slice: every value of every slice column against the rest.

Fairness uses the names and signs of SageMaker Clarify's bias metrics for predicted labels; facet d is the slice, facet
a is everybody else. Here they describe service quality (does the model serve an airport's travellers as well as
others'?), not protected groups.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.metrics import Floats, Labels, brier, confusion, log_loss, ratio, roc_auc, roc_auc_standard_error

DEFAULT_MIN_ROWS = 200


def slice_quality(
    frame: pd.DataFrame, columns: Sequence[str], labels: Labels, scores: Floats, *, min_rows: int = DEFAULT_MIN_ROWS
) -> list[dict[str, Any]]:
    """One entry per slice value with enough rows, largest first within its column."""
    return [
        {
            "slice": column,
            "value": value,
            "rows": int(rows.sum()),
            "base_rate": float(labels[rows].mean()),
            "mean_prediction": float(scores[rows].mean()),
            "auc": none_if_nan(roc_auc(labels[rows], scores[rows])),
            "auc_standard_error": none_if_nan(roc_auc_standard_error(labels[rows], scores[rows])),
            "log_loss": log_loss(labels[rows], scores[rows]),
            "brier": brier(labels[rows], scores[rows]),
        }
        for column, value, rows in _each_slice(frame, columns, min_rows)
    ]


def slice_fairness(
    frame: pd.DataFrame,
    columns: Sequence[str],
    labels: Labels,
    scores: Floats,
    *,
    threshold: float,
    min_rows: int = DEFAULT_MIN_ROWS,
) -> list[dict[str, Any]]:
    """Clarify's facet metrics at the decision threshold.

    DPL difference in label shares, DPPL difference in predicted shares, DI ratio of predicted shares (d over a),
    RD difference in recall, AD difference in accuracy, SD difference in specificity. Differences are a minus d.
    """
    entries = []
    for column, value, rows in _each_slice(frame, columns, min_rows):
        facet, rest = (confusion(labels[part], scores[part], threshold) for part in (rows, ~rows))
        entries.append(
            {
                "slice": column,
                "value": value,
                "rows": facet.rows,
                "DPL": float(labels[~rows].mean() - labels[rows].mean()),
                "DPPL": rest.flagged - facet.flagged,
                "DI": ratio(facet.flagged, rest.flagged),
                "RD": rest.recall - facet.recall,
                "AD": rest.accuracy - facet.accuracy,
                "SD": facet.false_positive_rate - rest.false_positive_rate,
            }
        )
    return entries


def skipped_slices(frame: pd.DataFrame, columns: Sequence[str], min_rows: int) -> dict[str, int]:
    """How many values of each column had too few rows to judge."""
    return {column: int((frame[column].value_counts() < min_rows).sum()) for column in columns}


def none_if_nan(value: float) -> float | None:
    """JSON has no NaN: an AUC of one class only becomes null."""
    return None if np.isnan(value) else value


def _each_slice(
    frame: pd.DataFrame, columns: Sequence[str], min_rows: int
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for column in columns:
        counts = frame[column].value_counts()
        for value in counts[counts >= min_rows].index:
            rows = (frame[column] == value).to_numpy()
            if not rows.all():
                yield column, str(value), rows
