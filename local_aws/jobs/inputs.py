"""Bring a job's S3 inputs to its containers: prefixes, manifests, shards."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from local_aws.errors import JobFailedError, ValidationError
from local_aws.jobs.s3 import ContentCache, Location, S3Object, list_prefix

_DATA_TYPES = ("S3Prefix", "ManifestFile")


@dataclass(frozen=True)
class S3Source:
    """What to read: the fields which S3DataSource of training and S3Input of processing have in common.

    Attributes:
        name: Channel or input name, for messages.
        uri: S3 URI of the prefix or the manifest.
        data_type: S3Prefix or ManifestFile.
        is_sharded: Each instance gets its share of the objects instead of all.
        is_shared: Containers may not write to it (FastFile).
    """

    name: str
    uri: str
    data_type: str = "S3Prefix"
    is_sharded: bool = False
    is_shared: bool = False


def check_source(source: S3Source, mode: str, compression: str) -> None:
    """Refuse, when the job is created, what the local AWS does not simulate.

    Raises:
        ValidationError: The message says what to use instead.
    """
    where = f"The local AWS cannot read the input {source.name!r}"
    Location.parse(source.uri)
    if source.data_type not in _DATA_TYPES:
        raise ValidationError(f"{where} with S3DataType {source.data_type}: use one of {', '.join(_DATA_TYPES)}.")
    if mode == "Pipe":
        raise ValidationError(f"{where} with input mode Pipe: use File, or FastFile in a training job.")
    if compression == "Gzip":
        raise ValidationError(
            f"{where} with compression Gzip: SageMaker decompresses in Pipe mode only. Leave the type unset."
        )


class InputReader:
    """Read S3 sources under one role."""

    def __init__(self, client: Any, cache: ContentCache, region: str, role_arn: str) -> None:
        self._client, self._cache, self._region, self._role = client, cache, region, role_arn

    def read(self, source: S3Source, folders: Mapping[str, Path]) -> None:
        """Fill one folder per host with the objects of a source.

        Raises:
            JobFailedError: Nothing is there, or it cannot be read; worded as SageMaker words it.
        """
        try:
            objects = list(self._objects(source))
            if not objects:
                raise JobFailedError(self._nothing_found(source))
            for number, folder in enumerate(folders.values()):
                folder.mkdir(parents=True, exist_ok=True)
                for item in objects[number :: len(folders)] if source.is_sharded else objects:
                    self._cache.fetch(self._client, item, _inside(folder, item), shared=source.is_shared)
        except ClientError as err:
            raise JobFailedError(self._refused(source, err)) from err
        except OSError as err:
            raise JobFailedError(f"ClientError: Data download failed: {source.uri}: {err.strerror or err}") from err

    def _objects(self, source: S3Source) -> Iterator[S3Object]:
        location = Location.parse(source.uri)
        if source.data_type == "S3Prefix":
            yield from list_prefix(self._client, location)
            return
        base, *keys = self._manifest(location)
        for key in keys:
            found = [item for item in list_prefix(self._client, base.child(key)) if item.key == base.child(key).key]
            if not found:
                raise JobFailedError(
                    f"ClientError: Data download failed: the manifest {source.uri} names {base.child(key).uri}, "
                    "which does not exist"
                )
            yield S3Object(found[0].bucket, found[0].key, found[0].etag, found[0].size, key)

    def _manifest(self, location: Location) -> Iterator[Any]:
        """Yield the manifest's prefix, then its relative keys."""
        raw = self._client.get_object(Bucket=location.bucket, Key=location.key)["Body"].read()
        try:
            first, *keys = json.loads(raw)
            prefix = str(first["prefix"])
        except (ValueError, TypeError, KeyError) as err:
            raise JobFailedError(
                f"ClientError: Data download failed: the manifest {location.uri} is not valid: "
                'it has the form [{"prefix": "s3://bucket/folder/"}, "relative/key", …]'
            ) from err
        yield Location.parse(prefix)
        yield from map(str, keys)

    def _nothing_found(self, source: S3Source) -> str:
        bucket = Location.parse(source.uri).bucket
        return (
            f'ClientError: Data download failed: No S3 objects found under S3 URL "{source.uri}" given in input data '
            f"source. Please ensure that the bucket exists in the selected region ({self._region}), that objects "
            f'exist under that S3 prefix, and that the role "{self._role}" has "s3:ListBucket" permissions on bucket '
            f'"{bucket}".'
        )

    def _refused(self, source: S3Source, err: ClientError) -> str:
        error = err.response["Error"]
        if error["Code"] in {"NoSuchBucket", "404"}:
            return self._nothing_found(source)
        return (
            f'ClientError: Data download failed: Failed to download data from S3 URL "{source.uri}": {error["Code"]}: '
            f'{error["Message"]}. Please ensure that the role "{self._role}" may read it.'
        )


def _inside(folder: Path, item: S3Object) -> Path:
    parts = PurePosixPath(item.relative).parts
    if ".." in parts or not parts:
        raise JobFailedError(f"ClientError: Data download failed: the key {item.key!r} leaves its folder")
    return folder.joinpath(*[part for part in parts if part != "/"])
