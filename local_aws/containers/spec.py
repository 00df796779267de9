"""Describe a container to run: plain data that a job builds and the runtime interprets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ContainerSpec:
    """One container of a job.

    Attributes:
        host: SageMaker's name for the instance, `algo-1` to `algo-n`.
        image: Image URI as the job names it; decides what `train` and `serve` mean (see `images`).
        root: Host folder; `<root>/opt/ml` is what the container sees as `/opt/ml`.
        command: Full argument vector, entry point first, with container paths (`/opt/ml/...`).
        environment: The container's whole environment beyond PATH, HOME, LANG and TMPDIR.
        working_dir: Container path to start in.
        log_path: Host file that receives standard output and standard error as one stream.
        read_only: Container path → host folder, mounted read-only (FastFile channels).
        cpus: Number of CPUs the container may use; None is all.
    """

    host: str
    image: str
    root: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log_path: Path
    working_dir: str = "/opt/ml"
    read_only: Mapping[str, Path] = field(default_factory=dict)
    cpus: int | None = None


@dataclass(frozen=True)
class ContainerGroup:
    """The containers of one job, which share a network where host names resolve.

    Attributes:
        name: The job's name, for logs.
        containers: One per instance.
        network_isolated: True forbids every connection except those between the group's containers.
    """

    name: str
    containers: tuple[ContainerSpec, ...]
    network_isolated: bool = False
