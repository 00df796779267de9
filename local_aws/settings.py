"""Hold every number and switch of the local AWS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Settings of one local AWS.

    Attributes:
        root: Folder that holds the server's files, job folders and logs. Created on start.
        port: TCP port on 127.0.0.1; 0 picks a free one.
        account_id: The account that owns every resource (AWS's documentation example).
        region: Region of clients that name none.
        sandbox: `auto` uses Linux namespaces where they are available and remaps paths elsewhere;
            `namespaces` and `remap` force one.
        keep_job_folders: Keep a job's folder after it ended, to look at what it wrote.
        stop_grace_seconds: Time between SIGTERM and SIGKILL for a job that is stopped or runs too long (AWS: 120).
        iam: `enforce` answers AccessDenied to what policies do not allow, `record` only writes it down, `off` does
            neither.
        is_persistent: Keep the state in `root/state`, and start with what is there.
        images: Repository name of an image of the account's own → the command that stands for its `serve`, as a shell
            would read it. It runs in this environment, with the server's working directory on the Python path.
        idle_shutdown_seconds: End the server after so many seconds without a request or a running job; 0 is never.
    """

    root: Path
    port: int = 0
    account_id: str = "123456789012"
    region: str = "us-east-1"
    sandbox: str = "auto"
    iam: str = "off"
    keep_job_folders: bool = False
    idle_shutdown_seconds: float = 0
    stop_grace_seconds: float = 10
    is_persistent: bool = False
    images: Mapping[str, str] = field(default_factory=dict)
