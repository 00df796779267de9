"""Join the instances of a job into one XGBoost collective.

The first host runs XGBoost's tracker; every host, the first included, connects to it. Rank equals the host's place in
the sorted list of hosts, so the first host is rank 0, the one that prints, checkpoints and saves.
"""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from training.errors import TrainingError

NAME_SECONDS = 120.0
# XGBoost waits 1, 2, 3 … seconds between attempts: 20 of them are three minutes for the first host to appear.
CONNECT_ATTEMPTS = 20


@dataclass(frozen=True)
class Group:
    """This process's place among the instances."""

    rank: int = 0
    size: int = 1

    @property
    def is_leader(self) -> bool:
        """Whether this process prints, checkpoints and saves."""
        return self.rank == 0

    def total(self, count: int) -> int:
        """The sum of a count over all instances."""
        if self.size == 1:
            return count
        import numpy as np  # noqa: PLC0415 - only jobs of several instances pay for it
        from xgboost import collective  # noqa: PLC0415

        return int(collective.allreduce(np.array([count], dtype=np.int64), collective.Op.SUM)[0])

    def share(self, value: Any) -> Any:
        """The leader's value, on every instance."""
        if self.size == 1:
            return value
        from xgboost import collective  # noqa: PLC0415 - only jobs of several instances pay for it

        # In a tuple, for XGBoost refuses to broadcast None.
        return collective.broadcast((value,), 0)[0]


@contextmanager
def joined(hosts: Sequence[str], current_host: str, port: int) -> Iterator[Group]:
    """Be part of the job's collective; a single instance needs none."""
    group = Group(hosts.index(current_host), len(hosts))
    if group.size == 1:
        yield group
        return
    from xgboost.collective import CommunicatorContext  # noqa: PLC0415
    from xgboost.tracker import RabitTracker  # noqa: PLC0415

    address = _resolve(hosts[0])
    tracker = RabitTracker(n_workers=group.size, host_ip=address, port=port, sortby="task") if group.is_leader else None
    if tracker is not None:
        tracker.start()
    with CommunicatorContext(
        dmlc_communicator="rabit",
        dmlc_tracker_uri=address,
        dmlc_tracker_port=port,
        dmlc_task_id=f"{group.rank:06d}",
        dmlc_retry=CONNECT_ATTEMPTS,
    ):
        yield group
    if tracker is not None:
        tracker.wait_for()


def _resolve(host: str) -> str:
    """The host's address; names of instances appear in DNS a moment after their containers start."""
    deadline = time.monotonic() + NAME_SECONDS
    while True:
        try:
            return socket.gethostbyname(host)
        except OSError as error:
            if time.monotonic() > deadline:
                raise TrainingError(
                    f"host {host!r} of SM_HOSTS has no address after {NAME_SECONDS:.0f} s ({error}); instances of one "
                    "job must reach each other: check the security group's rule for itself"
                ) from error
            time.sleep(0.2)
