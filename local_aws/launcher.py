"""Start a local AWS in the background, find it, and end it."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from local_aws import server_file
from local_aws.errors import LocalAwsError
from local_aws.server_file import RunningServer

_T = TypeVar("_T")
HEALTH_PATH = "/_local_aws/health"
USAGE_PATH = "/_local_aws/iam/usage"
"""GET answers which permissions roles used; DELETE forgets what was recorded, as a new run starts."""
ENDPOINTS_PATH = "/_local_aws/endpoints"
"""GET answers which processes serve which endpoint."""
CLOCK_PATH = "/_local_aws/clock"
"""GET tells the local time; POST lets it pass or changes its speed."""
_REPOSITORY = Path(__file__).resolve().parents[1]
_START_SECONDS = 60.0
_STOP_SECONDS = 40.0
_POLL_SECONDS = 0.01
_LOG_TAIL_LINES = 15


class LaunchError(LocalAwsError):
    """The server did not start, or did not end."""


def up(root: Path, arguments: list[str]) -> RunningServer:
    """Return the server that runs on a root folder, started in the background where none did.

    Args:
        root: The server's folder.
        arguments: Further arguments of `python -m local_aws serve`; unused where a server runs already.

    Raises:
        LaunchError: It does not start; the message holds the end of its log.
    """
    with _launching(root):
        if not server_file.is_locked(root):
            process = _start(root, arguments)
            return _wait_for(lambda: _answering(root), lambda: process.poll() is not None, root)
        return _wait_for(lambda: _answering(root), lambda: not server_file.is_locked(root), root)


def down(root: Path) -> bool:
    """End the server on a root folder and all its jobs; return whether there was one.

    Raises:
        LaunchError: It cannot be found or ended.
    """
    if not root.exists():
        return False
    with _launching(root):
        if not server_file.is_locked(root):
            (root / "server.json").unlink(missing_ok=True)
            return False
        server = _poll(lambda: server_file.read(root), _STOP_SECONDS)
        if server is None:
            raise LaunchError(f"A process holds {root / 'server.lock'}, but wrote no server.json. End it by hand.")
        for kind, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, kind)
            if _poll(lambda: not server_file.is_locked(root), seconds):
                return True
        raise LaunchError(f"The local AWS (process {server.pid}) does not end. See {root / 'server.log'}.")


def status(root: Path) -> RunningServer | None:
    """Return the server that answers on a root folder, or None."""
    return _answering(root)


def _start(root: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "local_aws", "serve", "--root", str(root), *arguments]
    with (root / "server.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=_REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _answering(root: Path) -> RunningServer | None:
    server = server_file.read(root)
    if server is None:
        return None
    url = f"http://127.0.0.1:{server.port}{HEALTH_PATH}"
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return server if response.status == 200 else None  # noqa: PLR2004 - HTTP
    except (urllib.error.URLError, OSError):
        return None


def _wait_for(find: Callable[[], RunningServer | None], has_died: Callable[[], bool], root: Path) -> RunningServer:
    def found_or_dead() -> RunningServer | bool | None:
        return find() or has_died() or None

    result = _poll(found_or_dead, _START_SECONDS)
    if isinstance(result, RunningServer):
        return result
    log = root / "server.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    what = "ended while it started" if result else f"does not answer after {_START_SECONDS:.0f} s"
    tail = "\n".join(lines[-_LOG_TAIL_LINES:])
    raise LaunchError(f"The local AWS {what}. The end of {log}:\n{tail}")


def _poll(find: Callable[[], _T | None], seconds: float) -> _T | None:
    """Return the first true result within a time."""
    deadline = time.monotonic() + seconds
    while not (result := find()) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return result


@contextlib.contextmanager
def _launching(root: Path) -> Iterator[None]:
    """Let one `up` or `down` at a time work on a root folder; others wait."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "launch.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
