"""The attribution-drift monitor: does the model still lean on the features it leaned on?

Global attributions are mean absolute SHAP values (XGBoost's exact TreeSHAP) over a bounded sample of the requests. They
are compared with the baseline's by Clarify's NDCG: DCG = Σ a(fᵢ)/log₂(i+1), with a(f) the baseline's attribution of the
feature that ranks i-th now, divided by that of the baseline's own ranking. Below the threshold, 0.9 as Clarify
documents or what the constraints say, the ranking has drifted.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.metrics import Floats
from processing.model_archive import Model
from processing.monitoring.captured import Batch
from processing.monitoring.day_limits import OVERRIDES
from processing.monitoring.settings import MonitorInputError

CLARIFY_THRESHOLD = 0.9
SAMPLE = 200
"""Rows a day: TreeSHAP takes 15 to 80 microseconds a row and tree, and a ranking needs few rows."""
MIN_ROWS = 50
LABEL = "label0"
_VERSION = "1.0"


@dataclass(frozen=True)
class AttributionReport:
    """What the monitor writes: Clarify's analysis.json and violations; `ndcg` is None where too few rows came."""

    analysis: dict[str, Any]
    violations: list[dict[str, Any]]
    ndcg: float | None


class AttributionDrift:
    """Samples the requests of a day as they come and judges their attributions at the end."""

    def __init__(self, model: Model, baseline: Mapping[str, Any], constraints: Mapping[str, Any]) -> None:
        self._model = model
        self._reference = global_shap_values(constraints if "explanations" in constraints else baseline)
        self._threshold = _threshold(constraints)
        self._rows: pd.DataFrame | None = None
        self._keys: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)

    def add(self, batch: Batch) -> None:
        """Keep what belongs to the sample: the rows with the smallest hashes of their ids, whatever the order."""
        keys = pd.util.hash_array(batch.ids.astype(str).astype(object))
        frame = batch.model_input(self._model.spec)
        rows = frame if self._rows is None else pd.concat([self._rows, frame], ignore_index=True)
        self._keys = np.concatenate([self._keys, keys])
        kept = np.argsort(self._keys, kind="stable")[:SAMPLE]
        self._keys, self._rows = self._keys[kept], rows.iloc[kept].reset_index(drop=True)

    def finish(self) -> AttributionReport:
        """Attribute and compare.

        Raises:
            ModelArchiveError: The model cannot read the sampled rows.
            MonitorInputError: The baseline explains other features than the model has.
        """
        rows = 0 if self._rows is None else len(self._rows)
        if self._rows is None or rows < MIN_ROWS:
            return AttributionReport({"version": _VERSION, "rows": rows}, [], None)
        values, expected = attributions(self._model, self._rows)
        missing = sorted(set(values) ^ set(self._reference))
        if missing:
            raise MonitorInputError(
                f"attribution baseline: features differ from the model's ({', '.join(missing[:5])}); "
                "give the baseline of the version that the variant serves"
            )
        found = ndcg(self._reference, values)
        analysis = {**explanations(values, expected), "ndcg": found, "rows": rows}
        return AttributionReport(analysis, self._violations(found), found)

    def _violations(self, found: float) -> list[dict[str, Any]]:
        if found >= self._threshold:
            return []
        text = f"Feature attribution drift NDCG {found:.4f} is below {self._threshold:.4f}"
        return [
            {
                "label": LABEL,
                "metric_name": "shap",
                "constraint_check_type": "feature_attribution_drift_check",
                "description": f"{text}: the features rank differently from the baseline",
            }
        ]


def attributions(model: Model, frame: pd.DataFrame) -> tuple[dict[str, float], float]:
    """Mean absolute SHAP value of every feature, in log-odds, and the mean expected value."""
    contributions = model.booster.predict(model.matrix(frame), pred_contribs=True)
    strengths = np.abs(contributions[:, :-1]).mean(axis=0)
    return dict(zip(model.spec.names, strengths.tolist(), strict=True)), float(contributions[:, -1].mean())


def ndcg(reference: Mapping[str, float], live: Mapping[str, float]) -> float:
    """Clarify's NDCG of the live ranking; features tied in the live ranking share their places evenly."""
    names = list(reference)
    gains, scores = (np.array([values[name] for name in names]) for values in (reference, live))
    return ndcg_of(gains, scores)


def ndcg_of(gains: Floats, scores: Floats) -> float:
    """NDCG of ranking by the scores what the gains say; 1 where there is nothing to gain."""
    discounts = 1 / np.log2(np.arange(2, len(gains) + 2))
    ideal = float(np.sum(np.sort(gains)[::-1] * discounts))
    if not ideal:
        return 1.0
    _, places = np.unique(-scores, return_inverse=True)
    counts = np.bincount(places)
    ends = np.cumsum(counts)
    sums = np.add.reduceat(discounts, ends - counts)
    mean_gains = np.bincount(places, weights=gains) / counts
    return float(np.sum(mean_gains * sums)) / ideal


def explanations(values: Mapping[str, float], expected: float) -> dict[str, Any]:
    """Clarify's analysis.json of global SHAP values."""
    entry = {"global_shap_values": dict(values), "expected_value": expected}
    return {"version": _VERSION, "explanations": {"kernel_shap": {LABEL: entry}}}


def global_shap_values(document: Mapping[str, Any]) -> dict[str, float]:
    """The global SHAP values of an analysis or a constraints file.

    Raises:
        MonitorInputError: It has none.
    """
    try:
        (labels,) = document["explanations"].values()
        entry = next(iter(labels.values()))
        values = {str(name): float(value) for name, value in entry["global_shap_values"].items()}
    except (LookupError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise MonitorInputError(
            f"attribution baseline: no explanations.kernel_shap.<label>.global_shap_values ({error!r})"
        ) from error
    if not values or not all(math.isfinite(value) for value in values.values()):
        raise MonitorInputError("attribution baseline: global SHAP values must be finite numbers, at least one")
    return values


def _threshold(constraints: Mapping[str, Any]) -> float:
    overrides = constraints.get(OVERRIDES) or {}
    try:
        return float(overrides.get("ndcg_threshold", CLARIFY_THRESHOLD))
    except (TypeError, ValueError, AttributeError) as error:
        raise MonitorInputError(f"attribution constraints: ndcg_threshold of {OVERRIDES} is no number") from error
