"""What the monitor job is told: flags, checked where a person who misspelt one can see it."""

from __future__ import annotations

import argparse
import difflib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from processing.failure import MESSAGE_FILE

DATA_QUALITY, MODEL_QUALITY, BIAS, ATTRIBUTION = "data-quality", "model-quality", "bias", "attribution"
KINDS = (DATA_QUALITY, MODEL_QUALITY, BIAS, ATTRIBUTION)
SOURCES = ("endpoint", "transform")

_INPUT = Path("/opt/ml/processing/input")
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class MonitorInputError(Exception):
    """An input of the monitor cannot be used; the text is fit for a failure reason."""


@dataclass(frozen=True)
class Settings:
    """One run: a variant, a day, and where everything lies.

    Attributes:
        endpoint: Name of the endpoint; of the scoring job for `transform`.
        variant: Whose requests.
        model_version: Version of the model package it serves; answers of other versions are left out.
        day: The window: this day, in UTC.
        kinds: Which monitors run.
        invocations: How many requests CloudWatch counted; None is unknown.
        captured_share: Below this share of captured requests, capture is broken.
        labelled_share: Below this share of labelled requests, labels are late.
        label_wait_days: How old a request is before its label is missed.
        label_horizon_days: How old it is before nobody waits for its label any more.
        source: `endpoint` reads data capture, `transform` batch output joined with its input.
    """

    endpoint: str
    variant: str
    model_version: str
    day: date
    kinds: tuple[str, ...]
    invocations: float | None
    captured_share: float
    labelled_share: float
    label_wait_days: int
    label_horizon_days: int
    source: Literal["endpoint", "transform"]
    capture_dir: Path
    ground_truth_dir: Path
    state_dir: Path
    model_dir: Path
    baseline_dir: Path
    evaluation_dir: Path
    output_dir: Path


def parse_flags(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the flags as text."""
    parser = argparse.ArgumentParser(prog="monitor", description="Judge one day of a variant's requests.")
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--variant", required=True)
    parser.add_argument("--model-version", required=True)
    parser.add_argument("--day", required=True, help="YYYY-MM-DD, in UTC")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which monitors, comma-separated (default: all)")
    parser.add_argument("--invocations", default="[]", help="JSON list of counted requests, [] where unknown")
    parser.add_argument("--captured-share", type=float, default=0.9)
    parser.add_argument("--labelled-share", type=float, default=0.5)
    parser.add_argument("--label-wait-days", type=int, default=1)
    parser.add_argument("--label-horizon-days", type=int, default=7)
    parser.add_argument("--source", default="endpoint", help="endpoint or transform")
    for name in ("capture", "ground-truth", "state", "model", "baseline", "evaluation"):
        parser.add_argument(f"--{name}-dir", type=Path, default=_INPUT / name)
    parser.add_argument("--output-dir", type=Path, default=Path("/opt/ml/processing/output"))
    parser.add_argument("--message-file", type=Path, default=MESSAGE_FILE, help="where the reason of a failure goes")
    return parser.parse_args(argv)


def checked_settings(flags: argparse.Namespace) -> Settings:
    """The settings of these flags.

    Raises:
        MonitorInputError: A flag has a value that is not allowed.
    """
    values = dict(vars(flags))
    values.pop("message_file")
    values["day"] = read_day("--day", flags.day)
    values["kinds"] = _kinds(flags.kinds)
    values["invocations"] = _invocations(flags.invocations)
    for name in ("endpoint", "variant"):
        if not _NAME.match(values[name]):
            raise MonitorInputError(f"--{name} {values[name]!r} is not allowed; expected letters, digits and hyphens")
    if flags.source not in SOURCES:
        raise MonitorInputError(f"--source {flags.source!r} {_near(flags.source, SOURCES)}")
    for name in ("captured_share", "labelled_share"):
        if not 0 <= values[name] <= 1:
            flag = f"--{name.replace('_', '-')}"
            raise MonitorInputError(f"{flag} {values[name]:g} is not allowed; expected a share, 0 to 1")
    if not 0 <= flags.label_wait_days <= flags.label_horizon_days:
        raise MonitorInputError(
            f"--label-wait-days {flags.label_wait_days} and --label-horizon-days {flags.label_horizon_days} are not "
            "allowed together; expected 0 ≤ wait ≤ horizon"
        )
    return Settings(**values)


def read_day(where: str, text: object) -> date:
    """A day written as YYYY-MM-DD.

    Raises:
        MonitorInputError: It is none.
    """
    try:
        found = date.fromisoformat(str(text)) if _DAY.match(str(text)) else None
    except ValueError:
        found = None
    if found is None:
        raise MonitorInputError(f"{where} {text!r} is no day; expected YYYY-MM-DD, e.g. 2026-01-31")
    return found


def _kinds(text: str) -> tuple[str, ...]:
    given = [name.strip() for name in text.split(",") if name.strip()]
    for name in given:
        if name not in KINDS:
            raise MonitorInputError(f"--kinds: {name!r} {_near(name, KINDS)}")
    if not given:
        raise MonitorInputError(f"--kinds names no monitor; allowed: {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in given)


def _near(name: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f" did you mean {near[0]!r}?" if near else ""
    return f"is not allowed;{hint} allowed: {', '.join(allowed)}"


def _invocations(text: str) -> float | None:
    try:
        values = json.loads(text)
        counts = [float(value) for value in (values if isinstance(values, list) else [values])]
    except (ValueError, TypeError, RecursionError):
        counts = [math.nan]
    if not all(math.isfinite(count) and count >= 0 for count in counts):
        raise MonitorInputError(
            f"--invocations {text!r} is no list of counts; expected JSON such as [812.0], [] where unknown"
        )
    return sum(counts) if counts else None
