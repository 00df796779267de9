"""Bring what is not the pipeline's to make into the lake: the source data, and a word on the champion."""

import hashlib
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from pipelines.bundle import ROOT
from pipelines.names import NO_CHAMPION_MARKER
from pipelines.s3_uri import S3Uri

_LOCAL_COPY = ROOT / ".local" / "raw"
_UPLOADS_AT_ONCE = 8


@dataclass(frozen=True)
class Upload:
    """How many files there were, and how many of them were new or changed."""

    files: int
    uploaded: int


def upload_raw_data(s3: Any, uri: str) -> Upload:
    """Land the source data under an S3 prefix; a file which lies there unchanged is skipped."""
    place, folder = S3Uri.parse(uri), _landed()
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]

    def upload(path: Path) -> bool:
        return _upload_if_changed(s3, place.bucket, place.folder + path.relative_to(folder).as_posix(), path)

    with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
        return Upload(len(files), sum(pool.map(upload, files)))


def ensure_champion_marker(s3: Any, bucket: str) -> None:
    """Say that there is no champion yet: a processing input must not be an empty prefix."""
    if not s3.list_objects_v2(Bucket=bucket, Prefix="champion/", MaxKeys=1).get("KeyCount"):
        s3.put_object(Bucket=bucket, Key=f"champion/{NO_CHAMPION_MARKER}", Body=b"")


def _landed() -> Path:
    """Return a local copy of the raw zone, made anew when the code that lands it has changed."""
    from usecase import ingest  # noqa: PLC0415 - imports pandas

    folder = _LOCAL_COPY / _ingest_digest()
    if not folder.is_dir():
        shutil.rmtree(_LOCAL_COPY, ignore_errors=True)
        partial = folder.with_suffix(".partial")
        ingest.write_raw_zone(partial)
        partial.rename(folder)
    return folder


def _ingest_digest() -> str:
    total = hashlib.sha256()
    for path in _ingest_sources():
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def _ingest_sources() -> Iterator[Path]:
    yield ROOT / "requirements.lock"
    yield ROOT / "usecase" / "ingest.py"
    yield ROOT / "usecase" / "schema.py"


def _upload_if_changed(s3: Any, bucket: str, key: str, path: Path) -> bool:
    data = path.read_bytes()
    # Not the ETag: that of an object under a KMS key is no MD5 of its content.
    digest = hashlib.sha256(data).hexdigest()
    try:
        if s3.head_object(Bucket=bucket, Key=key)["Metadata"].get("sha256") == digest:
            return False
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:  # noqa: PLR2004 - HTTP's own number
            raise
    s3.put_object(Bucket=bucket, Key=key, Body=data, Metadata={"sha256": digest})
    return True
