"""Measure the default run's wall time over the critical path of its steps' own compute.

A step's own compute is the time its containers ran, which the local AWS logs per job. Steps follow one another; the
trials of the search run on a fixed number of slots, so the search's critical path is that of its trials' compute,
started in the same order on as many slots.
"""

import heapq
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.local_server import copy_project
from benchmarks.measurement import Measurement

BOUND_RATIO = 1.15
_RAN = re.compile(r"(\S+): containers ran ([0-9.]+) s")


def measure(folder: Path) -> Iterator[Measurement]:
    """Run the whole pipeline in a copy of the project, with nothing cached."""
    project = copy_project(folder)
    subprocess.run([sys.executable, "-m", "pipelines", "run"], cwd=project, check=True, stdout=sys.stderr)
    subprocess.run([sys.executable, "-m", "local_aws", "down"], cwd=project, check=True, capture_output=True)
    run = project / ".local" / "runs" / "latest"
    log = (project / ".local" / "aws" / "server.log").read_text()
    compute = {name: float(seconds) for name, seconds in _RAN.findall(log)}
    steps, tuning = json.loads((run / "steps.json").read_text()), json.loads((run / "tuning.json").read_text())
    slots = tuning["config"]["ResourceLimits"]["MaxParallelTrainingJobs"]
    critical = _steps_compute(steps, compute) + makespan(_trials_compute(tuning, compute), slots)
    wall = _wall_seconds(json.loads((run / "execution.json").read_text()))
    yield Measurement("pipeline, wall time", wall, "s", 300.0, "the default budget's bound")
    yield Measurement("critical path of the steps' own compute", critical, "s", None, "containers alone")
    yield Measurement("pipeline over critical path", wall / critical, "ratio", BOUND_RATIO, "in one run")


def makespan(seconds: list[float], slots: int) -> float:
    """Return when the last of some tasks ends, each started in order as soon as a slot is free."""
    free = [0.0] * slots
    for duration in seconds:
        heapq.heappush(free, heapq.heappop(free) + duration)
    return max(free)


def _steps_compute(steps: list[dict[str, Any]], compute: dict[str, float]) -> float:
    names = (step["job_name"] for step in steps if step["type"] != "Tuning")
    return sum(compute.get(name, 0.0) for name in names)


def _trials_compute(tuning: dict[str, Any], compute: dict[str, float]) -> list[float]:
    trials = sorted(tuning["trials"], key=lambda trial: trial["start"])
    return [compute[trial["name"]] for trial in trials]


def _wall_seconds(execution: dict[str, Any]) -> float:
    started, ended = (datetime.fromisoformat(execution[name]) for name in ("start", "end"))
    return (ended - started).total_seconds()
