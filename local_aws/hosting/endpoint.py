"""Be one running endpoint: fleets, and which of them a request goes to."""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate

from local_aws.data_plane import DataPlane
from local_aws.hosting import records
from local_aws.hosting.fleet import Fleet, FleetPlan
from local_aws.store import Key


class LiveEndpoint:
    """The fleets of one endpoint, and how its traffic is split between them.

    Attributes:
        fleet: The fleet in service; None before the first.
        queue: Runs requests of an asynchronous endpoint; None until the first.
        stop: Set when the endpoint or the server ends: whoever waits for it gives up.
    """

    def __init__(self, plane: DataPlane, key: Key) -> None:
        self.key = key
        self._plane = plane
        self.fleet: Fleet | None = None
        self.queue: ThreadPoolExecutor | None = None
        self.stop = threading.Event()
        self._fleets: tuple[Fleet, ...] = ()
        self._shares: tuple[float, ...] = ()
        self._all: set[Fleet] = set()
        self._changed = threading.Condition()

    @property
    def fleets(self) -> list[Fleet]:
        """Every fleet that runs: two while an update is under way."""
        return list(self._all)

    def new_fleet(self, plan: FleetPlan, on_change: Callable[[], None] | None = None) -> Fleet:
        """Return a fleet that is ended with the endpoint; nothing runs yet."""
        fleet = Fleet(self._plane, self.key, plan, on_change or self.show)
        self._all.add(fleet)
        return fleet

    def end_fleet(self, fleet: Fleet, *, drain: bool = True) -> None:
        """End a fleet that takes no requests any more."""
        fleet.close(drain=drain)
        self._all.discard(fleet)

    def serve(self, fleet: Fleet) -> None:
        """Send all requests to a fleet from now on."""
        self.fleet = fleet
        self.split([(fleet, 1.0)])

    def split(self, shares: Sequence[tuple[Fleet, float]]) -> None:
        """Split the requests between fleets."""
        kept = [(fleet, share) for fleet, share in shares if share > 0]
        with self._changed:
            self._fleets = tuple(fleet for fleet, _ in kept)
            self._shares = tuple(accumulate(share for _, share in kept))
            self._changed.notify_all()

    def choose(self, timeout: float) -> Fleet | None:
        """Return the fleet for a request; None where none is in service in time."""
        fleets = self._fleets
        if len(fleets) == 1:
            return fleets[0]
        with self._changed:
            self._changed.wait_for(lambda: self._fleets or self.stop.is_set(), timeout)
            fleets, shares = self._fleets, self._shares
        return random.choices(fleets, cum_weights=shares)[0] if fleets else None

    def show(self) -> None:
        """Write what runs into the endpoint's record."""
        if self.fleet is not None:
            records.show_fleet(self._plane, self.key, self.fleet)

    def close(self, *, drain: bool = True) -> None:
        """End everything."""
        self.stop.set()
        if self.queue:
            self.queue.shutdown(wait=drain, cancel_futures=not drain)
        self.split([])
        for fleet in list(self._all):
            self.end_fleet(fleet, drain=drain)
