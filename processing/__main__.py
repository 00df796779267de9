"""Run a processing job by its name: `python -m processing prepare …`, in a job `python3 processing.pyz prepare …`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence

JOBS = ("prepare", "evaluate", "judge-experiment", "prepare-scoring", "monitor")
USAGE_ERROR = 2


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Hand over to the job's own `main`; only that job's modules are imported."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] not in JOBS:
        named = f"unknown job {arguments[0]!r}" if arguments else "no job named"
        sys.stderr.write(f"processing: {named}; jobs: {', '.join(JOBS)}; try `<job> --help`\n")
        return USAGE_ERROR
    job = importlib.import_module(f"processing.{arguments[0].replace('-', '_')}")
    code: int = job.main(arguments[1:], environ)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
