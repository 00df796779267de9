"""Let the instances of a job train one model together, by XGBoost's collective."""

import contextlib
import os
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from xgboost import collective
from xgboost.tracker import RabitTracker

from local_aws.containers.toolkit.errors import ClientError
from local_aws.containers.toolkit.training_environment import TrainingEnvironment

_FIRST_PORT, _PORTS = 20_000, 6_000  # below the ports that systems give to clients
_TIMEOUT_SECONDS = 300
_RETRY_SECONDS = 0.02


@dataclass(frozen=True)
class Place:
    """This host's part in the training.

    Attributes:
        is_first: It is the one which saves the model.
        columns: The number of columns of the widest host.
    """

    is_first: bool
    columns: int


@contextlib.contextmanager
def train_together(environment: TrainingEnvironment, *, has_data: bool, columns: int) -> Iterator[Place | None]:
    """Connect the job's hosts that have data; yields None on a host that takes no part.

    Raises:
        ClientError: No host has data.
    """
    rows = np.zeros((len(environment.hosts), 2), dtype=np.int64)
    rows[environment.hosts.index(environment.current_host)] = int(has_data), columns
    with _connected(environment, environment.hosts, round_number=0):
        rows = collective.allreduce(rows.ravel(), collective.Op.SUM).reshape(rows.shape)
        widest = int(rows[:, 1].max())
        if rows[:, 0].all():
            yield Place(collective.get_rank() == 0, widest)
            return
    hosts = [host for host, row in zip(environment.hosts, rows, strict=True) if row[0]]
    if not hosts:
        raise ClientError("ClientError: no instance has data in every channel; shard fewer ways, or into more files")
    if not has_data:
        yield None
        return
    with _connected(environment, hosts, round_number=1):
        yield Place(collective.get_rank() == 0, widest)


@contextlib.contextmanager
def _connected(environment: TrainingEnvironment, hosts: Sequence[str], *, round_number: int) -> Iterator[None]:
    """Join hosts through a tracker on the first of them."""
    address, port = socket.gethostbyname(hosts[0]), _port() + round_number
    tracker = None
    if environment.current_host == hosts[0]:
        tracker = RabitTracker(n_workers=len(hosts), host_ip=address, sortby="task", timeout=_TIMEOUT_SECONDS)
        tracker.start()
        tracker_port = int(tracker.worker_args()["dmlc_tracker_port"])
        meeting = socket.create_server((address, port))
        threading.Thread(target=_tell, args=(meeting, len(hosts) - 1, tracker_port), daemon=True).start()
    else:
        tracker_port = _ask(address, port)
    with collective.CommunicatorContext(
        dmlc_tracker_uri=address, dmlc_tracker_port=tracker_port, dmlc_task_id=environment.current_host
    ):
        yield
    if tracker is not None:
        tracker.wait_for()


def _tell(meeting: socket.socket, listeners: int, tracker_port: int) -> None:
    """Tell the other hosts where the tracker listens: XGBoost's own retries would wait seconds for it."""
    with meeting:
        for _ in range(listeners):
            with meeting.accept()[0] as listener:
                listener.sendall(str(tracker_port).encode())


def _ask(address: str, port: int) -> int:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        try:
            with socket.create_connection((address, port), _TIMEOUT_SECONDS) as meeting, meeting.makefile() as answer:
                return int(answer.read())
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)


def _port() -> int:
    """Return the job's port: the same on all hosts, another for another job where jobs share the host's network."""
    name = os.environ.get("TRAINING_JOB_NAME", "")
    return _FIRST_PORT + 2 * (zlib.crc32(name.encode()) % _PORTS)
