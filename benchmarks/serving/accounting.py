"""CPU time from /proc: of the processes of one session, of one process, and of the whole machine."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_STATE, _SESSION, _USER, _CHILDREN_SYSTEM = 0, 3, 11, 15


def session_seconds(session: int) -> float:
    """User and system time of every process of a session, and of its children that have ended."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _fields(entry)) and int(fields[_SESSION]) == session:
            ticks += sum(map(int, fields[_USER:_CHILDREN_SYSTEM]))
    return ticks / _TICKS


def session_of(process: int) -> int:
    """The session that a process belongs to."""
    return os.getsid(process)


def machine_seconds() -> float:
    """Busy time of all CPUs since the machine started."""
    user, nice, system, _idle, _wait, irq, soft_irq, *_ = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    return (user + nice + system + irq + soft_irq) / _TICKS


def _fields(entry: Path) -> list[str]:
    """The fields of /proc/<pid>/stat after the name, which may hold blanks."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
