"""Data quality of a day with a million captured records of forty features, beside whylogs on the same records.

`python -m benchmarks monitoring.data_quality`. whylogs gets an environment of its own; where it cannot be installed,
ours is measured alone, and the reason is said.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.local_server import ROOT
from benchmarks.measurement import Measurement
from benchmarks.monitoring.records import write_records

RECORDS = 1_000_000
# whylogs takes minutes for a million: both get these, for the ratio.
COMPARED = 200_000
BOUND_SECONDS, BOUND_MEBIBYTES = 60.0, 1024.0
_HERE = Path(__file__).resolve().parent
_LOCK = _HERE / "requirements-peer.txt"
_PEER_FOLDER = ROOT / ".local" / "benchmarks" / "monitoring-peer"


class RunError(Exception):
    """A run did not do what it should."""


@dataclass(frozen=True)
class Run:
    """What one process took."""

    seconds: float
    mebibytes: float
    found: dict[str, int]


def measure(folder: Path) -> Iterator[Measurement]:
    """Measure ours, then whylogs, in this run."""
    records, compared = folder / "records", folder / "compared"
    write_records(records, RECORDS)
    write_records(compared, COMPARED)
    ours = _run(_ours(records), RECORDS)
    yield Measurement(
        "data quality of 1,000,000 records", ours.seconds, "s", BOUND_SECONDS, f"load {os.getloadavg()[0]:.1f}"
    )
    yield Measurement("data quality, peak memory", ours.mebibytes, "MiB", BOUND_MEBIBYTES, "all its processes")
    try:
        python = _peer()
    except (RunError, OSError) as error:
        print(f"monitoring.data_quality: without whylogs: {error}", file=sys.stderr)
        return
    ours = _run(_ours(compared), COMPARED)
    peer = _run([str(python), str(_HERE / "peer_run.py"), str(compared)], COMPARED)
    against = (
        f"{COMPARED:,} records: ours {ours.seconds:.1f} s, with making a baseline; whylogs {peer.seconds:.1f} s, "
        f"{peer.mebibytes:.0f} MiB, with none"
    )
    yield Measurement("data quality, time by whylogs' time", ours.seconds / peer.seconds, "ratio", None, against)


def _ours(records: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.monitoring.our_run", str(records)]


def _run(command: Sequence[str], records: int) -> Run:
    """One process and its children: the largest sum of their memory, sampled."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - started
        output = process.stdout.read() if process.stdout else ""
    found = json.loads(output or "{}")
    if process.returncode or found.get("records") != records:
        raise RunError(f"{' '.join(command[:3])} ended with {process.returncode} and found {output[:200]!r}")
    return Run(seconds, peak / 1024**2, found)


def _memory(pid: int) -> int:
    """Resident bytes of a process and all below it."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_memory(int(child)) for child in children)


def _peer() -> Path:
    """Python of whylogs' environment; makes it once."""
    python, stamp = _PEER_FOLDER / "bin" / "python", _PEER_FOLDER / "installed"
    wanted = _LOCK.read_text() + sys.version
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"monitoring: whylogs → {_PEER_FOLDER} (100 MB, once)", file=sys.stderr)
        _install([sys.executable, "-m", "venv", "--clear", str(_PEER_FOLDER)])
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        _install([*pip, "install", "--require-hashes", "--no-deps", "-r", str(_LOCK)])
        stamp.write_text(wanted)
    return python


def _install(command: Sequence[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise RunError(f"{' '.join(command[:5])} … failed: {lines[-1] if lines else done.returncode}")
