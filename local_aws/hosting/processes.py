"""Tell what an instance's processes use of this machine, where Linux tells it."""

import os
import shutil
import time
from pathlib import Path
from weakref import WeakKeyDictionary

from local_aws.hosting.instance import Instance

_PROC = Path("/proc")
_FRESH_SECONDS = 5.0
_last: WeakKeyDictionary[Instance, tuple[float, float, dict[str, float]]] = WeakKeyDictionary()


def usage(instance: Instance) -> dict[str, float]:
    """Return CPU, memory and disk utilisation in percent; CPU may exceed 100 where an instance uses several."""
    now = time.monotonic()
    before, moment, known = _last.get(instance, (0.0, 0.0, {}))
    if known and now - moment < _FRESH_SECONDS:  # minutes of local time may pass in no time
        return known
    found = {"DiskUtilization": _disk(instance.folder)}
    if not _PROC.is_dir() or not instance.pids:
        return found
    pids = tree(instance.pids)
    seconds = sum(map(_cpu_seconds, pids))
    memory = sum(map(_resident_bytes, pids)) / (os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    busy = 100 * max(seconds - before, 0.0) / (now - moment) if known else 0.0
    found |= {"CPUUtilization": busy, "MemoryUtilization": 100 * memory}
    _last[instance] = (seconds, now, found)
    return found


def tree(roots: tuple[int, ...]) -> list[int]:
    """Return processes and all their descendants, as far as this machine tells them."""
    if not _PROC.is_dir():
        return list(roots)
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], list(roots)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat from the state on; empty where the process has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _resident_bytes(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def _disk(folder: Path) -> float:
    try:
        total, used, _ = shutil.disk_usage(folder)
    except OSError:
        return 0.0
    return 100 * used / total
