"""Read S3 prefixes: list, fingerprint, download."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from botocore.exceptions import ClientError

from pipelines.errors import PipelineError, UsageError

_DIGEST_LENGTH = 16


@dataclass(frozen=True)
class S3Uri:
    """A bucket and a key or prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split an `s3://bucket/key` text.

        Raises:
            UsageError: It is no S3 URI.
        """
        bucket, _, key = text.removeprefix("s3://").partition("/")
        if not text.startswith("s3://") or not bucket:
            raise UsageError(f"{text!r} is no S3 URI", hint="write s3://bucket/prefix")
        return cls(bucket, key)

    @property
    def folder(self) -> str:
        """The key as a folder's prefix: it matches no sibling whose name merely begins alike."""
        return f"{self.key.rstrip('/')}/" if self.key else ""


def list_objects(s3: Any, uri: str) -> Iterator[dict[str, Any]]:
    """Yield the objects in a folder in the order of their keys.

    Raises:
        PipelineError: The bucket does not exist or must not be read.
    """
    place = S3Uri.parse(uri)
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.folder):
            yield from page.get("Contents", [])
    except ClientError as error:
        raise PipelineError(f"{uri}: cannot be listed: {error.response['Error'].get('Message')}") from error


def fingerprint(s3: Any, uri: str) -> str | None:
    """Return a short hash of what lies in a folder (names and ETags), or None where nothing does."""
    prefix = S3Uri.parse(uri).folder
    lines = [f"{item['Key'].removeprefix(prefix)} {item['ETag']} {item['Size']}" for item in list_objects(s3, uri)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_DIGEST_LENGTH] if lines else None


def download_folder(s3: Any, uri: str, folder: Path) -> list[Path]:
    """Download every object of a folder and return the files."""
    place, files = S3Uri.parse(uri), []
    for item in list_objects(s3, uri):
        path = folder / item["Key"].removeprefix(place.folder)
        if not path.resolve().is_relative_to(folder.resolve()) or item["Key"].endswith("/"):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(place.bucket, item["Key"], str(path))
        files.append(path)
    return files
