"""How a processing job says why it failed: one paragraph on stderr and in the file SageMaker reads."""

from __future__ import annotations

import sys
from pathlib import Path

MESSAGE_FILE = Path("/opt/ml/output/message")
FAILED = 1
# SageMaker's ExitMessage holds 1 KB.
_LONGEST = 1000


def report_failure(job: str, reason: Exception | str, message_file: Path = MESSAGE_FILE) -> int:
    """Say why the job failed and give its exit code."""
    text = f"{job}: {' '.join(str(reason).split())}"
    sys.stderr.write(f"{text}\n")
    try:
        message_file.parent.mkdir(parents=True, exist_ok=True)
        message_file.write_text(text[:_LONGEST], encoding="utf-8")
    except OSError:
        # Outside a job there may be no such folder; stderr has the reason.
        return FAILED
    return FAILED
