"""The judge-experiment job: compare champion and challenger on captured requests, and say what to do next.

Reads the endpoint's data capture, ground truth, both models' archives, the plan and, where given, what CloudWatch
counted and earlier verdicts; writes verdict.json and verdict.svg. It exits 0 with every verdict: a workflow acts on the
file.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from processing.experiment.capture import CaptureReader
from processing.experiment.ground_truth import read_ground_truth
from processing.experiment.judgement import Look, judge
from processing.experiment.metrics_file import Metrics, read_metrics
from processing.experiment.moments import read_moment
from processing.experiment.picture import draw
from processing.experiment.plan import Plan, PlanError
from processing.experiment.requests import VARIANTS, RequestTable
from processing.failure import MESSAGE_FILE, report_failure
from processing.model_archive import Model, ModelArchiveError, find_champion, open_model
from processing.outputs import write_json

_INPUT = Path("/opt/ml/processing/input")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the job is told."""

    capture_dir: Path
    ground_truth_dir: Path
    champion_dir: Path
    challenger_dir: Path
    plan_dir: Path
    metrics_dir: Path | None
    previous_dir: Path | None
    output_dir: Path
    started_at: datetime | None
    now: datetime | None
    message_file: Path


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run the job; return its exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    settings = parse_settings(argv, environ)
    try:
        run(settings)
    except (PlanError, ModelArchiveError, OSError) as error:
        return report_failure("judge-experiment", error, settings.message_file)
    return 0


def parse_settings(argv: Sequence[str] | None, environ: Mapping[str, str]) -> Settings:
    """Read flags; nothing comes from the environment."""
    del environ
    parser = argparse.ArgumentParser(prog="judge-experiment", description="Judge a running experiment.")
    for name in ("capture", "ground-truth", "champion", "challenger", "plan", "metrics", "previous"):
        parser.add_argument(f"--{name}-dir", type=Path, default=_INPUT / name)
    parser.add_argument("--output-dir", type=Path, default=Path("/opt/ml/processing/output"))
    parser.add_argument("--started-at", type=_moment, help="ISO 8601; earlier requests do not count")
    parser.add_argument("--now", type=_moment, help="ISO 8601; the latest time in the data if left out")
    parser.add_argument("--message-file", type=Path, default=MESSAGE_FILE, help="where the reason of a failure goes")
    return Settings(**vars(parser.parse_args(argv)))


def run(settings: Settings) -> None:
    """Load, score, judge, write."""
    started = time.perf_counter()
    plan = Plan.load(settings.plan_dir)
    started_at = settings.started_at or plan.started_at
    models = {name: _open(getattr(settings, f"{name}_dir"), name) for name in VARIANTS}
    truth = read_ground_truth(settings.ground_truth_dir)
    reader = CaptureReader(settings.capture_dir, started_at, settings.now, plan.experiment)
    table = RequestTable(plan, models)
    table.add(reader.read())
    requests, now = table.finish(truth, settings.now)
    _LOG.info("read %d lines and %d labels, %.1f s", reader.counts["lines"], len(truth.labels), _since(started))
    metrics = read_metrics(settings.metrics_dir)
    look = Look(_look_number(settings.previous_dir, metrics), now, started_at)
    document = judge(requests, metrics, plan, look)
    document["data"].update(_all_counts(reader.counts, truth.counts))
    settings.output_dir.mkdir(parents=True, exist_ok=True)
    (settings.output_dir / "verdict.svg").write_text(draw(document), encoding="utf-8")
    write_json(document, settings.output_dir / "verdict.json")
    _LOG.info("look %d: %s, because %s; %.1f s", look.number, document["verdict"], document["reason"], _since(started))


def _open(folder: Path, name: str) -> Model:
    """The archive may lie at any depth below its prefix."""
    found = find_champion(folder)
    if found is None:
        raise ModelArchiveError(f"{name}: no model.tar.gz below {folder}; give the job the prefix of its archive")
    return open_model(found, name)


def _look_number(previous: Path | None, metrics: Metrics) -> int:
    """The state machine's count of looks; without it, one more than the latest earlier verdict."""
    if metrics.look:
        return metrics.look
    latest = 0
    for file in previous.rglob("verdict.json") if previous and previous.is_dir() else ():
        try:
            latest = max(latest, int(json.loads(file.read_text(encoding="utf-8"))["look"]))
        except (ValueError, KeyError, TypeError, OSError):
            _LOG.info("%s is not an earlier verdict", file)
    return latest + 1


def _all_counts(capture: Mapping[str, int], labels: Mapping[str, int]) -> dict[str, Any]:
    names = ("lines", "broken_lines", "before_start", "after_now", "smoke", "other_experiments")
    names_of_labels = ("label_lines", "broken_label_lines", "repeated_labels")
    return {name: capture.get(name, 0) for name in names} | {name: labels.get(name, 0) for name in names_of_labels}


def _since(started: float) -> float:
    return time.perf_counter() - started


def _moment(text: str) -> datetime:
    try:
        return read_moment(text)
    except ValueError:
        allowed = "expected ISO 8601, e.g. 2026-01-31T12:00:00Z"
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; {allowed}") from None


if __name__ == "__main__":
    raise SystemExit(main())
