"""Answer `/_local_aws/clock`: tell the local time, let it pass, or make it faster."""

import json
from typing import Any

from local_aws.clock import Clock
from local_aws.errors import ValidationError
from local_aws.http_server import Environ

_KNOWN = {"advance_seconds", "speed"}


def answer(clock: Clock, environ: Environ) -> dict[str, Any]:
    """Answer GET, and POST with `{"advance_seconds": n}` or `{"speed": x}`; the answer comes when the time has passed.

    Raises:
        ValidationError: The body asks for something else.
    """
    if environ["REQUEST_METHOD"] == "POST":
        wanted = _wanted(environ)
        try:
            if "speed" in wanted:
                clock.speed = wanted["speed"]
            clock.advance(wanted.get("advance_seconds", 0.0))
        except ValueError as err:
            raise ValidationError(str(err)) from err
    return {"now": clock.now().isoformat(), "epoch_seconds": clock.time(), "speed": clock.speed}


def _wanted(environ: Environ) -> dict[str, float]:
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        wanted = json.loads(raw or b"{}")
        if not isinstance(wanted, dict) or (unknown := sorted(set(wanted) - _KNOWN)):
            what = f"unknown {', '.join(unknown)}" if isinstance(wanted, dict) else "no object"
            raise ValidationError(f"/_local_aws/clock: {what}; allowed are {', '.join(sorted(_KNOWN))}.")
        return {key: float(value) for key, value in wanted.items()}
    except (TypeError, ValueError) as err:
        raise ValidationError(f"/_local_aws/clock: the body must be JSON with numbers: {err}") from err
