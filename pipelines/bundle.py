"""Make the code bundles of the jobs: the same files give the same bytes and the same key on every machine.

A bundle's key holds the hash of its content, because a step's cache key holds the S3 URI and not what lies there:
new code is a new URI, old code is a cache hit. Nothing is compressed: the output of a deflate library depends on its
version (zlib, zlib-ng), stored blocks do not, and the code is small.
"""

import hashlib
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from pipelines.errors import PipelineError

ROOT = Path(__file__).resolve().parent.parent
_SUFFIXES = {".py", ".json"}
_FORMAT = b"bundle-1"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o644
_STORED_BLOCK_MAX = 0xFFFF


@dataclass(frozen=True)
class CodeLocation:
    """Where a bundle lies, as the definition needs it.

    Attributes:
        uri: S3 URI of the file; may hold CDK tokens.
        filename: Name of the file in the container.
    """

    uri: str
    filename: str


@dataclass(frozen=True)
class CodeLocations:
    """The locations of both bundles."""

    processing: CodeLocation
    training: CodeLocation


@dataclass(frozen=True)
class Bundle:
    """One archive of code, addressed by what it holds."""

    name: str
    filename: str
    digest: str
    content: bytes

    @property
    def key(self) -> str:
        """The S3 key of this very content."""
        return f"code/{self.name}/{self.digest}/{self.filename}"

    def location(self, bucket: str) -> CodeLocation:
        """Return where the bundle lies in a bucket."""
        return CodeLocation(uri=f"s3://{bucket}/{self.key}", filename=self.filename)


@dataclass(frozen=True)
class Bundles:
    """The code of all jobs."""

    processing: Bundle
    training: Bundle

    def locations(self, bucket: str) -> CodeLocations:
        """Return where both bundles lie in a bucket."""
        return CodeLocations(self.processing.location(bucket), self.training.location(bucket))


def build_bundles(root: Path = ROOT) -> Bundles:
    """Build both bundles from the source folders under `root`."""
    return Bundles(processing=_processing_bundle(root), training=_training_bundle(root))


def upload_bundle(s3: Any, bucket: str, bundle: Bundle, kms_key: str) -> bool:
    """Put a bundle into a bucket unless it is there already; return whether it was uploaded."""
    try:
        s3.head_object(Bucket=bucket, Key=bundle.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:  # noqa: PLR2004 - HTTP's own number
            raise
    else:
        return False
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
    s3.put_object(Bucket=bucket, Key=bundle.key, Body=bundle.content, **encryption)
    return True


def _processing_bundle(root: Path) -> Bundle:
    files = _package_files(root, ("processing", "usecase"))
    # A zip application starts at its top-level __main__.py, so that a job needs neither a shell nor unpacking.
    files["__main__.py"] = (root / "processing" / "__main__.py").read_bytes()
    return Bundle("processing", "processing.pyz", _digest(files), _stored_zip(files))


def _training_bundle(root: Path) -> Bundle:
    files = _package_files(root, ("training", "inference", "usecase"))
    for package in ("training", "inference"):
        files.update(_files_below(root / package / "entrypoint", root / package / "entrypoint"))
    return Bundle("training", "sourcedir.tar.gz", _digest(files), _stored_gzip(_tar(files)))


def _package_files(root: Path, packages: Iterable[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for package in packages:
        found = _files_below(root / package, root)
        files.update({name: data for name, data in found.items() if not name.startswith(f"{package}/entrypoint/")})
    return files


def _files_below(folder: Path, relative_to: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise PipelineError(f"{folder}: this folder belongs to a code bundle, but does not exist")
    return {
        path.relative_to(relative_to).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.suffix in _SUFFIXES and path.is_file() and not _is_hidden(path.relative_to(relative_to))
    }


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _digest(files: dict[str, bytes]) -> str:
    total = hashlib.sha256(_FORMAT)
    for name, data in sorted(files.items()):
        total.update(f"\n{name} {len(data)} {hashlib.sha256(data).hexdigest()}".encode())
    return total.hexdigest()


def _stored_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
            entry.create_system = 3  # Unix, also when built on Windows
            entry.external_attr = _FILE_MODE << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = _FILE_MODE
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _stored_gzip(data: bytes) -> bytes:
    """Wrap data as gzip (RFC 1952) made of stored deflate blocks (RFC 1951 §3.2.4)."""
    header = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
    blocks = [data[start : start + _STORED_BLOCK_MAX] for start in range(0, len(data), _STORED_BLOCK_MAX)] or [b""]
    body = b"".join(
        struct.pack("<BHH", index == len(blocks) - 1, len(block), len(block) ^ 0xFFFF) + block
        for index, block in enumerate(blocks)
    )
    return header + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
