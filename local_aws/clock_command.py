"""`python -m local_aws clock`: tell the local time, let it pass, or make it faster."""

import argparse
import datetime as dt
import json
import sys
import urllib.error
import urllib.request
from typing import Any

from local_aws import launcher
from local_aws.errors import LocalAwsError

_NOT_RUNNING = 3
_TIMEOUT_SECONDS = 3_600.0


class ClockError(LocalAwsError):
    """The clock cannot be set as asked."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the verb takes."""
    parser.add_argument("--advance", type=float, default=0.0, metavar="SECONDS", help="let so many seconds pass now")
    parser.add_argument("--speed", type=float, metavar="X", help="local seconds per real second from now on")


def run(options: argparse.Namespace) -> int:
    """Change the clock of the running server as asked, and print its time.

    Raises:
        ClockError: The server refuses, with the reason.
    """
    server = launcher.status(options.root)
    if server is None:
        sys.stderr.write(f"no local AWS runs on {options.root}; start it with `python -m local_aws up`\n")
        return _NOT_RUNNING
    wanted = {"advance_seconds": options.advance} if options.advance else {}
    wanted |= {"speed": options.speed} if options.speed is not None else {}
    page = _ask(f"http://127.0.0.1:{server.port}{launcher.CLOCK_PATH}", wanted)
    sys.stdout.write(f"{_told(page)}\n")
    return 0


def _ask(url: str, wanted: dict[str, float]) -> dict[str, Any]:
    body = json.dumps(wanted).encode() if wanted else None
    try:
        with urllib.request.urlopen(url, body, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - our own http URL
            page: dict[str, Any] = json.load(response)
            return page
    except urllib.error.HTTPError as err:
        raise ClockError(json.load(err).get("message", str(err))) from err


def _told(page: dict[str, Any]) -> str:
    local = dt.datetime.fromisoformat(page["now"])
    ahead = round(page["epoch_seconds"] - dt.datetime.now(dt.UTC).timestamp())
    offset = f"{dt.timedelta(seconds=ahead)} ahead of the machine" if ahead > 1 else "the machine's time"
    return f"{local:%Y-%m-%d %H:%M:%S} UTC, {offset}; speed {page['speed']:g}"
