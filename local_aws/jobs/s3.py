"""Speak to S3 as SageMaker's own agents do: locations, listings, downloads through a cache, uploads."""

import contextlib
import os
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

from local_aws.errors import ValidationError

_CHUNK = 1 << 20
_SINGLE_PUT_BYTES = 64 << 20


@dataclass(frozen=True)
class Location:
    """A bucket and a key or key prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read an `s3://bucket/key` URI.

        Raises:
            ValidationError: It is none.
        """
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme not in {"s3", "https"} or not bucket:
            raise ValidationError(f"The S3 URI {uri!r} is not valid: it has the form s3://bucket/key.")
        return cls(bucket, key)

    def child(self, relative: str) -> "Location":
        """Return the location of a key below this prefix."""
        return Location(self.bucket, f"{self.key.rstrip('/')}/{relative}" if self.key.strip("/") else relative)

    @property
    def uri(self) -> str:
        """The location as a URI."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class S3Object:
    """One object of a listing, and where it lies below the prefix that was listed."""

    bucket: str
    key: str
    etag: str
    size: int
    relative: str


def list_prefix(client: Any, location: Location) -> Iterator[S3Object]:
    """List the objects whose keys start with a prefix, in key order.

    As on SageMaker an S3Prefix is a true key name prefix: `data` matches `data/a`, and `data-old/b` too.
    """
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=location.bucket, Prefix=location.key):
        for item in page.get("Contents", ()):
            if not item["Key"].endswith("/"):
                relative = _relative(location.key, item["Key"])
                yield S3Object(location.bucket, item["Key"], item["ETag"].strip('"'), item["Size"], relative)


def _relative(prefix: str, key: str) -> str:
    if key == prefix:
        return PurePosixPath(key).name
    if prefix.endswith("/") or not prefix or key[len(prefix)] == "/":
        return key[len(prefix) :].lstrip("/")
    return key[prefix.rfind("/") + 1 :]


class ContentCache:
    """Downloaded contents by ETag: what twelve trials read is fetched once.

    Args:
        folder: Where the contents lie.
        asks_each_time: Read a byte of what is here already, so that each job's role is authorised to read it.
    """

    def __init__(self, folder: Path, *, asks_each_time: bool = False) -> None:
        self._folder, self._asks_each_time = folder, asks_each_time
        self._lock = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def fetch(self, client: Any, item: S3Object, target: Path, *, shared: bool = False) -> None:
        """Put an object's content at `target`: a private copy, or a hard link where nobody may write (`shared`)."""
        target.parent.mkdir(parents=True, exist_ok=True)
        name = f"{item.etag}-{item.size}"
        with self._lock:
            lock = self._locks[name]
        with lock:
            source = self._folder / name
            if not source.exists():
                self._download(client, item, source)
            elif self._asks_each_time:
                first = {"Range": "bytes=0-0"} if item.size else {}
                client.get_object(Bucket=item.bucket, Key=item.key, **first)["Body"].read()
            if shared:
                with contextlib.suppress(OSError):
                    os.link(source, target)
                    return
            shutil.copyfile(source, target)

    def clear(self) -> None:
        """Forget all contents."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _download(self, client: Any, item: S3Object, target: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        body = client.get_object(Bucket=item.bucket, Key=item.key)["Body"]
        with partial.open("wb") as file:
            for chunk in body.iter_chunks(_CHUNK):
                file.write(chunk)
        partial.replace(target)


def upload(client: Any, file: Path, location: Location, kms_key: str | None = None) -> None:
    """Write one file to S3, encrypted under a KMS key where one is given."""
    extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    if file.stat().st_size > _SINGLE_PUT_BYTES:
        client.upload_file(str(file), location.bucket, location.key, ExtraArgs=extra)
        return
    with file.open("rb") as body:
        client.put_object(Bucket=location.bucket, Key=location.key, Body=body, **extra)
