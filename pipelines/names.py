"""Hold the names that others use to find the pipeline and its parts."""

import sys
from pathlib import Path

PIPELINE_NAME = "flight-delay-training"
EVALUATION_REPORT = "EvaluationReport"
NO_CHAMPION_MARKER = "NO_CHAMPION"


def command_line(text: str) -> str:
    """Return a command of these tools as the user can type it, with the interpreter that runs now."""
    python, here = Path(sys.executable), Path.cwd()
    shown = python.relative_to(here) if python.is_relative_to(here) else python.name
    return f"{shown} -m pipelines {text}"


def short(path: Path) -> Path:
    """Return a path as it is shown: relative to the working folder where it lies below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
