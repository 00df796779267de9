"""Move the clock of the local AWS: a demonstration that shows two weeks cannot wait for them."""

import json
import urllib.request
from datetime import UTC, datetime

_PATH = "/_local_aws/clock"
_SECONDS = 120


class LocalClock:
    """The clock of one local AWS."""

    def __init__(self, endpoint_url: str) -> None:
        self._url = f"{endpoint_url}{_PATH}"

    def now(self) -> datetime:
        """Return the local AWS's time."""
        return datetime.fromisoformat(self._ask()["now"]).astimezone(UTC)

    def advance(self, seconds: float) -> datetime:
        """Let so many seconds pass at once, with all that happens in them; return the time after."""
        return datetime.fromisoformat(self._ask({"advance_seconds": seconds})["now"]).astimezone(UTC)

    def advance_to(self, moment: datetime) -> None:
        """Let time pass up to a moment; nothing happens where it is past already."""
        left = (moment - self.now()).total_seconds()
        if left > 0:
            self.advance(left)

    def set_speed(self, speed: float) -> None:
        """Let so many local seconds pass in a real one."""
        self._ask({"speed": speed})

    def _ask(self, change: dict[str, float] | None = None) -> dict[str, str]:
        body = json.dumps(change).encode() if change else None
        request = urllib.request.Request(self._url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310 - a loopback address
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 - as above
            return dict(json.load(response))
