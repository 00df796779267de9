"""The prepare-scoring job: raw zone in; one day's schedule as requests for the model out, and a summary.

Each line is a request that the model server takes as it is (docs/reference/model-server.md): the flight as published,
its id, and the features that are known the evening before (`usecase.day_ahead`). A day without a flight in the raw
zone is no failure: the summary says so, and nobody starts a transform job for it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from processing.failure import MESSAGE_FILE, report_failure
from processing.outputs import staged, write_json
from processing.scoring_requests import request_lines
from processing.validation import RawDataError, Validated, read_table, validate
from usecase.day_ahead import is_of_day, known_at, relevant, without_future
from usecase.schema import FLIGHTS, TABLES, Table

_log = logging.getLogger(__name__)

OUTPUTS = ("requests", "summary")
REQUESTS_FILE, SUMMARY_FILE = "requests.jsonl", "summary.json"


@dataclass(frozen=True)
class Settings:
    """What the job is told."""

    day: dt.date
    raw_dir: Path
    output_dir: Path
    max_rejected_fraction: float
    message_file: Path


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run the job; return its exit code."""
    del environ
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    settings = parse_settings(argv)
    try:
        prepare_scoring(settings)
    except (RawDataError, OSError) as error:
        return report_failure("prepare-scoring", error, settings.message_file)
    return 0


def parse_settings(argv: Sequence[str] | None) -> Settings:
    """Read the flags."""
    parser = argparse.ArgumentParser(prog="prepare-scoring", description="Write a day's schedule as model requests.")
    parser.add_argument("--day", type=_day, required=True, help="the day to score, by New York's calendar: 2013-12-05")
    parser.add_argument("--raw-dir", type=Path, default=Path("/opt/ml/processing/input/raw"))
    parser.add_argument("--output-dir", type=Path, default=Path("/opt/ml/processing/output"))
    parser.add_argument("--max-rejected-fraction", type=float, default=0.05)
    parser.add_argument("--message-file", type=Path, default=MESSAGE_FILE, help="where the reason of a failure goes")
    return Settings(**vars(parser.parse_args(argv)))


def prepare_scoring(settings: Settings) -> None:
    """Read, validate, compute and write; nothing is written unless all of it is."""
    tables = {name: _read(table, settings) for name, table in TABLES.items()}
    flights = tables[FLIGHTS.name]
    scheduled = 0 if flights is None else int(is_of_day(flights.accepted, settings.day).sum())
    rejected = 0 if flights is None else int(is_of_day(flights.rejected, settings.day).sum())
    accepted = {name: result.accepted for name, result in tables.items() if result is not None}
    with staged(settings.output_dir, OUTPUTS) as folder:
        if scheduled:
            lines = request_lines(accepted, settings.day)
            (folder / "requests" / REQUESTS_FILE).write_text("".join(lines), encoding="utf-8")
        summary = {
            "schema_version": 1,
            "day": settings.day.isoformat(),
            "known_at": known_at(settings.day).isoformat(),
            "flights": scheduled,
            "rejected": rejected,
        }
        write_json(summary, folder / "summary" / SUMMARY_FILE)
    _log.info("prepare-scoring: %s: %d flights to score, %d rejected", settings.day, scheduled, rejected)


def _read(table: Table, settings: Settings) -> Validated | None:
    """Read a table; of the flights only what the day may look at, and None where that is nothing."""
    raw = read_table(settings.raw_dir, table)
    if table is FLIGHTS:
        raw = without_future(relevant(raw, settings.day), known_at(settings.day))
        if raw.empty:
            return None
    return validate(raw, table, max_rejected_fraction=settings.max_rejected_fraction)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2013-12-05") from None
