"""Tell whether a local AWS runs on a root folder, and how to reach it.

The server holds a lock on `server.lock` while it lives, so that a file left by a killed server deceives nobody; what
it tells about itself stands in `server.json`.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local_aws.errors import LocalAwsError


class AlreadyRunningError(LocalAwsError):
    """Another local AWS runs on the same root folder."""


@dataclass(frozen=True)
class RunningServer:
    """What a running server tells about itself."""

    pid: int
    port: int
    environment: dict[str, str]
    notices: list[str] = field(default_factory=list)


def read(root: Path) -> RunningServer | None:
    """Return the server that runs on a root folder; None where none does, or it has not bound its port yet."""
    if not is_locked(root):
        return None
    try:
        return RunningServer(**json.loads((root / "server.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_locked(root: Path) -> bool:
    """Return whether a server lives on a root folder."""
    try:
        with (root / "server.lock").open("rb") as file:
            return not _try_lock(file.fileno(), fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def held(root: Path) -> Iterator[None]:
    """Hold the root folder as its server.

    Raises:
        AlreadyRunningError: Another server holds it.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / "server.lock").open("ab") as file:
        if not _try_lock(file.fileno(), fcntl.LOCK_EX):
            raise AlreadyRunningError(
                f"A local AWS runs on {root} already. Use it (`python -m local_aws up` prints its address), "
                "end it with `python -m local_aws down`, or choose another --root."
            )
        (root / "server.json").unlink(missing_ok=True)
        try:
            yield
        finally:
            (root / "server.json").unlink(missing_ok=True)


def write(root: Path, server: RunningServer) -> None:
    """Tell how to reach this server, in one step: readers see the whole file or none."""
    fresh = root / f".server.json.{os.getpid()}"
    fresh.write_text(json.dumps(asdict(server)), encoding="utf-8")
    fresh.replace(root / "server.json")


def _try_lock(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
