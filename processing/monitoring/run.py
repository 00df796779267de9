"""One run: the day's captured requests are read once, every kind sees each batch, then each judges the day."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from processing.model_archive import Model, ModelArchiveError, find_champion, open_model
from processing.monitoring.captured import Batch, CaptureStream
from processing.monitoring.kinds import Isolated, Traffic, make_kinds, slice_columns
from processing.monitoring.labels import Labelled, join
from processing.monitoring.metrics import metrics_document
from processing.monitoring.next_window import (
    STATE_FILE,
    STATE_FOLDER,
    find_state,
    next_document,
    served_since,
    state_document,
)
from processing.monitoring.pending import State
from processing.monitoring.publish import NEXT_FILE, complete_output
from processing.monitoring.report import FAILED, KindReport, report_document
from processing.monitoring.settings import KINDS, MonitorInputError, Settings
from processing.outputs import write_json

_REPORT_FILE, _METRICS_FILE = "report.json", "metrics.json"
_OUTPUTS = (*KINDS, STATE_FOLDER, _REPORT_FILE, _METRICS_FILE, NEXT_FILE)


@dataclass(frozen=True)
class Outcome:
    """What a run found, before it is written."""

    reports: Mapping[str, KindReport]
    counts: Mapping[str, Mapping[str, int]]
    state: State
    served_since: date


def run(settings: Settings) -> Mapping[str, KindReport]:
    """Judge the day and write everything, or nothing.

    Raises:
        MonitorInputError: An input cannot be used, or no kind could judge.
        ModelArchiveError: The model cannot be opened.
    """
    started = time.perf_counter()
    outcome = _judge(settings)
    reasons = [
        f"{kind}: {report.failure_reason}" for kind, report in outcome.reports.items() if report.status == FAILED
    ]
    if len(reasons) == len(outcome.reports):
        raise MonitorInputError("no monitor could judge; " + "; ".join(reasons))
    with complete_output(settings.output_dir, _OUTPUTS) as folder:
        _write(folder, settings, outcome, time.perf_counter() - started)
    return outcome.reports


def _judge(settings: Settings) -> Outcome:
    if not settings.capture_dir.is_dir():
        raise MonitorInputError(f"--capture-dir {settings.capture_dir} does not exist; give the day's capture prefix")
    model = _open(settings.model_dir)
    before = find_state(settings)
    since = served_since(settings, before)
    kinds = make_kinds(settings, model)
    stream = CaptureStream(
        settings.capture_dir,
        day=settings.day,
        spec=model.spec,
        model_version=settings.model_version,
        source=settings.source,
    )
    joined = join(
        _shown(stream, kinds),
        ground_truth=settings.ground_truth_dir,
        state=before.folder,
        day=settings.day,
        slices=slice_columns(model),
        wait_days=settings.label_wait_days,
        horizon_days=settings.label_horizon_days,
    )
    labelled, earlier = split_versions(joined.labelled, since)
    traffic = Traffic(
        labelled,
        _share(joined.counts["due_labelled"], joined.counts["due"]),
        _captured_share(stream.counts, settings.invocations),
    )
    reports = {kind.name: kind.finish(traffic) for kind in kinds}
    labels = {**joined.counts, "judged_of_earlier_versions": earlier}
    return Outcome(reports, {"capture": stream.counts, "labels": labels}, joined.state, since)


def split_versions(labelled: Labelled, since: date) -> tuple[Labelled, int]:
    """The requests that this version answered, and how many an earlier one did: its baselines do not judge those."""
    if since == date.min:
        return labelled, 0
    start = datetime(since.year, since.month, since.day, tzinfo=UTC).timestamp()
    is_ours = labelled.moments >= start
    ours = Labelled(
        labelled.ids[is_ours],
        labelled.moments[is_ours],
        labelled.probabilities[is_ours],
        labelled.labels[is_ours],
        labelled.slices[is_ours].reset_index(drop=True),
    )
    return ours, int((~is_ours).sum())


def _shown(stream: CaptureStream, kinds: Sequence[Isolated]) -> Iterator[Batch]:
    """The batches, each after every kind has seen it."""
    for batch in stream:
        for kind in kinds:
            kind.add(batch)
        yield batch


def _open(folder: Path) -> Model:
    """The archive may lie at any depth below its prefix."""
    found = find_champion(folder)
    if found is None:
        raise ModelArchiveError(f"--model-dir {folder}: no model.tar.gz; give the ModelDataUrl of the package")
    return open_model(found, "served")


def _captured_share(counts: Counter[str], invocations: float | None) -> float | None:
    """Share of the counted requests that can be read in the capture; smoke requests and canaries are counted, too."""
    if not invocations:
        return None
    return min((counts["requests"] + counts["smoke"] + counts["other_versions"]) / invocations, 1.0)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _write(folder: Path, settings: Settings, outcome: Outcome, seconds: float) -> None:
    for kind, report in outcome.reports.items():
        (folder / kind).mkdir()
        for name, document in report.documents.items():
            write_json(document, folder / kind / name)
    (folder / STATE_FOLDER).mkdir()
    outcome.state.write(folder / STATE_FOLDER)
    write_json(state_document(settings, outcome.served_since), folder / STATE_FOLDER / STATE_FILE)
    write_json(report_document(settings, outcome.reports, outcome.counts, seconds), folder / _REPORT_FILE)
    write_json(metrics_document(settings, outcome.reports), folder / _METRICS_FILE)
    write_json(next_document(settings), folder / NEXT_FILE)
