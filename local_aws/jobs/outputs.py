"""Bring what containers wrote to S3: folders, archives, and folders that are watched while the job runs."""

import contextlib
import gzip
import logging
import tarfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.errors import JobFailedError
from local_aws.jobs.s3 import Location, upload

_LOG = logging.getLogger(__name__)
_WATCH_SECONDS = 1.0


class FolderUpload:
    """Keep a prefix in S3 up to date with a folder: each call writes what is new or changed."""

    def __init__(self, client: Any, folder: Path, location: Location, kms_key: str | None = None) -> None:
        self._client, self._folder, self._location, self._kms_key = client, folder, location, kms_key
        self._seen: dict[Path, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def skip_present(self) -> None:
        """Take the files that are there for uploaded: they came from the prefix."""
        self._seen.update({file: _state(file) for file in files_below(self._folder)})

    def run(self) -> None:
        """Write what is new or changed since the last call.

        Raises:
            JobFailedError: S3 refuses; worded as SageMaker words it.
        """
        with self._lock:
            for file in files_below(self._folder):
                state = _state(file)
                if self._seen.get(file) != state:
                    upload_file(self._client, file, self._target(file), self._kms_key)
                    self._seen[file] = state

    def _target(self, file: Path) -> Location:
        return self._location.child(file.relative_to(self._folder).as_posix())


@contextlib.contextmanager
def watched(uploads: Iterable[FolderUpload]) -> Iterator[None]:
    """Run uploads about every second while the block runs; the block's end is not awaited by a pending pause."""
    pending, stop = list(uploads), threading.Event()

    def watch() -> None:
        while not stop.wait(_WATCH_SECONDS):
            for folder in pending:
                try:
                    folder.run()
                except (JobFailedError, OSError) as err:
                    _LOG.warning("continuous upload: %s; it is tried again", err)

    thread = threading.Thread(target=watch, name="continuous-upload", daemon=True)
    if pending:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if pending:
            thread.join()


def upload_file(client: Any, file: Path, location: Location, kms_key: str | None = None) -> None:
    """Write one file of a job to S3.

    Raises:
        JobFailedError: S3 refuses; worded as SageMaker words it.
    """
    try:
        upload(client, file, location, kms_key)
    except ClientError as err:
        error = err.response["Error"]
        raise JobFailedError(
            f"ClientError: Artifact upload failed: Failed to upload to {location.uri}: {error['Code']}: "
            f"{error['Message']}. Please ensure that the bucket exists and that the role may write to it."
        ) from err
    except BotoCoreError as err:
        raise JobFailedError(f"ClientError: Artifact upload failed: {location.uri}: {err}") from err


def pack(folders: Iterable[Path], target: Path, extra: Iterable[Path] = ()) -> int:
    """Write a .tar.gz of the contents of folders, the first folder's files winning; return the number of files.

    Args:
        folders: One per host.
        target: The archive.
        extra: Files to add at the archive's top level where they exist.
    """
    members: dict[str, Path] = {file.name: file for file in extra if file.is_file()}
    for folder in folders:
        for file in files_below(folder):
            members.setdefault(file.relative_to(folder).as_posix(), file)
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w|") as archive,
    ):
        for name in sorted(members):
            archive.add(members[name], name, recursive=False)
    return len(members)


def files_below(folder: Path) -> list[Path]:
    """Return the regular files below a folder, in a stable order; none where it does not exist."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _state(file: Path) -> tuple[int, int]:
    stat = file.stat()
    return stat.st_mtime_ns, stat.st_size
