"""The four kinds of monitor behind one shape: see every batch, then judge. None can stop another."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from processing.model_archive import Model, ModelArchiveError
from processing.monitoring.attribution import AttributionDrift
from processing.monitoring.baseline_files import read_baseline
from processing.monitoring.bias import assess_bias
from processing.monitoring.captured import Batch
from processing.monitoring.data_quality import DataQuality
from processing.monitoring.labels import Labelled
from processing.monitoring.metrics import LATE_LABELS
from processing.monitoring.model_quality import assess
from processing.monitoring.report import KindReport
from processing.monitoring.settings import (
    ATTRIBUTION,
    BIAS,
    DATA_QUALITY,
    MODEL_QUALITY,
    MonitorInputError,
    Settings,
)
from processing.monitoring.violations import violation, violations_document

VIOLATIONS_FILE = "constraint_violations.json"


@dataclass(frozen=True)
class Traffic:
    """What is known of a day once it was read.

    Attributes:
        labelled: Requests whose label was found in this run.
        labelled_share: Share of the requests whose labels are due that have one; None if there are none.
        captured_share: Share of the counted requests that were captured; None if nobody counted.
    """

    labelled: Labelled
    labelled_share: float | None
    captured_share: float | None


class Kind(Protocol):
    """One kind of monitor."""

    def add(self, batch: Batch) -> None:
        """See a batch of captured requests."""

    def finish(self, traffic: Traffic) -> KindReport:
        """Judge the day."""


class Isolated:
    """Runs one kind; whatever it raises becomes its report and nobody else's trouble."""

    def __init__(self, name: str, make: Callable[[], Kind]) -> None:
        self.name = name
        self._kind: Kind | None = None
        self._reason, self._seconds = "", 0.0
        self._kind = self._guarded(make)

    def add(self, batch: Batch) -> None:
        """Show it a batch, as long as it has not failed."""
        if self._kind is not None:
            kind = self._kind
            self._guarded(lambda: kind.add(batch))

    def finish(self, traffic: Traffic) -> KindReport:
        """Its report; that of a failure if anything failed."""
        report = None
        if self._kind is not None and not self._reason:
            kind = self._kind
            report = self._guarded(lambda: kind.finish(traffic))
        report = report or KindReport(failure_reason=self._reason)
        return replace(report, seconds=self._seconds)

    def _guarded(self, step: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        try:
            return step()
        except (MonitorInputError, ModelArchiveError) as error:
            self._reason = str(error)
        except Exception as error:  # noqa: BLE001 - the other kinds go on, and the report says what it was
            self._reason = f"{type(error).__name__} at {_place(error)}: {error}"
        finally:
            self._seconds += time.perf_counter() - started
        self._kind = None
        return None


class _DataQuality:
    def __init__(self, settings: Settings, model: Model) -> None:
        self._settings = settings
        statistics, constraints = (
            read_baseline("--baseline-dir", settings.baseline_dir, name)
            for name in ("statistics.json", "constraints.json")
        )
        self._monitor = DataQuality(statistics, constraints, model.spec)
        self._records = 0

    def add(self, batch: Batch) -> None:
        self._records += len(batch)
        self._monitor.add(batch)

    def finish(self, traffic: Traffic) -> KindReport:
        violations = self._stopped_capture(traffic.captured_share)
        headline: dict[str, float | None] = {"CapturedShare": traffic.captured_share}
        if not self._records:
            # An empty day has no distribution: it would drift from everything.
            return _report(0, violations, headline, {})
        found = self._monitor.finish()
        headline["WorstDrift"] = found.worst_drift
        return _report(self._records, [*violations, *found.violations], headline, {"statistics.json": found.statistics})

    def _stopped_capture(self, share: float | None) -> list[dict[str, Any]]:
        if share is None or share >= self._settings.captured_share:
            return []
        return [
            violation(
                "captured requests",
                "capture_check",
                f"{share:.1%} of {self._settings.invocations:g} requests were captured, expected at least "
                f"{self._settings.captured_share:.0%}; see the endpoint's DataCaptureConfig and its bucket",
            )
        ]


class _ModelQuality:
    def __init__(self, settings: Settings, _: Model) -> None:
        self._constraints = read_baseline("--evaluation-dir", settings.evaluation_dir, "model_quality_constraints.json")
        self._threshold = decision_threshold(settings)
        self._settings = settings

    def add(self, batch: Batch) -> None:
        """Only labelled requests count."""

    def finish(self, traffic: Traffic) -> KindReport:
        violations = self._late_labels(traffic.labelled_share)
        headline: dict[str, float | None] = {"LabelledShare": traffic.labelled_share}
        records = len(traffic.labelled.ids)
        if not records:
            return _report(0, violations, headline, {})
        found = assess(traffic.labelled, self._constraints, self._threshold)
        return _report(
            records,
            [*violations, *found.violations],
            headline | dict(found.headline),
            {"statistics.json": found.statistics},
        )

    def _late_labels(self, share: float | None) -> list[dict[str, Any]]:
        least = self._settings.labelled_share
        if share is None or share >= least:
            return []
        due = self._settings.day - timedelta(days=self._settings.label_wait_days)
        return [
            violation(
                "labelled requests",
                LATE_LABELS,
                f"{share:.1%} of the requests of {due} have a label, expected at least {least:.0%} by now; "
                "labels that come later are used once",
            )
        ]


class _Bias:
    def __init__(self, settings: Settings, model: Model) -> None:
        self._analysis, self._constraints = (
            read_baseline("--evaluation-dir", settings.evaluation_dir, name)
            for name in ("bias.json", "bias_constraints.json")
        )
        self._threshold, self._slices = decision_threshold(settings), slice_columns(model)

    def add(self, batch: Batch) -> None:
        """Only labelled requests count."""

    def finish(self, traffic: Traffic) -> KindReport:
        labelled = traffic.labelled
        if not len(labelled.ids):
            return _report(0, [], {}, {}, clarify_violations)
        found = assess_bias(labelled, self._slices, self._analysis, self._constraints, self._threshold)
        documents = {"analysis.json": found.analysis}
        return _report(len(labelled.ids), list(found.violations), {}, documents, clarify_violations)


class _Attribution:
    def __init__(self, settings: Settings, model: Model) -> None:
        baseline, constraints = (
            read_baseline("--evaluation-dir", settings.evaluation_dir, name)
            for name in ("attribution.json", "attribution_constraints.json")
        )
        self._monitor = AttributionDrift(model, baseline, constraints)
        self._records = 0

    def add(self, batch: Batch) -> None:
        self._records += len(batch)
        self._monitor.add(batch)

    def finish(self, _: Traffic) -> KindReport:
        if not self._records:
            return _report(0, [], {}, {}, clarify_violations)
        found = self._monitor.finish()
        documents = {"analysis.json": found.analysis}
        return _report(self._records, found.violations, {"Ndcg": found.ndcg}, documents, clarify_violations)


_KINDS: Mapping[str, Callable[[Settings, Model], Kind]] = {
    DATA_QUALITY: _DataQuality,
    MODEL_QUALITY: _ModelQuality,
    BIAS: _Bias,
    ATTRIBUTION: _Attribution,
}


def make_kinds(settings: Settings, model: Model) -> list[Isolated]:
    """The kinds that this run was asked for."""
    return [Isolated(name, partial(_KINDS[name], settings, model)) for name in settings.kinds]


def slice_columns(model: Model) -> tuple[str, ...]:
    """The slices that a monitor can know: those that are features, for a request need not say more."""
    return tuple(column for column in model.spec.slices if column in model.spec.names)


def decision_threshold(settings: Settings) -> float:
    """The probability from which a flight counts as late: the evaluation chose it, the endpoint uses it."""
    evaluation = read_baseline("--evaluation-dir", settings.evaluation_dir, "evaluation.json")
    value = evaluation.get("threshold", {}).get("value")
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise MonitorInputError(f"evaluation.json: threshold.value is {value!r}, expected a probability")
    return float(value)


def clarify_violations(violations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Clarify's constraint_violations.json."""
    return {"version": "1.0", **violations_document(violations)}


def _report(
    records: int,
    violations: Sequence[Mapping[str, Any]],
    headline: Mapping[str, float | None],
    documents: Mapping[str, Mapping[str, Any]],
    document: Callable[[Sequence[Mapping[str, Any]]], dict[str, Any]] = violations_document,
) -> KindReport:
    return KindReport(records, violations, headline, {**documents, VIOLATIONS_FILE: document(violations)})


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
