"""Alternated rounds: each stack alone, in turn, through all cells; the order is reversed from round to round."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.local_server import ROOT
from benchmarks.measurement import Measurement
from benchmarks.serving.accounting import machine_seconds, session_seconds
from benchmarks.serving.peers import make_peers
from benchmarks.serving.stacks import HANDLERS, MANAGED, OWN, Running, Stack, StackError, all_stacks, ask, running
from benchmarks.serving.workload import BATCH_ROWS, Workload, make_workload

TOLERANCE = 1e-6
# More CPU than this used by others spoils a round's absolute figures; ratios within it still count.
QUIET_CORES = 0.2
_WARM_SECONDS = 1.0
STATE = ROOT / ".local" / "benchmarks"


@dataclass(frozen=True)
class Cell:
    """One kind of load."""

    name: str
    rows: int
    connections: int


CELLS = (Cell("1 row, 1 connection", 1, 1), Cell("1 row, 16 connections", 1, 16), Cell("1000 rows", BATCH_ROWS, 4))
SINGLE, SIXTEEN, BATCH = CELLS


@dataclass(frozen=True)
class Place:
    """Where in a run a measurement stands."""

    stack: Stack
    cell: Cell
    round: int

    def __str__(self) -> str:
        """What an error calls it."""
        return f"{self.stack.label}, {self.cell.name}, round {self.round}"


@dataclass(frozen=True)
class Result:
    """One stack in one cell of one round.

    Attributes:
        cpu_us: User and system time of the server's processes a request; NaN where they cannot be seen.
        others_cores: CPUs used by neither server nor client.
    """

    stack: str
    cell: str
    round: int
    requests_per_second: float
    rows_per_second: float
    p50_us: float
    p99_us: float
    cpu_us: float
    client_cpu_us: float
    others_cores: float

    @property
    def is_quiet(self) -> bool:
        """Whether the machine was the benchmark's own."""
        return self.others_cores <= QUIET_CORES


@dataclass(frozen=True)
class Run:
    """All results of a run."""

    stacks: Sequence[Stack]
    results: Sequence[Result]
    boot_seconds: dict[str, float]

    def median(self, stack: str, cell: Cell, field: str) -> float:
        """The median over the rounds."""
        values = [getattr(each, field) for each in self.results if each.stack == stack and each.cell == cell.name]
        return statistics.median(values) if values else float("nan")

    def ratio(self, one: str, other: str, cell: Cell, field: str) -> float:
        """The median over the rounds of one stack's figure divided by the other's in the same round."""
        by_round: dict[int, dict[str, float]] = {}
        for each in self.results:
            if each.cell == cell.name:
                by_round.setdefault(each.round, {})[each.stack] = getattr(each, field)
        found = [values[one] / values[other] for values in by_round.values() if one in values and other in values]
        return statistics.median(found) if found else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "stacks": {stack.name: stack.label for stack in self.stacks},
            "boot_seconds": self.boot_seconds,
            "results": [asdict(each) | {"is_quiet": each.is_quiet} for each in self.results],
        }


def run(folder: Path, rounds: int, seconds: float, names: Sequence[str] = ()) -> Run:
    """Measure all stacks, or the named ones.

    Raises:
        StackError: A server did not start, gave an answer that is not 2xx, or other numbers than XGBoost.
        PeersError: The other stacks' packages cannot be installed.
    """
    peers = make_peers(STATE / "peers")
    workload = make_workload(STATE / "model")
    everything = all_stacks(peers, workload.folder, os.environ.get("MANAGED_URL", ""))
    stacks = [stack for stack in everything if not names or stack.name in names]
    results: list[Result] = []
    boot: dict[str, float] = {}
    for number in range(rounds):
        for stack in stacks if number % 2 == 0 else reversed(stacks):
            with running(stack, peers, workload.folder, _logs() / f"{stack.name}.log") as server:
                boot.setdefault(stack.name, server.boot_seconds)
                if number == 0:
                    check_answers(stack, server, workload)
                for cell in CELLS:
                    bodies = _bodies(stack, workload, cell, folder)
                    results.append(_measure(Place(stack, cell, number), server, bodies, seconds))
    return Run(stacks, results, boot)


def _logs() -> Path:
    folder = STATE / "serving" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def check_answers(stack: Stack, server: Running, workload: Workload) -> None:
    """Compare the answers for all rows with XGBoost's own.

    Raises:
        StackError: One differs by more than TOLERANCE.
    """
    lines = workload.lines(as_codes=stack.as_codes)
    found: list[float] = []
    for start in range(0, len(lines), BATCH_ROWS):
        content = ask(server, "\n".join(lines[start : start + BATCH_ROWS]) + "\n").decode()
        found += [float(line.split(",")[0]) for line in content.strip().splitlines()]
    if len(found) != len(lines):
        raise StackError(f"{stack.label}: {len(found)} answers to {len(lines)} rows")
    apart = float(np.abs(np.array(found) - workload.probabilities).max())
    if not apart <= TOLERANCE:
        raise StackError(f"{stack.label}: an answer is {apart:.2g} off XGBoost's; it must serve {workload.folder}")


def _bodies(stack: Stack, workload: Workload, cell: Cell, folder: Path) -> Path:
    path = folder / f"bodies-{cell.rows}-{stack.as_codes}.json"
    return path if path.exists() else workload.write_bodies(path, cell.rows, as_codes=stack.as_codes)


def _measure(place: Place, server: Running, bodies: Path, seconds: float) -> Result:
    settings = {"host": server.host, "port": server.port, "path": server.path, "bodies": str(bodies)} | {
        "connections": place.cell.connections,
        "closes": place.stack.closes,
        "seconds": seconds,
        "warm_seconds": _WARM_SECONDS,
    }
    command = [sys.executable, "-m", "benchmarks.serving.client", json.dumps(settings)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as client:
        output = client.stdout
        if output is None or output.readline().strip() != "go":
            raise StackError(f"{place}: the load did not start")
        began, before = time.monotonic(), (_cpu(server), machine_seconds())
        line = output.readline()
        used, busy = _cpu(server) - before[0], machine_seconds() - before[1]
        elapsed = time.monotonic() - began
    found = json.loads(line or '{"requests": 0, "error_count": 1, "errors": ["the client ended"]}')
    if found["error_count"] or not found["requests"]:
        raise StackError(f"{place}: {found['error_count']} errors, such as {found['errors'][:1]}")
    return _result(place, found, used, busy / elapsed)


def _cpu(server: Running) -> float:
    return session_seconds(server.session) if server.session else float("nan")


def _result(place: Place, found: dict[str, Any], used: float, busy_cores: float) -> Result:
    requests, seconds = found["requests"], found["seconds"]
    ours = found["client_cpu_seconds"] + (0 if np.isnan(used) else used)
    return Result(
        stack=place.stack.name,
        cell=place.cell.name,
        round=place.round,
        requests_per_second=requests / seconds,
        rows_per_second=requests * place.cell.rows / seconds,
        p50_us=found["p50_us"],
        p99_us=found["p99_us"],
        cpu_us=1e6 * used / requests,
        client_cpu_us=1e6 * found["client_cpu_seconds"] / requests,
        others_cores=max(0.0, busy_cores - ours / seconds),
    )


def targets(found: Run) -> Iterator[Measurement]:
    """The bounds that the project sets itself. A bound is the highest value, so speed stands as time a request."""
    for name, one, cell, field, least in (
        ("own server, requests, 16 connections", OWN, SIXTEEN, "requests_per_second", 20.0),
        ("own server, requests, 1 connection", OWN, SINGLE, "requests_per_second", 5.0),
        ("own server, rows in batches of 1000", OWN, BATCH, "rows_per_second", 5.0),
        ("own handlers, requests, 16 connections", HANDLERS, SIXTEEN, "requests_per_second", 1.4),
    ):
        faster = found.ratio(one, MANAGED, cell, field)
        yield Measurement(f"time of {name}", 1 / faster, "ratio", 1 / least, f"{faster:.1f} x the managed stack's rate")
    cpu = found.ratio(OWN, MANAGED, SIXTEEN, "cpu_us")
    if not np.isnan(cpu):
        yield Measurement("CPU a request of own server", cpu, "ratio", 1 / 15, f"{1 / cpu:.0f} x less than managed")


def measure(folder: Path) -> Iterator[Measurement]:
    """Run the benchmark, write its report below .local/benchmarks/serving, and yield the bounds."""
    from benchmarks.serving.report import write_report  # noqa: PLC0415 - it imports this module

    found = run(folder, rounds=3, seconds=2.0)
    print(write_report(found, STATE / "serving"), flush=True)
    yield from targets(found)
