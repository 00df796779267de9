"""End process trees and read how processes ended."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path


def end_all_children(*, owns_process_tree: bool) -> None:
    """Kill every descendant of this process and wait until none is left.

    Args:
        owns_process_tree: This process is process 1 of a PID namespace: nothing can escape.
            Otherwise orphans come back to us (Linux subreaper), or are found by their parents (macOS).
    """
    while True:
        if owns_process_tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        else:
            for child in descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def descendants(root: int) -> list[int]:
    """Return the processes that descend from a process, itself excluded."""
    parents = _parents()
    found, frontier = [], [root]
    while frontier:
        frontier = [child for child, parent in parents.items() if parent in frontier]
        found += frontier
    return found


def _parents() -> dict[int, int]:
    if sys.platform == "linux":
        return {pid: parent for pid in _process_ids() if (parent := _parent(pid)) is not None}
    listing = subprocess.run(["/bin/ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return {int(pid): int(parent) for pid, parent in (line.split() for line in listing.splitlines())}


def _process_ids() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]  # noqa: PTH208 - names, fast


def _parent(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1])
