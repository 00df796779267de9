"""The data report: what was read, rejected, decided and made, in one JSON document with a schema version."""

from __future__ import annotations

import logging
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd

from processing.validation import Validated

SCHEMA_VERSION = 1

_log = logging.getLogger(__name__)
Json = dict[str, Any]


class Stages:
    """The stages of a job: their time and the process's peak memory by their end; a line of progress for each."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._started = time.perf_counter()
        self.done: list[Json] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure one stage."""
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        self.done.append({"name": name, "seconds": round(seconds, 3), "peak_rss_mb": round(peak_rss_mb(), 1)})
        _log.info("%s: %s done in %.1f s (peak memory %.0f MB)", self._job, name, seconds, peak_rss_mb())

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return round(time.perf_counter() - self._started, 3)


def peak_rss_mb() -> float:
    """The largest resident memory of this process so far, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def table_summary(validated: Validated, limit: float) -> Json:
    """What became of a raw table's rows."""
    return {
        "files": validated.files,
        "rows_read": validated.rows_read,
        "rows_accepted": len(validated.accepted),
        "rows_rejected": len(validated.rejected),
        "rejected_fraction": validated.rejected_fraction,
        "max_rejected_fraction": limit,
        "rejected_by_reason": validated.reasons,
        "rejected_by_file": _counts(validated.rejected["file"]),
        "values_set_to_missing": dict(sorted(validated.nullified.items())),
    }


def missing_months(rows: pd.DataFrame, wanted: Iterable[int]) -> list[int]:
    """The months of a split that have no row."""
    return sorted(set(wanted) - set(rows["month"].unique().tolist()))


def split_summary(rows: pd.DataFrame, label: str, wanted: Iterable[int]) -> Json:
    """Rows and label rate of a split, and of each of its months, and which of its months are missing."""
    months = rows.groupby("month")[label].agg(["size", "mean"])
    return {
        "rows": len(rows),
        "label_rate": _rate(rows[label]),
        "months": {
            f"{int(month):02d}": {"rows": int(size), "label_rate": float(mean)}
            for month, size, mean in months.itertuples()
        },
        "missing_months": missing_months(rows, wanted),
    }


def feature_summary(rows: pd.DataFrame, names: tuple[str, ...]) -> list[Json]:
    """Missing share and range of each feature; distinct values of a categorical one."""
    return [{"name": name, "missing_share": float(rows[name].isna().mean()), **_values(rows[name])} for name in names]


def document(parts: Mapping[str, Any], stages: Stages) -> Json:
    """Put the report together."""
    return {
        "schema_version": SCHEMA_VERSION,
        **parts,
        "stages": stages.done,
        "seconds": stages.seconds,
        "peak_rss_mb": round(peak_rss_mb(), 1),
    }


def _values(column: pd.Series) -> Json:
    if column.dtype.kind not in "fiub":
        return {"distinct": int(column.nunique())}
    if column.isna().all():
        return {"min": None, "mean": None, "max": None}
    return {
        "min": float(column.min()),
        "mean": float(column.astype("float64").mean()),
        "max": float(column.max()),
    }


def _rate(labels: pd.Series) -> float | None:
    return float(labels.mean()) if len(labels) else None


def _counts(column: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in sorted(column.value_counts().items())}
