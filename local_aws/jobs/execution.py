"""Run a job: its thread, its folder, its containers, and every way in which it can end."""

import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_aws.containers.runtime import RunningGroup
from local_aws.containers.spec import ContainerGroup
from local_aws.data_plane import DataPlane
from local_aws.errors import ApiError, JobFailedError
from local_aws.jobs.control import JobControl
from local_aws.jobs.failures import MAX_REASON, SERVER_STOPPED
from local_aws.jobs.logs import Listener, LogFollower, followed
from local_aws.moto_adapters.logs import LogStream
from local_aws.store import Key, Record

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobContext:
    """What a job's body works with.

    Attributes:
        folder: Private folder on this machine, removed at the end.
    """

    plane: DataPlane
    key: Key
    control: JobControl
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """How a container group ended.

    Attributes:
        exit_codes: One per container; -n where signal n ended it.
        is_timed_out: The job's time limit ended it.
        is_stopped: A Stop request, or the end of the server, ended it.
    """

    exit_codes: tuple[int, ...]
    is_timed_out: bool = False
    is_stopped: bool = False


def subnets_of(request: Record) -> tuple[str, ...]:
    """Return the subnets of a request's VpcConfig: data comes and goes through them, also with network isolation."""
    return tuple(request.get("VpcConfig", {}).get("Subnets", ()))


def start_job(
    plane: DataPlane, key: Key, body: Callable[[JobContext], None], on_failure: Callable[[str], None]
) -> None:
    """Run a job's body on a thread of its own; whatever it raises ends as a failure reason."""
    control = plane.jobs.open(key)
    folder = (plane.settings.root / "jobs" / key.kind / f"{key.name}-{time.time_ns():x}").resolve()

    def run() -> None:
        try:
            folder.mkdir(parents=True)
            body(JobContext(plane, key, control, folder))
        except (JobFailedError, ApiError) as err:
            on_failure(SERVER_STOPPED if control.is_server_stopping else str(err)[:MAX_REASON])
        except Exception as err:  # noqa: BLE001 - the boundary of the job
            _LOG.exception("%s %s crashed", key.kind, key.name)
            on_failure(f"InternalServerError: the local AWS failed: {type(err).__name__}: {err}"[:MAX_REASON])
        finally:
            if not plane.settings.keep_job_folders:
                shutil.rmtree(folder, ignore_errors=True)
            plane.jobs.close(key)

    plane.spawn(key.name, run)


@contextlib.contextmanager
def open_containers(
    job: JobContext, group: ContainerGroup, *, log_group: str, listener: Listener | None = None
) -> Iterator[RunningGroup]:
    """Start a group, follow its logs, and leave no process behind at the block's end."""
    epoch = int(job.plane.clock.time() * 1000)
    account_id, region = job.key.account_id, job.key.region
    followers = [
        LogFollower(
            spec.log_path,
            LogStream(account_id, region, log_group, f"{group.name}/{spec.host}-{epoch}"),
            job.plane.clock,
            listener,
        )
        for spec in group.containers
    ]
    grace = job.plane.settings.stop_grace_seconds
    with followed(followers):
        running = job.plane.containers.start(group)
        job.control.on_stop(lambda: running.stop(0 if job.control.is_server_stopping else grace))
        try:
            yield running
        finally:
            job.control.on_stop(None)
            if running.wait(0) is None:
                running.stop(grace)


def run_containers(
    job: JobContext, group: ContainerGroup, *, log_group: str, limit_seconds: float, listener: Listener | None = None
) -> Outcome:
    """Start a group and wait for its end, its time limit or a request to stop.

    Raises:
        JobFailedError: The server stops while the job runs.
    """
    codes: tuple[int | None, ...] | None = (0,) * len(group.containers)
    is_timed_out = False
    if not job.control.stop_requested.is_set():
        started = time.monotonic()
        with open_containers(job, group, log_group=log_group, listener=listener) as running:
            codes = running.wait(limit_seconds)
            # The benchmarks read this line: what is left of a job's time is the local AWS's own.
            _LOG.info("%s: containers ran %.3f s", group.name, time.monotonic() - started)
            is_timed_out = codes is None
            if codes is None:
                running.stop(job.plane.settings.stop_grace_seconds)
                codes = running.wait()
    is_stopped = job.control.stop_requested.is_set() and not is_timed_out
    if is_stopped and job.control.is_server_stopping:
        raise JobFailedError(SERVER_STOPPED)
    return Outcome(tuple(code or 0 for code in codes or ()), is_timed_out=is_timed_out, is_stopped=is_stopped)


def hosts_of(count: int) -> Sequence[str]:
    """Return SageMaker's host names of a job's instances."""
    return [f"algo-{number}" for number in range(1, count + 1)]
