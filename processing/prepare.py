"""The prepare job: raw zone in; rows to learn from, specification, baseline and data report out.

The year is processed in one piece: 337 thousand flights peak at well under 1 GB. `build_features` needs only the 28
days before a flight and the schedule of its day, so months can be processed one by one where a table no longer fits; a
test shows that a month built that way is the same.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from processing import baseline, data_report
from processing.data_report import Stages
from processing.failure import MESSAGE_FILE, report_failure
from processing.outputs import staged, write_json, write_json_lines, write_rows
from processing.validation import RawDataError, Validated, read_table, validate
from usecase.dataset import LABEL, OUTCOME_DECISION, labelled_rows, outcomes, specification
from usecase.feature_spec import FeatureSpec
from usecase.features import HORIZON_HOURS
from usecase.schema import TABLES, Table
from usecase.split import REQUIRED_SPLITS, SPLIT_MONTHS

_log = logging.getLogger(__name__)

OUTPUTS = (*SPLIT_MONTHS, "specification", "baseline", "report", "rejected")


@dataclass(frozen=True)
class Settings:
    """What the job is told."""

    raw_dir: Path
    output_dir: Path
    max_rejected_fraction: float
    horizon_hours: float
    data_version: str
    message_file: Path


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run the job; return its exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    settings = parse_settings(argv, environ)
    try:
        prepare(settings)
    except (RawDataError, OSError) as error:
        return report_failure("prepare", error, settings.message_file)
    return 0


def parse_settings(argv: Sequence[str] | None, environ: Mapping[str, str]) -> Settings:
    """Read flags and environment."""
    parser = argparse.ArgumentParser(prog="prepare", description="Validate the raw zone and prepare the rows.")
    parser.add_argument("--raw-dir", type=Path, default=Path("/opt/ml/processing/input/raw"))
    parser.add_argument("--output-dir", type=Path, default=Path("/opt/ml/processing/output"))
    parser.add_argument("--max-rejected-fraction", type=_fraction, default=0.05)
    parser.add_argument("--horizon-hours", type=_hours, default=HORIZON_HOURS)
    parser.add_argument("--message-file", type=Path, default=MESSAGE_FILE, help="where the reason of a failure goes")
    flags = parser.parse_args(argv)
    return Settings(**vars(flags), data_version=environ.get("DATA_VERSION", "unversioned"))


def prepare(settings: Settings) -> None:
    """Read, validate, build, split and write everything; nothing is written unless all of it is."""
    stages = Stages("prepare")
    with stages.stage("read and validate"):
        validated = {name: _read(table, settings) for name, table in TABLES.items()}
    with stages.stage("build features"):
        tables = {name: result.accepted for name, result in validated.items()}
        splits = _split(labelled_rows(tables, settings.horizon_hours))
        spec = specification(splits["train"], horizon_hours=settings.horizon_hours, data_version=settings.data_version)
    with staged(settings.output_dir, OUTPUTS) as folder:
        with stages.stage("write rows and baseline"):
            _write(folder, splits, spec, validated)
        report = data_report.document(_report_parts(settings, validated, splits, spec), stages)
        write_json(report, folder / "report" / "data_report.json")


def _read(table: Table, settings: Settings) -> Validated:
    raw = read_table(settings.raw_dir, table)
    validated = validate(raw, table, max_rejected_fraction=settings.max_rejected_fraction)
    _log.info("prepare: %s: %d rows read, %d rejected", table.name, len(raw), len(validated.rejected))
    return validated


def _split(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    splits = {name: rows[rows["month"].isin(months)] for name, months in SPLIT_MONTHS.items()}
    for name in REQUIRED_SPLITS:
        if splits[name].empty:
            raise RawDataError(
                f"the split {name!r} has no labelled flight: it needs the months {list(SPLIT_MONTHS[name])}, "
                f"the raw zone has {sorted(rows['month'].unique().tolist())}; land the missing months"
            )
    for name, found in splits.items():
        if missing := data_report.missing_months(found, SPLIT_MONTHS[name]):
            _log.warning("prepare: warning: the split %r lacks the months %s; it is used without them", name, missing)
    return splits


def _write(
    folder: Path, splits: Mapping[str, pd.DataFrame], spec: FeatureSpec, validated: Mapping[str, Validated]
) -> None:
    for name, rows in splits.items():
        for month, part in rows.groupby("month"):
            write_rows(part, folder / name / f"month-{month:02d}.parquet")
    spec.save(folder / "specification" / "feature_spec.json")
    features = splits["train"][list(spec.names)]
    write_json(baseline.statistics(features), folder / "baseline" / "statistics.json")
    days = splits["train"]["sched_dep_utc"].dt.floor("D")
    constraints = baseline.constraints(features, splits["train"]["month"], days)
    write_json(constraints, folder / "baseline" / "constraints.json")
    for name, result in validated.items():
        write_json_lines(result.rejected, folder / "rejected" / f"{name}.jsonl")


def _report_parts(
    settings: Settings, validated: Mapping[str, Validated], splits: Mapping[str, pd.DataFrame], spec: FeatureSpec
) -> dict[str, Any]:
    limit = settings.max_rejected_fraction
    return {
        "data_version": settings.data_version,
        "horizon_hours": settings.horizon_hours,
        "tables": {name: data_report.table_summary(result, limit) for name, result in validated.items()},
        "outcomes": {**outcomes(validated["flights"].accepted), "decision": OUTCOME_DECISION},
        "splits": {name: data_report.split_summary(rows, LABEL, SPLIT_MONTHS[name]) for name, rows in splits.items()},
        "features": data_report.feature_summary(splits["train"], spec.names),
    }


def _fraction(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share between 0 and 1")
    return value


def _hours(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 72:  # noqa: PLR2004 - weather and delays tell nothing further ahead
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 72 hours")
    return value
