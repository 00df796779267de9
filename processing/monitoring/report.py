"""report.json: what one run looked at and found, and the few lines of it for the log."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from processing.monitoring.settings import Settings

COMPLETED, WITH_VIOLATIONS, NO_DATA, FAILED = "Completed", "CompletedWithViolations", "NoData", "Failed"
_SHOWN_VIOLATIONS = 5


@dataclass(frozen=True)
class KindReport:
    """What one kind of monitor found.

    Attributes:
        records: Rows it judged.
        violations: As in its constraint_violations.json.
        headline: Names as in CloudWatch; None or NaN is unknown.
        documents: File name → content, below the kind's folder.
        seconds: Its own share of the run.
        failure_reason: Why it failed, else "".
    """

    records: int = 0
    violations: Sequence[Mapping[str, Any]] = ()
    headline: Mapping[str, float | None] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seconds: float = 0.0
    failure_reason: str = ""

    @property
    def status(self) -> str:
        """How the kind ended: Model Monitor's words, and NoData."""
        if self.failure_reason:
            return FAILED
        if self.violations:
            return WITH_VIOLATIONS
        return COMPLETED if self.records else NO_DATA


def report_document(
    settings: Settings, reports: Mapping[str, KindReport], counts: Mapping[str, Mapping[str, int]], seconds: float
) -> dict[str, Any]:
    """The document: window, counts, and each kind."""
    return {
        "schema_version": 1,
        "endpoint": settings.endpoint,
        "variant": settings.variant,
        "model_version": settings.model_version,
        "source": settings.source,
        "window": {
            "day": settings.day.isoformat(),
            "start": f"{settings.day.isoformat()}T00:00:00Z",
            "end": f"{(settings.day + timedelta(days=1)).isoformat()}T00:00:00Z",
        },
        "invocations": settings.invocations,
        "counts": {name: dict(sorted(values.items())) for name, values in counts.items()},
        "monitors": {kind: _kind_document(report) for kind, report in reports.items()},
        "violations": sum(len(report.violations) for report in reports.values()),
        "seconds": round(seconds, 3),
    }


def summary_lines(settings: Settings, reports: Mapping[str, KindReport]) -> Iterator[str]:
    """What the log says: a line for each kind, and its first violations."""
    yield f"{settings.endpoint}/{settings.variant} version {settings.model_version}, {settings.day}"
    for kind, report in reports.items():
        known = (f"{name} {value:.4g}" for name, value in finite(report.headline).items() if value is not None)
        facts = ", ".join([f"{report.records} records", f"{len(report.violations)} violations", *known])
        yield f"{kind}: {report.status}; {report.failure_reason or facts}"
        for found in list(report.violations)[:_SHOWN_VIOLATIONS]:
            yield f"  {found.get('constraint_check_type', 'violation')}: {found.get('description', '')}"


def finite(values: Mapping[str, float | None]) -> dict[str, float | None]:
    """The same values, with None for what is no number: JSON has no NaN."""
    return {name: None if value is None or not math.isfinite(value) else value for name, value in values.items()}


def _kind_document(report: KindReport) -> dict[str, Any]:
    document: dict[str, Any] = {
        "status": report.status,
        "records": report.records,
        "violations": len(report.violations),
        "headline": finite(report.headline),
        "files": sorted(report.documents),
        "seconds": round(report.seconds, 3),
    }
    return document | ({"failure_reason": report.failure_reason} if report.failure_reason else {})
