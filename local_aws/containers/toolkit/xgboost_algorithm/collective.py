"""Let the instances of a job train one model together, by XGBoost's collective."""

import contextlib
import os
import socket
import zlib
from collections.abc import Iterator

import numpy as np
from xgboost import collective
from xgboost.tracker import RabitTracker

from local_aws.containers.toolkit.training_environment import TrainingEnvironment

_FIRST_PORT, _PORTS = 20_000, 10_000
_TIMEOUT_SECONDS = 300


def agree(environment: TrainingEnvironment, *, has_data: bool, columns: int) -> tuple[list[str], int]:
    """Tell the other hosts what this one has.

    Returns:
        The hosts that have data, and the largest number of columns of all.
    """
    rows = np.zeros((len(environment.hosts), 2), dtype=np.int64)
    rows[environment.hosts.index(environment.current_host)] = int(has_data), columns
    with _together(environment, environment.hosts, step=0):
        rows = collective.allreduce(rows.ravel(), collective.Op.SUM).reshape(rows.shape)
    hosts = [host for host, row in zip(environment.hosts, rows, strict=True) if row[0]]
    return hosts, int(rows[:, 1].max())


@contextlib.contextmanager
def train_together(environment: TrainingEnvironment, hosts: list[str]) -> Iterator[bool]:
    """Connect the hosts that have data; yields whether this one is the first, which saves the model."""
    with _together(environment, hosts, step=1):
        yield collective.get_rank() == 0


@contextlib.contextmanager
def _together(environment: TrainingEnvironment, hosts: list[str], *, step: int) -> Iterator[None]:
    address, port = socket.gethostbyname(hosts[0]), _port() + step
    tracker = None
    if environment.current_host == hosts[0]:
        tracker = RabitTracker(
            n_workers=len(hosts), host_ip=address, port=port, sortby="task", timeout=_TIMEOUT_SECONDS
        )
        tracker.start()
    with collective.CommunicatorContext(
        dmlc_tracker_uri=address,
        dmlc_tracker_port=port,
        dmlc_task_id=environment.current_host,
        dmlc_retry=30,
    ):
        yield
    if tracker is not None:
        tracker.wait_for()


def _port() -> int:
    """Return the job's port: the same on all hosts, another for another job where jobs share the host's network."""
    name = os.environ.get("TRAINING_JOB_NAME", "")
    return _FIRST_PORT + 2 * (zlib.crc32(name.encode()) % _PORTS)
