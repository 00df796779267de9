"""Find and read the baselines of a model version: the files that its model package names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from processing.monitoring.settings import MonitorInputError


def read_baseline(flag: str, folder: Path, name: str) -> dict[str, Any]:
    """Read the one file of this name at any depth below a folder.

    Raises:
        MonitorInputError: There is none, or more than one, or it is no JSON object.
    """
    found = sorted(folder.rglob(name)) if folder.is_dir() else []
    if not found:
        raise MonitorInputError(
            f"{flag} {folder}: no {name}; give the prefix that the model package's DriftCheckBaselines name"
        )
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in found)
        raise MonitorInputError(f"{flag} {folder}: {len(found)} files {name} ({names}); exactly one is allowed")
    try:
        document = json.loads(found[0].read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise MonitorInputError(f"{found[0]}: not a readable baseline ({error})") from error
    if not isinstance(document, dict):
        raise MonitorInputError(f"{found[0]}: a baseline is a JSON object, not {type(document).__name__}")
    return document
