"""What the evaluate job leaves to the monitors of this model: baselines and constraints in AWS's formats.

Limits come from days that the scoring model had not learned from: the validation months as the tuned model scored them
(it stopped early on them, a mild optimism) and the test months as the candidate scored them, which is the model that
will serve. Attributions need no labels: both spans are explained by the candidate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from processing.metrics import Floats, Labels
from processing.model_archive import Model
from processing.monitoring import bias, model_quality
from processing.monitoring.attribution import CLARIFY_THRESHOLD, attributions, explanations, ndcg
from processing.monitoring.day_limits import OVERRIDES, critical_value, each_day, honest_residuals, spread
from processing.monitoring.labels import Labelled
from processing.outputs import write_json

MODEL_QUALITY_CONSTRAINTS = "model_quality_constraints.json"
BIAS, BIAS_CONSTRAINTS = "bias.json", "bias_constraints.json"
ATTRIBUTION, ATTRIBUTION_CONSTRAINTS = "attribution.json", "attribution_constraints.json"

_DAYS = 20
# TreeSHAP takes 15 to 80 microseconds a row and tree, by their depth.
_ROWS_TIMES_TREES = 60_000
_LEAST_ROWS_A_DAY, _MOST_ROWS_A_DAY = 15, 60


@dataclass(frozen=True)
class Span:
    """Prepared rows of some months as one model scored them; `day_column` is the day of each row."""

    frame: pd.DataFrame
    labels: Labels
    scores: Floats
    day_column: str

    @property
    def moments(self) -> Floats:
        """Seconds since 1970 of each row's day."""
        days = pd.to_datetime(self.frame[self.day_column])
        return ((days - pd.Timestamp(0)) / pd.Timedelta(seconds=1)).to_numpy(dtype=np.float64)


def write_baselines(folder: Path, model: Model, spans: Sequence[Span], threshold: float) -> None:
    """Write every file of the monitors' baselines.

    Args:
        folder: Where evaluation.json lies.
        model: The candidate.
        spans: Honestly scored rows in the order of time; the last one by the candidate.
        threshold: The decision threshold.
    """
    spec = model.spec
    # A monitor knows what requests say: slices that are features.
    columns = [column for column in spec.slices if column in spec.names]
    labelled, served = (_labelled(part, columns) for part in (spans, spans[-1:]))
    documents = {
        MODEL_QUALITY_CONSTRAINTS: model_quality.baseline_constraints(labelled),
        BIAS: bias.baseline_analysis(served, columns, threshold, spec.label),
        BIAS_CONSTRAINTS: bias.baseline_constraints(labelled, columns, threshold, spec.label),
        **_attribution(model, pd.concat([span.frame for span in spans], ignore_index=True), labelled.moments),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        write_json(document, folder / name)


def _labelled(spans: Sequence[Span], columns: Sequence[str]) -> Labelled:
    frames = [span.frame for span in spans]
    return Labelled(
        ids=np.arange(sum(len(frame) for frame in frames)).astype(object),
        moments=np.concatenate([span.moments for span in spans]),
        probabilities=np.concatenate([span.scores for span in spans]),
        labels=np.concatenate([span.labels for span in spans]),
        slices=pd.concat([frame[list(columns)] for frame in frames], ignore_index=True).astype(object),
    )


def _attribution(model: Model, frame: pd.DataFrame, moments: Floats) -> dict[str, dict[str, Any]]:
    """The attributions of evenly spread days, and the NDCG that an ordinary one of them keeps."""
    days = each_day(moments)
    chosen = [days[place] for place in np.unique(np.linspace(0, len(days) - 1, _DAYS).astype(np.intp))]
    size = int(np.clip(_ROWS_TIMES_TREES / max(model.trees, 1) / _DAYS, _LEAST_ROWS_A_DAY, _MOST_ROWS_A_DAY))
    explained = [attributions(model, frame.iloc[_evenly(np.flatnonzero(rows), size)]) for rows in chosen]
    values = [found for found, _ in explained]
    reference = {name: float(np.mean([day[name] for day in values])) for name in model.spec.names}
    document = explanations(reference, float(np.mean([expected for _, expected in explained])))
    overrides = {"ndcg_threshold": _ndcg_threshold(values)}
    return {ATTRIBUTION: document, ATTRIBUTION_CONSTRAINTS: {**document, OVERRIDES: overrides}}


def _ndcg_threshold(days: Sequence[dict[str, float]]) -> float:
    """Clarify's 0.9, or less where ordinary days rank their features more differently than that."""
    if len(days) < model_quality.MIN_DAYS:
        return CLARIFY_THRESHOLD
    found = np.array([_against_others(days, place) for place in range(len(days))])
    errors = np.zeros(len(found))
    usual = spread(found, errors)
    critical = critical_value(-honest_residuals(found, errors), 1)
    return min(CLARIFY_THRESHOLD, usual.reference - critical * usual.deviation)


def _against_others(days: Sequence[dict[str, float]], place: int) -> float:
    others = [day for other, day in enumerate(days) if other != place]
    reference = {name: float(np.mean([day[name] for day in others])) for name in days[place]}
    return ndcg(reference, days[place])


def _evenly(rows: Any, size: int) -> Any:
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(size, len(rows))).astype(np.intp))]
