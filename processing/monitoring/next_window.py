"""How one run leads to the next: the pointer to the day after, and the check that a state belongs to this variant.

`next.json` is copied by the state machine to the variant's pointer object once the job has ended. Days come one after
another, so every captured request and every label file is read by one run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from processing.monitoring.settings import MonitorInputError, Settings, read_day

SCHEMA_VERSION = 1
STATE_FOLDER, STATE_FILE = "state", "state.json"


def next_document(settings: Settings) -> dict[str, Any]:
    """What the next run has to know: its day, that day's prefix, and where this run left its state."""
    following = settings.day + timedelta(days=1)
    return {
        "schema_version": SCHEMA_VERSION,
        "next_day": following.isoformat(),
        "next_prefix": day_prefix(following),
        "state_prefix": f"monitoring/{settings.endpoint}/{settings.variant}/{day_prefix(settings.day)}/{STATE_FOLDER}/",
    }


def day_prefix(day: date) -> str:
    """The folders of a day below a prefix."""
    return f"{day:%Y/%m/%d}"


@dataclass(frozen=True)
class PreviousState:
    """What the run before left.

    Attributes:
        folder: Of its files; None for the first run.
        model_version: The version that was judged then.
        served_since: The first day on which it was judged; None is unknown.
    """

    folder: Path | None = None
    model_version: str = ""
    served_since: date | None = None


def state_document(settings: Settings, served_since: date) -> dict[str, Any]:
    """Whose state this is, after which day, and since when the variant serves this version."""
    return {
        "schema_version": SCHEMA_VERSION,
        "endpoint": settings.endpoint,
        "variant": settings.variant,
        "day": settings.day.isoformat(),
        "model_version": settings.model_version,
        "served_since": None if served_since == date.min else served_since.isoformat(),
    }


def served_since(settings: Settings, before: PreviousState) -> date:
    """The first day on which this version was judged; requests that wait from earlier days had another one's answer."""
    if before.folder is None:
        return date.min
    is_same = before.model_version == settings.model_version
    return before.served_since or date.min if is_same else settings.day


def find_state(settings: Settings) -> PreviousState:
    """The state that the run before left.

    Raises:
        MonitorInputError: It is not readable, another variant's, or not of an earlier day: labels would count twice.
    """
    found = sorted(settings.state_dir.rglob(STATE_FILE)) if settings.state_dir.is_dir() else []
    if not found:
        return PreviousState()
    if len(found) > 1:
        raise MonitorInputError(f"--state-dir {settings.state_dir}: {len(found)} states; exactly one is allowed")
    state = _read(found[0])
    if state.get("schema_version") != SCHEMA_VERSION:
        raise MonitorInputError(f"{found[0]}: schema_version is {state.get('schema_version')!r}, not {SCHEMA_VERSION}")
    whose = (state.get("endpoint"), state.get("variant"))
    if whose != (settings.endpoint, settings.variant):
        raise MonitorInputError(
            f"{found[0]} is the state of {whose[0]}/{whose[1]}, not of {settings.endpoint}/{settings.variant}; "
            "give the state_prefix of the variant's next.json"
        )
    after = read_day(f"{found[0]}: day", state.get("day"))
    if after >= settings.day:
        raise MonitorInputError(
            f"{found[0]} is the state after {after}, so the labels of {settings.day} would count twice; "
            f"give the state after {settings.day - timedelta(days=1)}"
        )
    since = state.get("served_since")
    return PreviousState(
        found[0].parent,
        str(state.get("model_version", "")),
        read_day(f"{found[0]}: served_since", since) if since else None,
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise MonitorInputError(f"{file}: not a readable state ({error}); run the day before again") from error
    if not isinstance(document, dict):
        raise MonitorInputError(f"{file}: not a state; run the day before again")
    return document
