"""The monitoring baseline of the training rows, in the file formats of SageMaker Model Monitor.

`statistics.json` says what the columns looked like, `constraints.json` what later data must keep to. Buckets are exact
counts. The sketch has the shape of a KLL sketch (an item on level i stands for 2^i values) but is made from the sorted
column, without chance: equal slices, each represented by its middle value. Its rank error is at most half a slice,
under a thousandth of the rows: better than a random sketch of that size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.monitoring.relation_fit import fit_relations
from processing.monitoring.thresholds import TrainingDays, overrides

_BUCKETS = 10
_SKETCH_SIZE = 2048
_SKETCH_DECAY = 0.64
_DRIFT_THRESHOLD = 0.1
# Relations are fitted on about so many rows, spread evenly: 150 a day say enough.
_RELATION_ROWS = 40_000

Json: TypeAlias = dict[str, Any]
Array: TypeAlias = NDArray[Any]


def statistics(frame: pd.DataFrame) -> Json:
    """Describe every column: Model Monitor's `statistics.json`."""
    return {
        "version": 0,
        "dataset": {"item_count": len(frame)},
        "features": [_feature_statistics(name, frame[name]) for name in frame.columns],
    }


def constraints(frame: pd.DataFrame, parts: Sequence[Any] | pd.Series, days: pd.Series | None = None) -> Json:
    """Derive what later data must keep to: Model Monitor's `constraints.json`.

    Completeness is that of the least complete part (a month, say), so ordinary variation is no violation. With the day
    of each row, every feature gets thresholds for windows of one day, in `monitoringConfigOverrides`, and its relation
    to the other features if it has one (processing/monitoring/thresholds.py and relation_fit.py have the rules).
    """
    described = _constraints(frame, parts)
    if days is not None:
        training = TrainingDays(days, parts)
        if training.are_enough:
            _add_day_thresholds(described["features"], frame, training)
    return described


def _add_day_thresholds(features: list[Json], frame: pd.DataFrame, days: TrainingDays) -> None:
    numbers = [name for name in frame.columns if not _is_text(frame[name])]
    some = slice(None, None, max(len(frame) // _RELATION_ROWS, 1))
    columns = {name: frame[name].to_numpy(dtype=np.float64)[some] for name in numbers}
    relations = fit_relations(columns, days.codes[some])
    for feature in features:
        name = feature["name"]
        feature["monitoringConfigOverrides"] = overrides(frame[name], days)
        if name in relations:
            feature["relation"] = relations[name].to_dict()


def _constraints(frame: pd.DataFrame, parts: Sequence[Any] | pd.Series) -> Json:
    groups = pd.Series(np.asarray(parts), index=frame.index)
    completeness = frame.notna().groupby(groups).mean().min()
    return {
        "version": 0,
        "features": [_feature_constraints(name, frame[name], completeness[name]) for name in frame.columns],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": _DRIFT_THRESHOLD,
                "comparison_method": "Robust",
                "categorical_comparison_threshold": _DRIFT_THRESHOLD,
                "categorical_drift_method": "LInfinity",
            },
        },
    }


def sketch(ordered: Array, size: int = _SKETCH_SIZE) -> list[list[float]]:
    """Summarise sorted values as levels of items, an item on level i standing for 2^i neighbouring values."""
    top = max(int(np.ceil(np.log2(max(len(ordered), 1) / size))), 0)
    step = 2**top
    whole = len(ordered) // step * step
    levels: list[list[float]] = [[] for _ in range(top + 1)]
    levels[top] = [_short(value) for value in ordered[step // 2 : whole : step]]
    start = whole
    for level in reversed(range(top)):
        if len(ordered) - start >= 2**level:
            levels[level] = [_short(ordered[start + 2**level // 2])]
            start += 2**level
    return levels


def _feature_statistics(name: str, column: pd.Series) -> Json:
    present = column.dropna()
    common = {"num_present": len(present), "num_missing": len(column) - len(present)}
    if _is_text(column):
        counts = sorted(present.value_counts().items(), key=lambda item: (-item[1], item[0]))
        buckets = [{"value": str(value), "count": int(count)} for value, count in counts]
        described = {
            "common": common,
            "distinct_count": len(buckets),
            "distribution": {"categorical": {"buckets": buckets}},
        }
        return {"name": name, "inferred_type": "String", "string_statistics": described}
    numbers = np.sort(present.to_numpy(dtype=np.float64))
    return {
        "name": name,
        "inferred_type": _number_type(numbers),
        "numerical_statistics": {
            "common": common,
            **_moments(numbers),
            "distribution": {"kll": _distribution(numbers)},
        },
    }


def _moments(numbers: Array) -> Json:
    if not len(numbers):
        return {}
    return {
        "mean": float(numbers.mean()),
        "sum": float(numbers.sum()),
        "std_dev": float(numbers.std()),
        "min": float(numbers[0]),
        "max": float(numbers[-1]),
    }


def _distribution(numbers: Array) -> Json:
    parameters = {"c": _SKETCH_DECAY, "k": _SKETCH_SIZE}
    if not len(numbers):
        return {"buckets": [], "sketch": {"parameters": parameters, "data": [[]]}}
    counts, edges = np.histogram(numbers, bins=_BUCKETS, range=(float(numbers[0]), float(numbers[-1])))
    buckets = [
        {"lower_bound": float(low), "upper_bound": float(high), "count": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    return {"buckets": buckets, "sketch": {"parameters": parameters, "data": sketch(numbers)}}


def _feature_constraints(name: str, column: pd.Series, completeness: float) -> Json:
    present = column.dropna()
    described: Json = {"name": name, "completeness": float(completeness)}
    if _is_text(column):
        domains = sorted(str(value) for value in present.unique())
        return described | {"inferred_type": "String", "string_constraints": {"domains": domains}}
    numbers = present.to_numpy(dtype=np.float64)
    non_negative = bool(len(numbers)) and bool((numbers >= 0).all())
    return described | {
        "inferred_type": _number_type(numbers),
        "num_constraints": {"is_non_negative": non_negative},
    }


def _number_type(numbers: Array) -> str:
    if not len(numbers):
        return "Unknown"
    return "Integral" if bool((numbers == np.rint(numbers)).all()) else "Fractional"


def _is_text(column: pd.Series) -> bool:
    return column.dtype.kind not in "fiub"


def _short(value: float) -> float:
    return float(f"{value:.7g}")
