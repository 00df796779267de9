"""Read metrics.json: what CloudWatch counted for each variant, as the answer of GetMetricData.

    {"MetricDataResults": [{"Id": "challenger_errors_5xx", "Timestamps": […], "Values": […]}, …],
     "Allocations": [{"from": "2026-01-01T00:00:00Z", "challenger_share": 0.05}, …], "look": 3}

Ids are `{variant}_{name}`: variant `champion` or `challenger`; name `invocations`, `errors_4xx`, `errors_5xx` (Sum),
`latency_p50`, `latency_p90`, `latency_p95`, `latency_p99` … of ModelLatency, in microseconds. All have the same period.
`Allocations` is the history of the ramp and `look` the number of the look; both may be left out.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from processing.experiment.moments import read_moment

_ID = re.compile(r"(champion|challenger)_(invocations|errors_4xx|errors_5xx|latency_p(\d+(?:_\d+)?))\Z")


@dataclass(frozen=True)
class Counted:
    """What one variant did.

    Attributes:
        invocations: All of them.
        errors: Those that failed, by 4xx or 5xx.
        over_limit: About how many took longer than the limit.
        timed: How many invocations latency is known of.
        p99_microseconds: The largest 99th percentile of a period.
    """

    invocations: float = 0.0
    errors: float = 0.0
    over_limit: float = 0.0
    timed: float = 0.0
    p99_microseconds: float | None = None


@dataclass(frozen=True)
class Metrics:
    """What the file says; nothing if there is none.

    Attributes:
        series: (variant, name) → time → value.
        allocations: Since when the challenger had which share, by time.
        look: Number of this look, or 0.
        problem: Why the file could not be read.
    """

    series: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    allocations: tuple[tuple[datetime, float], ...] = ()
    look: int = 0
    problem: str = ""

    def counted(self, variant: str, limit_microseconds: float) -> Counted | None:
        """Sums of a variant; None if it has no series of invocations."""
        invocations = self.series.get((variant, "invocations"))
        if invocations is None:
            return None
        errors = sum(sum(self.series.get((variant, name), {}).values()) for name in ("errors_4xx", "errors_5xx"))
        over = timed = 0.0
        for moment, count in invocations.items():
            share = self._share_over(variant, moment, limit_microseconds)
            if share is not None:
                over, timed = over + share * count, timed + count
        p99 = self.series.get((variant, "latency_p99"), {}).values()
        total = sum(invocations.values())
        return Counted(total, min(errors, total), over, timed, max(p99, default=None))

    def _share_over(self, variant: str, moment: str, limit: float) -> float | None:
        """Share of a period's invocations over the limit, interpolated between its known percentiles."""
        known = sorted(
            (float(name[len("latency_p") :].replace("_", ".")) / 100, values[moment])
            for (owner, name), values in self.series.items()
            if owner == variant and name.startswith("latency_p") and moment in values
        )
        if not known:
            return None
        levels, values = (np.array(column) for column in zip(*known, strict=True))
        if limit >= values[-1]:
            # No more is known than that at most this share is over: it may be none.
            return 0.0
        return float(1 - np.interp(limit, values, levels, left=0.0))


def read_metrics(folder: Path | None) -> Metrics:
    """Read metrics.json in a folder; what cannot be read is not measured, and the problem is told."""
    file = folder / "metrics.json" if folder else None
    if file is None or not file.is_file():
        found = sorted(folder.rglob("metrics.json")) if folder and folder.is_dir() else []
        if not found:
            return Metrics()
        file = found[-1]
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return _metrics(document)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, OSError) as error:
        return Metrics(problem=f"{file.name}: not an answer of GetMetricData ({type(error).__name__}: {error})")


def _metrics(document: Mapping[str, Any]) -> Metrics:
    series: dict[tuple[str, str], dict[str, float]] = {}
    for result in document.get("MetricDataResults", ()):
        found = _ID.match(str(result["Id"]))
        if found:
            values = series.setdefault((found[1], found[2]), {})
            pairs = zip(result["Timestamps"], result["Values"], strict=True)
            values.update({str(moment): float(value) for moment, value in pairs})
    history = [(read_moment(each["from"]), float(each["challenger_share"])) for each in document.get("Allocations", ())]
    return Metrics(series, tuple(sorted(history)), int(document.get("look", 0)))
